"""What can be wrong in a file: its place, a code for programs, a reason and a remedy for people."""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TextIO

from shopwright.knowledge.import_messages import MESSAGES

Language = Literal["en", "zh"]

VALUE_LENGTH = 80
HEADINGS = ("file", "line", "column", "value", "code", "reason", "remedy")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_FORMULA = re.compile(r"^(?:[=@]|[+-](?![\d.]))")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at one place, or worth knowing about a file (a notice).

    `line` is the physical line in a CSV file (1 is the header where no blank line stands before
    it), the row number in a Parquet file, and 0 where the whole file is meant. `value` is shortened
    and shows control characters as escapes.
    """

    file: str
    line: int
    column: str
    value: str
    code: str
    detail: str = ""

    def reason(self, language: Language = "en") -> str:
        """What is wrong, for a person."""
        return self._message(language)[0]

    def remedy(self, language: Language = "en") -> str:
        """What to do about it, for a person."""
        return self._message(language)[1]

    def _message(self, language: Language) -> tuple[str, str]:
        bare = MESSAGES.get(f"{self.code}:") if not self.detail else None
        reason, remedy = (bare or MESSAGES[self.code])[language]
        return reason.replace("{detail}", self.detail), remedy.replace("{detail}", self.detail)

    def sentence(self, language: Language = "en") -> str:
        """Place, reason and remedy in one line."""
        place = self.file
        if self.line:
            place += f"，第 {self.line:,} 行" if language == "zh" else f", line {self.line:,}"
        if self.column:
            place += f"，{self.column}" if language == "zh" else f", {self.column}"
        mark, gap = ("：", "") if language == "zh" else (": ", " ")
        return f"{place}{mark}{self.reason(language)}{gap}{self.remedy(language)}"


def shorten(value: object) -> str:
    """`value` as a person can read it: escapes for what is invisible, cut after 80 characters."""
    text = "" if value is None else str(value)
    cut = text[:VALUE_LENGTH] + ("…" if len(text) > VALUE_LENGTH else "")
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), cut)


class ErrorFile:
    """The list of problems as a CSV file that spreadsheets open; made when the first one comes."""

    def __init__(self, folder: Path, language: Language) -> None:
        self.folder = folder
        self.language = language
        self.path: Path | None = None

    def append(self, problems: Iterable[Problem]) -> None:
        """Write `problems` down. Raises OSError where the folder cannot be written to."""
        rows = [self._row(problem) for problem in problems]
        if not rows:
            return
        with self._open() as stream:
            csv.writer(stream).writerows(rows)

    def _row(self, problem: Problem) -> tuple[str | int, ...]:
        where = (problem.file, problem.line, problem.column, _harmless(problem.value), problem.code)
        return (*where, problem.reason(self.language), problem.remedy(self.language))

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        if self.path is None:
            self.path = self._new_path()
            with self.path.open("x", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerow(HEADINGS)
        with self.path.open("a", encoding="utf-8", newline="") as stream:
            yield stream

    def _new_path(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = f"import-errors-{datetime.now():%Y%m%d-%H%M%S}"
        names = [f"{stem}.csv", *(f"{stem}-{number}.csv" for number in range(2, 1000))]
        return next(path for name in names if not (path := self.folder / name).exists())


def _harmless(value: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{value}" if _FORMULA.match(value) else value
