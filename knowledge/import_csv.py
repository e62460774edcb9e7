"""Records of a CSV file with their physical lines; goes on with the next line after a broken one."""

import csv
from collections import deque
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TextIO

LINE_MAXIMUM = 1 << 22


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no record: the problem's code and detail, and the line's text."""

    code: str
    detail: str
    text: str


Record = tuple[int, list[str] | Broken]


class CsvRecords:
    """Iterates (line, fields) or (line, Broken); `line` is where the record starts, from 1.

    A quote that is never closed would swallow the rows behind it. So a record that does not hold
    together is reported for its first line alone, and reading goes on at the line after that.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._reader = csv.reader(self._physical(), strict=True)
        self.line = 0
        self.characters = 0
        """Characters of the last record, as a measure of the memory it takes."""

    def header(self) -> tuple[int, list[str] | Broken] | None:
        """The first record that is not blank; None where there is none."""
        for line, fields in self._read():
            if isinstance(fields, Broken) or any(map(str.strip, fields)):
                return line, fields
        return None

    def rows(self, width: int, multiline: Set[int]) -> Iterator[Record]:
        """The records behind the header, blank ones left out.

        width: number of fields each should have. multiline: positions whose text may hold line
        breaks; elsewhere a line break means that a quote was left open.
        """
        for line, fields in self._read():
            if isinstance(fields, Broken):
                yield line, fields
            elif not any(map(str.strip, fields)):
                continue
            elif len(self._taken) > 1 and self._swallowed(fields, width, multiline):
                yield line, self._resume("broken_quoting")
            elif len(fields) != width:
                yield line, Broken("field_count", f"{len(fields)} ≠ {width}", "".join(self._taken))
            else:
                yield line, fields

    def _read(self) -> Iterator[Record]:
        while True:
            self._taken.clear()
            first = self.line + 1
            try:
                fields = next(self._reader)
            except StopIteration:
                return
            except csv.Error:
                long = len(self._taken[0]) > csv.field_size_limit()
                yield first, self._resume("too_long" if long else "broken_quoting")
                continue
            self.characters = sum(map(len, self._taken))
            yield first, fields

    def _resume(self, code: str) -> Broken:
        """Give back all lines of the record but its first, and start anew there."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self.line -= len(others)
        self._reader = csv.reader(self._physical(), strict=True)
        return Broken(code, f"{csv.field_size_limit():,}", first)

    def _physical(self) -> Iterator[str]:
        while line := self._again.popleft() if self._again else self._stream.readline(LINE_MAXIMUM):
            if len(line) == LINE_MAXIMUM and line[-1] not in "\r\n":
                self._skip_rest()
            self.line += 1
            self._taken.append(line)
            yield line

    def _skip_rest(self) -> None:
        """Leave out the end of a line that is longer than any row can be."""
        while rest := self._stream.readline(LINE_MAXIMUM):
            if rest[-1] in "\r\n":
                return

    def _swallowed(self, fields: list[str], width: int, multiline: Set[int]) -> bool:
        """Whether this record of several lines is rather several records behind an open quote."""
        counts = [line.count(",") + 1 for line in self._taken]
        if len(fields) != width:
            return counts[0] >= width or width in counts[1:-1]
        if any("\n" in text or "\r" in text for at, text in enumerate(fields) if at not in multiline):
            return True
        return all(count == width for count in counts)
