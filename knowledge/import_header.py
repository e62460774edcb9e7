"""Matching the columns that a file names with those of its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_schema import TableFile


@dataclass(frozen=True)
class Header:
    """What the first line says. `refused`: rows are checked, and none goes in.

    positions: where each known column stands in a row. usable: False where no column is known.
    """

    width: int
    positions: dict[str, int]
    problems: list[Problem]
    refused: bool
    usable: bool = True


def normal(name: str) -> str:
    """A column's name as it is compared: 'Order ID' is order_id."""
    return name.strip(" \t\r\n\ufeff\u3000").lower().replace(" ", "_").replace("-", "_")


def closest(name: str, candidates: Sequence[str]) -> str:
    """The candidate that `name` was probably meant to be, or an empty string."""
    if near := get_close_matches(name, candidates, n=1, cutoff=0.7):
        return near[0]
    parts = name.split("_")
    inside = [one for one in candidates if len(one) > 2 and (one in parts or name in one.split("_"))]
    return inside[0] if len(inside) == 1 else ""


def match_header(table: TableFile, file: str, line: int, names: Sequence[str]) -> Header:
    """Find the columns of `table` among `names`, and say what is missing, unknown or twice there."""
    positions: dict[str, int] = {}
    problems: list[Problem] = []
    unknown: list[str] = []
    known = table.by_name
    refused = False
    for at, raw in enumerate(names):
        name = normal(raw)
        if name in positions:
            problems.append(Problem(file, line, name, shorten(raw), "duplicate_column"))
            refused = True
        elif name in known:
            positions[name] = at
        else:
            unknown.append(raw)
    if not positions:
        return _hopeless(table, file, line, names)
    absent = [column.name for column in table.columns if column.name not in positions]
    for raw in unknown:
        meant = closest(normal(raw), absent)
        problems.append(Problem(file, line, shorten(raw), shorten(raw), "unknown_column", meant))
    spare = {normal(raw): shorten(raw) for raw in unknown}
    for name in absent:
        if known[name].required:
            meant = spare.get(closest(name, list(spare)), "")
            problems.append(Problem(file, line, name, "", "missing_column", meant))
            refused = True
    return Header(len(names), positions, problems, refused)


def _hopeless(table: TableFile, file: str, line: int, names: Sequence[str]) -> Header:
    only = names[0] if names else ""
    split = any(normal(part) in table.by_name for mark in ";\t|" for part in only.split(mark))
    code = "wrong_delimiter" if len(names) == 1 and split else "no_header"
    detail = ", ".join(column.name for column in table.columns if column.required)
    problem = Problem(file, line, "", shorten(", ".join(names)), code, detail)
    return Header(len(names), {}, [problem], refused=True, usable=False)
