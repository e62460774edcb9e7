"""Reading the database with a query that a person wrote."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError


class QueryError(ValueError):
    """The query cannot be run; the message says why."""


def read(engine: Engine, query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """The rows of a SELECT with named parameters. What a query might change is rolled back.

    Raises QueryError for anything else than a SELECT, and for one that the database refuses.
    """
    if query.split(maxsplit=1)[:1] and query.split(maxsplit=1)[0].lower() not in ("select", "with"):
        raise QueryError(f"Only a SELECT is run, not: {query[:80]}")
    statement = text(query)
    try:
        known = {name: value for name, value in (values or {}).items() if name in statement._bindparams}
        times = [name for name, value in known.items() if isinstance(value, datetime)]
        statement = statement.bindparams(*(bindparam(name, type_=DateTime()) for name in times))
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(statement, known)]
            connection.rollback()
            return rows
    except SQLAlchemyError as error:
        raise QueryError(f"The query {query[:200]!r} was refused: {getattr(error, 'orig', error)}") from error
