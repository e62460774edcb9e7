"""The members of a segment in figures: size, money, recency, ages, top categories.

Of more than SAMPLED_ABOVE members, the top categories are estimated from about SAMPLED of them, drawn by
a fixed rule from their ids, so that they take the same time in a shop of a million customers; the report
says so. A share of one half is then known to within a point, 19 times out of 20; everything else is exact.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CATEGORIES, CUSTOMER, PRODUCT, STATS
from shopwright.knowledge.filters import Moment
from shopwright.knowledge.names import category_names
from shopwright.knowledge.segment_members import MEMBERS, SAMPLE, draw_sample
from shopwright.knowledge.types import CustomerFilter, SegmentReport, Share

TOP_CATEGORIES = 8
SAMPLED_ABOVE, SAMPLED = 20_000, 10_000
PRIME, FACTOR = 1_000_003, 7_919


class _Part(NamedTuple):
    """The members that categories are read of: a condition, how many, and by what counts and sums grow."""

    ids: Select[Any]
    everyone: bool
    members: int
    count_factor: float = 1.0
    spend_factor: float = 1.0


def figures(connection: Connection, wanted: CustomerFilter, moment: Moment) -> SegmentReport:
    """The members in MEMBERS, in figures."""
    cells = _cells(connection)
    size, spend, orders = (sum(cell[place] or 0 for cell in cells) for place in (3, 4, 5))
    customers, spend_all = _whole(connection)
    part = _part(connection, size, customers, spend)
    return SegmentReport(
        filter=wanted,
        size=size,
        share=ratio(size, customers),
        customers_total=customers,
        spend_total=float(spend),
        spend_share=ratio(spend, spend_all),
        spend_mean=ratio(spend, size),
        order_value_mean=ratio(spend, orders),
        orders_mean=ratio(orders, size),
        recency_days_median=_median_recency(cells),
        ages=_ages(cells, size),
        top_categories=_top_categories(connection, part, size, customers),
        categories_sampled=part.members if part.members < size else None,
        as_of=moment.today,
    )


def _cells(connection: Connection) -> Sequence[Any]:
    """Members by age band and days since the last order: count, spend, orders. One pass tells all."""
    m = MEMBERS.c
    keys = (m.age_min, m.age_max, m.recency_days)
    return connection.execute(
        select(*keys, func.count(), func.sum(m.spend), func.sum(m.orders)).group_by(*keys)
    ).all()


def _whole(connection: Connection) -> tuple[int, float]:
    """Customers of the shop, and what all of them spent."""
    customers = select(func.count()).select_from(CUSTOMER).scalar_subquery()
    spend = select(func.coalesce(func.sum(STATS.c.spend), 0.0)).scalar_subquery()
    found = connection.execute(select(customers, spend)).one()
    return found[0], found[1]


def _median_recency(cells: Sequence[Any]) -> float:
    """The median of the days since the last order; 0 where nobody has ordered."""
    counts: Counter[int] = Counter()
    for _, _, days, count, *_ in cells:
        if days is not None:
            counts[days] += count
    total, below = counts.total(), 0
    lower: int | None = None
    for days, count in sorted(counts.items()):
        below += count
        if lower is None and 2 * below >= total:
            lower = days
        if lower is not None and 2 * below > total:
            return (lower + days) / 2
    return 0.0


def _ages(cells: Sequence[Any], size: int) -> list[Share]:
    """The known age bands, youngest first; shares are of all members, also those of unknown age."""
    counts: Counter[tuple[int, float]] = Counter()
    spends: defaultdict[tuple[int, float], float] = defaultdict(float)
    for age_min, age_max, _, count, spend, _ in cells:
        if age_min is not None:
            band = (age_min, float("inf") if age_max is None else age_max)
            counts[band] += count
            spends[band] += spend
    return [
        Share(name=name, name_zh=name_zh, count=count, share=ratio(count, size), spend=spends[low, high])
        for (low, high), count in sorted(counts.items())
        for name, name_zh in [band_names(low, None if high == float("inf") else int(high))]
    ]


def band_names(age_min: int, age_max: int | None) -> tuple[str, str]:
    """An age band in English and Chinese, such as ('45-54', '45-54 岁') or ('65+', '65 岁及以上')."""
    if age_max is None:
        return f"{age_min}+", f"{age_min} 岁及以上"
    return f"{age_min}-{age_max}", f"{age_min}-{age_max} 岁"


def _part(connection: Connection, size: int, customers: int, spend: float) -> _Part:
    """All members, or a sample of them where there are more than SAMPLED_ABOVE."""
    ids = select(MEMBERS.c.id)
    if size <= SAMPLED_ABOVE:
        return _Part(ids, size == customers, size)
    drawn = (MEMBERS.c.id % PRIME) * FACTOR % PRIME < PRIME * SAMPLED // size
    draw_sample(connection, drawn)
    count, spent = connection.execute(select(func.count(), func.sum(SAMPLE.c.spend))).one()
    if not count or not spent:
        return _Part(ids, size == customers, size)
    return _Part(select(SAMPLE.c.id), False, count, size / count, spend / spent)


def _top_categories(connection: Connection, part: _Part, size: int, customers: int) -> list[Share]:
    """By spend; `count` and `share` are of members who bought any of it."""
    c = CATEGORIES.c
    # A large part of the customers is read faster category by category, straight down the index;
    # the addition keeps the database from looking customers up one by one.
    customer = c.customer_id + 0 if 4 * part.members > customers else c.customer_id
    among: list[ColumnElement[bool]] = [] if part.everyone else [customer.in_(part.ids)]
    spent = (
        select(c.category, func.sum(c.spend), func.count())
        .where(c.category != "", *among)
        .group_by(c.category)
        .order_by(func.sum(c.spend).desc(), c.category)
        .limit(TOP_CATEGORIES)
    )
    rows = connection.execute(spent).all()
    top: dict[str, float] = {name: spend for name, spend, _ in rows}
    counts: dict[str, int] = {name: count for name, _, count in rows}
    # A category that stands in several departments has as many rows for who bought it in each.
    p = PRODUCT.c
    split = (
        select(p.category)
        .where(p.category.in_(top))
        .group_by(p.category)
        .having(func.min(p.department) < func.max(p.department))
    )
    if several := connection.execute(split).scalars().all():
        buyers = (
            select(c.category, func.count(c.customer_id.distinct()))
            .where(c.category.in_(several), *among)
            .group_by(c.category)
        )
        counts |= {row[0]: row[1] for row in connection.execute(buyers)}
    return [
        category_share(
            name,
            min(size, round(part.count_factor * counts[name])),
            ratio(counts[name], part.members),
            part.spend_factor * spend,
        )
        for name, spend in top.items()
    ]


def category_share(category: str, count: int, share: float, spend: float) -> Share:
    """A category's bar under its readable names."""
    name, name_zh = category_names(category)
    return Share(name=name, name_zh=name_zh, count=count, share=share, spend=spend)


def ratio(part: float, whole: float) -> float:
    """0 where the whole is 0."""
    return part / whole if whole else 0.0
