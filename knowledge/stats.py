"""Customer statistics, made in the database by SQL: recency, frequency, monetary value, categories.

Scores are quintiles 1..5 (Hughes, Strategic Database Marketing, 1994). Segments are the ten cells of
CleverTap's grid of recency against frequency and monetary value ("RFM Analysis for Customer
Segmentation"); its second axis is here the mean of the two scores, rounded half up, so that a rare
big spender and a frequent small one stand in the same row. The grid covers all 25 pairs: every
customer with an order is in exactly one segment. Cancelled orders count nowhere.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, delete, func, insert, select
from sqlalchemy.engine import Connection, Engine

from shopwright.knowledge.columns import CATEGORIES, LINES, ORDERS, PRODUCT, STATS
from shopwright.knowledge.fetch import Progress

# Rows: recency score 1 (longest ago) to 5 (most recent); columns: frequency-monetary score 1 to 5.
GRID = (
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    ("promising", "potential_loyalists", "potential_loyalists", "loyal", "loyal"),
    ("new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"),
)


def refresh_stats(engine: Engine, progress: Progress = lambda _step, _done, _total: None) -> int:
    """Fill CustomerStats and CustomerCategory from the orders, in one transaction.

    The same orders always give the same rows: ties in a quintile are broken by the other two
    measures, then by customer id. Returns the number of customers with an order.
    """
    steps: tuple[Callable[[Connection], None], ...] = (_clear, _fill_categories, _fill_customers)
    with engine.begin() as connection:
        for done, step in enumerate(steps):
            progress("customer statistics", done, len(steps))
            step(connection)
        customers = connection.execute(select(func.count()).select_from(STATS)).scalar_one()
    progress("customer statistics", len(steps), len(steps))
    return customers


def days_between(dialect: str, later: Any, earlier: Any) -> ColumnElement[int]:
    """Whole calendar days from `earlier` to `later` (both times), as SQL for `dialect`."""
    if dialect == "sqlite":
        return cast(func.julianday(func.date(later)) - func.julianday(func.date(earlier)), Integer)
    return func.date(later).op("-", return_type=Integer())(func.date(earlier))


def _clear(connection: Connection) -> None:
    connection.execute(delete(CATEGORIES))
    connection.execute(delete(STATS))


def _fill_categories(connection: Connection) -> None:
    counted = (
        select(
            ORDERS.c.customer_id,
            PRODUCT.c.department,
            PRODUCT.c.category,
            func.count(ORDERS.c.id.distinct()),
            func.sum(LINES.c.amount),
            func.max(ORDERS.c.ordered_at),
        )
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
        .where(ORDERS.c.status != "cancelled")
        .group_by(ORDERS.c.customer_id, PRODUCT.c.department, PRODUCT.c.category)
    )
    columns = ["customer_id", "department", "category", "orders", "spend", "last_order"]
    connection.execute(insert(CATEGORIES).from_select(columns, counted))


def _fill_customers(connection: Connection) -> None:
    scored = _scored(connection.dialect.name).subquery()
    grown = (scored.c.frequency_score + scored.c.monetary_score + 1) // 2
    cells = {10 * r + v: key for r, row in enumerate(GRID, 1) for v, key in enumerate(row, 1)}
    segment = case(cells, value=10 * scored.c.recency_score + grown)
    columns = [column.name for column in scored.c]
    connection.execute(
        insert(STATS).from_select([*columns, "segment"], select(*scored.c, segment.label("segment")))
    )


def _scored(dialect: str) -> Select[Any]:
    """One row a customer: measures and their quintile scores."""
    with_coupon = (
        select(LINES.c.order_id).where(LINES.c.coupon_discount > 0).distinct().subquery("with_coupon")
    )
    measured = (
        select(
            ORDERS.c.customer_id,
            func.min(ORDERS.c.ordered_at).label("first_order"),
            func.max(ORDERS.c.ordered_at).label("last_order"),
            func.count().label("orders"),
            func.sum(ORDERS.c.total).label("spend"),
            func.count(with_coupon.c.order_id).label("coupon_orders"),
        )
        .outerjoin(with_coupon, with_coupon.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.status != "cancelled")
        .group_by(ORDERS.c.customer_id)
        .subquery("measured")
    )
    m = measured.c
    today = select(func.max(ORDERS.c.ordered_at)).scalar_subquery()
    recent = func.ntile(5).over(order_by=[m.last_order, m.orders, m.spend, m.customer_id])
    frequent = func.ntile(5).over(order_by=[m.orders, m.spend, m.last_order, m.customer_id])
    monetary = func.ntile(5).over(order_by=[m.spend, m.orders, m.last_order, m.customer_id])
    return select(
        *m,
        days_between(dialect, today, m.last_order).label("recency_days"),
        recent.label("recency_score"),
        frequent.label("frequency_score"),
        monetary.label("monetary_score"),
    )
