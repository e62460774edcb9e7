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
from shopwright.knowledge.names import category_names
from shopwright.knowledge.segment_compare import overlaps
from shopwright.knowledge.segment_members import MEMBERS, members_table
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.segment_past import drift, size_history
from shopwright.knowledge.segment_privacy import preview
from shopwright.knowledge.segment_saved import SavedSegments
from shopwright.knowledge.segment_types import Drift, Overlap, SegmentDetail, SegmentPreview, SizeForecast
from shopwright.knowledge.types import CustomerFilter, Frozen, SegmentInfo, SegmentReport, Share

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

TOP_CATEGORIES = 8


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
            return _report(connection, filter, self.moment)

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
                report=_report(connection, filter, self.moment),
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
        return [SegmentSize(info, size, _ratio(size, total), spend) for info, size, spend in sizes]

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
                raise LookupError("Customer statistics have not been computed yet. Run `shopwright init`.")
        if wanted.saved is not None:
            self._check(wanted.saved.filter)

    def _profile(self, row: RowMapping, favourites: list[Share]) -> CustomerProfile:
        spend, orders = row["spend"] or 0.0, row["orders"] or 0
        return CustomerProfile(
            customer_id=row["id"],
            segment=self._by_key.get(row["segment"] or ""),
            spend=spend,
            orders=orders,
            order_value_mean=_ratio(spend, orders),
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


def _report(connection: Connection, wanted: CustomerFilter, moment: Moment) -> SegmentReport:
    """The members in MEMBERS, in figures."""
    totals = _totals(connection)
    size, spend, orders = totals["size"], totals["spend"], totals["orders"]
    return SegmentReport(
        filter=wanted,
        size=size,
        share=_ratio(size, totals["customers"]),
        customers_total=totals["customers"],
        spend_total=spend,
        spend_share=_ratio(spend, totals["spend_all"]),
        spend_mean=_ratio(spend, size),
        order_value_mean=_ratio(spend, orders),
        orders_mean=_ratio(orders, size),
        recency_days_median=_median_recency(connection),
        ages=_ages(connection, size),
        top_categories=_top_categories(connection, size, totals["customers"]),
        as_of=moment.today,
    )


def _totals(connection: Connection) -> RowMapping:
    members = select(
        func.count().label("size"),
        func.coalesce(func.sum(MEMBERS.c.spend), 0.0).label("spend"),
        func.coalesce(func.sum(MEMBERS.c.orders), 0).label("orders"),
    ).subquery()
    customers = select(func.count()).select_from(CUSTOMER).scalar_subquery()
    spend_all = select(func.coalesce(func.sum(STATS.c.spend), 0.0)).scalar_subquery()
    query = select(members, customers.label("customers"), spend_all.label("spend_all"))
    return connection.execute(query).mappings().one()


def _median_recency(connection: Connection) -> float:
    ranked = (
        select(
            MEMBERS.c.recency_days.label("days"),
            func.row_number().over(order_by=MEMBERS.c.recency_days).label("place"),
            func.count().over().label("total"),
        )
        .where(MEMBERS.c.recency_days.is_not(None))
        .subquery()
    )
    middle = [(ranked.c.total + 1) // 2, (ranked.c.total + 2) // 2]
    median = connection.execute(select(func.avg(ranked.c.days)).where(ranked.c.place.in_(middle))).scalar()
    return float(median or 0.0)


def _ages(connection: Connection, size: int) -> list[Share]:
    """The known age bands, youngest first; shares are of all members, also those of unknown age."""
    m = MEMBERS.c
    query = (
        select(m.age_min, m.age_max, func.count(), func.sum(m.spend))
        .where(m.age_min.is_not(None))
        .group_by(m.age_min, m.age_max)
        .order_by(m.age_min, m.age_max)
    )
    return [
        Share(name=name, name_zh=name_zh, count=count, share=_ratio(count, size), spend=spend)
        for age_min, age_max, count, spend in connection.execute(query)
        for name, name_zh in [band_names(age_min, age_max)]
    ]


def band_names(age_min: int, age_max: int | None) -> tuple[str, str]:
    """An age band in English and Chinese, such as ('45-54', '45-54 岁') or ('65+', '65 岁及以上')."""
    if age_max is None:
        return f"{age_min}+", f"{age_min} 岁及以上"
    return f"{age_min}-{age_max}", f"{age_min}-{age_max} 岁"


def _top_categories(connection: Connection, size: int, customers: int) -> list[Share]:
    """By spend; `count` and `share` are of members who bought any of it."""
    c = CATEGORIES.c
    # A large part of the customers is read faster category by category, straight down the index;
    # the addition keeps the database from looking customers up one by one.
    customer = c.customer_id + 0 if 4 * size > customers else c.customer_id
    spent = (
        select(c.category, func.sum(c.spend))
        .where(customer.in_(select(MEMBERS.c.id)), c.category != "")
        .group_by(c.category)
        .order_by(func.sum(c.spend).desc(), c.category)
        .limit(TOP_CATEGORIES)
    )
    top: dict[str, float] = {row[0]: row[1] for row in connection.execute(spent)}
    buyers = (
        select(c.category, func.count(c.customer_id.distinct()))
        .where(c.category.in_(top), customer.in_(select(MEMBERS.c.id)))
        .group_by(c.category)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(buyers)}
    return [_category(name, counts[name], _ratio(counts[name], size), spend) for name, spend in top.items()]


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
        _category(name, orders, _ratio(spend, total), spend) for name, orders, spend in rows[:TOP_CATEGORIES]
    ]


def _category(category: str, count: int, share: float, spend: float) -> Share:
    name, name_zh = category_names(category)
    return Share(name=name, name_zh=name_zh, count=count, share=share, spend=spend)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
