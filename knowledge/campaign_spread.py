"""How far campaigns stray from what is forecast of them, and how wide honest intervals are therefore.

A campaign's shift is what would have to be added to its customers' log-odds to give its real number of
redeemers. The variance between campaigns is measured with the binomial part taken out (DerSimonian and
Laird, 1986), a type's drawn towards that of all types, and all towards a prior worth PRIOR_CAMPAIGNS
campaigns. Intervals are then checked on campaigns forecast from earlier ones only, and stretched or
shrunk by the quantile of those errors: split conformal prediction (Vovk et al., 2005; Lei et al., 2018),
taken half on trust while campaigns are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_simulation import Luck, sigmoid
from shopwright.knowledge.types import PastCampaign

Floats = NDArray[np.float64]

PRIOR_SPREAD = 0.5
"""Before any campaign was seen, rates are expected to differ by a factor of e^0.5 = 1.65."""
PRIOR_CAMPAIGNS = 4
TYPE_CAMPAIGNS = 4
TRUST = 10
STRETCHES = (0.7, 2.0)


class Shift(NamedTuple):
    """How far a campaign was from its forecast, on the log-odds scale, and its binomial error."""

    campaign: PastCampaign
    shift: float
    error: float


class Stretch(NamedTuple):
    """By how much the spread is multiplied for the 80% interval, and again in the tails for the 95% one."""

    spread: float = 1.0
    tail: float = 1.0


AS_FOUND = Stretch()


def shift_of(campaign: PastCampaign, log_odds: Floats, redeemers: int) -> Shift:
    """The shift that makes the expected redeemers the real ones; half a redeemer added on either side."""
    wanted = (redeemers + 0.5) / (len(log_odds) + 1)
    low, high = -20.0, 20.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < wanted else (low, middle)
    chance = sigmoid(log_odds + low)
    return Shift(campaign, low, float(1 / np.sqrt(max(1e-9, (chance * (1 - chance)).sum()))))


def luck_of(shifts: Sequence[Shift], kind: str, stretch: Stretch = AS_FOUND) -> Luck:
    """What the shift of a new campaign of type `kind` may be, given earlier ones' shifts."""
    own = [shift for shift in shifts if shift.campaign.campaign_type == kind]
    pooled = (len(shifts) * _between(shifts) + PRIOR_CAMPAIGNS * PRIOR_SPREAD**2) / (
        len(shifts) + PRIOR_CAMPAIGNS
    )
    variance = (len(own) * _between(own) + TYPE_CAMPAIGNS * pooled) / (len(own) + TYPE_CAMPAIGNS)
    spread = np.sqrt(variance * (1 + 1 / (len(own) + TYPE_CAMPAIGNS)))
    return Luck(0.0, float(spread) * stretch.spread, len(shifts) + PRIOR_CAMPAIGNS - 1, stretch.tail)


def stretch_of(checked: Sequence[tuple[Shift, Luck]]) -> Stretch:
    """The adjustment that past forecasts call for; `checked` pairs what happened with the luck forecast."""
    if len(checked) < 4:
        return Stretch()
    from scipy.stats import t

    ratios = np.array([abs(s.shift - luck.centre) / np.hypot(luck.spread, s.error) for s, luck in checked])
    freedom = checked[-1][1].freedom
    trust = len(checked) / (len(checked) + TRUST)

    def wanted(level: float) -> float:
        found = float(np.quantile(ratios, level, method="median_unbiased"))  # the plain rank is too cautious
        raw = found / float(t.ppf(0.5 + level / 2, freedom))
        return float(np.clip(np.exp(trust * np.log(max(raw, 1e-3))), *STRETCHES))

    inner, outer = wanted(0.8), wanted(0.95)
    return Stretch(inner, float(np.clip(outer / inner, 1.0, 2.0)))


def _between(shifts: Sequence[Shift]) -> float:
    """Variance between campaigns beyond the binomial errors."""
    if len(shifts) < 2:
        return 0.0
    values = np.array([shift.shift for shift in shifts])
    weights = 1 / np.array([shift.error for shift in shifts]) ** 2
    mean = np.average(values, weights=weights)
    excess = (weights * (values - mean) ** 2).sum() - (len(values) - 1)
    return max(0.0, float(excess / (weights.sum() - (weights**2).sum() / weights.sum())))
