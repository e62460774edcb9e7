"""Measures of a ranking, for one customer and over many."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

K = 10

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Quality(NamedTuple):
    """NDCG@10 with binary gain, share found of all there was to find, whether anything was found."""

    ndcg: float
    recall: float
    hit: float


def top(scores: Floats, k: int = K) -> Ints:
    """Positions of the k highest scores, best first; equal scores in order of position."""
    return np.argsort(-scores, kind="stable")[:k]


def quality(hits: NDArray[np.bool_], count: int) -> Quality:
    """Of a ranking whose first places are `hits`, with `count` (1 or more) to be found in all."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    gain = float(discounts[: len(hits)][hits].sum())
    return Quality(gain / float(discounts[:count].sum()), float(hits.sum()) / count, float(hits.any()))


def summary(method: str, results: dict[str, list[Quality]]) -> dict[str, Any]:
    """Means over customers, with those of all other methods as baselines."""
    found: dict[str, Any] = _means(results[method])
    ndcg = np.array([one.ndcg for one in results[method]])
    half = 1.96 * float(ndcg.std(ddof=1)) / len(ndcg) ** 0.5 if len(ndcg) > 1 else 0.0
    mean = found["ndcg@10"] or 0.0
    found["ndcg@10_interval95"] = [round(mean - half, 4), round(mean + half, 4)]
    found["customers"] = len(ndcg)
    found["baselines"] = {name: _means(rows) for name, rows in results.items() if name != method}
    return found


def _means(rows: list[Quality]) -> dict[str, float | None]:
    if not rows:
        return {"ndcg@10": None, "recall@10": None, "hit_rate@10": None}
    ndcg, recall, hit = np.mean(rows, axis=0)
    return {
        "ndcg@10": round(float(ndcg), 4),
        "recall@10": round(float(recall), 4),
        "hit_rate@10": round(float(hit), 4),
    }
