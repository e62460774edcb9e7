"""Rows of one file on their way in: a temporary table that SQL compares with what is there.

Everything that needs the whole file or the database (keys that stand twice, ids that exist nowhere,
rows that are new, changed or as before) is asked of the database, on SQLite and PostgreSQL alike,
so that a file of millions of lines takes no more memory than a chunk of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.schema import DropTable

from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_schema import TableFile
from shopwright.knowledge.import_tables import MODELS

GOOD, REJECTED, INSERTED, UPDATED, UNCHANGED = "good", "rejected", "inserted", "updated", "unchanged"


def table_of(model: Any) -> Table:
    """The SQLAlchemy table behind a model."""
    found: Table = model.__table__
    return found


class Stage:
    """The staged rows of `spec`'s file: their line, their state, and `columns` of the database table.

    Use it within transactions of `connection`; `drop` it at the end.
    """

    def __init__(self, connection: Connection, spec: TableFile, file: str, columns: Sequence[str]) -> None:
        self.connection, self.spec, self.file = connection, spec, file
        self.columns = list(columns)
        self.target = table_of(spec.model)
        self.broken: set[int] = set()
        """Ids that seem to stand on lines that could not be staged."""
        self.table = Table(
            f"import_{spec.name}",
            MetaData(),
            Column("line", Integer, primary_key=True, autoincrement=False),
            Column("state", String),
            *(Column(name, self.target.c[name].type) for name in self.columns),
            prefixes=["TEMPORARY"],
        )
        self.drop()
        self.table.create(connection, checkfirst=False)

    def drop(self) -> None:
        """Remove the temporary table, or one that an interrupted import left on this connection."""
        self.connection.execute(DropTable(self.table, if_exists=True))

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Stage rows: each with `line`, `state` and the columns."""
        if rows:
            self.connection.execute(insert(self.table), rows)

    def reject(self, lines: Iterable[int]) -> None:
        """Mark the rows on `lines` as rejected."""
        if at := [{"at": line} for line in set(lines)]:
            statement = update(self.table).where(self.table.c.line == bindparam("at"))
            self.connection.execute(statement.values(state=REJECTED), at)

    def reject_all(self) -> None:
        """Mark every row as rejected."""
        self.connection.execute(update(self.table).values(state=REJECTED))

    def counts(self) -> dict[str, int]:
        """Rows by state."""
        state = self.table.c.state
        return {
            row[0]: row[1] for row in self.connection.execute(select(state, func.count()).group_by(state))
        }

    def rejected_ids(self) -> set[int]:
        """Ids of rows that did not go in."""
        rows = self.connection.execute(select(self.table.c["id"]).where(self.table.c.state == REJECTED))
        return {row[0] for row in rows if row[0] is not None} | self.broken

    def duplicates(self) -> Iterator[Problem]:
        """Rows whose key stands on an earlier line already; the first one counts."""
        keys = [self.table.c[name] for name in self.spec.key]
        if not keys:
            return
        filled = [key.is_not(None) for key in keys]
        line = self.table.c.line
        again = select(*keys, func.min(line).label("first_line")).where(*filled).group_by(*keys)
        first = again.having(func.count() > 1).subquery()
        same = [key == first.c[key.name] for key in keys]
        found = select(line, first.c.first_line, *keys).where(*same, line > first.c.first_line)
        for row in self.connection.execute(found):
            value = shorten(", ".join(map(str, row[2:])))
            yield Problem(self.file, row[0], ", ".join(self.spec.key), value, "duplicate_key", str(row[1]))

    def missing_references(self) -> Iterator[tuple[str, str, int, int]]:
        """Ids that the database does not hold: (column, name of the other file, line, id)."""
        for column in self.spec.columns:
            if not column.references or column.name not in self.columns:
                continue
            own = self.table.c[column.name]
            other = table_of(MODELS[column.references]).c["id"]
            found = select(self.table.c.line, own).outerjoin_from(self.table, other.table, own == other)
            for line, number in self.connection.execute(found.where(own.is_not(None), other.is_(None))):
                yield column.name, column.references, line, number
