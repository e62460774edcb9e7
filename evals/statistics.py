"""How sure a figure is: intervals, paired tests, repeated trials and agreement. Every interval is of 95%."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z = 1.959963984540054  # 95% of a normal distribution lies within so many standard deviations
RESAMPLES, SEED = 10_000, 20_240_501
BLOCK = 2_000_000  # so many draws are held at once, whatever the number of pairs

Samples = NDArray[np.float64]
Statistic = Callable[[Samples, Samples], Any]


def wilson(right: float, cases: int) -> tuple[float, float]:
    """The interval of a share `right / cases` (Wilson, 1927). Without cases nothing is known: from 0 to 1.

    `right` may be a fraction, where a case counts by the mean over its trials.
    """
    if not cases:
        return 0.0, 1.0
    share, spread = right / cases, Z**2 / cases
    middle = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / cases + spread / (4 * cases)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p that as many pairs would flip so unevenly by chance (McNemar, 1947).

    Only pairs that differ tell anything; under chance each is a fair coin, so p is a binomial tail, doubled.
    """
    return min(1.0, 2 * mcnemar_drop(max(lost, won), min(lost, won)))


def mcnemar_drop(lost: int, won: int) -> float:
    """One-sided exact p of at least `lost` losses among the pairs that flipped (McNemar, 1947)."""
    flips = lost + won
    return sum(math.comb(flips, heads) for heads in range(lost, flips + 1)) / (1 << flips)


def holm(chances: Sequence[float]) -> list[float]:
    """p values corrected for being several, in their own order (Holm, 1979)."""
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    corrected, worst = [0.0] * len(chances), 0.0
    for rank, at in enumerate(order):
        worst = max(worst, min(1.0, (len(chances) - rank) * chances[at]))
        corrected[at] = worst
    return corrected


def mean_difference(first: Samples, second: Samples) -> Any:
    """Mean of the second less mean of the first, along the last axis."""
    return second.mean(axis=-1) - first.mean(axis=-1)


def median_ratio(first: Samples, second: Samples) -> Any:
    """Median of the second over median of the first, along the last axis; the values are above zero."""
    return np.median(second, axis=-1) / np.median(first, axis=-1)


def paired_bootstrap(
    first: ArrayLike,
    second: ArrayLike,
    statistic: Statistic = mean_difference,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float, float]:
    """The percentile interval of a statistic of pairs, which are drawn anew together (Efron, 1979).

    The same seed gives the same interval. Raises ValueError when there is no pair, or one side is longer.
    """
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 1 or not one.size:
        raise ValueError(f"pairs are needed, not {one.shape} and {two.shape}")
    draw = np.random.default_rng(seed)
    rows = max(1, BLOCK // one.size)
    found = []
    for start in range(0, resamples, rows):
        picked = draw.integers(0, one.size, (min(rows, resamples - start), one.size))
        found.append(statistic(one[picked], two[picked]))
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    return float(low), float(high)


def pass_hat(passed: int, trials: int, k: int) -> float:
    """Chance that k trials of a case all pass: C(passed, k) / C(trials, k), without bias.

    Source: Yao et al., tau-bench, 2024. Raises ValueError when there are fewer than k trials.
    """
    if not 0 < k <= trials:
        raise ValueError(f"pass^{k} cannot be told from {trials} trials")
    return math.comb(passed, k) / math.comb(trials, k)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two judges on the same things, beyond chance: 1 full, 0 as chance (Cohen, 1960).

    None where it is not defined: nothing was judged, or both gave everything one and the same label.
    Raises ValueError when they judged different numbers of things.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} judgements are no pairs")
    total = len(first)
    if not total:
        return None
    agreed = sum(one == two for one, two in zip(first, second, strict=True)) / total
    counts = Counter(first), Counter(second)
    chance = sum(counts[0][label] * counts[1][label] for label in counts[0]) / total**2
    return None if chance == 1 else (agreed - chance) / (1 - chance)
