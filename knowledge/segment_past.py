"""Segments at the ends of past months: their statistics, what changed since, and how large they will be.

`refresh_past` works out CustomerStats as of each of the last twelve month ends, from the orders up to
that day, into CustomerPast. Any filter that asks for nothing predicted is then evaluated as of these
days by the very same SQL: sizes are recomputed, never remembered.

The size forecast takes the better of two simple rules, judged by the mean absolute error of their
one-month forecasts at the last six month ends: as now; and as now plus half of the last change (a damped
trend; Gardner and McKenzie, 1985). Its 80% interval is Student's t on those errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, literal, select
from sqlalchemy.engine import Connection, Engine

from shopwright.knowledge.columns import ORDERS, PAST, STATS
from shopwright.knowledge.customer_types import LIFECYCLES
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.filters import Moment, knows_past, select_members
from shopwright.knowledge.rebuilding import rebuilt, settle
from shopwright.knowledge.segment_members import MEMBERS, OTHERS, members_table
from shopwright.knowledge.segment_periods import month_ends
from shopwright.knowledge.segment_types import Drift, MixShift, SizeForecast, SizePoint
from shopwright.knowledge.stats import select_stats
from shopwright.knowledge.types import CustomerFilter, Interval

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

MONTHS_KEPT = 12
LEAST_DAYS = 20
"""A month end nearer than this to the shop's last day is too near for a comparison by month."""
LEAST_ERRORS, LATEST_ERRORS = 3, 6
RULES: tuple[Callable[[Sequence[int]], float], ...] = (
    lambda sizes: float(sizes[-1]),
    lambda sizes: sizes[-1] + (sizes[-1] - sizes[-2]) / 2,
)


def refresh_past(engine: Engine, progress: Progress = lambda _step, _done, _total: None) -> int:
    """Fill CustomerPast from the orders. Returns the number of month ends; 0 for a shop without orders."""
    with engine.begin() as connection:
        first, last = connection.execute(
            select(func.min(ORDERS.c.ordered_at), func.max(ORDERS.c.ordered_at)).where(
                ORDERS.c.status != "cancelled"
            )
        ).one()
        days = month_ends(first.date(), last.date(), MONTHS_KEPT) if first else []
        with rebuilt(connection, PAST) as fresh:
            for done, day in enumerate(days):
                progress("segment history", done, len(days))
                counted = select_stats(connection.dialect.name, day).subquery("counted")
                names = [column.name for column in counted.c]
                rows = select(literal(day, PAST.c.as_of.type), *counted.c)
                connection.execute(insert(fresh).from_select(["as_of", *names], rows))
    settle(engine, PAST)
    progress("segment history", len(days), len(days))
    return len(days)


def size_history(shop: Shop, wanted: CustomerFilter) -> SizeForecast | None:
    """How large the segment was at month ends and will be at the next; None where that cannot be known.

    It cannot for a filter that asks for something predicted, and before the past has been counted.
    """
    if not knows_past(wanted):
        return None
    today = shop.segments.moment.today
    with shop.engine.connect() as connection:
        days = [day for day in _days(connection) if day >= (_stands_since(wanted) or day)]
        points = [
            SizePoint(as_of=day, size=_size(connection, wanted, Moment(day, past=True))) for day in days
        ]
        if not days or (today - days[-1]).days >= LEAST_DAYS:
            points.append(SizePoint(as_of=today, size=_size(connection, wanted, Moment(today))))
    sizes = [point.size or 0 for point in points]
    next_size, errors = forecast_size(sizes)
    return SizeForecast(
        history=points, next_as_of=_next_month_end(points[-1].as_of), next_size=next_size, errors=errors
    )


def forecast_size(sizes: Sequence[int]) -> tuple[Interval | None, int]:
    """The next size with its 80% interval, and from how many earlier errors; None for too few sizes."""
    from scipy.stats import t

    origins = range(max(2, len(sizes) - LATEST_ERRORS), len(sizes))
    if len(origins) < LEAST_ERRORS:
        return None, 0
    tried = [[sizes[at] - rule(sizes[:at]) for at in origins] for rule in RULES]
    rule, errors = min(zip(RULES, tried, strict=True), key=lambda pair: sum(map(abs, pair[1])))
    count = len(errors)
    spread = sqrt(sum(error**2 for error in errors) / count) * sqrt(1 + 1 / count)
    reach = float(t.ppf(0.9, count)) * spread
    mid = max(0.0, rule(sizes))
    return Interval(mid=mid, low=max(0.0, mid - reach), high=mid + reach), count


def drift(shop: Shop, wanted: CustomerFilter) -> Drift | None:
    """What changed since the last month end at least 20 days ago; None where the past is not known."""
    if not knows_past(wanted):
        return None
    now = shop.segments.moment
    latest = now.today - timedelta(days=LEAST_DAYS)
    with shop.engine.connect() as connection:
        days = [day for day in _days(connection) if (_stands_since(wanted) or day) <= day <= latest]
    if not days:
        return None
    before = Moment(days[-1], past=True)
    with (
        shop.engine.connect() as connection,
        members_table(connection, (wanted, now, MEMBERS), (wanted, before, OTHERS)),
    ):
        size_now, size_before, both, lapsed = _changes(connection)
        mixes = [_mix(connection, *which) for which in ((OTHERS, before), (MEMBERS, now))]
    return Drift(
        since=before.today,
        size_before=size_before,
        size_now=size_now,
        entered=size_now - both,
        left=size_before - both,
        left_lapsed=lapsed,
        mix=[
            MixShift(
                key=info.key,
                name=info.name,
                name_zh=info.name_zh,
                before=mixes[0].get(info.key, 0.0),
                now=mixes[1].get(info.key, 0.0),
            )
            for info in LIFECYCLES
            if info.key in mixes[0] or info.key in mixes[1]
        ],
    )


def _days(connection: Connection) -> list[date]:
    return list(connection.execute(select(PAST.c.as_of).distinct().order_by(PAST.c.as_of)).scalars())


def _size(connection: Connection, wanted: CustomerFilter, moment: Moment) -> int:
    members = select_members(wanted, moment).subquery()
    return int(connection.execute(select(func.count()).select_from(members)).scalar_one())


def _changes(connection: Connection) -> tuple[int, int, int, int]:
    """Members now, members before, members of both, and those who left and are at risk or lapsed."""
    stayed = select(MEMBERS.c.id)
    late = select(STATS.c.customer_id).where(STATS.c.lifecycle.in_(("at_risk", "lapsed")))
    counts = (
        select(func.count()).select_from(MEMBERS),
        select(func.count()).select_from(OTHERS),
        select(func.count()).select_from(OTHERS).where(OTHERS.c.id.in_(stayed)),
        select(func.count()).select_from(OTHERS).where(OTHERS.c.id.not_in(stayed), OTHERS.c.id.in_(late)),
    )
    now, before, both, lapsed = (int(connection.execute(query).scalar_one()) for query in counts)
    return now, before, both, lapsed


def _mix(connection: Connection, members: object, moment: Moment) -> dict[str, float]:
    """Lifecycle stages among the members at the moment, as shares of those who had ordered."""
    table = OTHERS if members is OTHERS else MEMBERS
    stats = moment.stats.c
    query = (
        select(stats.lifecycle, func.count())
        .where(
            stats.customer_id.in_(select(table.c.id)),
            *([PAST.c.as_of == moment.today] if moment.past else []),
        )
        .group_by(stats.lifecycle)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    total = sum(counts.values())
    return {key: count / total for key, count in counts.items()}


def _stands_since(wanted: CustomerFilter) -> date | None:
    """The day from which all fixed days of the filter have come: before it, it means something else."""
    periods = [rule.period for rule in wanted.purchases or ()] + [wanted.joined]
    fixed = [day for period in periods if period for day in (period.start, period.end) if day]
    if wanted.saved is not None:
        within = _stands_since(wanted.saved.filter)
        fixed += [within] if within else []
    return max(fixed, default=None)


def _next_month_end(day: date) -> date:
    """The end of the first month that ends at least LEAST_DAYS after the day."""
    at = day + timedelta(days=LEAST_DAYS)
    return (at.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
