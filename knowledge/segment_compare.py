"""How much segments share: counts and the Jaccard index (members of both over members of either)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CATEGORIES, PRODUCT, STATS
from shopwright.knowledge.names import category_names
from shopwright.knowledge.segment_members import MEMBERS, OTHERS, members_table
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.segment_types import CategoryPair, Comparison, Overlap
from shopwright.knowledge.types import CustomerFilter

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

MOST_SAVED = 20
SHOWN_CATEGORIES = 5


def overlaps(shop: Shop, wanted: CustomerFilter) -> list[Overlap]:
    """The segment beside every named one and the saved ones (the 20 latest), largest Jaccard index first.

    Segments that share nobody with it are left out, and so is a saved one with the very same filter.
    """
    now = shop.segments.moment
    recent = sorted(shop.segments.saved.all(), key=lambda info: info.updated_at, reverse=True)[:MOST_SAVED]
    with shop.engine.connect() as connection, members_table(connection, (wanted, now, MEMBERS)):
        size = _count(connection)
        found = [] if wanted.segment else _with_named(connection, size)
    for info in recent:
        if info.filter != wanted:
            found.append(overlap(shop, wanted, info.filter, name=info.name, saved=True))
    return sorted((o for o in found if o.both), key=lambda o: (-o.jaccard, o.key))


def overlap(
    shop: Shop, first: CustomerFilter, second: CustomerFilter, *, name: str = "", saved: bool = False
) -> Overlap:
    """How much of `first` is in `second`."""
    now = shop.segments.moment
    with (
        shop.engine.connect() as connection,
        members_table(connection, (first, now, MEMBERS), (second, now, OTHERS)),
    ):
        size, other = (
            _count(connection),
            int(connection.execute(select(func.count()).select_from(OTHERS)).scalar_one()),
        )
        shared = select(func.count()).select_from(OTHERS).where(OTHERS.c.id.in_(select(MEMBERS.c.id)))
        both = int(connection.execute(shared).scalar_one())
    return _overlap(name, name, name, size, other, both, saved=saved)


def _with_named(connection: Connection, size: int) -> list[Overlap]:
    sizes = _by_segment(connection)
    shared = _by_segment(connection, within=True)
    return [
        _overlap(info.key, info.name, info.name_zh, size, sizes.get(info.key, 0), shared.get(info.key, 0))
        for info in SEGMENTS
    ]


def _by_segment(connection: Connection, *, within: bool = False) -> dict[str, int]:
    query = select(STATS.c.segment, func.count()).group_by(STATS.c.segment)
    if within:
        query = query.where(STATS.c.customer_id.in_(select(MEMBERS.c.id)))
    return {row[0]: row[1] for row in connection.execute(query)}


def _count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(MEMBERS)).scalar_one())


def _overlap(
    key: str, name: str, name_zh: str, size: int, other: int, both: int, *, saved: bool = False
) -> Overlap:
    either = size + other - both
    return Overlap(
        key=key,
        name=name,
        name_zh=name_zh,
        saved=saved,
        size=other,
        both=both,
        jaccard=both / either if either else 0.0,
        share=both / size if size else 0.0,
    )


def compare(shop: Shop, first: CustomerFilter, second: CustomerFilter) -> Comparison:
    """Two segments side by side, with what they share and how many of each buy their top categories.

    Raises LookupError as `shop.segments.report` does.
    """
    details = shop.segments.detail(first), shop.segments.detail(second)
    named = {
        share.name: share for detail in details for share in detail.report.top_categories[:SHOWN_CATEGORIES]
    }
    now = shop.segments.moment
    groups = ((first, now, MEMBERS), (second, now, OTHERS))
    with shop.engine.connect() as connection, members_table(connection, *groups):
        keys = _category_keys(connection, set(named))
        counts = [_buyers(connection, table, list(keys)) for table in (MEMBERS, OTHERS)]
    sizes = [detail.report.size for detail in details]
    categories = [
        CategoryPair(
            name=name,
            name_zh=named[name].name_zh,
            first=_share(counts[0].get(key, 0), sizes[0]),
            second=_share(counts[1].get(key, 0), sizes[1]),
        )
        for key, name in keys.items()
    ]
    return Comparison(
        first=details[0],
        second=details[1],
        overlap=overlap(shop, first, second),
        categories=sorted(categories, key=lambda pair: (pair.second - pair.first, pair.name)),
    )


def _category_keys(connection: Connection, names: set[str]) -> dict[str, str]:
    """The shop's own keys of categories with these readable names."""
    found = connection.execute(select(PRODUCT.c.category).distinct()).scalars()
    readable = {key: category_names(key)[0] for key in found if key}
    return {key: name for key, name in readable.items() if name in names}


def _buyers(connection: Connection, members: Table, categories: list[str]) -> dict[str, int]:
    """How many of the members bought each of the categories."""
    c = CATEGORIES.c
    query = (
        select(c.category, func.count(c.customer_id.distinct()))
        .where(c.category.in_(categories), c.customer_id.in_(select(members.c.id)))
        .group_by(c.category)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
