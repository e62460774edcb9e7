"""The file of proposed cases that a person reviews."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shopwright.evals.errors import EvalError
from shopwright.evals.proposed import Proposal
from shopwright.evals.surroundings import keep_text

ODD = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
NEXT_LINE = "\x85"
BREAKS = re.compile(f"{ODD.pattern}|[\u2028\u2029\ufeff]+")
STATES = ("pending", "accept", "accepted", "reject")
HEAD = """\
# Cases that people's signals suggest. Read each one: is it a good question, is what is expected of the answer
# right, is nobody's name or number left in it? Then set `review: accept`, or `review: reject`, and run
# `shopwright eval accept {name} --into SUITE.yaml`. Only accepted cases move; the others stay here.
"""


@dataclass(frozen=True)
class Reviewed:
    """A case of the file, as it stands in it."""

    case: dict[str, Any]
    state: str
    line: int
    at: int
    """Where the state stands, in characters from the beginning of the file."""
    node: yaml.MappingNode


def write_proposals(path: Path, proposals: Iterable[Proposal]) -> int:
    """Write the proposals for review, each `review: pending`; how many. Raises EvalError.

    What a reviewer has decided in a file of this name is not overwritten: EvalError.
    """
    if path.exists() and any(one.state in ("accept", "reject") for one in reviewed(path)):
        raise EvalError(f"{path} holds reviewed cases: accept them first, or write to another file.")
    parts = [_proposal(one) for one in proposals]
    body = "cases:\n" + "\n".join(parts) if parts else "cases: []\n"
    keep_text(path, HEAD.format(name=path.name) + body)
    return len(parts)


# Writing


def _proposal(one: Proposal) -> str:
    case = {**one.case}
    notes = [note for turn in one.turns for note in turn.notes]
    head = {"id": case.pop("id"), "review": "pending", "source": one.source, **case}
    comments = "".join(f"  # {' '.join(ODD.sub(' ', note).split())}\n" for note in notes)
    return comments + item_of(head, 2)


def item_of(case: Mapping[str, Any], indent: int) -> str:
    """A case as an item of a list, as people write it: short values on one line."""
    lines: list[str] = []
    for key, value in case.items():
        if key == "turns":
            lines.append("turns:")
            for turn in value:
                first, *rest = [f"{name}: {_flow(item)}" for name, item in turn.items()]
                lines += [f"  - {first}", *(f"    {line}" for line in rest)]
        else:
            lines.append(f"{key}: {_flow(value)}")
    pad = " " * indent
    return "".join(f"{pad}{'- ' if at == 0 else '  '}{line}\n" for at, line in enumerate(lines))


def _flow(value: Any) -> str:
    """A value on one line. JSON is YAML, too, and writes the old line break that YAML's own writer loses."""
    if NEXT_LINE in (told := json.dumps(value, ensure_ascii=False, default=str)):
        return BREAKS.sub(lambda odd: "".join(f"\\u{ord(one):04x}" for one in odd[0]), told)
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False
    )
    return text.strip(" \n").removesuffix("...").strip(" \n")  # other spaces belong to the value


# Reading


def reviewed(path: Path) -> list[Reviewed]:
    """The cases of the file. Raises EvalError with file and line."""
    node = composed(path)
    cases = child(node, "cases") if isinstance(node, yaml.MappingNode) else None
    if not isinstance(cases, yaml.SequenceNode):
        raise EvalError(f"{path}:1: this is no file of proposals: it has no list of `cases:`.")
    found: list[Reviewed] = []
    seen: dict[str, int] = {}
    for item in cases.value:
        one = _one(path, item)
        if one.case["id"] in seen:
            first = seen[one.case["id"]]
            raise EvalError(f"{path}:{one.line}: the id {one.case['id']!r} stands on line {first} already.")
        seen[one.case["id"]] = one.line
        found.append(one)
    return found


def _one(path: Path, item: yaml.Node) -> Reviewed:
    line = item.start_mark.line + 1
    if not isinstance(item, yaml.MappingNode):
        raise EvalError(f"{path}:{line}: a case is a mapping with `id:` and `ask:`.")
    case = _plain(path, item)
    state = case.pop("review", None)
    node = child(item, "review")
    at = (node or item).start_mark
    if state not in STATES:
        raise EvalError(f"{path}:{at.line + 1}: `review` is pending, accept or reject, not {state!r}.")
    if not isinstance(case.get("id"), str):
        raise EvalError(f"{path}:{line}: the case has no id.")
    return Reviewed(case, state, line, at.index, item)


def read_text(path: Path) -> str:
    """The file's text. Raises EvalError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise EvalError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EvalError(f"{path} is no UTF-8 text.") from error


def composed(path: Path) -> yaml.Node | None:
    """The file's nodes, which know their lines. Raises EvalError with file and line."""
    try:
        return yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise EvalError(f"{path}:{line}: {error.problem or error}.") from error
    except yaml.YAMLError as error:
        raise EvalError(f"{path} is no YAML: {error}.") from error


def _plain(path: Path, node: yaml.Node) -> Any:
    """The node as Python values; a key that stands twice is an error."""
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if key.value in found:
                raise EvalError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands twice.")
            found[key.value] = _plain(path, value)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, item) for item in node.value]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (ValueError, yaml.YAMLError) as error:
        raise EvalError(f"{path}:{node.start_mark.line + 1}: {error}.") from error
    finally:
        loader.dispose()


def child(node: yaml.Node, key: str) -> yaml.Node | None:
    """The value of a key of a mapping."""
    return next((value for name, value in node.value if name.value == key), None)
