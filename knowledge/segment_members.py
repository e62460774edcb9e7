"""The members of a segment in a temporary table, for as long as several queries read them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, insert, text
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable, DropTable

from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.types import CustomerFilter


def _table(name: str, *, keyed: bool = True) -> Table:
    return Table(
        name,
        MetaData(),
        # As INTEGER, SQLite looks ids up in the table itself.
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=keyed, autoincrement=False),
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


@contextmanager
def members_table(connection: Connection, *groups: tuple[CustomerFilter, Moment, Table]) -> Iterator[None]:
    """The customers that each filter means at its moment, in its table; each filter runs once."""
    sqlite = connection.dialect.name == "sqlite"
    for _, _, table in groups:
        connection.execute(DropTable(table, if_exists=True))
        # PostgreSQL would take longer to fill an index of many members than it saves: it hashes them.
        connection.execute(CreateTable(table if sqlite else _table(table.name, keyed=False)))
    try:
        for wanted, moment, table in groups:
            chosen = select_members(wanted, moment)
            if wanted.top is None:
                chosen = chosen.order_by(None)  # which would sort them all for nothing
            columns = [column.name for column in chosen.selected_columns]
            connection.execute(insert(table).from_select(columns, chosen))
            if not sqlite:
                connection.execute(text(f"ANALYZE {table.name}"))
        yield
    finally:
        connection.rollback()
        for _, _, table in groups:
            connection.execute(DropTable(table, if_exists=True))
        connection.commit()
