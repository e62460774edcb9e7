"""How good the recommendations would have been: the last 28 days held back, everything before fitted.

Every customer who bought in those days is asked for; items are products, or product types, with
MIN_BUYERS or more buyers before the cut, for every method alike. 'New' is what the customer had not bought
before. NDCG with binary gain (Jarvelin and Kekalainen, 2002), its ideal cut at 10; recall@10 is the share of
all that was bought. Nothing here looks past the cut: the signals end with it and the blend is learned on the
windows of 28 days before it. Settings were chosen on a cut 28 days earlier.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.recommend_baselines import Baselines
from shopwright.knowledge.recommend_blend import Trees
from shopwright.knowledge.recommend_extra_backtest import judge_baskets, judge_strangers
from shopwright.knowledge.recommend_fit import (
    AHEAD_DAYS,
    Source,
    bought_after,
    learn_blend,
    read,
    tables,
)
from shopwright.knowledge.recommend_learned import Learned
from shopwright.knowledge.recommend_lines import Lines, day_of
from shopwright.knowledge.recommend_pairs import MIN_BUYERS
from shopwright.knowledge.recommend_quality import K, Quality, quality, summary, top

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

NAMES = {"all": "product_all", "new": "product_new", "kind_all": "type_all", "kind_new": "type_new"}
CUSTOMERS = 4000
METHOD = "recommender"

Ints = NDArray[np.int64]


def backtest(
    shop: Shop, progress: Progress = lambda _step, _done, _total: None, days_before: int = 0
) -> dict[str, Any]:
    """Figures of the recommender and of simple rules on the 28 days that end `days_before` the last order.

    `product_all`, `product_new`, `type_all`, `type_new`: each with `ndcg@10` (and its 95% interval over
    customers), `recall@10`, `hit_rate@10`, `customers` and `baselines`. At most CUSTOMERS customers, drawn
    from a fixed seed. `baskets` and `strangers`: see `recommend_extra_backtest`. Raises LookupError when the
    shop has too few orders to set 28 days aside.
    """
    end = shop.today - timedelta(days=days_before)
    whole = read(shop, end, progress)
    until = end - timedelta(days=AHEAD_DAYS)
    earlier = whole.lines.until(day_of(until))
    if not len(earlier.rows):
        raise LookupError(f"A backtest needs more than {AHEAD_DAYS} days of orders; the shop has fewer.")
    source = replace(whole, lines=earlier, until=until)
    blend = learn_blend(source, progress)
    learned, cut = source.learned(0, progress)
    users = np.random.default_rng(0).permutation(len(cut.customers))
    found = _judge(whole.lines, cut, learned, blend, users, progress)
    for name in NAMES.values():
        found.setdefault(name, summary(METHOD, {METHOD: []}))
    return {
        **{name: found[name] for name in NAMES.values()},
        "split": {
            "train_until": f"{until:%Y-%m-%d %H:%M}", "test_until": f"{end:%Y-%m-%d %H:%M}",
            "days": AHEAD_DAYS, "min_buyers": MIN_BUYERS,
        },
        "blend": "learned" if isinstance(blend, Trees) else "fixed",
        "baskets": judge_baskets(source, whole, learned, progress),
        "strangers": judge_strangers(whole, cut, learned, progress),
    }  # fmt: skip


def _judge(
    lines: Lines, cut: Lines, learned: Learned, blend: Any, users: Ints, progress: Progress
) -> dict[str, dict[str, Any]]:
    levels = {level: _level(learned, cut, level) for level in ("product", "type")}
    results: dict[str, dict[str, list[Quality]]] = defaultdict(lambda: defaultdict(list))
    total = min(CUSTOMERS, len(users))
    buyers = bought_after(lines, users, learned.day, AHEAD_DAYS)
    for done, (user, rows) in enumerate(islice(buyers, CUSTOMERS)):
        progress("recommender: backtest", done, total)
        ranked = {
            NAMES[choice.target]: choice.bought[top(blend.scores(choice.signals, choice.target))]
            for choice in tables(learned, cut, user, rows)
        }
        for level, rules in levels.items():
            for name, hits, count in _rules(rules, cut, user, rules.codes[rows]):
                if count:
                    key = f"{level}_{name}"
                    for method, hit in {METHOD: ranked[key], **hits}.items():
                        results[key][method].append(quality(hit, count))
    progress("recommender: backtest", total, total)
    return {name: summary(METHOD, methods) for name, methods in results.items()}


def _level(learned: Learned, cut: Lines, level: str) -> Baselines:
    c = learned.catalogue
    product = level == "product"
    items, codes = (learned.items, np.arange(len(c.ids))) if product else (learned.kinds, c.types)
    known = items.buyers >= MIN_BUYERS
    if product:
        known = known & c.offered
    return Baselines(cut, codes, items, np.flatnonzero(known), learned.day)


def _rules(
    rules: Baselines, cut: Lines, user: int, bought: Ints
) -> list[tuple[str, dict[str, NDArray[np.bool_]], int]]:
    """For all and for new: which of each rule's first K were bought, and how many there were to find."""
    truth = np.isin(rules.known, bought)
    part = slice(int(cut.starts[user]), int(cut.starts[user + 1]))
    before = np.isin(rules.known, rules.codes[cut.rows[part]])
    scores = rules.scores(user)
    every = {name: truth[top(values)] for name, values in scores.items()}
    new = {
        name: (truth & ~before)[top(np.where(before, -1.0, values))]
        for name, values in scores.items()
        if not name.startswith("own")
    }
    return [("all", every, int(truth.sum())), ("new", new, int((truth & ~before).sum()))]


__all__ = ["K", "Source", "backtest"]
