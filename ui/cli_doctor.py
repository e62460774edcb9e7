"""`shopwright doctor`: what is here and what to do about what is missing."""

from typing import TYPE_CHECKING

from shopwright.ui.cli_output import chinese, emit, emit_json

if TYPE_CHECKING:
    from shopwright.knowledge.settings import Settings

_MARKS = {"ok": "✓", "warn": "!", "missing": "✗"}


def report(settings: "Settings", *, as_json: bool) -> int:
    """Print every check; return 1 when something needed is missing, else 0."""
    from shopwright.knowledge.doctor import examine

    checks = examine(settings)
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
