"""What the orders say of each customer before a day: the features of the churn and value models.

The database adds orders up to customer-days, and those to a row a customer. Nothing from the cut on is
read for a feature, so the same query serves the past, where what came next is known, and the present.
Days are counted from the shop's first order, which is on day 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Float,
    FromClause,
    Integer,
    MetaData,
    Select,
    Table,
    case,
    cast,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateTable, DropTable

from shopwright.knowledge.columns import ORDERS
from shopwright.knowledge.stats import days_between

CHURN_DAYS, VALUE_DAYS = 60, 90
WINDOWS = (14, 30, 60, 90, 180)
FADES = (30, 120)
"""Older days count less: days / (days + age), for these days."""
MEASURED = (
    "recency", "tenure", "visits", "baskets", "spend", "spend_squared", "gap_squared", "gap_max", "year_ago",
    *(f"visits_{days}" for days in WINDOWS), *(f"spend_{days}" for days in WINDOWS),
    *(f"faded_visits_{days}" for days in FADES), *(f"faded_spend_{days}" for days in FADES),
)  # fmt: skip
"""What the database adds up of each customer. A visit is a day with an order; ages and gaps are in days."""
FEATURES = (
    "recency", "tenure", "tenure_part", "visit_rate", "spend_rate", "gap", "overdue", "gap_max",
    "gap_variation", "overdue_max", "year_ago",
    *(f"visits_{days}" for days in WINDOWS), *(f"spend_{days}" for days in WINDOWS),
    *(f"faded_visits_{days}" for days in FADES), *(f"faded_spend_{days}" for days in FADES),
    "basket", "visit_spend_deviation", "baskets_a_visit", "visit_trend", "spend_trend",
)  # fmt: skip
"""Columns of the feature matrix: rates a 30 days, and nearly all as log(1 + x)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The days on which sampled customers ordered, for as long as a fit reads them at many cuts.
SAMPLED_DAYS = Table(
    "sampled_customer_day",
    MetaData(),
    Column("customer_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("baskets", Integer),
    Column("spend", Float),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True)
class Measures:
    """Customers with an order before day `cut`: ids (n,) ascending, and MEASURED (n, len(MEASURED))."""

    cut: int
    ids: Ints
    values: Floats

    def __getitem__(self, name: str) -> Floats:
        """One measure of all the customers."""
        column: Floats = self.values[:, MEASURED.index(name)]
        return column


@dataclass(frozen=True)
class Outcomes:
    """What the same customers did from the cut on: whether they stayed away, and what they spent."""

    churned: NDArray[np.bool_]
    spend: Floats


def customer_days(dialect: str, first: date, customers: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
    """A row a customer and day with an order: customer_id, day, baskets, spend."""
    since = literal(first.isoformat()) if dialect == "sqlite" else cast(literal(first.isoformat()), Date)
    dated = (
        select(
            ORDERS.c.customer_id,
            days_between(dialect, ORDERS.c.ordered_at, since).label("day"),
            ORDERS.c.total,
        )
        .where(ORDERS.c.status != "cancelled", *customers)
        .subquery("dated")
    )
    return select(
        dated.c.customer_id,
        dated.c.day,
        func.count().label("baskets"),
        func.sum(dated.c.total).label("spend"),
    ).group_by(dated.c.customer_id, dated.c.day)


@contextmanager
def sampled_days(connection: Connection, first: date, one_in: int) -> Iterator[Table]:
    """SAMPLED_DAYS of one customer in `one_in` (the same ones each time), for the block; rolls back after."""
    connection.execute(DropTable(SAMPLED_DAYS, if_exists=True))
    connection.execute(CreateTable(SAMPLED_DAYS))
    try:
        chosen = () if one_in == 1 else (scattered(ORDERS.c.customer_id) % one_in == 0,)
        columns = [column.name for column in SAMPLED_DAYS.c]
        days = customer_days(connection.dialect.name, first, chosen)
        connection.execute(insert(SAMPLED_DAYS).from_select(columns, days))
        yield SAMPLED_DAYS
    finally:
        connection.rollback()
        connection.execute(DropTable(SAMPLED_DAYS, if_exists=True))
        connection.commit()


def measure(connection: Connection, days: FromClause, cut: int) -> Measures:
    """What `days` (rows as of `customer_days`) say of everybody with an order before day `cut`."""
    rows = connection.execute(_query(days, cut)).all()
    table = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(len(rows), 1 + len(MEASURED))
    return Measures(cut, table[:, 0].astype(np.int64), np.nan_to_num(table[:, 1:]))


def outcomes(connection: Connection, days: FromClause, before: Measures) -> Outcomes:
    """What the customers of `before` did in the CHURN_DAYS and the VALUE_DAYS from its cut on."""
    cut, d = before.cut, days.c
    query = (
        select(
            d.customer_id,
            func.sum(case((d.day < cut + CHURN_DAYS, 1), else_=0)),
            func.sum(case((d.day < cut + VALUE_DAYS, d.spend), else_=0.0)),
        )
        .where(d.day >= cut, d.day < cut + max(CHURN_DAYS, VALUE_DAYS))
        .group_by(d.customer_id)
    )
    came = {row[0]: (row[1], row[2]) for row in connection.execute(query)}
    found = [came.get(customer, (0, 0.0)) for customer in before.ids.tolist()]
    return Outcomes(
        churned=np.array([visits == 0 for visits, _ in found], dtype=bool),
        spend=np.array([max(0.0, spend) for _, spend in found], dtype=np.float64),
    )


def features(m: Measures, typical_gap: float) -> Floats:
    """The feature matrix, (n, len(FEATURES)); `typical_gap` is the shop's, in days."""
    cut, visits, tenure, recency = m.cut, m["visits"], m["tenure"], m["recency"]
    spend = np.maximum(m["spend"], 0)
    own_gap = (tenure - recency) / np.maximum(visits - 1, 1)
    gap = (tenure - recency + typical_gap) / visits
    deviation = np.sqrt(np.maximum(m["gap_squared"] / np.maximum(visits - 1, 1) - own_gap**2, 0))
    lately = np.maximum(tenure, 14)
    rates = {
        f"{kind}_{days}": np.log1p(30 * np.maximum(m[f"{kind}_{days}"], 0) / min(days, cut))
        for kind in ("visits", "spend")
        for days in WINDOWS
    }
    faded = {
        f"faded_{kind}_{days}": np.log1p(
            30 * np.maximum(m[f"faded_{kind}_{days}"], 0) / faded_length(days, cut)
        )
        for kind in ("visits", "spend")
        for days in FADES
    }
    spread = np.maximum(m["spend_squared"] / visits - (m["spend"] / visits) ** 2, 0)
    columns: dict[str, Floats] = {
        "recency": np.log1p(recency),
        "tenure": np.log1p(tenure),
        "tenure_part": tenure / max(1, cut),
        "visit_rate": np.log1p(30 * visits / lately),
        "spend_rate": np.log1p(30 * spend / lately),
        "gap": np.log1p(gap),
        "overdue": np.log1p(recency / gap),
        "gap_max": np.log1p(m["gap_max"]),
        "gap_variation": deviation / gap,
        "overdue_max": recency / np.maximum(m["gap_max"], 7),
        "year_ago": np.log1p(np.maximum(m["year_ago"], 0)),
        **rates,
        **faded,
        "basket": np.log1p(spend / m["baskets"]),
        "visit_spend_deviation": np.log1p(np.sqrt(spread)),
        "baskets_a_visit": m["baskets"] / visits,
        "visit_trend": rates["visits_30"] - rates["visits_90"],
        "spend_trend": rates["spend_30"] - rates["spend_90"],
    }
    return np.column_stack([columns[name] for name in FEATURES])


def typical_gap(m: Measures, unknown: float = 30.0) -> float:
    """The median over customers with two visits and more of their mean gap, in days."""
    several = m["visits"] > 1
    gaps = (m["tenure"] - m["recency"])[several] / (m["visits"][several] - 1)
    return float(np.median(gaps)) if len(gaps) else unknown


def faded_length(days: int, cut: int) -> float:
    """What a rate of 1 a day adds up to from day 0 to the cut, older days counting less."""
    return float(days * np.log1p(cut / days))


def scattered(customer: Any) -> ColumnElement[int]:
    """A number that has nothing to do with the order of the ids (Knuth's multiplicative hash)."""
    hashed: ColumnElement[int] = (customer % 1_000_003) * 2_654_435_761 % 4_294_967_296 // 65_536
    return hashed


def _query(days: FromClause, cut: int) -> Select[Any]:
    """A row a customer in the order of ids: id, then MEASURED."""
    before = func.lag(days.c.day).over(partition_by=days.c.customer_id, order_by=days.c.day)
    dated = (
        select(
            days.c.customer_id,
            (cut - days.c.day).label("age"),
            days.c.baskets,
            cast(days.c.spend, Float).label("spend"),
            (days.c.day - before).label("gap"),
        )
        .where(days.c.day < cut)
        .subquery("dated_day")
    )
    age, spend = dated.c.age, dated.c.spend

    def within(limit: int, value: Any) -> ColumnElement[Any]:
        return func.sum(case((age <= limit, value), else_=0.0))

    def faded(limit: int, value: Any) -> ColumnElement[Any]:
        return func.sum(value * float(limit) / (limit + age))

    columns = (
        func.min(age),
        func.max(age),
        func.count(),
        func.sum(dated.c.baskets),
        func.sum(spend),
        func.sum(spend * spend),
        func.sum(dated.c.gap * dated.c.gap),
        func.max(dated.c.gap),
        func.sum(case((age.between(366 - VALUE_DAYS, 365), spend), else_=0.0)),
        *(within(limit, 1.0) for limit in WINDOWS),
        *(within(limit, spend) for limit in WINDOWS),
        *(faded(limit, 1.0) for limit in FADES),
        *(faded(limit, spend) for limit in FADES),
    )
    return (
        select(dated.c.customer_id, *(c.label(name) for c, name in zip(columns, MEASURED, strict=True)))
        .group_by(dated.c.customer_id)
        .order_by(dated.c.customer_id)
    )
