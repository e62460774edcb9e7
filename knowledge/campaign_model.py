"""The redemption model: who redeems a campaign's coupon, and how far campaigns stray from what it says.

A logistic regression over what was known of each customer before the campaign started, fitted on
campaigns that ended before the data do and had some history before them. How well a campaign goes as a
whole differs from the sum of its customers' probabilities; that spread is measured on the log-odds of
campaigns left out in turn, by type, with the binomial part taken out (DerSimonian and Laird, 1986) and
each type's figure drawn towards that of all types. Forecast intervals rest on it.
"""

from __future__ import annotations

from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from shopwright.knowledge.campaign_features import FEATURES, Households
from shopwright.knowledge.campaign_sales import Sales
from shopwright.knowledge.campaign_simulation import interval, redeemers, sigmoid
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.types import PastCampaign

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PENALTY = 0.1
PRIOR_CAMPAIGNS = 4


class TypeFit(BaseModel):
    """What past campaigns of one type were like.

    `spread` is the standard deviation of a new campaign's shift on the log-odds scale, `days` the median
    length; `fitted` counts the campaigns that the model learned from.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    past: list[PastCampaign]
    days: int
    spread: float
    fitted: int
    revenue: Sales | None
    cost: Sales | None

    @property
    def rate(self) -> float:
        """Redeemers per targeted customer over all past campaigns of the type."""
        return sum(c.redeemers for c in self.past) / max(1, sum(c.targeted for c in self.past))


class CampaignFit(BaseModel):
    """The fitted model: log-odds = intercept + coefficients . (features, one flag a type).

    `freedom`: degrees of freedom of the shifts. Of `checked` campaigns, each left out of the fit in
    turn, `covered` had a number of redeemers inside the 80% interval.
    """

    model_config = ConfigDict(frozen=True)
    features: list[str]
    types: list[TypeFit]
    intercept: float
    coefficients: list[float]
    freedom: int
    covered: int
    checked: int

    def log_odds(self, features: Floats, kind: str) -> Floats:
        """Log-odds of redemption for rows of features, for a campaign of type `kind`."""
        matrix = _design(features, [kind] * len(features), [known.key for known in self.types])
        odds: Floats = matrix @ np.array(self.coefficients) + self.intercept
        return odds


class Shift(NamedTuple):
    """How far a left-out campaign was from its forecast, on the log-odds scale, and its binomial error."""

    campaign: PastCampaign
    log_odds: Floats
    shift: float
    error: float


def learn(
    past: list[PastCampaign],
    usable: list[PastCampaign],
    sent: Households,
    redeemed: Bools,
    sales: dict[str, tuple[Sales | None, Sales | None]],
    progress: Progress,
) -> tuple[CampaignFit, dict[str, Any]]:
    """Fit on the `usable` campaigns, whose customers are `sent`; with the figures for the manifest."""
    keys = sorted({c.campaign_type for c in usable})
    kind_of = {c.campaign_id: c.campaign_type for c in usable}
    matrix = _design(sent.features, [kind_of[int(c)] for c in sent.campaigns], keys)
    shifts: list[Shift] = []
    for done, campaign in enumerate(usable):
        progress("campaigns: leaving each out in turn", done, len(usable))
        inside = sent.campaigns == campaign.campaign_id
        intercept, weights = _regression(matrix[~inside], redeemed[~inside])
        shifts.append(_shift(campaign, matrix[inside] @ weights + intercept))
    progress("campaigns: leaving each out in turn", len(usable), len(usable))
    intercept, weights = _regression(matrix, redeemed)
    fit = CampaignFit(
        features=list(FEATURES),
        types=[_type(key, past, shifts, sales.get(key, (None, None))) for key in keys],
        intercept=intercept,
        coefficients=weights.tolist(),
        freedom=len(shifts) - 1,
        covered=sum(_covered(shift, shifts) for shift in shifts),
        checked=len(shifts),
    )
    return fit, {
        "holdout_auc": _holdout_auc(usable, sent, matrix, redeemed),
        "campaigns": len(usable),
        "targeted": len(redeemed),
        "redeemers": int(redeemed.sum()),
        "covered_by_80_percent_intervals": f"{fit.covered} of {fit.checked}",
        "spread_by_type": {kind.key: round(kind.spread, 3) for kind in fit.types},
    }


def _regression(matrix: Floats, redeemed: Bools) -> tuple[float, Floats]:
    """Intercept and coefficients on the scale of `matrix`."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=PENALTY, max_iter=1000).fit((matrix - mean) / scale, redeemed)
    weights: Floats = model.coef_[0] / scale
    return float(model.intercept_[0] - mean @ weights), weights


def _design(features: Floats, kinds: list[str], keys: list[str]) -> Floats:
    """Features beside one flag a type."""
    flags = np.array([[kind == key for key in keys] for kind in kinds], dtype=np.float64)
    return np.hstack([features, flags.reshape(len(features), len(keys))])


def _shift(campaign: PastCampaign, log_odds: Floats) -> Shift:
    """The shift that makes the expected redeemers the real ones; half a redeemer added on either side."""
    wanted = (campaign.redeemers + 0.5) / (campaign.targeted + 1)
    low, high = -20.0, 20.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(log_odds + middle).mean() < wanted else (low, middle)
    chance = sigmoid(log_odds + low)
    return Shift(campaign, log_odds, low, float(1 / np.sqrt((chance * (1 - chance)).sum())))


def _spread(shifts: list[Shift], kind: str) -> float:
    """Standard deviation of a new campaign's shift: of the type, drawn towards that of all types."""
    own = [shift for shift in shifts if shift.campaign.campaign_type == kind]
    everyone = _between(shifts)
    variance = (len(own) * _between(own) + PRIOR_CAMPAIGNS * everyone) / (len(own) + PRIOR_CAMPAIGNS)
    return float(np.sqrt(variance * (1 + 1 / max(1, len(own)))))


def _between(shifts: list[Shift]) -> float:
    """Variance between campaigns beyond the binomial errors."""
    if len(shifts) < 2:
        return 0.0
    values = np.array([shift.shift for shift in shifts])
    weights = 1 / np.array([shift.error for shift in shifts]) ** 2
    mean = np.average(values, weights=weights)
    excess = (weights * (values - mean) ** 2).sum() - (len(values) - 1)
    return max(0.0, float(excess / (weights.sum() - (weights**2).sum() / weights.sum())))


def _covered(left_out: Shift, shifts: list[Shift]) -> bool:
    """Whether the 80% interval, its spread measured on the other campaigns, holds the real redeemers."""
    others = [shift for shift in shifts if shift is not left_out]
    campaign = left_out.campaign
    spread = _spread(others, campaign.campaign_type)
    found = interval(redeemers(left_out.log_odds, campaign.targeted, spread, len(others) - 1))
    return found.low <= campaign.redeemers <= found.high


def _holdout_auc(
    usable: list[PastCampaign], sent: Households, matrix: Floats, redeemed: Bools
) -> float | None:
    """AUC on the latest quarter of the campaigns, fitted on those that ended before they began."""
    from sklearn.metrics import roc_auc_score

    latest = sorted(usable, key=lambda c: (c.start_date, c.campaign_id))[-max(1, len(usable) // 4) :]
    before = [c.campaign_id for c in usable if c.end_date < latest[0].start_date]
    train = np.isin(sent.campaigns, before)
    test = np.isin(sent.campaigns, [c.campaign_id for c in latest])
    if len(np.unique(redeemed[train])) < 2 or len(np.unique(redeemed[test])) < 2:
        return None
    intercept, weights = _regression(matrix[train], redeemed[train])
    return round(float(roc_auc_score(redeemed[test], matrix[test] @ weights + intercept)), 4)


def _type(
    key: str,
    past: list[PastCampaign],
    shifts: list[Shift],
    sales: tuple[Sales | None, Sales | None],
) -> TypeFit:
    own = [campaign for campaign in past if campaign.campaign_type == key]
    return TypeFit(
        key=key,
        past=own,
        days=round(median((c.end_date - c.start_date).days + 1 for c in own)),
        spread=_spread(shifts, key),
        fitted=sum(shift.campaign.campaign_type == key for shift in shifts),
        revenue=sales[0],
        cost=sales[1],
    )
