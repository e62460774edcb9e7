"""Drawing how a campaign might go: its luck as a whole, then each customer's, then what redeemers spend.

The shift of a whole campaign on the log-odds scale follows Student's t, as a normal does whose variance
is known from few campaigns. Draws are stratified and seeded: the same campaign always gives the same
figures.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_sales import Sales
from shopwright.knowledge.types import Interval

DRAWS = 1000
QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
GRID = 61
WIDEST = 12.0  # log-odds: beyond, a rate is 0 or 1

Floats = NDArray[np.float64]


class Luck(NamedTuple):
    """A campaign's shift on the log-odds scale: Student's t with `freedom`, around `centre`.

    `spread` is the scale for the 80% interval, `tail` how much wider draws beyond it are.
    """

    centre: float
    spread: float
    freedom: int
    tail: float = 1.0


@lru_cache(maxsize=64)
def standard_shifts(freedom: int, tail: float) -> Floats:
    """DRAWS shifts of unit scale in random order; those outside the 80% interval stretched by `tail`."""
    from scipy.stats import t

    order = np.random.default_rng(0).permutation(DRAWS)
    shifts: Floats = t.ppf((order + 0.5) / DRAWS, max(1, freedom))
    edge = float(t.ppf(0.9, max(1, freedom)))
    beyond = np.abs(shifts) - edge
    return np.where(beyond > 0, np.sign(shifts) * (edge + beyond * tail), shifts)


def rate_curve(log_odds: Floats, widest: float = WIDEST) -> tuple[Floats, Floats]:
    """Mean probability of customers over a grid of shifts, denser around none: shifts and rates."""
    steps = np.linspace(-1.0, 1.0, GRID)
    grid = widest * np.sign(steps) * steps**2
    rates = np.array([sigmoid(log_odds + shift).mean() for shift in grid])
    return grid, rates


def redeemers(curve: tuple[Floats, Floats], audience: int, luck: Luck) -> Floats:
    """DRAWS counts of redeemers among `audience` customers whose rates follow `curve`."""
    shifts = luck.centre + luck.spread * standard_shifts(luck.freedom, luck.tail)
    rates = np.interp(shifts, *curve)
    counts: Floats = np.random.default_rng(2).binomial(audience, np.clip(rates, 0.0, 1.0)).astype(float)
    return counts


def smoothed(counts: Floats, audience: int) -> Floats:
    """Counts spread evenly over half a person on either side, within 0 and the audience.

    The interval of whole counts holds more than it claims, most of all when few redeem; quantiles of the
    mid-distribution (Parzen, 2004) hold what they claim.
    """
    half = np.random.default_rng(3).random(DRAWS) - 0.5
    found: Floats = np.clip(counts + half, 0.0, float(audience))
    return found


@lru_cache(maxsize=1)
def _sales_noise() -> tuple[Floats, Floats]:
    random = np.random.default_rng(1)
    return random.standard_normal(DRAWS), random.standard_normal(DRAWS)


@lru_cache(maxsize=64)
def _sales_luck(freedom: int) -> Floats:
    """DRAWS of Student's t, in the order of the first sales noise."""
    from scipy.stats import t

    order = np.argsort(np.argsort(_sales_noise()[0]))
    shifts: Floats = t.ppf((order + 0.5) / DRAWS, max(3, freedom))
    return shifts


def amounts(sales: Sales, counts: Floats) -> Floats:
    """A draw of the total amount for each count of redeemers."""
    between = sales.log_spread * np.sqrt(1 + 1 / sales.campaigns) * _sales_luck(sales.campaigns - 1)
    width = sales.within / np.sqrt(np.maximum(1.0, counts))
    within = width * _sales_noise()[1] - width**2 / 2
    total: Floats = counts * np.exp(sales.log_mean + np.clip(between + within, -4.0, 4.0))
    return total


def interval(draws: Floats) -> Interval:
    """Median, 80% and 95% interval of draws."""
    return intervals(draws[None, :])[0]


def intervals(draws: Floats) -> list[Interval]:
    """Median, 80% and 95% interval of each row of draws."""
    ordered = np.sort(draws, axis=1)
    places = [min(len(ordered[0]) - 1, int(q * len(ordered[0]))) for q in QUANTILES]
    return [
        Interval.model_construct(low95=low95, low=low, mid=mid, high=high, high95=high95)
        for low95, low, mid, high, high95 in ordered[:, places].tolist()
    ]


def sigmoid(log_odds: Floats) -> Floats:
    """Probability for log-odds."""
    probability: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -40, 40)))
    return probability
