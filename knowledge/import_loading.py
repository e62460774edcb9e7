"""The first half of a file's way in: read, parse, check and stage its rows, chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.import_checks import check, schema_of
from shopwright.knowledge.import_parsing import BadCell, has_zone, parse
from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_reading import Chunk, Source, UnreadableFileError, open_source
from shopwright.knowledge.import_schema import TableFile
from shopwright.knowledge.import_staging import GOOD, REJECTED, Stage, table_of

__all__ = ["Loaded", "UnreadableFileError", "load", "open_source"]


@dataclass
class Loaded:
    """A file that is staged. `refused`: its header or its end is broken, so nothing may go in."""

    stage: Stage
    problems: list[Problem]
    rows: int = 0
    refused: bool = False


def load(
    connection: Connection, table: TableFile, file: str, source: Source, progress: Progress | None
) -> Loaded:
    """Stage the rows of `source` within the caller's transaction; rows with problems as rejected."""
    checker = _Checker(table, file, set(source.header.positions))
    stage = Stage(connection, table, file, checker.stored)
    loaded = Loaded(stage, list(source.header.problems), refused=source.header.refused)
    try:
        for chunk in source.chunks():
            loaded.rows += chunk.rows
            problems, rows = checker.check(chunk)
            loaded.problems += problems
            stage.broken.update(_ids(chunk.broken))
            stage.add(rows)
            if progress:
                progress(file, loaded.rows, max(source.total, loaded.rows))
    except UnreadableFileError as error:
        loaded.problems.append(error.problem)
        loaded.refused = True
    if checker.zoned and not source.notices:
        source.notices.append(Problem(file, 0, "", "", "time_zone_dropped"))
    return loaded


def _ids(texts: Sequence[str]) -> set[int]:
    return {int(text) for text in texts if text.isdecimal() and len(text) < 19}


class _Checker:
    """Turns chunks of text into problems and rows that can be staged."""

    def __init__(self, table: TableFile, file: str, present: set[str]) -> None:
        self.table, self.file = table, file
        self.schema = schema_of(table, present)
        self.stored = _stored_columns(table, present)
        self.zoned = False

    def check(self, chunk: Chunk) -> tuple[list[Problem], list[dict[str, Any]]]:
        """The chunk's problems, and all its rows with cells emptied where something is wrong."""
        typed, problems = self._parse(chunk)
        seen = {(problem.line, problem.column) for problem in problems}
        found = [
            (name, cell)
            for name, cell in check(self.schema, self.table, typed)
            if (cell.line, name) not in seen
        ]
        problems += [self._problem(chunk.frame, name, cell) for name, cell in found]
        by_column: dict[str, list[int]] = {}
        for name, cell in found:
            by_column.setdefault(name, []).append(cell.line)
        for name, lines in by_column.items():
            typed.loc[lines, name] = None
        rejected = {problem.line for problem in problems}
        return problems, self._rows(_complete(self.table, typed), rejected)

    def _parse(self, chunk: Chunk) -> tuple[pd.DataFrame, list[Problem]]:
        problems = list(chunk.problems)
        columns = {}
        for column in self.table.columns:
            if column.name in chunk.frame:
                cells = chunk.frame[column.name]
                columns[column.name], bad = parse(column, cells)
                problems += [self._problem(chunk.frame, column.name, cell) for cell in bad]
                self.zoned = self.zoned or (column.kind == "time" and has_zone(cells))
        return pd.DataFrame(columns, index=chunk.frame.index), problems

    def _problem(self, frame: pd.DataFrame, name: str, cell: BadCell) -> Problem:
        value = shorten(frame.at[cell.line, name])
        return Problem(self.file, int(cell.line), name, value, cell.code, cell.detail)

    def _rows(self, typed: pd.DataFrame, rejected: set[int]) -> list[dict[str, Any]]:
        lines = [int(line) for line in typed.index]
        states = [REJECTED if line in rejected else GOOD for line in lines]
        values = [self._plain(typed[name], name) for name in self.stored]
        names = ("line", "state", *self.stored)
        return [dict(zip(names, row, strict=True)) for row in zip(lines, states, *values, strict=True)]

    def _plain(self, values: pd.Series, name: str) -> list[Any]:
        """Python values with None for what is missing, as database drivers take them."""
        column = self.table.by_name.get(name)
        if column and column.kind == "date":
            values = values.dt.date
        plain = values.astype(object).tolist()
        return [None if missing else value for value, missing in zip(plain, values.isna(), strict=True)]


def _stored_columns(table: TableFile, present: set[str]) -> list[str]:
    """The database columns that a file with the columns `present` fills."""
    names = present | set(table.key)
    if table.name == "customers" and "age" in present:
        names |= {"age_min", "age_max"}
    if table.name == "reviews":
        names.add("language")
    order = [column.name for column in table.columns if column.name in names]
    return [name for name in order if name in table_of(table.model).c]


def _complete(table: TableFile, typed: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from other columns, and the defaults of empty cells."""
    if table.name == "customers" and "age" in typed:
        for name in ("age_min", "age_max"):
            typed[name] = typed["age"].fillna(typed[name]) if name in typed else typed["age"]
    if table.name == "reviews" and "text" in typed:
        chinese = typed["text"].str.contains("[\u4e00-\u9fff]", na=False)
        guess = chinese.map({True: "zh", False: "en"}).astype("str")
        typed["language"] = typed["language"].fillna(guess) if "language" in typed else guess
    for column in table.columns:
        if column.name in table.key and column.name not in typed:
            typed[column.name] = pd.Series(column.default, index=typed.index, dtype=object)
        elif column.name in typed and column.default is not None and not column.keep:
            typed[column.name] = typed[column.name].fillna(column.default)
    return typed
