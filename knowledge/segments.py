"""Customer segments: named ones by recency, frequency and spend, and any CustomerFilter, in figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import RowMapping, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CATEGORIES, CUSTOMER, STATS
from shopwright.knowledge.customer_types import LIFECYCLES
from shopwright.knowledge.filters import Moment, knows_past, select_members
from shopwright.knowledge.segment_compare import compare, overlaps
from shopwright.knowledge.segment_figures import TOP_CATEGORIES, category_share, figures, ratio
from shopwright.knowledge.segment_members import MEMBERS, members_table
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.segment_past import drift, size_history
from shopwright.knowledge.segment_persona import persona
from shopwright.knowledge.segment_privacy import preview
from shopwright.knowledge.segment_saved import SavedSegments
from shopwright.knowledge.segment_types import (
    Comparison,
    Drift,
    Overlap,
    Persona,
    SegmentDetail,
    SegmentPreview,
    SizeForecast,
)
from shopwright.knowledge.types import CustomerFilter, Frozen, SegmentInfo, SegmentReport, Share

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop


class SegmentSize(NamedTuple):
    """A named segment and how much of the shop it is."""

    info: SegmentInfo
    size: int
    share: float
    spend: float


class CustomerProfile(Frozen):
    """One customer: what is known of the household, and what the orders say as of the shop's last order."""

    customer_id: int
    name: str | None
    segment: SegmentInfo | None
    first_order: datetime | None
    last_order: datetime | None
    recency_days: int | None
    orders: int
    spend: float
    order_value_mean: float
    recency_score: int | None
    frequency_score: int | None
    monetary_score: int | None
    coupon_orders: int
    age_min: int | None
    age_max: int | None
    income_min: int | None
    income_max: int | None
    home_ownership: str | None
    marital_status: str | None
    household_size: int | None
    kids_count: int | None
    language: str | None
    consent_marketing: bool
    top_categories: list[Share]


class Segments:
    """The customers of a shop, by named segment or by filter. All figures are computed in the database."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._by_key = {info.key: info for info in SEGMENTS}

    def infos(self) -> list[SegmentInfo]:
        """The named segments, best customers first."""
        return list(SEGMENTS)

    def keys(self) -> list[str]:
        """Their keys."""
        return list(self._by_key)

    def report(self, filter: CustomerFilter) -> SegmentReport:
        """The customers that match, in figures. Nobody matching gives size 0 and zeros, no error.

        Raises LookupError when the segment key is unknown, or the shop has no orders or statistics yet.
        """
        self._check(filter)
        with (
            self._shop.engine.connect() as connection,
            members_table(connection, (filter, self.moment, MEMBERS)),
        ):
            return figures(connection, filter, self.moment)

    def detail(self, filter: CustomerFilter) -> SegmentDetail:
        """The report, with the lifecycle stages and, where the customer model is fitted, its outlook.

        Raises as `report` does.
        """
        self._check(filter)
        customers = self._shop.customers
        ids = select(MEMBERS.c.id)
        with (
            self._shop.engine.connect() as connection,
            members_table(connection, (filter, self.moment, MEMBERS)),
        ):
            outlook = customers.outlook_of(connection, ids) if customers.fitted else None
            return SegmentDetail(
                report=figures(connection, filter, self.moment),
                lifecycle=outlook.lifecycle if outlook else customers.lifecycle_of(connection, ids),
                outlook=outlook,
            )

    def preview(self, filter: CustomerFilter, n: int = 10) -> SegmentPreview:
        """The first `n` members by spend, under pseudonyms; no rows for a segment below the threshold.

        Raises as `report` does.
        """
        self._check(filter)
        return preview(self._shop, filter, self.moment, n)

    def history(self, filter: CustomerFilter) -> SizeForecast | None:
        """Size at past month ends and at the next; None where it cannot be known (see segment_past.py)."""
        self._check(filter)
        return size_history(self._shop, filter)

    def drift(self, filter: CustomerFilter) -> Drift | None:
        """What changed since the last month end; None where that cannot be known (see segment_past.py)."""
        self._check(filter)
        return drift(self._shop, filter)

    def overlaps(self, filter: CustomerFilter) -> list[Overlap]:
        """What it shares with the named and the saved segments, largest Jaccard index first."""
        self._check(filter)
        return overlaps(self._shop, filter)

    def compare(self, first: CustomerFilter, second: CustomerFilter) -> Comparison:
        """Two segments side by side. Raises as `report` does."""
        return compare(self._shop, first, second)

    def persona(self, filter: CustomerFilter) -> Persona:
        """The segment in the figures of a typical member. Raises as `report` does."""
        self._check(filter)
        return persona(self._shop, filter)

    @cached_property
    def saved(self) -> SavedSegments:
        """The segments that people saved by name."""
        return SavedSegments(self._shop.engine)

    @property
    def moment(self) -> Moment:
        """The day that the customers are seen from: the shop's last."""
        return Moment(self._shop.today.date())

    def members(self, filter: CustomerFilter, limit: int | None = None) -> list[int]:
        """Ids of the matching customers, highest spend first, at most `limit`. Raises as `report` does."""
        self._check(filter)
        query = select_members(filter, self.moment).subquery()
        ids = select(query.c.id).order_by(query.c.spend.desc(), query.c.id).limit(limit)
        with self._shop.engine.connect() as connection:
            return list(connection.execute(ids).scalars())

    def size(self, filter: CustomerFilter) -> int:
        """How many customers match. Raises as `report` does."""
        self._check(filter)
        chosen = select_members(filter, self.moment).subquery()
        with self._shop.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(chosen)).scalar_one())

    def customer(self, customer_id: int) -> CustomerProfile | None:
        """What is known of one customer; None when the id is unknown."""
        query = (
            select(CUSTOMER, *(column for column in STATS.c if column.name != "customer_id"))
            .outerjoin(STATS, STATS.c.customer_id == CUSTOMER.c.id)
            .where(CUSTOMER.c.id == customer_id)
        )
        with self._shop.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else self._profile(row, _favourites(connection, customer_id))

    def overview(self) -> list[SegmentSize]:
        """Every named segment with its size, share of all customers with an order, and total spend.

        Raises LookupError when the shop has no statistics yet.
        """
        self._check(CustomerFilter())
        query = select(STATS.c.segment, func.count(), func.sum(STATS.c.spend)).group_by(STATS.c.segment)
        with self._shop.engine.connect() as connection:
            found = {key: (size, spend) for key, size, spend in connection.execute(query)}
        total = sum(size for size, _ in found.values())
        sizes = [(info, *found.get(info.key, (0, 0.0))) for info in SEGMENTS]
        return [SegmentSize(info, size, ratio(size, total), spend) for info, size, spend in sizes]

    def check(self, wanted: CustomerFilter) -> None:
        """Raises LookupError for what the shop does not know: a segment, a stage, predictions not made."""
        self._check(wanted)

    def _check(self, wanted: CustomerFilter) -> None:
        for kind, key, known in (
            ("segment", wanted.segment, list(self._by_key)),
            ("lifecycle stage", wanted.stage, [info.key for info in LIFECYCLES]),
        ):
            if key is not None and key not in known:
                raise LookupError(f"There is no {kind} '{key}'. There are: {', '.join(known)}.")
        if not knows_past(wanted) and not self._shop.customers.fitted:
            raise LookupError(
                "Churn, predicted spend, clusters and interests are not known yet. "
                "Run `shopwright fit customers`."
            )
        with self._shop.engine.connect() as connection:
            if connection.execute(select(STATS.c.customer_id).limit(1)).first() is None:
                _ = self._shop.today  # raises its own LookupError when there are no orders either
                raise LookupError("Customer statistics have not been computed yet. Run `shopwright fit`.")
        if wanted.saved is not None:
            self._check(wanted.saved.filter)

    def _profile(self, row: RowMapping, favourites: list[Share]) -> CustomerProfile:
        spend, orders = row["spend"] or 0.0, row["orders"] or 0
        return CustomerProfile(
            customer_id=row["id"],
            segment=self._by_key.get(row["segment"] or ""),
            spend=spend,
            orders=orders,
            order_value_mean=ratio(spend, orders),
            coupon_orders=row["coupon_orders"] or 0,
            top_categories=favourites,
            **{name: row[name] for name in _AS_STORED},
        )


_AS_STORED = (
    "name",
    "first_order",
    "last_order",
    "recency_days",
    "recency_score",
    "frequency_score",
    "monetary_score",
    "age_min",
    "age_max",
    "income_min",
    "income_max",
    "home_ownership",
    "marital_status",
    "household_size",
    "kids_count",
    "language",
    "consent_marketing",
)


def _favourites(connection: Connection, customer_id: int) -> list[Share]:
    """One customer's categories by spend; `count` is orders with it, `share` is of the spend."""
    c = CATEGORIES.c
    query = (
        select(c.category, func.sum(c.orders), func.sum(c.spend))
        .where(c.customer_id == customer_id, c.category != "")
        .group_by(c.category)
        .order_by(func.sum(c.spend).desc(), c.category)
    )
    rows: Sequence[Any] = connection.execute(query).all()
    total = sum(spend for _, _, spend in rows)
    return [
        category_share(name, orders, ratio(spend, total), spend)
        for name, orders, spend in rows[:TOP_CATEGORIES]
    ]
