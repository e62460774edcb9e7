"""What customers bought, were sent and redeemed, as arrays: what the campaign features are counted from.

Customers are read a chunk at a time, so memory stays bounded however large the shop is. Days are
ordinals of the calendar (`date.toordinal`); products are places in the list of products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, extract, func, literal, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import (
    CAMPAIGN,
    COUPON,
    CUSTOMER,
    LINES,
    ORDERS,
    PRODUCT,
    REDEMPTIONS,
    TARGETS,
)
from shopwright.knowledge.stats import days_between

CHUNK = 4_000  # customers read at once
BATCH = 50_000  # rows taken from the cursor at once
EPOCH = date(1970, 1, 1)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Sent(NamedTuple):
    """A campaign as the features see it: its type and its days."""

    campaign_id: int
    campaign_type: str
    start: int
    end: int


@dataclass(frozen=True)
class Assortment:
    """Products by place; `kinds` and `categories` number each product's type and category."""

    ids: Ints
    kinds: Ints
    categories: Ints

    @property
    def kind_count(self) -> int:
        """How many product types there are."""
        return int(self.kinds.max()) + 1 if len(self.kinds) else 0


@dataclass(frozen=True)
class Coupons:
    """Which products each coupon of a campaign is good for: pairs of coupon number and product place."""

    coupon: Ints
    product: Ints

    @property
    def count(self) -> int:
        """Number of coupons."""
        return int(self.coupon.max()) + 1 if len(self.coupon) else 0


@dataclass(frozen=True)
class History:
    """A chunk of customers. `customer` in each group of arrays is a place in `ids`.

    `order_*`: a row an order; `line_*`: a row a line (product -1: unknown); `target_*`: a row a campaign
    sent; `redeem_*`: a row a coupon used. `person`: demographics, a row a customer (see PERSON);
    `first_day`: the shop's first day with an order.
    """

    ids: Ints
    order_customer: Ints
    order_day: Ints
    order_hour: Ints
    order_total: Floats
    order_lines: Ints
    order_coupons: Ints
    line_customer: Ints
    line_day: Ints
    line_product: Ints
    line_amount: Floats
    line_discount: Floats
    line_coupon: Floats
    line_match: Floats
    target_customer: Ints
    target_campaign: Ints
    target_holdout: Bools
    redeem_customer: Ints
    redeem_campaign: Ints
    redeem_day: Ints
    person: Floats
    first_day: int


PERSON = ("age_min", "income_min", "household_size", "kids_count", "home_ownership", "marital_status")


def chunks(connection: Connection, customers: Ints, everyone: bool) -> Iterator[History]:
    """The history of the customers, CHUNK at a time; `everyone`: they are all that the shop has."""
    products = np.array(
        connection.execute(select(PRODUCT.c.id).order_by(PRODUCT.c.id)).scalars().all(), dtype=np.int64
    )
    first = connection.execute(select(func.min(ORDERS.c.ordered_at))).scalar_one().toordinal()
    for begin in range(0, len(customers), CHUNK):
        ids = customers[begin : begin + CHUNK]
        whole = everyone and len(ids) == len(customers)
        yield _history(connection, ids, None if whole else ids.tolist(), products, first)


def customers_to_read(connection: Connection, most: int) -> tuple[Ints, bool]:
    """Ids of all customers, or of `most` of them drawn by a fixed seed; and whether they are all."""
    ids = np.array(
        connection.execute(select(CUSTOMER.c.id).order_by(CUSTOMER.c.id)).scalars().all(), dtype=np.int64
    )
    if len(ids) <= most:
        return ids, True
    return np.sort(np.random.default_rng(0).choice(ids, most, replace=False)), False


def read_assortment(connection: Connection) -> Assortment:
    """All products, ordered by id."""
    rows = connection.execute(
        select(PRODUCT.c.id, PRODUCT.c.product_type, PRODUCT.c.category).order_by(PRODUCT.c.id)
    ).all()
    kinds = np.unique([row[1] or row[2] or "" for row in rows], return_inverse=True)[1]
    categories = np.unique([row[2] or "" for row in rows], return_inverse=True)[1]
    return Assortment(np.array([row[0] for row in rows], dtype=np.int64), _ints(kinds), _ints(categories))


def read_coupons(connection: Connection, assortment: Assortment) -> dict[int, Coupons]:
    """The coupons of every campaign that has any."""
    rows = connection.execute(
        select(COUPON.c.campaign_id, COUPON.c.coupon_id, COUPON.c.product_id).distinct()
    ).all()
    if not rows:
        return {}
    campaign, coupon, product = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    place = np.searchsorted(assortment.ids, product)
    found = {}
    for one in np.unique(campaign):
        inside = campaign == one
        found[int(one)] = Coupons(_ints(np.unique(coupon[inside], return_inverse=True)[1]), place[inside])
    return found


def read_campaigns(connection: Connection) -> list[Sent]:
    """Every campaign, by start."""
    rows = connection.execute(
        select(CAMPAIGN.c.id, CAMPAIGN.c.campaign_type, CAMPAIGN.c.start_date, CAMPAIGN.c.end_date).order_by(
            CAMPAIGN.c.start_date, CAMPAIGN.c.id
        )
    )
    return [Sent(row[0], row[1], row[2].toordinal(), row[3].toordinal()) for row in rows]


def _history(
    connection: Connection, ids: Ints, only: list[int] | None, products: Ints, first_day: int
) -> History:
    customer, day, hour, order, total, product, amount, discount, coupon, match = _columns(
        connection, _lines(connection.dialect.name, only), "iiiififfff"
    )
    row = np.searchsorted(ids, customer)
    day += EPOCH.toordinal()
    _, first, place = np.unique(order, return_index=True, return_inverse=True)
    known = product >= 0
    lines = np.bincount(place, weights=known, minlength=len(first))
    coupons = np.bincount(place, weights=coupon > 0, minlength=len(first))
    sent = _columns(connection, _restrict(_targets(), TARGETS.c.customer_id, only), "iii")
    used = _columns(connection, _restrict(_redemptions(connection), REDEMPTIONS.c.customer_id, only), "iii")
    here, there = np.isin(sent[0], ids), np.isin(used[0], ids)
    return History(
        ids=ids,
        order_customer=row[first],
        order_day=day[first],
        order_hour=hour[first],
        order_total=total[first],
        order_lines=_ints(lines),
        order_coupons=_ints(coupons),
        line_customer=row[known],
        line_day=day[known],
        line_product=np.searchsorted(products, product[known]),
        line_amount=amount[known],
        line_discount=discount[known],
        line_coupon=coupon[known],
        line_match=match[known],
        target_customer=np.searchsorted(ids, sent[0][here]),
        target_campaign=sent[1][here],
        target_holdout=sent[2][here] == 1,
        redeem_customer=np.searchsorted(ids, used[0][there]),
        redeem_campaign=used[1][there],
        redeem_day=used[2][there] + EPOCH.toordinal(),
        person=_person(connection, ids, only),
        first_day=first_day,
    )


def _lines(dialect: str, only: list[int] | None) -> Select[Any]:
    query = (
        select(
            ORDERS.c.customer_id,
            days_between(dialect, ORDERS.c.ordered_at, literal(EPOCH.isoformat())),
            extract("hour", ORDERS.c.ordered_at),
            ORDERS.c.id,
            ORDERS.c.total,
            func.coalesce(LINES.c.product_id, -1),
            func.coalesce(LINES.c.amount, 0.0),
            func.coalesce(LINES.c.retail_discount, 0.0),
            func.coalesce(LINES.c.coupon_discount, 0.0),
            func.coalesce(LINES.c.coupon_match_discount, 0.0),
        )
        .outerjoin(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.status != "cancelled")
    )
    return _restrict(query, ORDERS.c.customer_id, only)


def _targets() -> Select[Any]:
    return select(TARGETS.c.customer_id, TARGETS.c.campaign_id, TARGETS.c.holdout)


def _redemptions(connection: Connection) -> Select[Any]:
    day = days_between(connection.dialect.name, REDEMPTIONS.c.redeemed_on, literal(EPOCH.isoformat()))
    return select(REDEMPTIONS.c.customer_id, REDEMPTIONS.c.campaign_id, day)


def _restrict(query: Select[Any], column: Any, only: list[int] | None) -> Select[Any]:
    return query if only is None else query.where(column.in_(only))


def _person(connection: Connection, ids: Ints, only: list[int] | None) -> Floats:
    """Demographics as numbers, NaN where unknown: home 1 owned, 0 rented; 1 married, 0 not."""
    words = {"homeowner": 1.0, "renter": 0.0, "married": 1.0, "unmarried": 0.0}
    query = _restrict(select(CUSTOMER.c.id, *(CUSTOMER.c[name] for name in PERSON)), CUSTOMER.c.id, only)
    found = np.full((len(ids), len(PERSON)), np.nan)
    for row in connection.execute(query):
        place = np.searchsorted(ids, row[0])
        if place < len(ids) and ids[place] == row[0]:
            found[place] = [
                words.get(v, np.nan) if isinstance(v, str) else np.nan if v is None else v for v in row[1:]
            ]
    return found


def _columns(connection: Connection, query: Select[Any], kinds: str) -> list[Any]:
    """The result as one array a column (i: integer, f: float), streamed from the database."""
    parts: list[list[Any]] = [[] for _ in kinds]
    result = connection.execution_options(stream_results=True, yield_per=BATCH).execute(query)
    for rows in result.partitions(BATCH):
        for part, kind, values in zip(parts, kinds, zip(*rows, strict=True), strict=True):
            part.append(np.array(values, dtype=np.int64 if kind == "i" else np.float64))
    return [
        np.concatenate(part) if part else np.empty(0, dtype=np.int64 if kind == "i" else np.float64)
        for part, kind in zip(parts, kinds, strict=True)
    ]


def _ints(values: Any) -> Ints:
    found: Ints = np.asarray(values).astype(np.int64)
    return found
