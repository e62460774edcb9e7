"""The members of a segment in a temporary table, for as long as several queries read them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, insert, select
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable, DropTable

from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.types import CustomerFilter


def _table(name: str) -> Table:
    return Table(
        name,
        MetaData(),
        Column("id", BigInteger, primary_key=True, autoincrement=False),
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
    for _, _, table in groups:
        connection.execute(DropTable(table, if_exists=True))
        connection.execute(CreateTable(table))
    try:
        for wanted, moment, table in groups:
            chosen = select_members(wanted, moment).subquery()
            columns = [column.name for column in table.c]
            found = select(*(chosen.c[name] for name in columns))
            connection.execute(insert(table).from_select(columns, found))
        yield
    finally:
        connection.rollback()
        for _, _, table in groups:
            connection.execute(DropTable(table, if_exists=True))
        connection.commit()
