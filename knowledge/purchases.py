"""What one customer bought: the household's own history, as recommendations weigh it."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, literal, select
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import CUSTOMER, LINES, ORDERS
from shopwright.knowledge.stats import days_between

AGE_DAYS = 60.0


@dataclass(frozen=True)
class Purchases:
    """A position a product: id, orders with it, the sum of their AGE_DAYS / (AGE_DAYS + age), the last."""

    products: NDArray[np.int64]
    orders: NDArray[np.int64]
    weights: NDArray[np.float64]
    last: list[datetime]


def purchases(engine: Engine, customer_id: int, until: datetime | None = None) -> Purchases:
    """What a customer bought until `until`, by default the shop's last order, from which ages count back.

    Raises LookupError for an unknown customer.
    """
    at = ORDERS.c.ordered_at
    ending = select(func.max(at)).scalar_subquery() if until is None else literal(until)
    # Counted per order: a product on two lines of a basket was bought once.
    baskets = (
        select(LINES.c.product_id, ORDERS.c.id, at.label("at"), ending.label("ending"))
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(ORDERS.c.customer_id == customer_id, ORDERS.c.status != "cancelled")
        .distinct()
    )
    if until is not None:
        baskets = baskets.where(at <= until)
    b = baskets.subquery().c
    weight = AGE_DAYS / (AGE_DAYS + days_between(engine.dialect.name, b.ending, b.at))
    query = select(b.product_id, func.count(), func.sum(weight), func.max(b.at)).group_by(b.product_id)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        known = rows or connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id)).all()
    if not known:
        raise LookupError(f"There is no customer {customer_id} in this shop.")
    return Purchases(
        products=np.array([row[0] for row in rows], dtype=np.int64),
        orders=np.array([row[1] for row in rows], dtype=np.int64),
        weights=np.array([row[2] for row in rows], dtype=np.float64),
        last=[row[3] for row in rows],
    )
