"""The way of reviewed cases into a suite."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shopwright.evals.case import Case
from shopwright.evals.errors import EvalError
from shopwright.evals.loading import load_suite
from shopwright.evals.masking import Known, left
from shopwright.evals.people import people_in
from shopwright.evals.proposals import Reviewed, child, composed, item_of, read_text, reviewed
from shopwright.evals.surroundings import keep_text
from shopwright.knowledge.shop import Shop


def accept(path: Path, suite: Path, shop: Shop | None = None) -> int:
    """Move the cases marked `review: accept` into a suite, which is made where there is none; how many moved.

    All move, or none; in the file they stay, marked `accepted`. One that is in the suite already is not added
    again. Raises EvalError, with file and line, for a case that is wrong, that holds personal data, or whose
    id is another case's. With the shop at hand, its own people's names and ids are looked for too.
    """
    chosen = [one for one in reviewed(path) if one.state == "accept"]
    there = {case.id: case for case in load_suite(suite).cases} if suite.exists() else {}
    new = [one for one in chosen if not _is_there(path, suite, one, there)]
    known = people_in(shop, [text for one in new for text, _ in _texts(one.node)]) if shop else Known()
    for one in new:
        _check(path, one, known)
    if new:
        keep_text(suite, _with(suite, [one.case for one in new]))
    if chosen:
        keep_text(path, _marked(path, chosen))
    return len(new)


def _check(path: Path, one: Reviewed, known: Known) -> None:
    """Raises EvalError for a case that no suite takes, that expects nothing, or that holds personal data."""
    try:
        asked = Case.model_validate(one.case).asked
    except ValidationError as error:
        issue = error.errors()[0]
        line = _line(one.node, issue["loc"])
        where = ".".join(str(part) for part in issue["loc"])
        said = issue["msg"].removeprefix("Value error, ")
        raise EvalError(f"{path}:{line}: {where}: {said}.") from error
    if not any(turn.expected for turn in asked):
        raise EvalError(
            f"{path}:{one.line}: nothing is expected of the answer: add `tool`, `says` or another "
            "expectation, or reject the case."
        )
    for text, line in _texts(one.node):
        if found := left(text, known):
            raise EvalError(
                f"{path}:{line}: “{found[0]}” looks like personal data. Put a placeholder such as <name> or "
                "{own_order} in its place, or reject the case."
            )


def _texts(node: yaml.Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in ("id", "tags", "review"):
                yield from _texts(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _texts(item)
    elif node.value is not None:
        yield str(node.value), node.start_mark.line + 1


def _line(node: yaml.Node, place: Iterable[str | int]) -> int:
    """The line on which a place of a case begins, as far as the file goes that way."""
    line = node.start_mark.line + 1
    found: yaml.Node | None = node
    for part in place:
        if isinstance(found, yaml.MappingNode):
            found = child(found, str(part))
        elif isinstance(found, yaml.SequenceNode) and isinstance(part, int) and part < len(found.value):
            found = found.value[part]
        else:
            break
        if found is None:
            break
        line = found.start_mark.line + 1
    return line


def _is_there(path: Path, suite: Path, one: Reviewed, there: Mapping[str, Case]) -> bool:
    """Whether the suite has the case. Raises EvalError when it has another one of that id."""
    earlier = there.get(one.case["id"])
    if earlier is None:
        return False
    first = one.case.get("ask") or [turn.get("ask") for turn in one.case.get("turns", [])]
    if first != (earlier.ask or [turn.ask for turn in earlier.turns]):
        raise EvalError(
            f"{path}:{one.line}: {suite} has another case with the id {one.case['id']!r}: choose another id."
        )
    return True


def _with(suite: Path, cases: list[dict[str, Any]]) -> str:
    """The suite's text with the cases added below its own. Raises EvalError when that is no suite."""
    if suite.exists():
        text, indent, at = _place(suite)
    else:
        text, indent, at = "cases:\n", 2, None
    added = "".join(item_of(case, indent) for case in cases)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    at = len(lines) if at is None else at
    whole = "".join([*lines[:at], added, *lines[at:]])
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / suite.name
        trial.write_text(whole, encoding="utf-8")
        try:
            load_suite(trial)
        except EvalError as error:
            raise EvalError(f"With the new cases, {str(error).replace(str(trial), str(suite))}") from error
    return whole


def _place(suite: Path) -> tuple[str, int, int | None]:
    """The suite's text, the indent of its cases, and the line before which new ones go; None: at the end."""
    node = composed(suite)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    at = next((number for number, (key, _) in enumerate(pairs) if key.value == "cases"), None)
    if at is None or not isinstance(pairs[at][1], yaml.SequenceNode) or pairs[at][1].flow_style:
        raise EvalError(f"{suite}: write `cases:` as a list with a dash and a line for each case.")
    after = pairs[at + 1][0].start_mark.line if at + 1 < len(pairs) else None
    return read_text(suite), pairs[at][1].start_mark.column, after


def _marked(path: Path, moved: Sequence[Reviewed]) -> str:
    """The file of proposals with the moved cases marked `accepted`; all else as it was."""
    text = read_text(path)
    for one in sorted(moved, key=lambda one: -one.at):
        text = text[: one.at] + text[one.at :].replace("accept", "accepted", 1)
    return text
