"""Drawing how a campaign might go: its luck as a whole, then each customer's, then what redeemers spend."""

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_sales import Sales
from shopwright.knowledge.types import Interval

DRAWS = 4000
LOW, HIGH = 0.1, 0.9

Floats = NDArray[np.float64]


def redeemers(log_odds: Floats, audience: int, spread: float, freedom: int) -> Floats:
    """DRAWS counts of redeemers among `audience` customers like those whose log-odds are given.

    The campaign's shift on the log-odds scale is drawn from Student's t with `freedom` degrees of
    freedom, scaled by `spread`. The same arguments always give the same draws.
    """
    random = np.random.default_rng(0)
    shifts = spread * random.standard_t(max(1, freedom), DRAWS)
    grid = np.linspace(shifts.min(), shifts.max(), 101)
    rates = np.array([sigmoid(log_odds + shift).mean() for shift in grid])
    counts: Floats = random.binomial(audience, np.clip(np.interp(shifts, grid, rates), 0.0, 1.0)).astype(
        float
    )
    return counts


def amounts(sales: Sales, counts: Floats) -> Floats:
    """A draw of the total amount for each count of redeemers."""
    random = np.random.default_rng(1)
    between = sales.log_spread * np.sqrt(1 + 1 / sales.campaigns) * random.standard_normal(len(counts))
    width = sales.within / np.sqrt(np.maximum(1.0, counts))
    within = width * random.standard_normal(len(counts)) - width**2 / 2
    total: Floats = counts * np.exp(sales.log_mean + between + within)
    return total


def interval(draws: Floats) -> Interval:
    """Median and 80% interval of draws."""
    low, mid, high = np.quantile(draws, [LOW, 0.5, HIGH])
    return Interval(mid=float(mid), low=float(low), high=float(high))


def sigmoid(log_odds: Floats) -> Floats:
    """Probability for log-odds."""
    probability: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -40, 40)))
    return probability
