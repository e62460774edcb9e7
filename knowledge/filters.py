"""A CustomerFilter as SQL: which customers it means, today or at the end of a past month.

The rules, where words leave a choice:
- Age and income are known in bands; a band matches when it lies whole inside the asked range. 'Over
  45' (age_min 45) takes 45-54, 55-64 and 65+; 'under 35' (age_max 34 or 35) takes 19-24 and 25-34. An
  open band such as 65+ matches only a range without upper end.
- What is unknown of a customer never matches a condition on it.
- Days count calendar days back from the shop's last order: inactive N means the last order is N or
  more days ago, active N the opposite. A customer who never ordered is neither.
- Who never ordered has 0 orders and 0 spend.
- `bought` takes who bought anything in any of the scope's departments, categories or product types.
- `value` goes by spend: high is the top 20% of the customers with an order, middle the next 40%, low
  the last 40%. `frequency` goes by number of orders: the top 40%, the next 40%, the last 20%.
- `purchases` are matched only by who ever ordered, also where something was not bought.
- `top` counts by spend, after all other conditions; equal spends go by customer id.

Seen from a past month end, statistics come from CustomerPast; demographics are those of today; who
first ordered later is no customer yet. What the customer model predicts is known for today only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)

from shopwright.knowledge.columns import (
    CATEGORIES,
    CUSTOMER,
    INSIGHT,
    LINES,
    ORDERS,
    PAST,
    PRODUCT,
    STATS,
    TAGS,
    TYPES,
)
from shopwright.knowledge.segment_periods import Span, span
from shopwright.knowledge.types import CustomerFilter, Period, Purchase, Scope, Tier

VALUE_SCORES: dict[Tier, tuple[int, ...]] = {"high": (5,), "middle": (3, 4), "low": (1, 2)}
FREQUENCY_SCORES: dict[Tier, tuple[int, ...]] = {"high": (4, 5), "middle": (2, 3), "low": (1,)}


@dataclass(frozen=True)
class Moment:
    """The day that a filter is seen from: the shop's last, or the end of a past month."""

    today: date
    past: bool = False

    @property
    def stats(self) -> FromClause:
        """The customers' statistics at this moment."""
        return PAST if self.past else STATS

    def span(self, period: Period | None) -> Span:
        """The period's days, nothing after the moment itself."""
        start, end = span(period, self.today)
        return start, self.today if self.past and (end is None or end > self.today) else end


def knows_past(wanted: CustomerFilter) -> bool:
    """Whether the filter's members can be worked out for a past day: nothing predicted is asked for."""
    predicted = (
        wanted.churn_min, wanted.churn_max, wanted.predicted_min, wanted.predicted_max, wanted.cluster,
        wanted.tags,
    )  # fmt: skip
    return all(value is None for value in predicted) and (
        wanted.saved is None or knows_past(wanted.saved.filter)
    )


def select_members(wanted: CustomerFilter, moment: Moment) -> Select[Any]:
    """The matching customers, highest spend first: id, age_min, age_max, spend, orders, recency_days."""
    s = moment.stats.c
    spend = func.coalesce(s.spend, 0.0)
    joined = CUSTOMER.outerjoin(moment.stats, _of_customer(moment))
    if moment.past:
        joined = joined.outerjoin(STATS, STATS.c.customer_id == CUSTOMER.c.id)
    query = (
        select(
            CUSTOMER.c.id,
            CUSTOMER.c.age_min,
            CUSTOMER.c.age_max,
            spend.label("spend"),
            func.coalesce(s.orders, 0).label("orders"),
            s.recency_days,
        )
        .select_from(joined)
        .where(*_conditions(wanted, moment))
        .order_by(spend.desc(), CUSTOMER.c.id)
    )
    return query if wanted.top is None else query.limit(wanted.top)


def _of_customer(moment: Moment) -> ColumnElement[bool]:
    same = moment.stats.c.customer_id == CUSTOMER.c.id
    return and_(same, PAST.c.as_of == moment.today) if moment.past else same


def _conditions(wanted: CustomerFilter, moment: Moment) -> list[ColumnElement[bool]]:
    found = [*_demographics(wanted, moment), *_behaviour(wanted, moment), *_predicted(wanted)]
    found += [_purchase(rule, moment) for rule in wanted.purchases or ()]
    if moment.past:
        found.append(or_(PAST.c.customer_id.is_not(None), STATS.c.customer_id.is_(None)))
    if wanted.saved is not None:
        members = select_members(wanted.saved.filter, moment).subquery()
        found.append(CUSTOMER.c.id.in_(select(members.c.id)))
    return found


def _demographics(wanted: CustomerFilter, moment: Moment) -> list[ColumnElement[bool]]:
    c = CUSTOMER.c
    return _given(
        (wanted.age_min, lambda years: c.age_min >= years),
        (wanted.age_max, lambda years: c.age_max <= years),
        (wanted.income_min, lambda income: c.income_min >= income),
        (wanted.income_max, lambda income: c.income_max <= income),
        (wanted.has_children, lambda yes: c.kids_count > 0 if yes else c.kids_count == 0),
        (wanted.married, lambda yes: c.marital_status == ("married" if yes else "unmarried")),
        (wanted.homeowner, lambda yes: c.home_ownership == ("homeowner" if yes else "renter")),
        (wanted.household_size_min, lambda persons: c.household_size >= persons),
        (wanted.consent, lambda yes: _agreed(moment) if yes else not_(_agreed(moment))),
    )


def _agreed(moment: Moment) -> ColumnElement[bool]:
    c = CUSTOMER.c
    if not moment.past:
        return c.consent_marketing.is_(True)
    return and_(
        c.consent_marketing.is_(True),
        or_(c.consent_at.is_(None), c.consent_at < _midnight_after(moment.today)),
    )


def _behaviour(wanted: CustomerFilter, moment: Moment) -> list[ColumnElement[bool]]:
    c = moment.stats.c
    spent, ordered = func.coalesce(c.spend, 0.0), func.coalesce(c.orders, 0)
    return _given(
        (wanted.segment, lambda key: c.segment == key),
        (wanted.stage, lambda key: c.lifecycle == key),
        (wanted.value, lambda tier: c.monetary_score.in_(VALUE_SCORES[tier])),
        (wanted.frequency, lambda tier: c.frequency_score.in_(FREQUENCY_SCORES[tier])),
        (wanted.inactive_days, lambda days: c.recency_days >= days),
        (wanted.active_days, lambda days: c.recency_days < days),
        (wanted.tenure_min_days, lambda days: c.tenure_days >= days),
        (wanted.tenure_max_days, lambda days: c.tenure_days <= days),
        (wanted.joined, lambda period: and_(*_within(c.first_order, moment.span(period)))),
        (wanted.spend_min, lambda spend: spent >= spend),
        (wanted.spend_max, lambda spend: spent <= spend),
        (wanted.orders_min, lambda orders: ordered >= orders),
        (wanted.orders_max, lambda orders: ordered <= orders),
        (wanted.uses_coupons, lambda yes: c.coupon_orders > 0 if yes else c.coupon_orders == 0),
        (wanted.bought, lambda scope: CUSTOMER.c.id.in_(_buyers(Purchase(scope=scope), moment))),
    )


def _predicted(wanted: CustomerFilter) -> list[ColumnElement[bool]]:
    c = INSIGHT.c
    tests = _given(
        (wanted.churn_min, lambda least: c.churn_probability >= least),
        (wanted.churn_max, lambda most: c.churn_probability <= most),
        (wanted.predicted_min, lambda least: c.value_90 >= least),
        (wanted.predicted_max, lambda most: c.value_90 <= most),
        (wanted.cluster, lambda number: c.cluster == number),
    )
    found: list[ColumnElement[bool]] = []
    if tests:
        found.append(CUSTOMER.c.id.in_(select(c.customer_id).where(*tests)))
    for tag in wanted.tags or ():
        found.append(CUSTOMER.c.id.in_(select(TAGS.c.customer_id).where(TAGS.c.category == tag)))
    return found


def _given(*tests: tuple[Any, Callable[[Any], ColumnElement[bool]]]) -> list[ColumnElement[bool]]:
    """The conditions that were asked for."""
    return [test(value) for value, test in tests if value is not None]


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day, time()) + timedelta(days=1)


def _within(moment_of: Any, days: Span) -> list[ColumnElement[bool]]:
    """That a time lies in the span. An open span still asks that there is a time."""
    start, end = days
    found = [] if start is None else [moment_of >= datetime.combine(start, time())]
    if end is not None:
        found.append(moment_of < _midnight_after(end))
    return found or [moment_of.is_not(None)]


def _purchase(rule: Purchase, moment: Moment) -> ColumnElement[bool]:
    """Who keeps to one rule on what was bought; only customers who ever ordered."""
    only_upper = rule.spend_min is None and rule.orders_min is None and rule.bounded
    kept: ColumnElement[bool]
    if only_upper:
        kept = not_(CUSTOMER.c.id.in_(_buyers(rule, moment, over=True)))
    else:
        wide = _shop_wide(rule, moment)
        kept = CUSTOMER.c.id.in_(_buyers(rule, moment)) if wide is None else wide
        if not rule.bought:
            kept = not_(kept)
    return and_(moment.stats.c.customer_id.is_not(None), kept)


def _shop_wide(rule: Purchase, moment: Moment) -> ColumnElement[bool] | None:
    """Anything bought in a period that is open to one side: the first or the last order tells; else None."""
    c, (start, end) = moment.stats.c, moment.span(rule.period)
    if rule.scope is not None or rule.bounded:
        return None
    if end is None or end >= moment.today:
        return and_(*_within(c.last_order, (start, None)))
    return and_(*_within(c.first_order, (None, end))) if start is None else None


def _buyers(rule: Purchase, moment: Moment, *, over: bool = False) -> Select[Any]:
    """Ids of customers with such orders within the bounds, or (`over`) above an upper one."""
    scope, days = rule.scope, moment.span(rule.period)
    if scope is None:
        c = ORDERS.c
        made = select(c.customer_id).where(c.status != "cancelled", *_within(c.ordered_at, days))
        return _bounded(made, rule, c.customer_id, func.count(), func.sum(c.total), over=over)
    if not (scope.departments or scope.categories or scope.product_types):
        return select(CUSTOMER.c.id).where(false())
    if not rule.bounded and not _told_by_ends(days, moment) and scope.departments:
        return _inside_buyers(scope, days, moment.today)
    if rule.bounded or not _told_by_ends(days, moment):
        return _line_buyers(rule, days, over=over)
    parts = [
        select(table.c.customer_id).where(
            column.in_(names), *_ends(table.c.first_order if days[0] is None else table.c.last_order, days)
        )
        for table, column, names in _bought_tables(scope)
    ]
    if len(parts) == 1:
        return parts[0]
    # One IN over a union: SQLite would run each of several INs joined by OR twice.
    return select(union_all(*parts).subquery().c.customer_id)


def _bought_tables(scope: Scope) -> list[tuple[Table, ColumnElement[str], list[str]]]:
    """The tables that sum up what customers bought, with the column and the names of the scope."""
    levels = (
        (CATEGORIES, CATEGORIES.c.department, scope.departments),
        (CATEGORIES, CATEGORIES.c.category, scope.categories),
        (TYPES, TYPES.c.product_type, scope.product_types),
    )
    return [(table, column, names) for table, column, names in levels if names]


def _inside_buyers(scope: Scope, days: Span, today: date) -> Select[Any]:
    """Who bought it in a period with a first and a last day, without bounds.

    Whose first or last purchase of it lies inside is sure. Of those who bought it both before and
    after, the order lines tell; the first that is found is enough, which takes a twelfth of the time that
    reading all lines of a department takes. Of a category there are so few that it is the other way round.
    """
    start, end = days[0] or date.min, days[1] or today
    first_moment, after = datetime.combine(start, time()), _midnight_after(end)
    parts = []
    for table, column, names in _bought_tables(scope):
        inside = or_(table.c.first_order >= first_moment, table.c.last_order < after)
        parts.append(
            select(table.c.customer_id, cast(inside, Integer).label("sure")).where(
                column.in_(names), table.c.first_order < after, table.c.last_order >= first_moment
            )
        )
    rows = (parts[0] if len(parts) == 1 else union_all(*parts)).subquery()
    sure = func.max(rows.c.sure).label("sure")
    some = select(rows.c.customer_id, sure).group_by(rows.c.customer_id).subquery()
    line = (
        _scope_lines(scope)
        .where(ORDERS.c.customer_id == some.c.customer_id, *_within(ORDERS.c.ordered_at, days))
        .correlate(some)
        .exists()
    )
    return select(some.c.customer_id).where(or_(some.c.sure == 1, line))


def _told_by_ends(days: Span, moment: Moment) -> bool:
    """Whether the first and the last order of a category tell who bought it in these days."""
    start, end = days
    return start is None or (not moment.past and (end is None or end >= moment.today))


def _ends(dated: Any, days: Span) -> list[ColumnElement[bool]]:
    start, end = days
    if start is not None:
        return [dated >= datetime.combine(start, time())]
    return [] if end is None else [dated < _midnight_after(end)]


def _line_buyers(rule: Purchase, days: Span, *, over: bool) -> Select[Any]:
    query = _scope_lines(rule.scope or Scope(query="", label="", label_zh=""))
    if days != (None, None):
        query = query.where(*_within(ORDERS.c.ordered_at, days))
    counted = func.count(ORDERS.c.id.distinct())
    return _bounded(query, rule, ORDERS.c.customer_id, counted, func.sum(LINES.c.amount), over=over)


def _scope_lines(scope: Scope) -> Select[Any]:
    """The customer of every order line of the scope."""
    levels = (
        (PRODUCT.c.product_type, scope.product_types),
        (PRODUCT.c.category, scope.categories),
        (PRODUCT.c.department, scope.departments),
    )
    return (
        select(ORDERS.c.customer_id)
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
        .where(or_(*(column.in_(names) for column, names in levels if names)), ORDERS.c.status != "cancelled")
    )


def _bounded(
    query: Select[Any],
    rule: Purchase,
    customer: ColumnElement[int],
    counted: ColumnElement[int],
    spent: ColumnElement[float],
    *,
    over: bool,
) -> Select[Any]:
    """The query by customer, with the rule's bounds, or (`over`) who is above one of them."""
    if not rule.bounded:
        return query.distinct()
    if over:
        tests = _given(
            (rule.spend_max, lambda most: spent > most), (rule.orders_max, lambda most: counted > most)
        )
        return query.group_by(customer).having(or_(*tests))
    tests = _given(
        (rule.spend_min, lambda least: spent >= least),
        (rule.spend_max, lambda most: spent <= most),
        (rule.orders_min, lambda least: counted >= least),
        (rule.orders_max, lambda most: counted <= most),
    )
    return query.group_by(customer).having(and_(*tests))
