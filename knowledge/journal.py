"""What a stretch of work changed in the database, row by row, and its undoing. For copies of a shop only.

Triggers write every change of every table into one table, whoever made it and however; so nothing that a
turn did can be missed, and the shop can be put back as it was.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, inspect, text
from sqlalchemy.engine import Connection, Engine
from sqlmodel import SQLModel

from shopwright.knowledge import tables

assert tables.Ticket.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
JOURNAL = "shopwright_journal"
OPERATIONS = ("insert", "update", "delete")


@dataclass(frozen=True)
class RowChange:
    """A row that was inserted, updated or deleted, as it was and as it is. Values are JSON."""

    table: str
    operation: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Journal:
    """Records the changes of all tables of a database from now on. Alters the database: give it a copy."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.begin() as connection:
            connection.execute(text(f"DROP TABLE IF EXISTS {JOURNAL}"))
            for statement in _set_up(connection):
                connection.exec_driver_sql(statement)

    def mark(self) -> int:
        """A point in time, to read or undo from."""
        with self._engine.connect() as connection:
            return int(connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {JOURNAL}")).scalar_one())  # noqa: S608 - a constant

    def since(self, mark: int) -> list[RowChange]:
        """The changes after `mark`, oldest first."""
        listed = "SELECT table_name, operation, before, after"
        query = text(f"{listed} FROM {JOURNAL} WHERE id > :mark ORDER BY id")
        with self._engine.connect() as connection:
            return [
                RowChange(table, operation, _json(before), _json(after))
                for table, operation, before, after in connection.execute(query, {"mark": mark})
            ]

    def undo(self, mark: int = 0) -> int:
        """Put every row that changed after `mark` back as it was; returns how many changes were undone."""
        changes = self.since(mark)
        with self._engine.begin() as connection:
            for change in reversed(changes):
                _take_back(connection, change)
            connection.execute(text(f"DELETE FROM {JOURNAL} WHERE id > :mark"), {"mark": mark})  # noqa: S608 - a constant
        return len(changes)


def _set_up(connection: Connection) -> Iterator[str]:
    """The journal's table and the triggers that fill it."""
    present = set(inspect(connection).get_table_names())
    watched = [table for table in SQLModel.metadata.sorted_tables if table.name in present]
    if connection.dialect.name == "sqlite":
        yield (
            f"CREATE TABLE {JOURNAL} (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            "table_name TEXT, operation TEXT, before TEXT, after TEXT)"
        )
        for table in watched:
            yield from _sqlite_triggers(table)
        return
    yield (
        f"CREATE TABLE {JOURNAL} (id BIGSERIAL PRIMARY KEY, "
        "table_name TEXT, operation TEXT, before JSONB, after JSONB)"
    )
    yield (
        f"CREATE OR REPLACE FUNCTION {JOURNAL}_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608 - a constant
        f"INSERT INTO {JOURNAL} (table_name, operation, before, after) VALUES (TG_TABLE_NAME, lower(TG_OP), "
        "CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE to_jsonb(OLD) END, "
        "CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END); RETURN NULL; END $$"
    )
    for table in watched:
        name = f"{JOURNAL}_{table.name}"
        yield f'DROP TRIGGER IF EXISTS "{name}" ON "{table.name}"'
        yield (
            f'CREATE TRIGGER "{name}" AFTER INSERT OR UPDATE OR DELETE ON "{table.name}" '
            f"FOR EACH ROW EXECUTE FUNCTION {JOURNAL}_note()"
        )


def _sqlite_triggers(table: Table) -> Iterator[str]:
    old, new = (_sqlite_row(table, side) for side in ("OLD", "NEW"))
    for operation, before, after in (("insert", "NULL", new), ("update", old, new), ("delete", old, "NULL")):
        name = f"{JOURNAL}_{table.name}_{operation}"
        yield f'DROP TRIGGER IF EXISTS "{name}"'
        yield (
            f'CREATE TRIGGER "{name}" AFTER {operation.upper()} ON "{table.name}" BEGIN '  # noqa: S608 - our own tables
            f"INSERT INTO {JOURNAL} (table_name, operation, before, after) "
            f"VALUES ('{table.name}', '{operation}', {before}, {after}); END"
        )


def _sqlite_row(table: Table, side: str) -> str:
    cells = ", ".join(f"'{column.name}', {side}.\"{column.name}\"" for column in table.columns)
    return f"json_object({cells})"


def _json(value: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(value) if isinstance(value, str) else value
    return found


def _take_back(connection: Connection, change: RowChange) -> None:
    """One change undone. An update is undone in place: other rows may refer to the row."""
    table = SQLModel.metadata.tables[change.table]
    if change.after is None:
        _execute(connection, _insertion(connection, table), change.before or {})
        return
    keys = " AND ".join(f'"{c.name}" = {_given(connection, c, "key_")}' for c in table.primary_key)
    values = {f"key_{column.name}": change.after[column.name] for column in table.primary_key}
    if change.before is None:
        _execute(connection, f'DELETE FROM "{table.name}" WHERE {keys}', values)  # noqa: S608 - our own tables
    else:
        sets = ", ".join(f'"{c.name}" = {_given(connection, c)}' for c in table.columns)
        statement = f'UPDATE "{table.name}" SET {sets} WHERE {keys}'  # noqa: S608 - our own tables
        _execute(connection, statement, {**change.before, **values})


def _insertion(connection: Connection, table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(_given(connection, column) for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({values})'  # noqa: S608 - our own tables


def _execute(connection: Connection, statement: str, values: dict[str, Any]) -> None:
    connection.execute(text(statement), {name: _stored(value) for name, value in values.items()})


def _given(connection: Connection, column: "Column[Any]", prefix: str = "") -> str:
    """A parameter, cast in PostgreSQL from JSON's few types to the column's."""
    if connection.dialect.name == "sqlite":
        return f":{prefix}{column.name}"
    return f"CAST(:{prefix}{column.name} AS {column.type.compile(connection.dialect)})"


def _stored(value: Any) -> Any:
    """JSON columns come as objects from PostgreSQL, as text from SQLite, and are written as text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
