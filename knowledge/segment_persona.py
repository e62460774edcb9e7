"""A segment in the figures of a typical member: family, coupons, prices, and when they shop.

Weekdays and hours are counted from the orders of the last 90 days of at most 2,000 members, drawn by a
fixed rule from their ids; in shops whose orders carry no time of day the hours stay empty.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table, and_, case, extract, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CUSTOMER, ORDERS, STATS
from shopwright.knowledge.filters import Moment
from shopwright.knowledge.segment_members import MEMBERS, members_table
from shopwright.knowledge.segment_types import Persona, PersonaShare
from shopwright.knowledge.types import CustomerFilter

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

DAYS_READ, MEMBERS_READ = 90, 2000
PRIME, FACTOR = 1_000_003, 7_919
EVENING = range(17, 24)


def persona(shop: Shop, wanted: CustomerFilter) -> Persona:
    """See Segments.persona."""
    detail = shop.segments.detail(wanted)
    moment = shop.segments.moment
    with shop.engine.connect() as connection, members_table(connection, (wanted, moment, MEMBERS)):
        whole = _sums(connection, None)
        sums = _sums(connection, MEMBERS)
        days, hours = _times(connection, moment, MEMBERS)
        shop_days, shop_hours = _times(connection, moment, None)
    shares = [
        PersonaShare(
            key=key,
            members=sums[key] / sums[f"{key}_known"],
            shop=whole[key] / whole[f"{key}_known"],
            known=int(sums[f"{key}_known"]),
        )
        for key in ("with_children", "married", "homeowner", "coupons")
        if sums[f"{key}_known"] and whole[f"{key}_known"]
    ]
    read = sum(days)
    if read and sum(shop_days):
        shares.append(_time_share("weekend", days[5:], days, shop_days[5:], shop_days))
    if sum(hours) and sum(shop_hours):
        late, late_shop = hours[EVENING.start :], shop_hours[EVENING.start :]
        shares.append(_time_share("evening", late, hours, late_shop, shop_hours))
    return Persona(
        detail=detail,
        shares=shares,
        household_size=sums["persons"] / sums["persons_known"] if sums["persons_known"] else None,
        days=[count / read for count in days] if read else [],
        hours=[count / sum(hours) for count in hours] if sum(hours) else [],
        order_value_shop=whole["spend"] / whole["orders"] if whole["orders"] else 0.0,
        gap_days=sums["gaps"] / sums["coupons_known"] if sums["coupons_known"] else None,
        orders_read=read,
    )


def _time_share(
    key: str, part: list[int], whole: list[int], part_shop: list[int], whole_shop: list[int]
) -> PersonaShare:
    return PersonaShare(
        key=key,
        members=sum(part) / sum(whole),
        shop=sum(part_shop) / sum(whole_shop),
        known=sum(whole),
    )


def _sums(connection: Connection, members: Table | None) -> dict[str, float]:
    """Counts of who has something and of whom it is known; with the whole shop's where `members` is None."""
    c, s = CUSTOMER.c, STATS.c

    def count(condition: Any) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    columns = {
        "with_children": count(c.kids_count > 0),
        "with_children_known": count(c.kids_count.is_not(None)),
        "married": count(c.marital_status == "married"),
        "married_known": count(c.marital_status.is_not(None)),
        "homeowner": count(c.home_ownership == "homeowner"),
        "homeowner_known": count(c.home_ownership.is_not(None)),
        "coupons": count(s.coupon_orders > 0),
        "coupons_known": count(s.customer_id.is_not(None)),
        "persons": func.coalesce(func.sum(c.household_size), 0),
        "persons_known": count(c.household_size.is_not(None)),
        "gaps": func.coalesce(func.sum(s.gap_days), 0.0),
        "spend": func.coalesce(func.sum(s.spend), 0.0),
        "orders": func.coalesce(func.sum(s.orders), 0),
    }
    query = select(*(column.label(name) for name, column in columns.items())).select_from(
        CUSTOMER.outerjoin(STATS, s.customer_id == c.id)
    )
    if members is not None:
        query = query.where(c.id.in_(select(members.c.id)))
    return {name: float(value) for name, value in connection.execute(query).mappings().one().items()}


def _times(connection: Connection, moment: Moment, members: Table | None) -> tuple[list[int], list[int]]:
    """Orders by weekday (Monday first) and by hour, of a sample of the members or of all customers."""
    ids = CUSTOMER.c.id if members is None else members.c.id
    drawn = (
        select(ids.label("id")).order_by((ids % PRIME) * FACTOR % PRIME, ids).limit(MEMBERS_READ).subquery()
    )
    c = ORDERS.c
    since = datetime.combine(moment.today, time()) - timedelta(days=DAYS_READ)
    weekday, hour = extract("dow", c.ordered_at), extract("hour", c.ordered_at)
    query = (
        select(weekday, hour, func.count())
        .where(and_(c.customer_id.in_(select(drawn.c.id)), c.ordered_at >= since, c.status != "cancelled"))
        .group_by(weekday, hour)
    )
    days, hours = [0] * 7, [0] * 24
    for day, at, count in connection.execute(query):
        days[(int(day) + 6) % 7] += count
        hours[int(at)] += count
    return days, [0] * 24 if hours[0] == sum(hours) else hours
