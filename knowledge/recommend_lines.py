"""The orders as recommendations read them: who bought which product when, at what price.

A shop of any size is read by the customer: all customers while they have at most MAX_LINES order lines
together, else a sample of them drawn at random from a fixed seed, a chunk of customers at a time. What
is learned from a sample holds for the shop; the figures that people read are counted over everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, extract, func, select
from sqlalchemy.engine import Connection, Engine, Row

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.columns import CUSTOMER, LINES, ORDERS
from shopwright.knowledge.fetch import Progress

MAX_LINES = 3_000_000
CHUNK = 400
SEED = 11

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """One customer's order lines until a time, oldest first: row, age in days, order, price of one."""

    rows: Ints
    ages: Floats
    orders: Ints
    prices: Floats

    @classmethod
    def empty(cls) -> History:
        """Nothing was bought."""
        return cls(
            np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int64), np.empty(0, np.float64)
        )


@dataclass(frozen=True)
class Lines:
    """Order lines by customer and time. Line l of customer u stands in starts[u] <= l < starts[u + 1].

    `days`: time in days since 1970; `rows`: rows of the catalogue; `prices`: shelf price of one;
    `paid`, `discounts`: sums of money of the line. `sampled`: not all customers were read.
    """

    customers: Ints
    starts: Ints
    rows: Ints
    days: Floats
    orders: Ints
    prices: Floats
    paid: Floats
    discounts: Floats
    sampled: bool

    def until(self, day: float) -> Lines:
        """The lines until `day` (inclusive) only; every customer stays."""
        keep = self.days <= day
        counts = np.bincount(self.users[keep], minlength=len(self.customers))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return replace(
            self,
            starts=starts,
            rows=self.rows[keep],
            days=self.days[keep],
            orders=self.orders[keep],
            prices=self.prices[keep],
            paid=self.paid[keep],
            discounts=self.discounts[keep],
        )

    @property
    def users(self) -> Ints:
        """The place in `customers` of each line."""
        return np.repeat(np.arange(len(self.customers)), np.diff(self.starts))

    def history(self, user: int, day: float) -> History:
        """What the customer at place `user` bought until `day`; the lines must end there."""
        part = slice(int(self.starts[user]), int(self.starts[user + 1]))
        return History(self.rows[part], day - self.days[part], self.orders[part], self.prices[part])


def day_of(moment: datetime) -> float:
    """A time as days since 1970."""
    return moment.replace(tzinfo=UTC).timestamp() / 86400


def read_lines(
    engine: Engine,
    catalogue: Catalogue,
    until: datetime,
    progress: Progress = lambda _step, _done, _total: None,
    max_lines: int = MAX_LINES,
) -> Lines:
    """The order lines until `until` (inclusive) of all customers or a sample, without cancelled orders."""
    with engine.connect() as connection:
        total = connection.execute(select(func.count()).select_from(LINES)).scalar_one()
        everyone = np.array(
            connection.execute(select(CUSTOMER.c.id).order_by(CUSTOMER.c.id)).scalars().all(), np.int64
        )
        chosen = everyone
        if total > max_lines:
            count = max(1, int(len(everyone) * max_lines / total))
            chosen = np.sort(np.random.default_rng(SEED).choice(everyone, count, replace=False))
        table = _joined([*_chunks(connection, chosen, until, progress)])
    table, rows = table.of(catalogue)
    users = np.searchsorted(chosen, table.customers)
    starts = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=len(chosen)))]).astype(np.int64)
    return Lines(
        chosen, starts, rows, table.seconds / 86400, table.orders,
        table.prices, table.paid, table.discounts, sampled=len(chosen) < len(everyone),
    )  # fmt: skip


def read_history(engine: Engine, catalogue: Catalogue, customer_id: int, until: datetime) -> History:
    """What one customer bought until `until`. Raises LookupError for an unknown customer."""
    query = _query(until).where(ORDERS.c.customer_id == customer_id).order_by(ORDERS.c.ordered_at, LINES.c.id)
    with engine.connect() as connection:
        found = connection.execute(query).all()
        known = found or connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id)).all()
    if not known:
        raise LookupError(f"There is no customer {customer_id} in this shop.")
    if not found:
        return History.empty()
    table, rows = _table(found).of(catalogue)
    return History(rows, day_of(until) - table.seconds / 86400, table.orders, table.prices)


def _query(until: datetime) -> Select[Any]:
    return (
        select(
            ORDERS.c.customer_id,
            LINES.c.product_id,
            extract("epoch", ORDERS.c.ordered_at),
            ORDERS.c.id,
            LINES.c.quantity,
            LINES.c.amount,
            LINES.c.retail_discount + LINES.c.coupon_discount + LINES.c.coupon_match_discount,
        )
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.status != "cancelled", ORDERS.c.ordered_at <= until)
    )


def _chunks(connection: Connection, customers: Ints, until: datetime, progress: Progress) -> Iterator[_Table]:
    for start in range(0, len(customers), CHUNK):
        progress("recommender: reading orders", start, len(customers))
        chunk = customers[start : start + CHUNK].tolist()
        query = _query(until).where(ORDERS.c.customer_id.in_(chunk))
        ordered = query.order_by(ORDERS.c.customer_id, ORDERS.c.ordered_at, LINES.c.id)
        found = connection.execute(ordered).all()
        if found:
            yield _table(found)
    progress("recommender: reading orders", len(customers), len(customers))


class _Table(NamedTuple):
    customers: Ints
    products: Ints
    seconds: Floats
    orders: Ints
    quantities: Floats
    paid: Floats
    discounts: Floats

    @property
    def prices(self) -> Floats:
        """What one piece would have cost without discounts."""
        return (self.paid + self.discounts) / np.maximum(self.quantities, 1)

    def of(self, catalogue: Catalogue) -> tuple[_Table, Ints]:
        """The lines whose product the catalogue has, and their rows in it."""
        rows = catalogue.rows(self.products)
        known = rows >= 0
        return _Table._make(column[known] for column in self), rows[known]


TYPES = (np.int64, np.int64, np.float64, np.int64, np.float64, np.float64, np.float64)


def _table(found: Sequence[Row[Any]]) -> _Table:
    columns: list[Any] = [*zip(*found, strict=True)] or [()] * len(TYPES)
    return _Table._make(np.array(column, dtype=kind) for column, kind in zip(columns, TYPES, strict=True))


def _joined(parts: Sequence[_Table]) -> _Table:
    if not parts:
        return _table([])
    return _Table(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
