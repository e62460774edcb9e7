"""Customers like one who never ordered, by what is known of the household."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, select

from shopwright.knowledge.columns import CUSTOMER

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

ENOUGH = 30
# From the closest likeness to the loosest: each a set of columns that must be the same.
LIKENESS = (
    ("age_min", "kids_count", "income_min"),
    ("age_min", "kids_count"),
    ("age_min", "income_min"),
    ("kids_count", "household_size"),
    ("age_min",),
    ("household_size",),
    ("income_min",),
)

Ints = NDArray[np.int64]


def peers(shop: Shop, customer_id: int, active: Ints) -> Ints | None:
    """Ids among `active` of the closest likeness that ENOUGH of them share; None when nothing is known."""
    c = CUSTOMER.c
    with shop.engine.connect() as connection:
        known = connection.execute(select(CUSTOMER).where(c.id == customer_id)).mappings().one()
        for likeness in LIKENESS:
            if any(known[name] is None for name in likeness):
                continue
            same: list[ColumnElement[bool]] = [c[name] == known[name] for name in likeness]
            found = connection.execute(select(c.id).where(and_(*same))).scalars().all()
            alike = np.intersect1d(np.array(found, dtype=np.int64), active)
            if len(alike) >= ENOUGH:
                return alike
    return None
