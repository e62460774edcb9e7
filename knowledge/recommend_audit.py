"""Whether recommendations show some brands more, or serve some customers worse, than purchases explain.

The recommender is fitted as of 28 days before the shop's last order and asked for a random sample of
customers from a fixed seed. What it would have shown, as it is shown (with diversity), is put beside what
the same customers bought in those 28 days: their purchases are the relevance that exposure should follow
(fairness of exposure: Singh and Joachims, KDD 2018). A place counts by 1 / log2(1 + place). Intervals are
95%, by bootstrap over customers. A group is flagged where the whole interval of exposure over relevance lies
outside 0.8 .. 1.25 (the four-fifths rule, both ways). It is an observation on this model and this shop, and
does not tell why.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from shopwright.knowledge.columns import CUSTOMER, PRODUCT
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.recommend_blend import Blend
from shopwright.knowledge.recommend_fit import AHEAD_DAYS, bought_after, learn_blend, read, tables
from shopwright.knowledge.recommend_learned import Learned
from shopwright.knowledge.recommend_lines import Lines, day_of
from shopwright.knowledge.recommend_pairs import MIN_BUYERS
from shopwright.knowledge.recommend_picking import DIVERSITY, pick
from shopwright.knowledge.recommend_quality import K, quality

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["audit", "gini"]

CUSTOMERS = 600
RESAMPLES = 400
SEED = 17
FAIR = (0.8, 1.25)
LEAST = 0.01
TOLD_FROM = 20
GROUPS = 12
MODES = {"all": "all", "discover": "new"}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class _Shown:
    """What one mode showed each customer of the sample, what each then bought, and how good that was."""

    users: list[int]
    shown: list[Ints]
    bought: list[Ints]
    ndcg: list[float]


def audit(
    shop: Shop, progress: Progress = lambda _step, _done, _total: None, customers: int = CUSTOMERS
) -> dict[str, Any]:
    """Exposure by brand and department, spread over products, and NDCG@10 by group of customers.

    For each mode (`all`, `discover`): `brands` and `departments`, a row a group with shares (0..1) of the
    `catalogue`, of `sales` in the 91 days before, of `relevance` and `exposure`, their ratio with its
    interval, and `flag` ('' | 'over' | 'under'); `spread`: Gini coefficients over products (0 even, 1 all on
    one) and coverage; `customers`: NDCG@10 by group with intervals. `flags` names every flagged group.
    Raises LookupError when the shop has too few orders to set 28 days aside.
    """
    whole = read(shop, shop.today, progress)
    until = shop.today - timedelta(days=AHEAD_DAYS)
    earlier = whole.lines.until(day_of(until))
    if not len(earlier.rows):
        raise LookupError(f"An audit needs more than {AHEAD_DAYS} days of orders; the shop has fewer.")
    source = replace(whole, lines=earlier, until=until)
    blend = learn_blend(source, progress)
    learned, cut = source.learned(0, progress)
    found = _show(whole.lines, cut, learned, blend, customers, progress)
    labels = _labels(shop)
    bands = _bands(shop, cut.customers)
    least = shop.settings.k_anonymity
    modes = {mode: _mode(learned, shown, labels, bands, least) for mode, shown in found.items()}
    flags = [
        f"{mode}: {row['group']} ({row['flag']})"
        for mode, result in modes.items()
        for part in ("brands", "departments", "customers")
        for row in result[part]
        if row["flag"]
    ]
    return {
        "customers": len(found["all"].users),
        "train_until": f"{until:%Y-%m-%d}",
        "test_until": f"{shop.today:%Y-%m-%d}",
        "fair_ratio": list(FAIR),
        "diversity": DIVERSITY,
        **modes,
        "flags": flags,
    }


def _show(
    lines: Lines, cut: Lines, learned: Learned, blend: Blend, customers: int, progress: Progress
) -> dict[str, _Shown]:
    found = {mode: _Shown([], [], [], []) for mode in MODES}
    catalogue, known = learned.catalogue, learned.items.buyers >= MIN_BUYERS
    users = np.random.default_rng(SEED).permutation(len(cut.customers))
    buyers = bought_after(lines, users, learned.day, AHEAD_DAYS)
    for done, (user, rows) in enumerate(islice(buyers, customers)):
        progress("recommender: audit", done, customers)
        before = np.unique(cut.history(user, learned.day).rows)
        ranked = {table.target: table for table in tables(learned, cut, user, rows, kinds=False)}
        for mode, target in MODES.items():
            table = ranked[target]
            scores = np.zeros(len(catalogue.ids))
            scores[table.items] = blend.scores(table.signals, target)
            shown = np.array(pick(catalogue, scores, K), dtype=np.int64)
            truth = rows[known[rows] & catalogue.offered[rows]]
            truth = truth if mode == "all" else np.setdiff1d(truth, before)
            if len(truth):
                one = found[mode]
                one.users.append(user)
                one.shown.append(shown)
                one.bought.append(truth)
                one.ndcg.append(quality(np.isin(shown, truth), len(truth)).ndcg)
    progress("recommender: audit", customers, customers)
    return found


def _labels(shop: Shop) -> dict[str, NDArray[np.str_]]:
    """Brand and department of every product in the order of ids."""
    c = PRODUCT.c
    with shop.engine.connect() as connection:
        rows = connection.execute(select(c.brand, c.department).order_by(c.id)).all()
    return {
        "brands": np.array([row[0] or "(no brand)" for row in rows], dtype=np.str_),
        "departments": np.array([row[1] or "(no department)" for row in rows], dtype=np.str_),
    }


def _bands(shop: Shop, customers: Ints) -> dict[str, NDArray[np.str_]]:
    """For every customer: whether the age is known, and the band of income."""
    c = CUSTOMER.c
    with shop.engine.connect() as connection:
        rows = connection.execute(select(c.id, c.age_min, c.income_min)).all()
    age = {row[0]: "age unknown" if row[1] is None else "age known" for row in rows}
    income = {row[0]: "income unknown" if row[2] is None else f"income from {row[2]:,}" for row in rows}
    return {
        "age": np.array([age[customer] for customer in customers.tolist()], dtype=np.str_),
        "income": np.array([income[customer] for customer in customers.tolist()], dtype=np.str_),
    }


def _mode(
    learned: Learned,
    shown: _Shown,
    labels: dict[str, NDArray[np.str_]],
    bands: dict[str, NDArray[np.str_]],
    least: int,
) -> dict[str, Any]:
    exposed = _exposure(learned, shown)
    offered = learned.catalogue.offered
    eligible = offered & (learned.items.buyers >= MIN_BUYERS)
    seen = np.unique(np.concatenate(shown.shown)) if shown.shown else np.empty(0, np.int64)
    return {
        **{name: _groups(learned, shown, label) for name, label in labels.items()},
        "spread": {
            "gini_exposure": gini(exposed[eligible]),
            "gini_sales": gini(learned.items.quarter[eligible]),
            "products_shown": len(seen),
            "coverage": round(len(seen) / max(1, int(eligible.sum())), 4),
            "coverage_of_catalogue": round(len(seen) / max(1, int(offered.sum())), 4),
        },
        "customers": _by_customers(shown, bands, least),
    }


def _exposure(learned: Learned, shown: _Shown) -> Floats:
    exposed = np.zeros(len(learned.catalogue.ids))
    for rows in shown.shown:
        exposed[rows] += _discounts(len(rows))
    return exposed


def _discounts(count: int) -> Floats:
    return np.asarray(1 / np.log2(np.arange(2, count + 2)))


def gini(values: Floats) -> float:
    """The Gini coefficient of amounts of 0 or more: 0 when all are equal, near 1 when one has everything."""
    ordered = np.sort(values)
    if not len(ordered) or not ordered.sum():
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    return round(float((2 * places - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum())), 4)


def _groups(learned: Learned, shown: _Shown, label: NDArray[np.str_]) -> list[dict[str, Any]]:
    """The GROUPS groups with the most relevance and exposure; a customer weighs as much as any other."""
    names, codes = np.unique(label, return_inverse=True)
    count = len(names)
    exposure: Floats = np.array(
        [np.bincount(codes[rows], _discounts(len(rows)), minlength=count) for rows in shown.shown]
    ).reshape(-1, count)
    relevance: Floats = np.array(
        [np.bincount(codes[rows], minlength=count) / len(rows) for rows in shown.bought]
    ).reshape(-1, count)
    exposure /= np.maximum(exposure.sum(axis=1, keepdims=True), 1e-12)
    offered = learned.catalogue.offered
    in_catalogue = np.bincount(codes[offered], minlength=count) / max(1, int(offered.sum()))
    amounts = np.zeros(count)
    np.add.at(amounts, codes, learned.items.quarter)
    sold = amounts / max(1.0, float(amounts.sum()))
    mean_exposure, mean_relevance = _mean(exposure), _mean(relevance)
    low, high = _ratio_intervals(exposure, relevance)
    order = np.argsort(-(mean_exposure + mean_relevance), kind="stable")[:GROUPS]
    rows = []
    for at in order.tolist():
        some = max(mean_exposure[at], mean_relevance[at]) >= LEAST
        ratio = mean_exposure[at] / mean_relevance[at] if mean_relevance[at] > 0 else None
        flag = "over" if some and low[at] > FAIR[1] else "under" if some and high[at] < FAIR[0] else ""
        rows.append(
            {
                "group": str(names[at]),
                "catalogue": round(float(in_catalogue[at]), 4),
                "sales": round(float(sold[at]), 4),
                "relevance": round(float(mean_relevance[at]), 4),
                "exposure": round(float(mean_exposure[at]), 4),
                "ratio": None if ratio is None else round(float(ratio), 3),
                "ratio_interval95": [round(float(low[at]), 3), round(float(high[at]), 3)],
                "flag": flag,
            }
        )
    return rows


def _mean(rows: Floats) -> Floats:
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])


def _ratio_intervals(exposure: Floats, relevance: Floats) -> tuple[Floats, Floats]:
    """The 95% interval of mean exposure over mean relevance, a column a group."""
    if not len(exposure):
        return np.zeros(exposure.shape[1]), np.full(exposure.shape[1], 999.0)
    chance = np.random.default_rng(SEED)
    weights = chance.multinomial(len(exposure), np.full(len(exposure), 1 / len(exposure)), RESAMPLES)
    ratios = (weights @ exposure) / np.maximum(weights @ relevance, 1e-9)
    low, high = np.percentile(np.minimum(ratios, 999.0), (2.5, 97.5), axis=0)
    return low, high


def _by_customers(shown: _Shown, bands: dict[str, NDArray[np.str_]], least: int) -> list[dict[str, Any]]:
    """NDCG@10 by group of `least` or more; flagged where its interval lies outside 0.8 .. 1.25 of the mean.

    A group of fewer than TOLD_FROM is not flagged: its interval cannot be trusted.
    """
    ndcg, users = np.array(shown.ndcg), np.array(shown.users, dtype=np.int64)
    everyone = float(ndcg.mean()) if len(ndcg) else 0.0
    rows = []
    for kind, labels in bands.items():
        members: defaultdict[str, list[float]] = defaultdict(list)
        for value, user in zip(ndcg.tolist(), users.tolist(), strict=True):
            members[str(labels[user])].append(value)
        for name in sorted(members, key=_by_number):
            values = np.array(members[name])
            if len(values) < least:
                continue
            half = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else everyone
            mean = float(values.mean())
            told = len(values) >= TOLD_FROM
            over = told and mean - half > FAIR[1] * everyone
            under = told and mean + half < FAIR[0] * everyone
            rows.append(
                {
                    "kind": kind,
                    "group": name,
                    "customers": len(values),
                    "ndcg@10": round(mean, 4),
                    "ndcg@10_interval95": [round(max(0.0, mean - half), 4), round(mean + half, 4)],
                    "flag": "over" if over else "under" if under else "",
                }
            )
    return rows


def _by_number(name: str) -> tuple[int, str]:
    digits = "".join(char for char in name if char.isdigit())
    return (int(digits) if digits else -1, name)
