"""`shopwright doctor`: what is here and what to do about what is missing."""

from typing import TYPE_CHECKING

from shopwright.ui.cli_output import chinese, emit, emit_json

if TYPE_CHECKING:
    from shopwright.knowledge.doctor import Check
    from shopwright.knowledge.settings import Settings

_MARKS = {"ok": "✓", "warn": "!", "missing": "✗"}


def report(settings: "Settings", *, as_json: bool) -> int:
    """Print every check; return 1 when something needed is missing, else 0."""
    checks = _with_choice(settings)
    for check in checks:
        if as_json:
            emit_json(check.model_dump(mode="json"))
            continue
        name, found, remedy = (
            (check.name_zh, check.found_zh, check.remedy_zh)
            if chinese()
            else (check.name, check.found, check.remedy)
        )
        emit(f"{_MARKS[check.status]} {name}: {found}")
        if remedy:
            emit(f"    → {remedy}")
    return int(any(check.status == "missing" for check in checks))


def _with_choice(settings: "Settings") -> "list[Check]":
    """Everything looked at; the rooms below `agent` do not know which model is in use, so that is put in."""
    from shopwright.agent.model_doctor import embedded_stands_by, look_at_choice
    from shopwright.knowledge.doctor import examine

    checks = {check.key: check for check in examine(settings)}
    if settings.engine != "remote":
        checks["engine"] = checks["engine"].model_copy(update=look_at_choice(settings).model_dump())
        if embedded_stands_by(settings) and checks["model"].status == "missing":
            checks["model"] = checks["model"].model_copy(update={"status": "warn"})
    return list(checks.values())
