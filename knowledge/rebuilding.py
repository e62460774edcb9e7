"""Filling a table that is worked out from others anew, while people go on reading what it held.

SQLite empties the table within the transaction; readers see the old rows until it commits. PostgreSQL
would keep the dead rows' space and check every new row against foreign keys and indexes one by one, so
there a second table is filled, indexed at once, and takes the first one's place when the transaction
commits. Rights that were granted on the first table do not go over to the second.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Table, TableClause, column, delete, table, text
from sqlalchemy.engine import Connection, Engine

INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisprimary
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = CAST(:name AS regclass)
"""
KEYS = """
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = CAST(:name AS regclass)
"""


@contextmanager
def rebuilt(connection: Connection, old: Table) -> Iterator[TableClause]:
    """The empty table to fill within the block; at its end, and the transaction's, it is `old`."""
    if connection.dialect.name != "postgresql":
        connection.execute(delete(old))
        yield old
        return
    fresh = f"{old.name}_fresh"
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": fresh})
    connection.execute(text(f"DROP TABLE IF EXISTS {fresh}"))
    connection.execute(text(f"CREATE TABLE {fresh} (LIKE {old.name} INCLUDING DEFAULTS)"))
    yield table(fresh, *(column(part.name, part.type) for part in old.c))
    _replace(connection, old.name, fresh)


def _replace(connection: Connection, old: str, fresh: str) -> None:
    """Give the fresh table the old one's indexes and keys, drop the old one and take its name."""
    indexes = connection.execute(text(INDEXES), {"name": old}).all()
    keys = connection.execute(text(KEYS), {"name": old}).all()
    for name, definition, primary in indexes:
        begin, _, columns = definition.partition(" USING ")
        unique = "UNIQUE " if begin.startswith("CREATE UNIQUE") else ""
        connection.execute(text(f"CREATE {unique}INDEX {name}_fresh ON {fresh} USING {columns}"))
        if primary:
            connection.execute(text(f"ALTER TABLE {fresh} ADD PRIMARY KEY USING INDEX {name}_fresh"))
    for name, definition in keys:
        connection.execute(text(f"ALTER TABLE {fresh} ADD CONSTRAINT {name} {definition}"))
    connection.execute(text(f"DROP TABLE {old}"))
    connection.execute(text(f"ALTER TABLE {fresh} RENAME TO {old}"))
    for name, _, _ in indexes:
        connection.execute(text(f"ALTER INDEX {name}_fresh RENAME TO {name}"))


def settle(engine: Engine, *tables: Table) -> None:
    """Let PostgreSQL note which pages everybody may see, without which no index answers alone; and count."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for one in tables:
                connection.execute(text(f"VACUUM (ANALYZE) {one.name}"))
