"""How much segments share: counts and the Jaccard index (members of both over members of either)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import STATS
from shopwright.knowledge.segment_members import MEMBERS, OTHERS, members_table
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.segment_types import Overlap
from shopwright.knowledge.types import CustomerFilter

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

MOST_SAVED = 20


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
