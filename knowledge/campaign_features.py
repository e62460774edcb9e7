"""What was known of a customer before a campaign started: the features of the redemption model.

Everything counts orders and redemptions from before the start day only. Counts over the whole history
are per 30 days of it, because early campaigns have little history behind them. The features about a
campaign's coupons rest on the table of coupons, which is known before the start: does the customer buy,
and buy with coupons, what the campaign's coupons are good for?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_history import PERSON, Assortment, Coupons, History, Sent

NEVER_DAYS = 400.0  # stands for something that never happened: longer ago than a year
RECENT = (28, 90)
MOST_CELLS = 50_000_000  # of a table of flags; beyond, pairs are sorted instead
USUAL_HOUR = 15.0  # of who never ordered

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

THEMES: dict[str, tuple[str, ...]] = {
    "coupons": (
        "coupon_orders",
        "coupon_orders_28_days",
        "coupon_orders_90_days",
        "coupon_share_of_orders",
        "coupon_lines",
        "coupon_value",
        "matched_coupon_value",
        "days_since_last_coupon",
    ),
    "redeemed": (
        "campaigns_redeemed",
        "share_of_campaigns_redeemed",
        "redemption_days",
        "redemption_days_60_days",
        "days_since_last_redemption",
        "campaigns_of_type_redeemed",
    ),
    "products": (
        "lines_with_coupon_on_its_types",
        "lines_of_its_types",
        "share_of_lines_of_its_types",
        "lines_of_its_products",
        "lines_of_its_products_90_days",
        "lines_with_coupon_on_its_products",
        "its_products_bought",
        "its_types_bought",
        "share_of_its_coupons_that_fit",
        "fit_over_its_coupons",
        "best_fit_of_its_coupons",
        "days_since_its_products",
    ),
    "shopping": (
        "orders",
        "orders_28_days",
        "orders_90_days",
        "spend",
        "spend_28_days",
        "spend_90_days",
        "spend_trend",
        "days_since_last_order",
        "spend_per_order",
        "lines_per_order",
        "usual_hour",
        "categories_bought",
        "types_bought",
        "products_bought",
    ),
    "promotions": ("retail_discount_share", "share_of_lines_on_promotion"),
    "targeting": ("campaigns_sent", "campaigns_running", "campaigns_of_type_sent", "days_since_first_order"),
    "household": ("demographics_known", *PERSON),
}
"""The features, in themes that can be worded. All but shares, trends, hours and flags are log(1 + x)."""

FEATURES = tuple(name for names in THEMES.values() for name in names)


def features(
    history: History,
    rows: Ints,
    sent: Sent,
    campaigns: Sequence[Sent],
    assortment: Assortment,
    coupons: Coupons | None,
) -> Floats:
    """Features, shape (len(rows), len(FEATURES)), of the customers at `rows` of the history.

    Known the day before `sent` starts; `campaigns` are all there are, `coupons` those of `sent`.
    """
    view = _View(history, rows, sent.start, assortment)
    found = _of_customers(view)
    return _columns(found | _campaigns(view, sent, campaigns) | _coupons(view, coupons))


def planned_features(
    history: History,
    day: int,
    kinds: Mapping[str, Sequence[Coupons]],
    campaigns: Sequence[Sent],
    assortment: Assortment,
) -> dict[str, Floats]:
    """Features of every customer of the history for a campaign of each type that would start on `day`.

    A planned campaign's coupons are not known yet: the features about them are the mean over the coupons
    of the type's past campaigns given.
    """
    view = _View(history, np.arange(len(history.ids)), day, assortment)
    customers = _of_customers(view)
    found = {}
    for kind, examples in kinds.items():
        parts = [_coupons(view, coupons) for coupons in examples] or [_coupons(view, None)]
        mean = {name: np.mean([part[name] for part in parts], axis=0) for name in parts[0]}
        found[kind] = _columns(customers | _campaigns(view, Sent(0, kind, day, day), campaigns) | mean)
    return found


class _View:
    """The customers at `rows`, as they were before the day `start`."""

    def __init__(self, history: History, rows: Ints, start: int, assortment: Assortment) -> None:
        self.history, self.rows, self.n, self.start, self.assortment = (
            history,
            rows,
            len(rows),
            start,
            assortment,
        )
        self.place = np.full(len(history.ids), -1, dtype=np.int64)
        self.place[rows] = np.arange(len(rows))
        self.lines = np.flatnonzero((self.place[history.line_customer] >= 0) & (history.line_day < start))
        self.orders = np.flatnonzero((self.place[history.order_customer] >= 0) & (history.order_day < start))
        self.months = max(1, start - history.first_day) / 30
        self.who = self.place[history.line_customer[self.lines]]
        self.product = history.line_product[self.lines]
        self.coupon = history.line_coupon[self.lines]


def _of_customers(view: _View) -> dict[str, Floats]:
    found = _orders(view) | _lines(view) | _person(view.history.person[view.rows])
    found["coupon_share_of_orders"] = found.pop("_with_coupon") / np.maximum(1.0, found.pop("_orders"))
    found["spend_trend"] = found["spend_90_days"] - np.log1p(np.expm1(found["spend"]) * min(3.0, view.months))
    return found


def _columns(found: dict[str, Floats]) -> Floats:
    return np.column_stack([found[name] for name in FEATURES])


def _orders(view: _View) -> dict[str, Floats]:
    h, kept, n, months = view.history, view.orders, view.n, view.months
    who, age = view.place[h.order_customer[kept]], view.start - h.order_day[kept]
    total, lines = np.maximum(0.0, h.order_total[kept]), h.order_lines[kept]
    coupon = h.order_coupons[kept] > 0
    count, spend = _count(who, n), _count(who, n, total)
    with_coupon = _count(who, n, coupon)
    found = {
        "_orders": count,
        "_with_coupon": with_coupon,
        "orders": np.log1p(count / months),
        "spend": np.log1p(spend / months),
        "coupon_orders": np.log1p(with_coupon / months),
        "days_since_last_order": np.log1p(_since(who, n, age)),
        "days_since_last_coupon": np.log1p(_since(who[coupon], n, age[coupon])),
        "days_since_first_order": np.log1p(_longest(who, n, age)),
        "spend_per_order": np.log1p(spend / np.maximum(1.0, count)),
        "lines_per_order": np.log1p(_count(who, n, lines) / np.maximum(1.0, count)),
    }
    hours = _count(who, n, h.order_hour[kept])
    found["usual_hour"] = np.where(count > 0, hours / np.maximum(1.0, count), USUAL_HOUR)
    for days in RECENT:
        near = age <= days
        found[f"orders_{days}_days"] = np.log1p(_count(who[near], n))
        found[f"spend_{days}_days"] = np.log1p(_count(who[near], n, total[near]))
        found[f"coupon_orders_{days}_days"] = np.log1p(_count(who[near], n, coupon[near]))
    return found


def _lines(view: _View) -> dict[str, Floats]:
    h, kept, n, who, product, coupon = (
        view.history, view.lines, view.n, view.who, view.product, view.coupon,
    )  # fmt: skip
    assortment, months = view.assortment, view.months
    match, discount = h.line_match[kept], h.line_discount[kept]
    gross = _count(who, n, h.line_amount[kept] + coupon + match + discount)
    count = np.maximum(1.0, _count(who, n))
    return {
        "coupon_lines": np.log1p(_count(who, n, coupon > 0) / months),
        "coupon_value": np.log1p(np.maximum(0.0, _count(who, n, coupon)) / months),
        "matched_coupon_value": np.log1p(np.maximum(0.0, _count(who, n, match)) / months),
        "retail_discount_share": np.clip(_count(who, n, discount) / np.maximum(1.0, gross), 0.0, 1.0),
        "share_of_lines_on_promotion": _count(who, n, discount > 0) / count,
        "categories_bought": np.log1p(_distinct(who, n, assortment.categories[product]) / months),
        "types_bought": np.log1p(_distinct(who, n, assortment.kinds[product]) / months),
        "products_bought": np.log1p(_distinct(who, n, product) / months),
    }


def _campaigns(view: _View, sent: Sent, campaigns: Sequence[Sent]) -> dict[str, Floats]:
    h, place, n = view.history, view.place, view.n
    earlier = {c.campaign_id for c in campaigns if c.start < sent.start}
    running = {c.campaign_id for c in campaigns if c.start < sent.start <= c.end}
    alike = {c.campaign_id for c in campaigns if c.campaign_type == sent.campaign_type}
    kept = (place[h.target_customer] >= 0) & ~h.target_holdout & _among(h.target_campaign, earlier)
    who, which = place[h.target_customer[kept]], h.target_campaign[kept]
    used = (place[h.redeem_customer] >= 0) & (h.redeem_day < sent.start)
    user, campaign, day = place[h.redeem_customer[used]], h.redeem_campaign[used], h.redeem_day[used]
    times, redeemed = _count(who, n), _distinct(user, n, campaign)
    near, same = day >= sent.start - 60, _among(campaign, alike)
    return {
        "campaigns_sent": np.log1p(times),
        "campaigns_running": np.log1p(_count(who[_among(which, running)], n)),
        "campaigns_of_type_sent": np.log1p(_count(who[_among(which, alike)], n)),
        "campaigns_redeemed": np.log1p(redeemed),
        "share_of_campaigns_redeemed": redeemed / np.maximum(1.0, times),
        "redemption_days": np.log1p(_distinct(user, n, day)),
        "redemption_days_60_days": np.log1p(_distinct(user[near], n, day[near])),
        "days_since_last_redemption": np.log1p(_since(user, n, sent.start - day)),
        "campaigns_of_type_redeemed": np.log1p(_distinct(user[same], n, campaign[same])),
    }


def _coupons(view: _View, coupons: Coupons | None) -> dict[str, Floats]:
    n, months, assortment, who, product = view.n, view.months, view.assortment, view.who, view.product
    if coupons is None or not coupons.count:
        return {name: np.zeros(n) for name in THEMES["products"]}
    age, used = view.start - view.history.line_day[view.lines], view.coupon > 0
    mine = np.zeros(len(assortment.ids), dtype=bool)
    mine[coupons.product] = True
    kinds = np.zeros(assortment.kind_count, dtype=bool)
    kinds[assortment.kinds[coupons.product]] = True
    own, type_ = mine[product], kinds[assortment.kinds[product]]
    fits = _fits(who[own], product[own], n, coupons)
    of_types = _count(who[type_], n)
    return {
        "lines_with_coupon_on_its_types": np.log1p(_count(who[type_ & used], n) / months),
        "lines_of_its_types": np.log1p(of_types / months),
        "share_of_lines_of_its_types": of_types / np.maximum(1.0, _count(who, n)),
        "lines_of_its_products": np.log1p(_count(who[own], n) / months),
        "lines_of_its_products_90_days": np.log1p(_count(who[own & (age <= 90)], n)),
        "lines_with_coupon_on_its_products": np.log1p(_count(who[own & used], n) / months),
        "its_products_bought": np.log1p(_distinct(who[own], n, product[own]) / months),
        "its_types_bought": np.log1p(_distinct(who[own], n, assortment.kinds[product[own]]) / months),
        "share_of_its_coupons_that_fit": (fits > 0).mean(axis=1),
        "fit_over_its_coupons": np.log1p(np.log1p(fits / months).sum(axis=1)),
        "best_fit_of_its_coupons": np.log1p(fits.max(axis=1) / months),
        "days_since_its_products": np.log1p(_since(who[own], n, age[own])),
    }


def _fits(who: Ints, product: Ints, n: int, coupons: Coupons) -> Floats:
    """How many lines of each customer each coupon would have fitted, shape (n, coupons)."""
    from scipy.sparse import csr_array

    products = np.unique(coupons.product)
    column = np.searchsorted(products, product)
    bought = csr_array((np.ones(len(who)), (who, column)), shape=(n, len(products)))
    good = (np.searchsorted(products, coupons.product), coupons.coupon)
    fit = csr_array((np.ones(len(coupons.coupon)), good), shape=(len(products), coupons.count))
    found: Floats = (bought @ fit).toarray()
    return found


def _person(person: Floats) -> dict[str, Floats]:
    known = ~np.isnan(person)
    values = np.where(known, person, 0.0)
    found = {name: values[:, column] for column, name in enumerate(PERSON)}
    found["income_min"] = np.log1p(found["income_min"])
    found["age_min"] = np.log1p(found["age_min"])
    return {**found, "demographics_known": known[:, 0].astype(float)}


def _count(who: Ints, n: int, weights: Any = None) -> Floats:
    found: Floats = np.bincount(who, weights=weights, minlength=n).astype(float)
    return found


def _distinct(who: Ints, n: int, what: Ints) -> Floats:
    """How many different values each customer has."""
    if not len(who):
        return np.zeros(n)
    low, width = int(what.min()), int(what.max() - what.min()) + 1
    if n * width <= MOST_CELLS:
        seen = np.zeros((n, width), dtype=bool)
        seen[who, what - low] = True
        counts: Floats = seen.sum(axis=1).astype(np.float64)
        return counts
    pairs = np.sort(who * width + (what - low))
    return _count(pairs[np.append(True, pairs[1:] != pairs[:-1])] // width, n)


def _since(who: Ints, n: int, age: Ints) -> Floats:
    """Smallest age a customer, NEVER_DAYS where there is none."""
    found = np.full(n, NEVER_DAYS)
    np.minimum.at(found, who, age.astype(float))
    return found


def _longest(who: Ints, n: int, age: Ints) -> Floats:
    found = np.zeros(n)
    np.maximum.at(found, who, age.astype(float))
    return found


def _among(values: Ints, wanted: set[int]) -> NDArray[np.bool_]:
    return np.isin(values, np.array(sorted(wanted), dtype=np.int64))
