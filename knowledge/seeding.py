"""Puts rows that somebody wrote down into a shop: the state in which a case finds it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.database import transaction
from shopwright.knowledge.shop import Shop

assert tables.Ticket.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
INDEXED = {"product": "product", "document": "document"}


class SeedError(ValueError):
    """A row cannot be put in; the message says which, and why."""


def seed(shop: Shop, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> int:
    """Put in rows by table, all or none, and bring the search index up to date; returns how many.

    Raises SeedError for an unknown table or column, a value that does not fit, and a row that is there.
    """
    count = 0
    try:
        with transaction(shop.engine) as session:
            for row in _rows(rows):
                session.add(row)
                session.flush()
                count += 1
            _tell_index(session, rows)
    except SQLAlchemyError as error:
        raise SeedError(
            f"Row {count + 1} of the seed was refused: {getattr(error, 'orig', error)}"
        ) from error
    if any(table in INDEXED for table in rows):
        from shopwright.knowledge.index import apply_outbox

        apply_outbox(shop)
    return count


def _rows(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[SQLModel]:
    models = {
        str(model.__tablename__): model for model in SQLModel.__subclasses__() if hasattr(model, "__table__")
    }
    for table, listed in rows.items():
        if table not in models:
            raise SeedError(f"There is no table {table!r}. There are {', '.join(sorted(models))}.")
        for number, row in enumerate(listed, start=1):
            yield _row(models[table], row, f"{table}, row {number}")


def _row(model: type[SQLModel], row: Mapping[str, Any], where: str) -> SQLModel:
    """A row with its values as the columns take them: a date that is written as text becomes one."""
    unknown = sorted(set(row) - set(model.model_fields))
    if unknown:
        raise SeedError(f"{where}: there is no column {', '.join(unknown)}.")
    values = {}
    for name, value in row.items():
        annotation: Any = model.model_fields[name].annotation
        try:
            values[name] = TypeAdapter(annotation).validate_python(value)
        except ValidationError as error:
            raise SeedError(f"{where}: {name}: {error.errors()[0]['msg']}.") from error
    missing = [
        name for name, info in model.model_fields.items() if info.is_required() and values.get(name) is None
    ]
    if missing:
        raise SeedError(f"{where}: {', '.join(missing)} must be given.")
    return model(**values)


def _tell_index(session: Session, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    for table, kind in INDEXED.items():
        if rows.get(table):
            session.add(tables.IndexOutbox(kind=kind, ref="*"))
