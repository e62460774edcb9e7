"""The migrations build exactly the tables that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database


def test_migrated_database_matches_the_declared_tables(database: Engine) -> None:
    assert tables.Snapshot.metadata is SQLModel.metadata
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrate_again_changes_nothing(database: Engine) -> None:
    before = sorted(inspect(database).get_table_names())
    migrate(database)
    assert sorted(inspect(database).get_table_names()) == before
    assert {"customer", "orders", "order_line", "snapshot", "alembic_version"} <= set(before)


def test_migrate_on_a_second_connection_sees_the_first(database_url: str) -> None:
    first, second = open_database(database_url), open_database(database_url)
    migrate(first)
    migrate(second)
    assert inspect(second).has_table("review")
    first.dispose()
    second.dispose()
