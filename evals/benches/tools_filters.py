"""Filters as varied as what marketers ask for, made from what a shop has: for timing segments."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter, Period, Purchase, Scope

LEVELS = {"departments": "department", "categories": "category", "product_types": "product_type"}
SEGMENT_KEYS = tuple(info.key for info in SEGMENTS)


class Named(NamedTuple):
    """A filter and what to call it in a report."""

    name: str
    filter: CustomerFilter


def varied_filters(shop: Shop) -> list[Named]:
    """Some fifty filters: alone and combined, from everyone to a handful. Needs the shop's statistics."""
    spend, orders = _quantiles(shop, "spend"), _quantiles(shop, "orders")
    scopes = list(_scopes(shop))
    return [
        Named("everyone", CustomerFilter()),
        *(Named(f"segment {key}", CustomerFilter(segment=key)) for key in SEGMENT_KEYS),
        *_recency(),
        *_demographics(),
        Named("spend from the median", CustomerFilter(spend_min=spend[0.5])),
        Named("spend, top tenth", CustomerFilter(spend_min=spend[0.9])),
        Named("spend, bottom quarter", CustomerFilter(spend_max=spend[0.25])),
        Named("orders, top quarter", CustomerFilter(orders_min=int(orders[0.75]))),
        Named("uses coupons", CustomerFilter(uses_coupons=True)),
        Named("uses no coupons", CustomerFilter(uses_coupons=False)),
        Named("top 100", CustomerFilter(top=100)),
        Named("top 1000", CustomerFilter(top=1000)),
        Named("high value, inactive 60", CustomerFilter(spend_min=spend[0.75], inactive_days=60)),
        Named("over 45, active 30", CustomerFilter(age_min=45, active_days=30)),
        *_purchases(shop, scopes),
        *(Named(f"bought {name}", CustomerFilter(bought=scope)) for name, scope in scopes),
        *(
            Named(f"loyal buyers of {name}", CustomerFilter(segment="loyal", bought=scope))
            for name, scope in scopes
            if "largest" in name
        ),
        *(
            Named(
                f"45+, inactive 60, bought {name}", CustomerFilter(age_min=45, inactive_days=60, bought=scope)
            )
            for name, scope in scopes
            if "middling" in name
        ),
    ]


def _recency() -> Iterator[Named]:
    for days in (30, 60, 180):
        yield Named(f"inactive {days}", CustomerFilter(inactive_days=days))
    for days in (7, 30, 90):
        yield Named(f"active {days}", CustomerFilter(active_days=days))


def _demographics() -> Iterator[Named]:
    yield Named("over 45", CustomerFilter(age_min=45))
    yield Named("35 to 54", CustomerFilter(age_min=35, age_max=54))
    yield Named("income from 75,000", CustomerFilter(income_min=75_000))
    yield Named("with children", CustomerFilter(has_children=True))
    yield Named("renters", CustomerFilter(homeowner=False))
    yield Named("households from 3", CustomerFilter(household_size_min=3, married=True))


def _purchases(shop: Shop, scopes: list[tuple[str, Scope]]) -> Iterator[Named]:
    """What was bought, or not, in closed and in open periods."""
    closed = Period(start=shop.today.date() - timedelta(days=180), end=shop.today.date() - timedelta(days=90))
    yield Named("bought in a closed quarter", _bought(Purchase(period=closed)))
    yield Named("two orders in 90 days", _bought(Purchase(period=Period(days=90), orders_min=2)))
    for name, scope in scopes:
        if "largest" in name or "middling" in name:
            yield Named(f"bought {name} in a closed quarter", _bought(Purchase(scope=scope, period=closed)))
    lost = [scope for name, scope in scopes if name == "largest category"]
    for scope in lost:
        since = Purchase(scope=scope, bought=False, period=Period(days=60))
        yield Named("stopped buying largest category", _bought(Purchase(scope=scope), since))


def _bought(*rules: Purchase) -> CustomerFilter:
    return CustomerFilter(purchases=list(rules))


def _quantiles(shop: Shop, column: str) -> dict[float, float]:
    shares = (0.25, 0.5, 0.75, 0.9)
    with shop.engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM customer_stats").scalar_one()
        # The column is one of our own names.
        query = f"SELECT {column} FROM customer_stats ORDER BY {column} LIMIT 1 OFFSET "  # noqa: S608
        return {
            share: float(connection.exec_driver_sql(query + str(int(share * (count - 1)))).scalar() or 0)
            for share in shares
        }


def _scopes(shop: Shop) -> Iterator[tuple[str, Scope]]:
    """Of each level the part with most products, the one in the middle, and a group of several."""
    for level, column in LEVELS.items():
        # The column is one of our own names.
        query = f"SELECT {column} FROM product WHERE {column} <> '' GROUP BY 1 ORDER BY count(*) DESC, 1"  # noqa: S608
        with shop.engine.connect() as connection:
            names: list[Any] = list(connection.exec_driver_sql(query).scalars())
        if names:
            yield f"largest {column}", _scope(level, names[:1])
            yield f"middling {column}", _scope(level, [names[len(names) // 2]])
            yield f"several {column}", _scope(level, names[1:8])


def _scope(level: str, names: list[str]) -> Scope:
    label = ", ".join(names[:2])
    return Scope.model_validate({"query": label, "label": label, "label_zh": label, level: names})
