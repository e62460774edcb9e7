"""Association rules: what is bought together in one basket.

Frequent sets are found by FP-growth (Han, Pei and Yin, SIGMOD 2000, as mlxtend has it). Support, confidence
and lift are the usual ones (Agrawal et al., 1993; Brin et al., 1997). Large baskets hold more of everything,
so nearly every pair of rare categories has a lift above 1; each rule therefore also tells its lift against
baskets of as many categories, and rules that are no more than a matter of basket size are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MIN_COUNT = 20
MIN_SUPPORT = 0.01
MOST_FOR_GROWTH = 10_000
SIZE_CLASSES = 12
BEYOND_SIZE = 1.05
CLEARLY = 1.5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Sizes:
    """How often baskets of each size (in categories) hold each category."""

    def __init__(self, matrix: csr_array) -> None:
        self._matrix = matrix
        size = np.asarray(matrix.sum(axis=1)).ravel()
        inner = np.linspace(0, 1, SIZE_CLASSES + 1)[1:-1]
        edges: Floats = np.unique(np.quantile(size, inner)) if len(size) else np.empty(0)
        self.classes: Ints = np.searchsorted(edges, size, side="left").astype(np.int64)
        self.count = len(edges) + 1
        held = np.array([self._held(self.classes == place) for place in range(self.count)])
        there = np.bincount(self.classes, minlength=self.count)[:, None]
        self._rates: Floats = held / np.maximum(there, 1)

    def expected(self, chosen: NDArray[np.bool_]) -> Floats:
        """In how many of the chosen baskets each category would be, were only their sizes to matter."""
        sizes = np.bincount(self.classes[chosen], minlength=self.count)
        expected: Floats = sizes @ self._rates
        return expected

    def _held(self, chosen: NDArray[np.bool_]) -> Floats:
        held: Floats = np.asarray(self._matrix[chosen].sum(axis=0)).ravel().astype(np.float64)
        return held


def low_share(count: Floats, total: float, z: float = 1.2816) -> Floats:
    """The lower end of Wilson's interval of a share: a rank that does not fall for small counts."""
    share = count / max(1.0, total)
    middle = share + z**2 / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2))
    low: Floats = (middle - spread) / (1 + z**2 / total)
    return low


def frequent_rules(
    matrix: csr_array, least: int, most: int, seed: int = 20
) -> list[tuple[tuple[int, ...], int]]:
    """Rules (given one or two items, then one) from frequent sets of up to three, by FP-growth.

    Grown on at most MOST_FOR_GROWTH baskets; the counts that are shown are made on all of them. `least` is
    the smallest count of baskets on all of them. Ordered by lift; twice `most` at the most.
    """
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    if matrix.shape[0] < least:
        return []
    sample = matrix
    if matrix.shape[0] > MOST_FOR_GROWTH:
        rows = np.sort(np.random.default_rng(seed).permutation(matrix.shape[0])[:MOST_FOR_GROWTH])
        sample = matrix[rows]
    support = max(MIN_SUPPORT, least / max(1, matrix.shape[0]))
    frame = pd.DataFrame(sample.toarray().astype(bool))
    sets = fpgrowth(frame, min_support=support, max_len=3)
    if sets.empty or not (sets["itemsets"].map(len) > 1).any():
        return []
    found = association_rules(sets, metric="lift", min_threshold=1.0)
    found = found[found["consequents"].map(len) == 1].sort_values("lift", ascending=False, kind="stable")
    rules = zip(found["antecedents"], found["consequents"], strict=True)
    return [(tuple(sorted(map(int, given))), int(next(iter(then)))) for given, then in rules][: 20 * most]


def distinct(rules: Sequence[tuple[tuple[int, ...], int]], lifts: Sequence[float], most: int) -> list[int]:
    """Places of the rules to show, strongest first: of the same items one, and none that is part of another.

    A rule of more items is shown only where it is clearly stronger than one of some of them.
    """
    sets = [frozenset((*given, then)) for given, then in rules]
    shown: list[int] = []
    for place in sorted(range(len(rules)), key=lambda at: (-lifts[at], at)):
        simpler = any(
            sets[other] < sets[place] and lifts[other] * CLEARLY >= lifts[place]
            for other in range(len(rules))
        )
        if simpler or any(sets[place] <= sets[at] or sets[at] <= sets[place] for at in shown):
            continue
        shown.append(place)
        if len(shown) == most:
            break
    return shown
