"""Writing many rows quickly: COPY on PostgreSQL, batched INSERT on SQLite."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import TableClause
from sqlalchemy.engine import Connection

Row = tuple[Any, ...]
BATCH = 20_000


def bulk_insert(
    connection: Connection,
    table: TableClause,
    columns: Sequence[str],
    rows: Iterable[Row],
    on_rows: Callable[[int], None] = lambda _count: None,
) -> int:
    """Insert `rows` (tuples in the order of `columns`) within the connection's transaction.

    `on_rows` is told the number written so far after each batch. Values are plain Python objects;
    defaults declared in Python are not applied, so give every required column. Returns the number
    of rows written. Raises SQLAlchemy's or the driver's IntegrityError when a row breaks a constraint.
    """
    done = 0
    iterator = iter(rows)
    write = _copy if connection.dialect.name == "postgresql" else _insert
    while batch := list(islice(iterator, BATCH)):
        write(connection, table, columns, batch)
        done += len(batch)
        on_rows(done)
    return done


def _copy(connection: Connection, table: TableClause, columns: Sequence[str], batch: list[Row]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    connection.exec_driver_sql("SELECT 1")  # lets SQLAlchemy open the transaction that COPY joins
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101 - an open connection has its driver's object
    with raw.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in batch:
            copy.write_row(row)


def _insert(connection: Connection, table: TableClause, columns: Sequence[str], batch: list[Row]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    # Names come from our own table definitions, never from input.
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
    connection.exec_driver_sql(statement, list(_bound(connection, table, columns, batch)))


def _bound(
    connection: Connection, table: TableClause, columns: Sequence[str], batch: list[Row]
) -> Iterator[Row]:
    """Rows as SQLAlchemy stores them: SQLite keeps dates and times as text of its own format."""
    dialect = connection.dialect
    kinds = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]
    if not any(kinds):
        return iter(batch)
    return (
        tuple(kind(value) if kind else value for kind, value in zip(kinds, row, strict=True)) for row in batch
    )
