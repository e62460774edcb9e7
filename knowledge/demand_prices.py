"""How sales of the top products move with their price and with promotion, week by week.

For each product, the logarithm of weekly units is regressed on the logarithm of the price paid before
coupons, on whether the product was in the mailer or on display, and on how many orders the shop had that
week, with a level of its own: a log-log elasticity with fixed effects. A product's few weeks say little,
so its figures are drawn towards those of its category, and a category's towards the shop's (empirical
Bayes; Efron and Morris, 1975). Prices were set by people who expected demand: this is association, not
proof of what a price would cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, Select, cast, func, literal, or_, select
from sqlalchemy.engine import Connection, Engine

from shopwright.knowledge.columns import LINES, ORDERS, PRODUCT, PROMOTION
from shopwright.knowledge.stats import days_between
from shopwright.knowledge.types import Frozen, Interval, Scope

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

TOP = 150  # products measured, by sales
MIN_WEEKS = 16  # with sales
MIN_MOVES = 0.02  # standard deviation of the logarithm of the price
PRIOR_SPREAD = 0.7  # of elasticities between products, where too few show one
MONDAY = date(1970, 1, 5)

Floats = NDArray[np.float64]


class PriceResponse(Frozen):
    """What weeks at other prices and under promotion say of one product.

    `elasticity`: percent change of units for a price higher by one percent. `promotion`: units in a week
    in the mailer or on display over those of other weeks at the same price (1 is no difference). None
    where the weeks do not tell. `weeks` had sales; `alone` is false where the category says more than the
    product itself.
    """

    product_id: int
    name: str
    category: str
    weeks: int
    units: float
    price: float
    elasticity: Interval | None
    promotion: Interval | None
    alone: bool


class PriceReport(Frozen):
    """Price and promotion response of products, strongest sellers first, and of all of them together."""

    products: list[PriceResponse]
    elasticity: Interval | None
    promotion: Interval | None
    weeks: int


@dataclass(frozen=True)
class _Product:
    product_id: int
    name: str
    category: str
    units: Floats
    price: Floats
    estimates: tuple[tuple[float, float] | None, tuple[float, float] | None]


class _Belief(NamedTuple):
    mean: float
    sd: float


def price_response(shop: Shop, scope: Scope | None = None, top: int = 20) -> PriceReport:
    """Price and promotion response of the `top` products by sales, of the scope where one is given.

    Raises LookupError when no product was sold in enough weeks.
    """
    key = "" if scope is None else scope.model_dump_json()
    products, weeks = _measured(shop.engine, key, shop.today.isoformat())
    if not products:
        raise LookupError(
            f"No product was sold in {MIN_WEEKS} weeks or more, so there is no price response to measure."
        )
    beliefs = [_shrink(products, which) for which in (0, 1)]
    found = [
        _response(product, *(belief[0][place] for belief in beliefs))
        for place, product in enumerate(products)
    ]
    return PriceReport(
        products=found[:top],
        elasticity=_interval(beliefs[0][1]),
        promotion=_ratio(beliefs[1][1]),
        weeks=weeks,
    )


def usual_elasticity(connection: Connection) -> tuple[float, float] | None:
    """Minus the mean elasticity over products and its spread between them; None where none is known."""
    products, _ = _measure(connection, None)
    belief = _shrink(products, 0)[1]
    if belief is None or belief.mean >= 0:
        return None
    means = [known[0] for product in products if (known := product.estimates[0]) is not None]
    errors = [known[1] for product in products if (known := product.estimates[0]) is not None]
    between = max(0.0, float(np.var(means) - np.mean(np.square(errors)))) ** 0.5
    return -belief.mean, float(np.clip(np.hypot(between, belief.sd), 0.75, 1.5))


@lru_cache(maxsize=32)
def _measured(engine: Engine, scope: str, _today: str) -> tuple[list[_Product], int]:
    """What `_measure` finds, kept while the shop's last day is the same; `scope` is JSON, or empty."""
    with engine.connect() as connection:
        return _measure(connection, Scope.model_validate_json(scope) if scope else None)


def _measure(connection: Connection, scope: Scope | None) -> tuple[list[_Product], int]:
    """The top products with enough weeks, and how many weeks there are."""
    dialect = connection.dialect.name
    week = cast(days_between(dialect, ORDERS.c.ordered_at, literal(MONDAY.isoformat())), Integer) // 7
    rows = connection.execute(_weekly(_top(scope), week)).all()
    counts = {row[0]: row[1] for row in connection.execute(_traffic(week))}
    if not rows or len(counts) < MIN_WEEKS:
        return [], len(counts)
    flagged = _promoted(connection, {row[0] for row in rows})
    names = {row[0]: row[1:] for row in connection.execute(_names({row[0] for row in rows}))}
    by_product: dict[int, list[Any]] = {}
    full = {
        week for week in counts if week not in (min(counts), max(counts))
    }  # the ends may be part of a week
    for row in rows:
        if row[1] in full:
            by_product.setdefault(row[0], []).append(row[1:])
    products = []
    for product_id, weeks in by_product.items():
        if len(weeks) >= MIN_WEEKS:
            name, category = names[product_id]
            products.append(_fit(product_id, name, category, weeks, counts, flagged))
    products.sort(key=lambda p: (-float((p.units * p.price).sum()), p.product_id))
    return products, len(counts)


def _top(scope: Scope | None) -> Select[Any]:
    query = (
        select(LINES.c.product_id)
        .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
        .group_by(LINES.c.product_id)
        .order_by(func.sum(LINES.c.amount).desc(), LINES.c.product_id)
        .limit(TOP)
    )
    return query if scope is None else query.where(within(scope))


def within(scope: Scope) -> ColumnElement[bool]:
    """Products of any of the scope's departments, categories or product types."""
    parts = (
        (PRODUCT.c.department, scope.departments),
        (PRODUCT.c.category, scope.categories),
        (PRODUCT.c.product_type, scope.product_types),
    )
    return or_(*(column.in_(values) for column, values in parts if values))


def _weekly(products: Select[Any], week: Any) -> Select[Any]:
    """Product, week, units, money before coupons."""
    chosen = products.subquery("chosen")
    money = LINES.c.amount + LINES.c.coupon_discount + LINES.c.coupon_match_discount
    return (
        select(LINES.c.product_id, week, func.sum(LINES.c.quantity), func.sum(money))
        .join(chosen, chosen.c.product_id == LINES.c.product_id)
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(ORDERS.c.status != "cancelled", LINES.c.quantity > 0)
        .group_by(LINES.c.product_id, week)
    )


def _traffic(week: Any) -> Select[Any]:
    return select(week, func.count()).where(ORDERS.c.status != "cancelled").group_by(week)


def _names(products: set[int]) -> Select[Any]:
    return select(PRODUCT.c.id, PRODUCT.c.name, PRODUCT.c.category).where(PRODUCT.c.id.in_(products))


def _promoted(connection: Connection, products: set[int]) -> set[tuple[int, int]]:
    """Product and week of every promotion; the shop's week 1 is the one, from Monday, of its first order."""
    first = connection.execute(select(func.min(ORDERS.c.ordered_at))).scalar_one().date()
    offset = (first - timedelta(days=first.weekday()) - MONDAY).days // 7 - 1
    query = select(PROMOTION.c.product_id, PROMOTION.c.week).where(
        PROMOTION.c.product_id.in_(products),
        or_(PROMOTION.c.mailer_stores > 0, PROMOTION.c.display_stores > 0),
    )
    return {(row[0], row[1] + offset) for row in connection.execute(query)}


def _fit(
    product_id: int,
    name: str,
    category: str,
    weeks: list[Any],
    counts: dict[int, int],
    flagged: set[tuple[int, int]],
) -> _Product:
    units = np.array([float(row[1]) for row in weeks])
    price = np.maximum(0.01, np.array([float(row[2]) for row in weeks]) / units)
    promoted = np.array([(product_id, row[0]) in flagged for row in weeks], dtype=float)
    traffic = np.log([counts[row[0]] for row in weeks])
    columns = [np.log(price), promoted, traffic]
    moves = [bool(np.std(columns[0]) >= MIN_MOVES), bool(3 <= promoted.sum() <= len(weeks) - 3)]
    kept = [place for place, move in enumerate(moves) if move] + [2]
    design = np.column_stack([np.ones(len(weeks)), *(columns[place] for place in kept)])
    inverse = np.linalg.pinv(design.T @ design)
    weights = inverse @ design.T @ np.log(units)
    errors = np.log(units) - design @ weights
    freedom = max(1, len(weeks) - design.shape[1])
    variance = np.diag(inverse) * float(errors @ errors) / freedom
    known = {
        place: (float(weights[k]), float(np.sqrt(max(variance[k], 1e-6))))
        for k, place in enumerate(kept, start=1)
    }
    return _Product(product_id, name, category, units, price, (known.get(0), known.get(1)))


def _shrink(products: list[_Product], which: int) -> tuple[list[_Belief | None], _Belief | None]:
    """Each product's figure drawn towards its category's, and that of all; None where nothing is known."""
    known = [product for product in products if product.estimates[which] is not None]
    if not known:
        return [None] * len(products), None
    shop, between = _pool([product.estimates[which] or (0.0, 1.0) for product in known])
    found: list[_Belief | None] = []
    for product in products:
        own = [p.estimates[which] or (0.0, 1.0) for p in known if p.category == product.category]
        centre = shop
        if own:
            group, spread = _pool(own)
            weight = (spread / np.sqrt(max(1, len(own)))) ** 2 + group.sd**2
            share = between**2 / (between**2 + weight)
            centre = _Belief(share * group.mean + (1 - share) * shop.mean, float(np.sqrt(share * weight)))
        if (estimate := product.estimates[which]) is None:
            found.append(_Belief(centre.mean, float(np.hypot(centre.sd, between))))
            continue
        mean, error = estimate
        share = between**2 / (between**2 + error**2)
        sd = np.sqrt(share * error**2 + (1 - share) ** 2 * centre.sd**2)
        found.append(_Belief(share * mean + (1 - share) * centre.mean, float(sd)))
    return found, shop


def _pool(estimates: list[tuple[float, float]]) -> tuple[_Belief, float]:
    """Mean of estimates with its error, and the spread between them beyond their errors."""
    means, errors = (np.array(column) for column in zip(*estimates, strict=True))
    centre = float(np.median(means))
    spread = (2 * PRIOR_SPREAD**2 + float(np.maximum(0, (means - centre) ** 2 - errors**2).sum())) / (
        2 + len(means)
    )
    weights = 1 / (errors**2 + spread)
    return _Belief(float(np.average(means, weights=weights)), float(weights.sum() ** -0.5)), float(
        np.sqrt(spread)
    )


def _response(product: _Product, price: _Belief | None, promotion: _Belief | None) -> PriceResponse:
    own = product.estimates[0]
    return PriceResponse(
        product_id=product.product_id,
        name=product.name,
        category=product.category,
        weeks=len(product.units),
        units=float(product.units.sum()),
        price=float((product.units * product.price).sum() / product.units.sum()),
        elasticity=_interval(price),
        promotion=_ratio(promotion),
        alone=own is not None and own[1] < PRIOR_SPREAD,
    )


def _interval(belief: _Belief | None) -> Interval | None:
    if belief is None:
        return None
    m, sd = belief
    return Interval(
        mid=m, low=m - 1.2816 * sd, high=m + 1.2816 * sd, low95=m - 1.96 * sd, high95=m + 1.96 * sd
    )


def _ratio(belief: _Belief | None) -> Interval | None:
    """The same for a difference of logarithms, as a ratio."""
    found = _interval(belief)
    return None if found is None else Interval(**{k: float(np.exp(v)) for k, v in found.model_dump().items()})
