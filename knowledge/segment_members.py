"""The members of a segment in a temporary table, for as long as several queries read them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Executable,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql.expression import ClauseElement

from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.types import CustomerFilter


def _table(name: str) -> Table:
    return Table(
        name,
        MetaData(),
        # As INTEGER, SQLite looks ids up in the table itself.
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("age_min", Integer),
        Column("age_max", Integer),
        Column("spend", Float),
        Column("orders", Integer),
        Column("recency_days", Integer),
        prefixes=["TEMPORARY"],
    )


MEMBERS = _table("report_member")
OTHERS = _table("report_other")
"""A second group to compare the members with."""


class _TableAs(Executable, ClauseElement):
    """A temporary table made of a query: PostgreSQL uses several processes for it, but none for INSERT.

    It has no index, which would take longer to fill with many members than it saves: they are hashed.
    """

    inherit_cache = False

    def __init__(self, name: str, query: Select[Any]) -> None:
        self.name, self.query = name, query


@compiles(_TableAs)
def _compile(made: _TableAs, compiler: Any, **given: Any) -> str:
    return f"CREATE TEMPORARY TABLE {made.name} AS {compiler.process(made.query, **given)}"


SAMPLE = _table("report_sample")
"""Some of the members."""


def draw_sample(connection: Connection, drawn: ColumnElement[bool]) -> None:
    """Put the members that are `drawn` into SAMPLE, until the block of `members_table` ends.

    In a table of their own, because a database cannot guess from a condition how few they are.
    """
    connection.execute(DropTable(SAMPLE, if_exists=True))
    connection.execute(_TableAs(SAMPLE.name, select(MEMBERS).where(drawn)))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {SAMPLE.name}"))


@contextmanager
def members_table(connection: Connection, *groups: tuple[CustomerFilter, Moment, Table]) -> Iterator[None]:
    """The customers that each filter means at its moment, in its table; each filter runs once."""
    for _, _, table in groups:
        connection.execute(DropTable(table, if_exists=True))
    try:
        for wanted, moment, table in groups:
            chosen = select_members(wanted, moment)
            if wanted.top is None:
                chosen = chosen.order_by(None)  # which would sort them all for nothing
            if connection.dialect.name == "sqlite":
                connection.execute(CreateTable(table))
                columns = [column.name for column in chosen.selected_columns]
                connection.execute(insert(table).from_select(columns, chosen))
            else:
                connection.execute(_TableAs(table.name, chosen))
                connection.execute(text(f"ANALYZE {table.name}"))
        yield
    finally:
        connection.rollback()
        for table in (SAMPLE, *(table for _, _, table in groups)):
            connection.execute(DropTable(table, if_exists=True))
        connection.commit()
