"""How good the recommendations would have been: the last days of orders held back, everything before fitted.

Recommendations are ranked without looking at the held-back orders; only products with MIN_BUYERS or
more buyers before count, for every method alike. NDCG with binary gain (Jarvelin and Kekalainen, 2002).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sqlalchemy import func, select

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.columns import LINES, ORDERS
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.purchases import purchases
from shopwright.knowledge.recommend import pick
from shopwright.knowledge.recommend_fit import MIN_BUYERS, Ints, learn
from shopwright.knowledge.recommend_scores import Floats, Scores

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

K = 10


class Quality(NamedTuple):
    """Mean over customers of one method's NDCG@10 and recall@10, and how many customers."""

    method: str
    ndcg: float
    recall: float
    customers: int


def backtest_recommender(
    shop: Shop, days: int = 28, customers: int = 500, progress: Progress = lambda _step, _done, _total: None
) -> list[Quality]:
    """Quality on the last `days` days, on a fixed sample of at most `customers` who bought then.

    Raises LookupError when the shop has no orders.
    """
    cut = shop.today - timedelta(days=days)
    scores = Scores(Catalogue(shop.engine), learn(shop.engine, cut, progress))
    allowed = np.isin(scores.catalogue.ids, _often_bought(shop, cut))
    bought = _bought_after(shop, cut)
    sample = np.random.default_rng(0).permutation(sorted(bought))[:customers]
    results: dict[str, list[tuple[float, float]]] = {}
    for done, customer in enumerate(int(customer) for customer in sample):
        progress("recommender: backtest", done, len(sample))
        rows = scores.catalogue.rows(np.array(bought[customer], dtype=np.int64))
        truth = {int(row) for row in rows if row >= 0 and allowed[row]}
        if truth:
            for method, ranked in _rankings(shop, scores, allowed, customer, cut).items():
                results.setdefault(method, []).append(_quality(ranked, truth))
    return [_mean(method, pairs) for method, pairs in results.items()]


def _mean(method: str, pairs: list[tuple[float, float]]) -> Quality:
    ndcg, recall = np.mean(pairs, axis=0)
    return Quality(method, float(ndcg), float(recall), len(pairs))


def _rankings(
    shop: Shop,
    scores: Scores,
    allowed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    customer: int,
    cut: datetime,
) -> dict[str, list[int]]:
    own = purchases(shop.engine, customer, cut)
    rows = scores.catalogue.rows(own.products)
    frequency: Floats = np.zeros(len(scores.catalogue.ids))
    frequency[rows[rows >= 0]] = own.orders[rows >= 0]
    blend = scores.for_customer(own)[0]
    ways = {
        "popularity": (scores.popularity, False),
        "own frequency": (frequency, False),
        "recommender": (blend, False),
        "recommender, as shown": (blend, True),
    }
    return {
        name: pick(scores.catalogue, np.where(allowed, values, 0.0), K, varied=varied)
        for name, (values, varied) in ways.items()
    }


def _quality(ranked: list[int], truth: set[int]) -> tuple[float, float]:
    discounts = 1 / np.log2(np.arange(2, K + 2))
    hits = np.array([row in truth for row in ranked] + [False] * (K - len(ranked)))
    return float(discounts[hits].sum() / discounts[: len(truth)].sum()), float(hits.sum() / len(truth))


def _often_bought(shop: Shop, cut: datetime) -> Ints:
    query = (
        select(LINES.c.product_id)
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(ORDERS.c.ordered_at <= cut)
        .group_by(LINES.c.product_id)
        .having(func.count(ORDERS.c.customer_id.distinct()) >= MIN_BUYERS)
    )
    with shop.engine.connect() as connection:
        return np.array(connection.execute(query).scalars().all(), dtype=np.int64)


def _bought_after(shop: Shop, cut: datetime) -> dict[int, list[int]]:
    query = (
        select(ORDERS.c.customer_id, LINES.c.product_id)
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.ordered_at > cut, ORDERS.c.status != "cancelled")
        .distinct()
    )
    bought: dict[int, list[int]] = {}
    with shop.engine.connect() as connection:
        for customer, product in connection.execute(query):
            bought.setdefault(customer, []).append(product)
    return bought
