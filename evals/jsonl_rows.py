"""Reading any JSON lines of questions with the call that is due. Every error names the file and the line.

    {"question": "Who is about to leave?", "tool": "find_segment", "arguments": {"segment": "at_risk"}}

`question` may be called `text` or `input`, `tool` `expected_tool` (null: no call is due), `arguments` `args`;
`id`, `role` (marketer, shopper) and `language` may stand beside them. Without `arguments` any will do.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shopwright.evals.errors import EvalError
from shopwright.tools.base import Role

QUESTION = ("question", "text", "input")
TOOL = ("tool", "expected_tool")
ARGUMENTS = ("arguments", "args")
ROLES = ("marketer", "shopper")
LANGUAGES = ("en", "zh")
UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Row:
    """One question and the call that is due."""

    line: int
    id: str
    question: str
    tool: str | None
    arguments: dict[str, Any] | None
    """None: any arguments will do."""
    role: Role | None = None
    language: Literal["en", "zh"] | None = None


def read_rows(file: Path, limit: int | None = None) -> list[Row]:
    """The rows of a file, at most the first `limit`. Raises EvalError with file and line."""
    rows: list[Row] = []
    lines: dict[str, int] = {}
    for number, text in enumerate(_lines(file), 1):
        if not text.strip():
            continue
        row = _row(f"{file}:{number}", number, text)
        if row.id in lines:
            raise EvalError(f"{file}:{number}: the id {row.id!r} stands on line {lines[row.id]} already.")
        lines[row.id] = number
        rows.append(row)
    if not rows:
        raise EvalError(f"{file} holds no question.")
    return rows[:limit]


def read_tools(file: Path) -> dict[str, dict[str, Any]]:
    """Tools by name, in OpenAI's form, from a JSON list of them or of bare functions. Raises EvalError."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"{file} cannot be read as UTF-8 text: {error}.") from error
    except json.JSONDecodeError as error:
        raise EvalError(f"{file}:{error.lineno}: no JSON: {error.msg}.") from error
    listed = found.get("tools") if isinstance(found, dict) else found
    if not isinstance(listed, list) or not listed:
        raise EvalError(f"{file} is no list of tools in OpenAI's form.")
    tools: dict[str, dict[str, Any]] = {}
    for number, one in enumerate(listed):
        function = one.get("function", one) if isinstance(one, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str) or not name:
            raise EvalError(f"{file}: tool {number}, from 0, is no function with a name in OpenAI's form.")
        if name in tools:
            raise EvalError(f"{file}: the tool {name!r} stands twice.")
        tools[name] = {"type": "function", "function": {"parameters": {"type": "object"}, **function}}
    return tools


def check_known(file: Path, row: Row, known: Sequence[str], where: str) -> None:
    """Raises EvalError when a row is due a call of a tool that is not there."""
    if row.tool is not None and row.tool not in known:
        names = ", ".join(known)
        raise EvalError(f"{file}:{row.line}: there is no tool {row.tool!r} {where}; there are {names}.")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"{file} cannot be read as UTF-8 text: {error}.") from error


def _row(place: str, number: int, text: str) -> Row:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise EvalError(f"{place}: no JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise EvalError(f"{place}: a row is an object, not {text.strip()[:40]}.")
    question = fields.get(_key(place, fields, QUESTION) or "")
    if not isinstance(question, str) or not question.strip():
        raise EvalError(f"{place}: there is no {_or(QUESTION)} with the words of a question.")
    named = _key(place, fields, TOOL)
    if named is None:
        raise EvalError(f"{place}: there is no {_or(TOOL)}; null says that no call is due.")
    tool = fields[named]
    if tool is not None and not (isinstance(tool, str) and tool):
        raise EvalError(f"{place}: {named} is a tool's name or null, not {json.dumps(tool)[:40]}.")
    return Row(
        line=number,
        id=_id(fields.get("id"), number),
        question=question,
        tool=tool,
        arguments=_arguments(place, fields),
        role=_one_of(place, fields, "role", ROLES),
        language=_one_of(place, fields, "language", LANGUAGES),
    )


def _arguments(place: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments as an object; some files hold them as JSON in a string."""
    named = _key(place, fields, ARGUMENTS)
    given = fields[named] if named else None
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError as error:
            raise EvalError(f"{place}: {named} is no JSON: {error}.") from error
    if given is not None and not isinstance(given, dict):
        raise EvalError(f"{place}: {named} is an object of names and values, not {json.dumps(given)[:40]}.")
    return given


def _key(place: str, fields: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """Which of the names a row uses; None: none. Raises EvalError for two that disagree."""
    given = [name for name in names if name in fields]
    if any(fields[name] != fields[given[0]] for name in given):
        raise EvalError(f"{place}: {' and '.join(given)} say different things; leave one out.")
    return given[0] if given else None


def _one_of(place: str, fields: Mapping[str, Any], name: str, values: Sequence[str]) -> Any:
    value = fields.get(name)
    if value is not None and value not in values:
        raise EvalError(f"{place}: {name} is {_or(values)}, not {json.dumps(value)[:40]}.")
    return value


def _id(given: Any, number: int) -> str:
    """An id that can stand in a case's name; the line's number where the row has none."""
    plain = UNFIT_FOR_ID.sub("-", str(given)).strip("-._") if given is not None else ""
    return plain or f"line-{number}"


def _or(names: Sequence[str]) -> str:
    return " or ".join(names)
