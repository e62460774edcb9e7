"""Backtests of the special cases: what goes into a basket, and customers of whom no order is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.recommend_groups import group
from shopwright.knowledge.recommend_peers import peers
from shopwright.knowledge.recommend_quality import K, Quality, quality, summary, top

if TYPE_CHECKING:
    from shopwright.knowledge.recommend_fit import Source
    from shopwright.knowledge.recommend_learned import Learned
    from shopwright.knowledge.recommend_lines import Lines

BASKETS = 1000
STRANGERS = 400
MIN_BUYERS = 5
SEED = 5

Ints = NDArray[np.int64]


def judge_baskets(source: Source, whole: Source, learned: Learned, progress: Progress) -> dict[str, Any]:
    """Whether the product left out of an order of the test days is among the 10 that go with the others.

    Over BASKETS orders of three or more products, drawn from a fixed seed; beside popularity over 28 days.
    """
    from shopwright.knowledge.recommend import basket_scores
    from shopwright.knowledge.recommend_fit import with_baskets

    found = with_baskets(source, learned, progress)
    chance = np.random.default_rng(SEED)
    late = np.flatnonzero(whole.lines.days > learned.day)
    known = learned.catalogue.offered & (learned.items.buyers >= MIN_BUYERS)
    late = late[known[whole.lines.rows[late]]]
    order = late[np.argsort(whole.lines.orders[late], kind="stable")]
    baskets = np.split(order, np.flatnonzero(np.diff(whole.lines.orders[order])) + 1)
    hits: dict[str, list[Quality]] = {"recommender": [], "popularity_28_days": []}
    for place in chance.permutation(len(baskets))[: 3 * BASKETS]:
        rows = np.unique(whole.lines.rows[baskets[place]])
        if len(rows) < 3 or len(hits["recommender"]) == BASKETS:
            continue
        left_out = int(chance.choice(rows))
        rest = rows[rows != left_out]
        scores = {
            "recommender": basket_scores(found, rest),
            "popularity_28_days": learned.items.recent.copy(),
        }
        for name, values in scores.items():
            values[rest] = -1.0
            values[~known] = -1.0
            best = np.argpartition(-values, K)[:K] if len(values) > K else np.arange(len(values))
            best = best[top(values[best])]
            hits[name].append(quality(best == left_out, 1))
    return summary("recommender", hits)


def judge_strangers(whole: Source, cut: Lines, learned: Learned, progress: Progress) -> dict[str, Any]:
    """Customers taken as if they had never ordered: what their peers buy, beside what sells everywhere.

    Over at most STRANGERS customers of known age or household who bought in the test days. Each customer is
    left out of the peers.
    """
    from shopwright.knowledge.recommend import STRANGER_POWER, group_scores
    from shopwright.knowledge.recommend_fit import AHEAD_DAYS, bought_after

    groups = group(cut, learned.catalogue, learned.day)
    known = learned.catalogue.offered & (learned.items.buyers >= MIN_BUYERS)
    sold = np.where(known, learned.items.recent, -1.0)
    hits: dict[str, list[Quality]] = {"recommender": [], "popularity_28_days": []}
    users = np.random.default_rng(SEED).permutation(len(cut.customers))
    for user, rows in bought_after(whole.lines, users, learned.day, AHEAD_DAYS):
        if len(hits["recommender"]) == STRANGERS:
            break
        customer, truth = int(cut.customers[user]), rows[known[rows]]
        alike = peers(whole.shop, customer, groups.customers)
        if alike is None or not len(truth):
            continue
        progress("recommender: backtest of strangers", len(hits["recommender"]), STRANGERS)
        others = replace(groups, sampled=False)
        found = others.shares(whole.shop.engine, learned.catalogue, alike[alike != customer])
        scores = group_scores(groups, learned, found, STRANGER_POWER)
        for name, values in {
            "recommender": np.where(known, scores, -1.0),
            "popularity_28_days": sold,
        }.items():
            hits[name].append(quality(np.isin(top(values), truth), len(truth)))
    progress("recommender: backtest of strangers", STRANGERS, STRANGERS)
    return summary("recommender", hits)
