"""A bounded sample of baskets, held as arrays, from which patterns are counted.

Sampled are customers, each with all baskets, so that sequences stay whole; which ones depends on their ids
alone. An entry is a product type in a basket; what it counts as (category, say) is looked up by its kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import LINES, ORDERS, PRODUCT
from shopwright.knowledge.customer_features import scattered
from shopwright.knowledge.stats import days_between
from shopwright.knowledge.types import Scope

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_BASKETS = 300_000
LEVELS = ("category", "product_type", "department")
"""What baskets are told apart by: the first of these that names several things."""
CHUNK = 50_000

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Kinds:
    """Department, category and product type of each kind of product, and what it counts as (-1: nothing)."""

    rows: list[tuple[str, str, str]]
    level: str
    items: list[str]
    codes: Ints

    @classmethod
    def of(cls, rows: Sequence[tuple[str, str, str]]) -> Kinds:
        """Chooses the level. Raises LookupError where no level tells two things apart."""
        place = {"department": 0, "category": 1, "product_type": 2}
        for level in LEVELS:
            items = sorted({row[place[level]] for row in rows} - {""})
            if len(items) > 1:
                code = {name: at for at, name in enumerate(items)}
                codes = np.array([code.get(row[place[level]], -1) for row in rows], dtype=np.int64)
                return cls(list(rows), level, items, codes)
        raise LookupError(
            "The shop's products are not told apart: patterns need at least two categories, product types or "
            "departments that were bought."
        )

    def within(self, scope: Scope) -> NDArray[np.bool_]:
        """Which kinds belong to any of the scope's departments, categories or product types."""
        return np.array(
            [
                department in scope.departments or category in scope.categories or kind in scope.product_types
                for department, category, kind in self.rows
            ],
            dtype=bool,
        )


@dataclass(frozen=True)
class Baskets:
    """Baskets in the order of customer and time; entries in the order of baskets.

    customers, days: of each basket (days since the first order of all); baskets, kinds: of each entry.
    """

    customers: Ints
    days: Ints
    baskets: Ints
    kinds: Ints
    end: int
    one_in: int

    def __len__(self) -> int:
        return len(self.customers)

    def of(self, members: Ints) -> Baskets:
        """Those of some customers."""
        kept = np.isin(self.customers, members)
        place = np.cumsum(kept) - 1
        entries = kept[self.baskets]
        return Baskets(
            self.customers[kept],
            self.days[kept],
            place[self.baskets[entries]],
            self.kinds[entries],
            self.end,
            self.one_in,
        )

    def matrix(self, codes: Ints, width: int) -> csr_array:
        """Which items each basket holds, (len(self), width), 0 and 1."""
        from scipy.sparse import csr_array

        items = codes[self.kinds]
        held = items >= 0
        pairs = np.unique(self.baskets[held] * width + items[held])
        ones = np.ones(len(pairs), dtype=np.int32)
        return csr_array((ones, (pairs // width, pairs % width)), shape=(len(self), width))

    def write(self, path: Path) -> None:
        """Save as npz."""
        np.savez_compressed(
            path,
            customers=self.customers,
            days=self.days.astype(np.int32),
            baskets=self.baskets.astype(np.int32),
            kinds=self.kinds.astype(np.int32),
            facts=np.array([self.end, self.one_in]),
        )

    @classmethod
    def read(cls, path: Path) -> Baskets:
        """What `write` saved."""
        with np.load(path, allow_pickle=False) as saved:
            end, one_in = saved["facts"].tolist()
            customers, days, baskets, kinds = (
                saved[name].astype(np.int64) for name in ("customers", "days", "baskets", "kinds")
            )
        return cls(customers, days, baskets, kinds, end, one_in)


def draw(connection: Connection, most: int = MOST_BASKETS) -> tuple[Baskets, Kinds]:
    """Read the sample, in chunks. Raises LookupError where nothing, or only one thing, was ever bought."""
    counted = select(func.count()).where(ORDERS.c.status != "cancelled")
    total = connection.execute(counted).scalar_one()
    if not total:
        raise LookupError("The shop has no orders yet, so there are no patterns to find.")
    one_in = max(1, math.ceil(total / most))
    chosen = in_sample(ORDERS.c.customer_id, one_in)
    products, codes, kinds = _kinds(connection)
    orders = _table(connection.execute(_orders(connection.dialect.name, chosen)).all(), 3)
    by_id = np.argsort(orders[:, 0], kind="stable")
    pairs = [np.empty(0, dtype=np.int64)]
    result = connection.execution_options(yield_per=CHUNK).execute(_lines(chosen if one_in > 1 else None))
    for rows in result.partitions():
        lines = _table(rows, 2)
        basket, known = _places(orders[by_id, 0], lines[:, 0])
        product, active = _places(products, lines[:, 1])
        held = known & active
        pairs.append(np.unique(by_id[basket[held]] * len(kinds.rows) + codes[product[held]]))
    entries = np.unique(np.concatenate(pairs))
    end = int(orders[:, 2].max()) + 1 if len(orders) else 0
    return (
        Baskets(
            orders[:, 1], orders[:, 2], entries // len(kinds.rows), entries % len(kinds.rows), end, one_in
        ),
        kinds,
    )


def in_sample(customer: Any, one_in: int) -> list[ColumnElement[bool]]:
    """The condition that a customer's id belongs to the sample."""
    return [] if one_in == 1 else [scattered(customer) % one_in == 0]


def _kinds(connection: Connection) -> tuple[Ints, Ints, Kinds]:
    """Products by id, the kind of each, and the kinds."""
    c = PRODUCT.c
    rows = connection.execute(
        select(c.id, c.department, c.category, c.product_type).where(c.active).order_by(c.id)
    ).all()
    place: dict[tuple[str, str, str], int] = {}
    codes = [place.setdefault((row[1], row[2], row[3]), len(place)) for row in rows]
    products = np.array([row[0] for row in rows], dtype=np.int64)
    return products, np.array(codes, dtype=np.int64), Kinds.of(list(place))


def _table(rows: Sequence[Any], width: int) -> Ints:
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(len(rows), width)


def _places(known: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Where each wanted id stands among the known ones, which ascend, and whether it is there."""
    if not len(known):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1).astype(np.int64)
    return places, known[places] == wanted


def _orders(dialect: str, chosen: list[ColumnElement[bool]]) -> Select[Any]:
    start = select(func.min(ORDERS.c.ordered_at)).where(ORDERS.c.status != "cancelled").scalar_subquery()
    o = ORDERS.c
    return (
        select(o.id, o.customer_id, days_between(dialect, o.ordered_at, start))
        .where(o.status != "cancelled", *chosen)
        .order_by(o.customer_id, o.ordered_at, o.id)
    )


def _lines(chosen: list[ColumnElement[bool]] | None) -> Select[Any]:
    """Order and product of each line; of all orders the lines alone are read, down one index."""
    lines = select(LINES.c.order_id, LINES.c.product_id)
    if chosen is None:
        return lines
    return lines.join(ORDERS, ORDERS.c.id == LINES.c.order_id).where(*chosen)
