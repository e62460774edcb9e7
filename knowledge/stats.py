"""Customer statistics, made in the database by SQL: recency, frequency, monetary value, categories.

Scores are quintiles 1..5 (Hughes, Strategic Database Marketing, 1994). Segments are the ten cells of
CleverTap's grid of recency against frequency and monetary value ("RFM Analysis for Customer
Segmentation"); its second axis is here the mean of the two scores, rounded half up, so that a rare
big spender and a frequent small one stand in the same row. The grid covers all 25 pairs: every
customer with an order is in exactly one segment. Cancelled orders count nowhere.

Tenure is scored apart from the grid: customers of equal tenure score the same, by the middle of the places
they share, because many start on one day (the first day of the shop's records above all). Lifecycle
stages: customer_lifecycle.py.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Select,
    case,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.engine import Connection, Engine

from shopwright.knowledge.columns import CATEGORIES, LINES, ORDERS, PRODUCT, STATS, TYPES
from shopwright.knowledge.customer_lifecycle import expected_gap, stage, typical_gap
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.rebuilding import rebuilt, settle

# Rows: recency score 1 (longest ago) to 5 (most recent); columns: frequency-monetary score 1 to 5.
GRID = (
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    ("promising", "potential_loyalists", "potential_loyalists", "loyal", "loyal"),
    ("new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"),
)

MEASURES = ("first_order", "last_order", "orders", "spend", "coupon_orders")


def refresh_stats(engine: Engine, progress: Progress = lambda _step, _done, _total: None) -> int:
    """Fill CustomerStats, CustomerCategory and CustomerType from the orders, in one transaction.

    The same orders always give the same rows: ties in a quintile are broken by the other two
    measures, then by customer id. Returns the number of customers with an order.
    """
    steps: tuple[Callable[[Connection], None], ...] = (_fill_categories, _fill_types, _fill_customers)
    with engine.begin() as connection:
        for done, step in enumerate(steps):
            progress("customer statistics", done, len(steps))
            step(connection)
        customers = connection.execute(select(func.count()).select_from(STATS)).scalar_one()
    settle(engine, CATEGORIES, TYPES, STATS)
    progress("customer statistics", len(steps), len(steps))
    return customers


def days_between(dialect: str, later: Any, earlier: Any) -> ColumnElement[int]:
    """Whole calendar days from `earlier` to `later` (both times), as SQL for `dialect`."""
    if dialect == "sqlite":
        return cast(func.julianday(func.date(later)) - func.julianday(func.date(earlier)), Integer)
    return func.date(later).op("-", return_type=Integer())(func.date(earlier))


def _fill_categories(connection: Connection) -> None:
    counted = (
        select(
            ORDERS.c.customer_id,
            PRODUCT.c.department,
            PRODUCT.c.category,
            func.count(ORDERS.c.id.distinct()),
            func.sum(LINES.c.amount),
            func.max(ORDERS.c.ordered_at),
            func.min(ORDERS.c.ordered_at),
        )
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
        .where(ORDERS.c.status != "cancelled")
        .group_by(ORDERS.c.customer_id, PRODUCT.c.department, PRODUCT.c.category)
    )
    columns = ["customer_id", "department", "category", "orders", "spend", "last_order", "first_order"]
    with rebuilt(connection, CATEGORIES) as fresh:
        connection.execute(insert(fresh).from_select(columns, counted))


def _fill_types(connection: Connection) -> None:
    at = ORDERS.c.ordered_at
    counted = (
        select(PRODUCT.c.product_type, ORDERS.c.customer_id, func.min(at), func.max(at))
        .join(LINES, LINES.c.product_id == PRODUCT.c.id)
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(ORDERS.c.status != "cancelled", PRODUCT.c.product_type != "")
        .group_by(PRODUCT.c.product_type, ORDERS.c.customer_id)
    )
    with rebuilt(connection, TYPES) as fresh:
        columns = ["product_type", "customer_id", "first_order", "last_order"]
        connection.execute(insert(fresh).from_select(columns, counted))


def _fill_customers(connection: Connection) -> None:
    counted = select_stats(connection.dialect.name)
    with rebuilt(connection, STATS) as fresh:
        names = [column.name for column in counted.selected_columns]
        connection.execute(insert(fresh).from_select(names, counted))


def select_stats(dialect: str, until: date | None = None) -> Select[Any]:
    """The rows of CustomerStats, from the orders: all of them, or those up to the end of a past day."""
    scored = _scored(dialect, until).subquery("scored")
    grown = (scored.c.frequency_score + scored.c.monetary_score + 1) // 2
    cells = {10 * r + v: key for r, row in enumerate(GRID, 1) for v, key in enumerate(row, 1)}
    return select(*scored.c, case(cells, value=10 * scored.c.recency_score + grown).label("segment"))


def _scored(dialect: str, until: date | None) -> Select[Any]:
    """One row a customer: measures and their quintile scores."""
    counted = [ORDERS.c.status != "cancelled"]
    if until is not None:
        counted.append(ORDERS.c.ordered_at < datetime.combine(until, time()) + timedelta(days=1))
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
            func.count(func.date(ORDERS.c.ordered_at).distinct()).label("visits"),
            days_between(dialect, func.max(ORDERS.c.ordered_at), func.min(ORDERS.c.ordered_at)).label(
                "span_days"
            ),
        )
        .outerjoin(with_coupon, with_coupon.c.order_id == ORDERS.c.id)
        .where(*counted)
        .group_by(ORDERS.c.customer_id)
        .cte("measured")
    )
    today: Any = select(func.max(ORDERS.c.ordered_at)).scalar_subquery()
    if until is not None:
        today = literal(datetime.combine(until, time()), DateTime)
    dated = (
        select(
            measured,
            days_between(dialect, today, measured.c.last_order).label("recency_days"),
            days_between(dialect, today, measured.c.first_order).label("tenure_days"),
            typical_gap(measured).label("typical"),
        )
    ).cte("dated")
    d = dated.c
    recent = func.ntile(5).over(order_by=[d.last_order, d.orders, d.spend, d.customer_id])
    frequent = func.ntile(5).over(order_by=[d.orders, d.spend, d.last_order, d.customer_id])
    monetary = func.ntile(5).over(order_by=[d.spend, d.orders, d.last_order, d.customer_id])
    gap = expected_gap(d.span_days, d.visits, d.typical)
    history = select(func.max(d.tenure_days)).scalar_subquery()
    kept = (d[name] for name in ("customer_id", *MEASURES, "recency_days", "tenure_days"))
    return select(
        *kept,
        recent.label("recency_score"),
        frequent.label("frequency_score"),
        monetary.label("monetary_score"),
        _tied_quintile(d.tenure_days).label("tenure_score"),
        gap.label("gap_days"),
        stage(d.recency_days, d.tenure_days, d.visits, gap, d.typical, history).label("lifecycle"),
    )


def _tied_quintile(measure: ColumnElement[int]) -> ColumnElement[int]:
    """Quintile 1..5 by the mean of the lowest and the highest place that equal values share."""
    below = func.rank().over(order_by=measure) - 1
    up_to = func.count().over(order_by=measure, range_=(None, 0))
    return cast(1 + 5 * (below + up_to) // (2 * func.count().over()), Integer)
