"""Whether words and numbers belong to people that the shop knows: customers, their orders, its staff."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge import tables

assert tables.Customer.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
TABLES = SQLModel.metadata.tables
_BATCH = 500


def names_among(engine: Engine, candidates: set[str]) -> set[str]:
    """Which of the candidates (in lower case) are names of customers; all names are read once, in batches."""
    customer = TABLES["customer"].c
    found: set[str] = set()
    if not candidates:
        return found
    with engine.connect().execution_options(yield_per=5000) as connection:
        for (name,) in connection.execute(select(customer.name).where(customer.name.is_not(None)).distinct()):
            low = " ".join(name.lower().split())
            if low in candidates:
                found.add(low)
    return found


def usernames(engine: Engine) -> list[str]:
    """The names that people sign in to the console with."""
    with engine.connect() as connection:
        return list(connection.execute(select(TABLES["app_user"].c.username)).scalars())


def orders_among(engine: Engine, numbers: Iterable[int]) -> dict[int, int]:
    """Which of the numbers are orders, and whose."""
    orders = TABLES["orders"].c
    return {
        number: owner
        for some in _batches(numbers)
        for number, owner in _read(engine, select(orders.id, orders.customer_id).where(orders.id.in_(some)))
    }


def ids_among(engine: Engine, table: Literal["customer", "product"], numbers: Iterable[int]) -> set[int]:
    """Which of the numbers are customers, or products."""
    key = TABLES[table].c.id
    return {row[0] for some in _batches(numbers) for row in _read(engine, select(key).where(key.in_(some)))}


def _read(engine: Engine, query: Any) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(query))


def _batches(numbers: Iterable[int]) -> Iterator[list[int]]:
    whole = sorted({number for number in numbers if 0 <= number < 2**63})
    for start in range(0, len(whole), _BATCH):
        yield whole[start : start + _BATCH]
