"""Reading a file in chunks of text cells, whether it is CSV or Parquet."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shopwright.knowledge.import_csv import Broken, CsvRecords
from shopwright.knowledge.import_encoding import UNREADABLE, TextForm, inspect_text, open_bytes
from shopwright.knowledge.import_header import Header, match_header
from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_schema import TableFile

CHUNK_ROWS = 20_000
CHUNK_CHARACTERS = 8_000_000
_UNDECODED = re.compile(r"[\udc80-\udcff]")


class UnreadableFileError(Exception):
    """A file that cannot be read, or not to its end; carries the problem to report."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason())
        self.problem = problem


@dataclass
class Chunk:
    """Rows as text. `frame` has a column per known column of the file and lines as its index.

    An empty cell is an empty string. `problems` are those that reading met; rows that are no
    records are not in `frame`, and `broken` holds what of them stands where the first key would.
    """

    frame: pd.DataFrame
    problems: list[Problem] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    rows: int = 0


class Source(Protocol):
    """A file opened for reading. `total` lines or rows, about."""

    header: Header
    notices: list[Problem]
    total: int

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows. Raises UnreadableFileError where the file breaks off."""
        ...


def open_source(path: Path, table: TableFile) -> Source:
    """Open `path` by its ending. Raises UnreadableFileError."""
    if not path.is_file():
        raise UnreadableFileError(Problem(path.name, 0, "", "", "not_a_file"))
    try:
        if path.name.lower().endswith(".parquet"):
            return ParquetSource(path, table)
        return CsvSource(path, table)
    except (*UNREADABLE, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UnreadableFileError:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return UnreadableFileError(Problem(path.name, 0, "", "", "unreadable", shorten(said)))


class CsvSource:
    """A CSV file in UTF-8 or GB18030, with a header line."""

    def __init__(self, path: Path, table: TableFile) -> None:
        self.path, self.table = path, table
        self.notices: list[Problem] = []
        self._form = inspect_text(path)
        self.total = self._form.lines
        if self._form.binary:
            raise UnreadableFileError(Problem(path.name, 0, "", "", "binary_file", self._form.binary))
        if self._form.encoding == "gb18030":
            self.notices.append(Problem(path.name, 0, "", "", "read_as_gb18030"))
        with _open_text(path, self._form) as stream:
            self.header = self._match(CsvRecords(stream).header())

    def _match(self, first: tuple[int, list[str] | Broken] | None) -> Header:
        if first is None:
            names = ", ".join(column.name for column in self.table.columns if column.required)
            raise UnreadableFileError(Problem(self.path.name, 0, "", "", "empty_file", names))
        line, names_or_broken = first
        if isinstance(names_or_broken, Broken):
            broken = names_or_broken
            problem = Problem(self.path.name, line, "", shorten(broken.text), broken.code, broken.detail)
            return Header(0, {}, [problem], refused=True, usable=False)
        return match_header(self.table, self.path.name, line, names_or_broken)

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows in chunks that are limited in rows and in characters."""
        try:
            with _open_text(self.path, self._form) as stream:
                records = CsvRecords(stream)
                records.header()
                yield from self._collect(records)
        except UNREADABLE as error:
            raise _unreadable(self.path, error) from error

    def _collect(self, records: CsvRecords) -> Iterator[Chunk]:
        lines: list[int] = []
        rows: list[list[str]] = []
        characters = 0
        chunk = Chunk(pd.DataFrame())
        for line, fields in records.rows(self.header.width, self._multiline()):
            chunk.rows += 1
            if isinstance(fields, Broken):
                self._note_broken(chunk, line, fields)
            else:
                if not self._form.clean:
                    self._blank_undecoded(chunk, line, fields)
                lines.append(line)
                rows.append(fields)
                characters += records.characters
            if chunk.rows >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
                chunk.frame = self._frame(lines, rows)
                yield chunk
                lines, rows, characters, chunk = [], [], 0, Chunk(pd.DataFrame())
        if chunk.rows:
            chunk.frame = self._frame(lines, rows)
            yield chunk

    def _multiline(self) -> set[int]:
        """Positions of columns whose text may hold line breaks; unknown columns may as well."""
        single = {
            at
            for name, at in self.header.positions.items()
            if self.table.by_name[name].kind not in ("text", "long_text")
        }
        return set(range(self.header.width)) - single

    def _note_broken(self, chunk: Chunk, line: int, broken: Broken) -> None:
        text = _UNDECODED.sub("\ufffd", broken.text.rstrip("\r\n"))
        chunk.problems.append(Problem(self.path.name, line, "", shorten(text), broken.code, broken.detail))
        if self.table.key and (at := self.header.positions.get(self.table.key[0])) is not None:
            chunk.broken += [part.strip(' "') for part in text[:10_000].split(",")[at : at + 1]]

    def _blank_undecoded(self, chunk: Chunk, line: int, fields: list[str]) -> None:
        names = {at: name for name, at in self.header.positions.items()}
        for at, text in enumerate(fields):
            if not text.isascii() and _UNDECODED.search(text):
                fields[at] = ""
                if at in names:
                    shown = shorten(
                        text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                    )
                    chunk.problems.append(Problem(self.path.name, line, names[at], shown, "wrong_encoding"))

    def _frame(self, lines: list[int], rows: list[list[str]]) -> pd.DataFrame:
        cells = list(zip(*rows, strict=True)) or [()] * self.header.width
        columns = {name: _text(pa.array(cells[at], pa.large_string()))
                   for name, at in self.header.positions.items()}  # fmt: skip
        return pd.DataFrame(columns).set_axis(pd.Index(lines, dtype="int64"), axis=0)


def _open_text(path: Path, form: TextForm) -> io.TextIOWrapper:
    errors = "strict" if form.clean else "surrogateescape"
    return io.TextIOWrapper(open_bytes(path), encoding=form.encoding, errors=errors, newline="")


def _text(array: Any) -> Any:
    """An Arrow array of strings as pandas' own string array."""
    return pd.array(array, dtype=pd.StringDtype("pyarrow", na_value=np.nan))


class ParquetSource:
    """A Parquet file; its values become text and pass the same checks as those of a CSV file."""

    def __init__(self, path: Path, table: TableFile) -> None:
        self.path, self.table = path, table
        self.notices: list[Problem] = []
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            self.total = file.metadata.num_rows
        self.header = match_header(table, path.name, 0, schema.names)
        self._drop_unreadable_columns(schema)

    def _drop_unreadable_columns(self, schema: Any) -> None:
        for name, at in self.header.positions.items():
            kind = schema.field(at).type
            if pa.types.is_timestamp(kind) and kind.tz:
                self.notices.append(Problem(self.path.name, 0, name, "", "time_zone_dropped"))
            if pa.types.is_nested(kind) or pa.types.is_duration(kind):
                problem = Problem(self.path.name, 0, name, "", "column_type", str(kind))
                raise UnreadableFileError(problem)

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, some thousand at a time."""
        try:
            with pq.ParquetFile(self.path) as file:
                done = 0
                for batch in file.iter_batches(batch_size=CHUNK_ROWS // 4):
                    yield self._chunk(batch, done)
                    done += batch.num_rows
        except (*UNREADABLE, pa.ArrowException) as error:
            raise _unreadable(self.path, error) from error

    def _chunk(self, batch: Any, done: int) -> Chunk:
        lines = pd.RangeIndex(done + 1, done + 1 + batch.num_rows)
        chunk = Chunk(pd.DataFrame(index=lines), rows=batch.num_rows)
        for name, at in self.header.positions.items():
            chunk.frame[name] = pd.Series(_text(self._as_text(batch.column(at))), index=lines)
        return chunk

    def _as_text(self, array: Any) -> Any:
        """Arrow values as strings as one would type them; nulls become empty."""
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if pa.types.is_timestamp(array.type) and array.type.tz:
            array = pc.local_timestamp(array)
        text = pc.cast(array, pa.large_string())
        text.validate(full=True)
        return pc.fill_null(text, "")
