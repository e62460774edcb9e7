"""How Alembic reaches the database: over the connection that `database.migrate` hands it."""

from alembic import context
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from shopwright.knowledge import tables

assert tables.Snapshot.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata

connection: Connection = context.config.attributes["connection"]
# SQLite cannot alter a column in place, so a later revision rewrites the table there (batch mode).
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
