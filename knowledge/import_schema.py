"""How the files of a shop of one's own look: a table per file, a column per line, in words and rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlmodel import SQLModel

Kind = Literal["id", "integer", "number", "date", "time", "text", "long_text", "choice", "flag", "email"]

ID_MAXIMUM = 2**63 - 1
INTEGER_MAXIMUM = 2**31 - 1
MONEY_MAXIMUM = 1e12
SHORT_TEXT = 500
LONG_TEXT = 50_000
FIRST_YEAR, LAST_YEAR = 1900, 2100

TYPE_WORDS: Mapping[Kind, str] = {
    "id": "whole number",
    "integer": "whole number",
    "number": "number",
    "date": "date",
    "time": "date and time",
    "text": "text",
    "long_text": "long text",
    "choice": "one of",
    "flag": "yes or no",
    "email": "e-mail address",
}


@dataclass(frozen=True)
class Column:
    """One column of a file. `default` is stored where the cell is empty or the column left out."""

    name: str
    kind: Kind
    meaning: str
    example: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    max_length: int = SHORT_TEXT
    references: str = ""
    default: Any = None
    keep: bool = False
    """An empty cell keeps what the database holds already (otherwise it clears it)."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number accepted."""
        limits: dict[Kind, float] = {"id": ID_MAXIMUM, "integer": INTEGER_MAXIMUM}
        high = limits.get(self.kind, MONEY_MAXIMUM) if self.maximum is None else self.maximum
        return 0 if self.minimum is None else self.minimum, high

    @property
    def type_words(self) -> str:
        """The type as the README says it."""
        words = TYPE_WORDS[self.kind]
        if self.kind == "choice":
            return f"{words} {', '.join(self.choices)}"
        if self.kind in ("integer", "number"):
            return f"{words}, {self._range_words()}"
        if self.kind in ("text", "long_text"):
            return f"{words}, up to {self.max_length:,} characters"
        return words

    def _range_words(self) -> str:
        low, high = self.bounds
        if high >= INTEGER_MAXIMUM:
            return f"{low:g} or more"
        return f"{low:g} to {high:g}"


@dataclass(frozen=True)
class TableFile:
    """One file of the folder and the database table it fills.

    `key`: the columns that tell rows apart; empty for order lines, which are replaced order by
    order (`replaced_by`). `ordered`: pairs of columns of which the second may not be below the
    first. `on_insert` and `on_update`: what is stored besides the file's columns ("now": the
    moment of the import). `outbox`: the kind under which changed rows wait for the search index.
    """

    name: str
    model: type[SQLModel]
    holds: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ("id",)
    replaced_by: str = ""
    ordered: tuple[tuple[str, str], ...] = ()
    on_insert: Mapping[str, Any] = field(default_factory=dict)
    on_update: Mapping[str, Any] = field(default_factory=dict)
    outbox: str = ""

    @property
    def by_name(self) -> dict[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}


def columns_markdown(tables: tuple[TableFile, ...]) -> str:
    """The README's tables of columns, one a file, as Markdown."""
    parts = []
    for table in tables:
        lines = [f"#### {table.name}", "", table.holds, ""]
        lines += ["| column | type | required | meaning | example |", "| --- | --- | --- | --- | --- |"]
        for column in table.columns:
            required = "yes" if column.required else "no"
            cells = (f"`{column.name}`", column.type_words, required, column.meaning, f"`{column.example}`")
            lines.append(f"| {' | '.join(cells)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
