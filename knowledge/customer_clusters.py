"""Clusters of customers that buy alike: k-means on recency, frequency, spend, tenure, basket and departments.

Each k of a range is tried. Its silhouette (Rousseeuw, 1987) says how well the clusters are set apart, its
stability how well two fits on different halves of the customers agree on everybody (adjusted Rand index;
Hubert and Arabie, 1985; after Ben-Hur et al., 2002). Chosen is the k of the best silhouette among those
whose stability is near the best one's. Clusters are named in words by the features in which their mean
deviates most from the shop's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopwright.knowledge.customer_features import Floats, Measures
from shopwright.knowledge.customer_types import ClusterInfo
from shopwright.knowledge.names import department_names
from shopwright.knowledge.types import Frozen

SIZES = range(3, 9)
NEAR_BEST = 0.1
MOST_CUSTOMERS, MOST_FOR_SILHOUETTE = 10_000, 2_000
PAIRS = 3
DEPARTMENTS = 8
DEPARTMENT_WEIGHT = 0.3  # departments are many: together they should not outweigh how customers buy
TENURE_WEIGHT = 0.5  # most customers of a young shop, or of short records, have the same
CLIP = 3.0
NOTABLE = 0.5
BEHAVIOUR = ("recency", "frequency", "spend", "tenure", "basket")
WORDS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "recency": (("long away", "久未光顾"), ("recent", "近期光顾")),
    "frequency": (("frequent", "常来"), ("rare", "少来")),
    "spend": (("high-spending", "高消费"), ("low-spending", "低消费")),
    "tenure": (("long-standing", "老客户"), ("newer", "较新客户")),
    "basket": (("large baskets", "大单"), ("small baskets", "小单")),
}
"""How a feature above and below the shop's mean reads, in English and Chinese."""


class KTrial(Frozen):
    """How well k clusters did."""

    k: int
    silhouette: float
    stability: float = Field(description="Mean adjusted Rand index of fits on halves, up to 1.")


class Clusters(Frozen):
    """Fitted clusters. Call with the scaled features' sources to get each customer's number."""

    departments: list[str]
    means: list[float]
    scales: list[float]
    centres: list[list[float]]
    trials: list[KTrial]

    def __call__(self, before: Measures, mix: Floats) -> NDArray[np.int64]:
        """The number (1..) of each customer's cluster; `mix` as for `fit_clusters`."""
        rows = _scaled(_raw(before, mix), np.array(self.means), np.array(self.scales))
        found: NDArray[np.int64] = _nearest(rows, np.array(self.centres)) + 1
        return found

    @property
    def k(self) -> int:
        """How many there are."""
        return len(self.centres)


def fit_clusters(before: Measures, mix: Floats, departments: Sequence[str], seed: int = 20) -> Clusters:
    """Fit on customers and their spend by department, (n, len(departments) + 1), the rest last."""
    raw = _raw(before, mix)
    if len(raw) > MOST_CUSTOMERS:
        raw = raw[np.random.default_rng(seed).permutation(len(raw))[:MOST_CUSTOMERS]]
    means, scales = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
    rows = _scaled(raw, means, scales)
    trials, k = _choose(rows, seed)
    centres = _fit(rows, k, seed)
    sizes = np.bincount(_nearest(rows, centres), minlength=k)
    return Clusters(
        departments=list(departments),
        means=means.tolist(),
        scales=scales.tolist(),
        centres=centres[np.argsort(-sizes, kind="stable")].tolist(),
        trials=trials,
    )


def describe(clusters: Clusters, sizes: Sequence[int]) -> list[ClusterInfo]:
    """The clusters in words; `sizes` are the numbers of customers, by cluster number."""
    deviations = np.array(clusters.centres)
    deviations /= _weights(deviations.shape[1])
    taken: set[str] = set()
    infos = []
    for number, (row, size) in enumerate(zip(deviations, sizes, strict=True), 1):
        ranked = np.argsort(-np.abs(row), kind="stable")
        spoken = [
            int(place) for place in ranked if abs(row[place]) >= NOTABLE and _says(clusters, row, place)
        ]
        for length in range(min(2, len(spoken)), len(spoken) + 1):
            names = _name(clusters, row, spoken[:length])
            if names[0] not in taken:
                break
        else:
            names = (f"{names[0]} ({number})", f"{names[1]}（{number}）")
        taken.add(names[0])
        infos.append(
            ClusterInfo(
                number=number,
                name=names[0],
                name_zh=names[1],
                size=size,
                features=[f"{_label(clusters, place)} {row[place]:+.1f}" for place in ranked[:5].tolist()],
            )
        )
    return infos


def _choose(rows: Floats, seed: int) -> tuple[list[KTrial], int]:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    chance = np.random.default_rng(seed)
    trials = []
    for k in SIZES:
        if k * 10 > len(rows):
            break
        labels = _nearest(rows, _fit(rows, k, seed))
        if len(np.unique(labels)) < 2:
            continue
        agreement = []
        for pair in range(PAIRS):
            order = chance.permutation(len(rows))
            halves = (order[: len(rows) // 2], order[len(rows) // 2 :])
            found = [_nearest(rows, _fit(rows[half], k, seed + pair)) for half in halves]
            agreement.append(adjusted_rand_score(*found))
        width = silhouette_score(
            rows, labels, sample_size=min(len(rows), MOST_FOR_SILHOUETTE), random_state=seed
        )
        stable = float(np.mean(agreement))
        trials.append(KTrial(k=k, silhouette=round(float(width), 4), stability=round(stable, 4)))
    if not trials:
        return [], 1
    least = max(trial.stability for trial in trials) - NEAR_BEST
    best = max((t for t in trials if t.stability >= least), key=lambda t: (t.silhouette, -t.k))
    return trials, best.k


def _fit(rows: Floats, k: int, seed: int) -> Floats:
    from sklearn.cluster import KMeans

    centres: Floats = KMeans(k, n_init=4, random_state=seed).fit(rows).cluster_centers_
    return centres


def _nearest(rows: Floats, centres: Floats) -> NDArray[np.int64]:
    distance = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    nearest: NDArray[np.int64] = distance.argmin(axis=1).astype(np.int64)
    return nearest


def _raw(before: Measures, mix: Floats) -> Floats:
    """Behaviour on log scales, and square roots of the departments' shares (Hellinger's distance)."""
    lately = np.maximum(before["tenure"], 30)
    spend = np.maximum(before["spend"], 0)
    shares = np.maximum(mix, 0) / np.maximum(np.maximum(mix, 0).sum(axis=1, keepdims=True), 1e-9)
    return np.column_stack(
        [
            np.log1p(before["recency"]),
            np.log1p(30 * before["visits"] / lately),
            np.log1p(30 * spend / lately),
            before["tenure"] / max(1, before.cut),
            np.log1p(spend / np.maximum(before["baskets"], 1)),
            np.sqrt(shares[:, :-1]),
        ]
    )


def _scaled(raw: Floats, means: Floats, scales: Floats) -> Floats:
    rows: Floats = np.clip((raw - means) / scales, -CLIP, CLIP) * _weights(raw.shape[1])
    return rows


def _weights(columns: int) -> Floats:
    weights = np.full(columns, DEPARTMENT_WEIGHT)
    weights[: len(BEHAVIOUR)] = 1.0
    weights[BEHAVIOUR.index("tenure")] = TENURE_WEIGHT
    return weights


def _says(clusters: Clusters, row: Floats, place: int) -> bool:
    """A department is named where more is bought of it; less of one says little of a person."""
    return place < len(BEHAVIOUR) or bool(row[place] > 0)


def _label(clusters: Clusters, place: int) -> str:
    if place < len(BEHAVIOUR):
        return BEHAVIOUR[place]
    return department_names(clusters.departments[place - len(BEHAVIOUR)])[0]


def _name(clusters: Clusters, row: Floats, places: Sequence[int]) -> tuple[str, str]:
    spoken = []
    for place in places:
        if place < len(BEHAVIOUR):
            above, below = WORDS[BEHAVIOUR[place]]
            spoken.append(above if row[place] > 0 else below)
        else:
            name, name_zh = department_names(clusters.departments[place - len(BEHAVIOUR)])
            spoken.append((f"much {name[:1].lower()}{name[1:]}", f"偏爱{name_zh}"))
    if not spoken:
        return "Typical customers", "一般客户"
    english = ", ".join(word for word, _ in spoken)
    return f"{english[:1].upper()}{english[1:]}", "、".join(word for _, word in spoken)
