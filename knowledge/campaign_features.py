"""What was known of a customer before a campaign started: the features of the redemption model.

Everything counts orders and redemptions from before the start day only. Counts over the whole history
are per 30 days of it, because early campaigns have little history behind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Date, Integer, Select, and_, case, cast, func, literal, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CAMPAIGN, CUSTOMER, LINES, ORDERS, REDEMPTIONS, TARGETS
from shopwright.knowledge.stats import days_between

RECENT_DAYS = 90
NEVER_DAYS = 400  # stands for a coupon never used: longer ago than a year
FEATURES = (
    "coupon_orders_per_30_days",
    "coupon_share_of_orders",
    "coupon_lines",
    "days_since_last_coupon",
    "orders_per_30_days",
    "spend_per_30_days",
    "spend_90_days",
    "days_since_last_order",
    "campaigns_redeemed",
    "share_of_campaigns_redeemed",
    "demographics_known",
)
"""Columns of the feature matrix; all but shares and flags are log(1 + x)."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Households:
    """Rows of customers before a campaign: ids, and features of shape (n, len(FEATURES))."""

    campaigns: Ints
    customers: Ints
    features: Floats


def of_campaigns(connection: Connection, campaigns: list[int]) -> Households:
    """Every customer to whom one of the campaigns was sent, as known the day before it started."""
    pairs = (
        select(
            TARGETS.c.campaign_id,
            TARGETS.c.customer_id,
            CAMPAIGN.c.start_date.label("start"),
        )
        .join(CAMPAIGN, CAMPAIGN.c.id == TARGETS.c.campaign_id)
        .where(TARGETS.c.campaign_id.in_(campaigns), TARGETS.c.holdout.is_(False))
    )
    return _read(connection, pairs)


def of_everyone(connection: Connection, start: date) -> Households:
    """Every customer, as known the day before `start`; the campaign id is 0."""
    day = cast(literal(start.isoformat()), Date) if connection.dialect.name != "sqlite" else literal(start)
    return _read(
        connection,
        select(literal(0).label("campaign_id"), CUSTOMER.c.id.label("customer_id"), day.label("start")),
    )


def _read(connection: Connection, pairs: Select[Any]) -> Households:
    first: datetime = connection.execute(select(func.min(ORDERS.c.ordered_at))).scalar_one()
    orders = {(row[0], row[1]): row[2:] for row in connection.execute(_orders(connection, pairs))}
    earlier = {(row[0], row[1]): row[2:] for row in connection.execute(_earlier_campaigns(pairs))}
    known = set(connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.age_min.is_not(None))).scalars())
    rows = connection.execute(pairs).all()
    features = [
        _features(
            max(1, (start - first.date()).days),
            orders.get((campaign, customer), (0, 0, 0, 0.0, 0.0, None, None)),
            earlier.get((campaign, customer), (0, 0)),
            customer in known,
        )
        for campaign, customer, start in rows
    ]
    return Households(
        campaigns=np.array([row[0] for row in rows], dtype=np.int64),
        customers=np.array([row[1] for row in rows], dtype=np.int64),
        features=np.array(features, dtype=np.float64).reshape(len(rows), len(FEATURES)),
    )


def _features(history: int, orders: Any, earlier: Any, known: bool) -> list[float]:
    count, with_coupon, lines, spend, recent_spend, since, since_coupon = orders
    sent, redeemed = earlier
    months = history / 30
    return [
        np.log1p(with_coupon / months),
        with_coupon / max(1, count),
        np.log1p(float(lines)),
        np.log1p(NEVER_DAYS if since_coupon is None else since_coupon),
        np.log1p(count / months),
        np.log1p(max(0.0, spend) / months),
        np.log1p(max(0.0, recent_spend)),
        np.log1p(history if since is None else since),
        np.log1p(redeemed),
        redeemed / max(1, sent),
        float(known),
    ]


def _orders(connection: Connection, pairs: Select[Any]) -> Select[Any]:
    """A row a pair: campaign, customer, orders, orders with coupon, coupon lines, spend, spend of the last
    RECENT_DAYS days, days since the last order, days since the last order with a coupon."""
    p = pairs.subquery("pair").c
    with_coupon = (
        select(LINES.c.order_id, func.count().label("lines"))
        .where(LINES.c.coupon_discount > 0)
        .group_by(LINES.c.order_id)
        .subquery("with_coupon")
    )
    age = days_between(connection.dialect.name, p.start, ORDERS.c.ordered_at)
    return (
        select(
            p.campaign_id,
            p.customer_id,
            func.count(),
            func.count(with_coupon.c.order_id),
            func.coalesce(func.sum(with_coupon.c.lines), 0),
            func.sum(ORDERS.c.total),
            func.sum(case((age <= RECENT_DAYS, ORDERS.c.total), else_=0.0)),
            func.min(age),
            func.min(case((with_coupon.c.order_id.is_not(None), age))),
        )
        .join(ORDERS, and_(ORDERS.c.customer_id == p.customer_id, ORDERS.c.ordered_at < p.start))
        .outerjoin(with_coupon, with_coupon.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.status != "cancelled")
        .group_by(p.campaign_id, p.customer_id)
    )


def _earlier_campaigns(pairs: Select[Any]) -> Select[Any]:
    """Campaign, customer, campaigns sent earlier, and how many of those were redeemed by then."""
    p = pairs.subquery("pair").c
    sent, when = TARGETS.alias("sent"), CAMPAIGN.alias("earlier")
    redeemed = (
        select(REDEMPTIONS.c.id)
        .where(
            REDEMPTIONS.c.campaign_id == sent.c.campaign_id,
            REDEMPTIONS.c.customer_id == sent.c.customer_id,
            REDEMPTIONS.c.redeemed_on < p.start,
        )
        .exists()
    )
    return (
        select(p.campaign_id, p.customer_id, func.count(), func.sum(cast(redeemed, Integer)))
        .join(sent, sent.c.customer_id == p.customer_id)
        .join(when, and_(when.c.id == sent.c.campaign_id, when.c.start_date < p.start))
        .where(sent.c.holdout.is_(False))
        .group_by(p.campaign_id, p.customer_id)
    )
