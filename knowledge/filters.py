"""A CustomerFilter as SQL: which customers it means.

The rules, where words leave a choice:
- Age and income are known in bands; a band matches when it lies whole inside the asked range. 'Over
  45' (age_min 45) takes 45-54, 55-64 and 65+; 'under 35' (age_max 34 or 35) takes 19-24 and 25-34. An
  open band such as 65+ matches only a range without upper end.
- What is unknown of a customer never matches a condition on it.
- Days count calendar days back from the shop's last order: inactive N means the last order is N or
  more days ago, active N the opposite. A customer who never ordered is neither.
- Who never ordered has 0 orders and 0 spend.
- `bought` takes who bought anything in any of the scope's departments, categories or product types.
- `top` counts by spend, after all other conditions; equal spends go by customer id.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, union

from shopwright.knowledge.columns import CATEGORIES, CUSTOMER, LINES, ORDERS, PRODUCT, STATS
from shopwright.knowledge.types import CustomerFilter, Scope

SPEND = func.coalesce(STATS.c.spend, 0.0)
ORDER_COUNT = func.coalesce(STATS.c.orders, 0)


def select_members(wanted: CustomerFilter) -> Select[Any]:
    """The matching customers, highest spend first: id, age_min, age_max, spend, orders, recency_days."""
    query = (
        select(
            CUSTOMER.c.id,
            CUSTOMER.c.age_min,
            CUSTOMER.c.age_max,
            SPEND.label("spend"),
            ORDER_COUNT.label("orders"),
            STATS.c.recency_days,
        )
        .outerjoin(STATS, STATS.c.customer_id == CUSTOMER.c.id)
        .where(*_demographics(wanted), *_behaviour(wanted))
        .order_by(SPEND.desc(), CUSTOMER.c.id)
    )
    return query if wanted.top is None else query.limit(wanted.top)


def _demographics(wanted: CustomerFilter) -> list[ColumnElement[bool]]:
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
    )


def _behaviour(wanted: CustomerFilter) -> list[ColumnElement[bool]]:
    c = STATS.c
    return _given(
        (wanted.segment, lambda key: c.segment == key),
        (wanted.inactive_days, lambda days: c.recency_days >= days),
        (wanted.active_days, lambda days: c.recency_days < days),
        (wanted.spend_min, lambda spend: spend <= SPEND),
        (wanted.spend_max, lambda spend: spend >= SPEND),
        (wanted.orders_min, lambda orders: orders <= ORDER_COUNT),
        (wanted.orders_max, lambda orders: orders >= ORDER_COUNT),
        (wanted.uses_coupons, lambda yes: c.coupon_orders > 0 if yes else c.coupon_orders == 0),
        (wanted.bought, _bought),
    )


def _given(*tests: tuple[Any, Callable[[Any], ColumnElement[bool]]]) -> list[ColumnElement[bool]]:
    """The conditions that were asked for."""
    return [test(value) for value, test in tests if value is not None]


def _bought(scope: Scope) -> ColumnElement[bool]:
    c = CATEGORIES.c
    buyers = []
    if scope.departments:
        buyers.append(select(c.customer_id).where(c.department.in_(scope.departments)))
    if scope.categories:
        buyers.append(select(c.customer_id).where(c.category.in_(scope.categories)))
    if scope.product_types:
        buyers.append(
            select(ORDERS.c.customer_id)
            .join(LINES, LINES.c.order_id == ORDERS.c.id)
            .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
            .where(PRODUCT.c.product_type.in_(scope.product_types), ORDERS.c.status != "cancelled")
        )
    # One IN over a union: SQLite would run each of several INs joined by OR twice.
    return CUSTOMER.c.id.in_(union(*buyers)) if buyers else false()
