"""Learning from past campaigns: who redeems, how sure that is, and what the forecast needs to remember."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from shopwright.knowledge.campaign_offer import Offer
from shopwright.knowledge.campaign_regression import Regression, fit_regression
from shopwright.knowledge.campaign_sales import Sales
from shopwright.knowledge.campaign_simulation import Luck, interval, rate_curve, redeemers, sigmoid, smoothed
from shopwright.knowledge.campaign_spread import Shift, Stretch, luck_of, shift_of, stretch_of
from shopwright.knowledge.types import Interval, PastCampaign

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MIN_REDEEMERS = 5  # among earlier campaigns, for a campaign to be forecast from them


@dataclass(frozen=True)
class Pairs:
    """Customers to whom past campaigns were sent, a row a pair, as known before each start."""

    campaign: Ints
    customer: Ints
    features: Floats
    redeemed: Bools

    def of(self, campaigns: Sequence[int]) -> Bools:
        """Which rows belong to one of the campaigns."""
        found: Bools = np.isin(self.campaign, np.array(list(campaigns), dtype=np.int64))
        return found


class TypeFit(BaseModel):
    """What past campaigns of one type were like.

    `luck`: how far a new campaign may stray; `days`: the median length; `fitted`: campaigns that the
    model learned from; `timing`: share of redeemers who had redeemed by day 1, 2, ... of a campaign.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    past: list[PastCampaign]
    days: int
    luck: Luck
    fitted: int
    revenue: Sales | None
    cost: Sales | None
    offer: Offer
    timing: list[float]

    @property
    def rate(self) -> float:
        """Redeemers per targeted customer over all past campaigns of the type."""
        return sum(c.redeemers for c in self.past) / max(1, sum(c.targeted for c in self.past))


class CampaignFit(BaseModel):
    """What the forecast remembers beside the customers' log-odds.

    Of `checked` campaigns, each forecast from earlier ones only, `covered` had a number of redeemers
    inside the 80% interval. `themes` names the columns of the customers' contributions.
    """

    model_config = ConfigDict(frozen=True)
    types: list[TypeFit]
    themes: list[str]
    intercept: float
    covered: int
    checked: int
    consent: bool
    customers: int


class Rolled(NamedTuple):
    """A campaign forecast from what had ended before it started, and what then happened."""

    campaign: PastCampaign
    mean: float
    rate: Interval
    shift: Shift
    luck: Luck
    real: float

    @property
    def covered80(self) -> bool:
        """Whether the 80% interval held the real rate."""
        return self.rate.low <= self.real <= self.rate.high

    @property
    def covered95(self) -> bool:
        """Whether the 95% interval held the real rate."""
        return (self.rate.low95 or 0.0) <= self.real <= (self.rate.high95 or 0.0)


def train(pairs: Pairs, kinds: dict[int, str], rows: Bools) -> Regression:
    """The regression on some rows."""
    return fit_regression(
        pairs.features[rows], [kinds[int(c)] for c in pairs.campaign[rows]], pairs.redeemed[rows]
    )


def left_out(pairs: Pairs, campaigns: Sequence[PastCampaign]) -> list[Shift]:
    """Each campaign's shift when it is forecast from the others given."""
    kinds = {c.campaign_id: c.campaign_type for c in campaigns}
    among, found = pairs.of(list(kinds)), []
    for campaign in campaigns:
        inside = pairs.campaign == campaign.campaign_id
        rest = among & ~inside
        if pairs.redeemed[rest].sum() < MIN_REDEEMERS or not inside.any():
            continue
        model = train(pairs, kinds, rest)
        odds = model.log_odds(pairs.features[inside], campaign.campaign_type)
        found.append(shift_of(campaign, odds, int(pairs.redeemed[inside].sum())))
    return found


def roll(pairs: Pairs, usable: Sequence[PastCampaign], past: Sequence[PastCampaign]) -> Iterator[Rolled]:
    """Forecast each campaign, by start, from those that had ended before it started; yields as it goes.

    Spread and stretch, too, rest on earlier campaigns only. Where the earlier usable campaigns have too
    few redeemers, the rate of all earlier `past` ones stands in for the model.
    """
    kinds = {c.campaign_id: c.campaign_type for c in usable}
    checked: list[tuple[Shift, Luck, PastCampaign]] = []
    for campaign in sorted(usable, key=lambda c: (c.start_date, c.campaign_id)):
        inside = pairs.campaign == campaign.campaign_id
        earlier = [c for c in usable if c.end_date < campaign.start_date]
        ended = [c for c in past if c.end_date < campaign.start_date]
        rows = pairs.of([c.campaign_id for c in earlier])
        if not inside.any() or sum(c.redeemers for c in ended) < MIN_REDEEMERS:
            continue
        if pairs.redeemed[rows].sum() >= MIN_REDEEMERS and pairs.redeemed[rows].mean() < 1:
            odds = train(pairs, kinds, rows).log_odds(pairs.features[inside], campaign.campaign_type)
            shifts = left_out(pairs, earlier)
        else:
            odds, shifts = _flat(ended, int(inside.sum())), []
        known = [(s, luck) for s, luck, c in checked if c.end_date < campaign.start_date]
        plain = luck_of(shifts, campaign.campaign_type)
        luck = luck_of(shifts, campaign.campaign_type, stretch_of(known))
        real = pairs.redeemed[inside]
        happened = shift_of(campaign, odds, int(real.sum()))
        checked.append((happened, plain, campaign))
        counts = redeemers(rate_curve(odds), len(real), luck)
        drawn = interval(smoothed(counts, len(real)) / len(real))
        yield Rolled(campaign, float(sigmoid(odds).mean()), drawn, happened, plain, float(real.mean()))


def latest_auc(pairs: Pairs, usable: Sequence[PastCampaign]) -> float | None:
    """AUC on the latest quarter of the campaigns, fitted on those that ended before they began."""
    latest = sorted(usable, key=lambda c: (c.start_date, c.campaign_id))[-max(1, len(usable) // 4) :]
    kinds = {c.campaign_id: c.campaign_type for c in usable}
    before = pairs.of([c.campaign_id for c in usable if c.end_date < latest[0].start_date])
    after = pairs.of([c.campaign_id for c in latest])
    if len(np.unique(pairs.redeemed[before])) < 2 or len(np.unique(pairs.redeemed[after])) < 2:
        return None
    return round(auc(pairs.redeemed[after], scores(pairs, kinds, before, after)), 4)


def scores(pairs: Pairs, kinds: dict[int, str], before: Bools, after: Bools) -> Floats:
    """Log-odds of the rows `after` by a model of the rows `before`."""
    model = train(pairs, kinds, before)
    odds = model.contributions(pairs.features[after]).sum(axis=1) + model.intercept
    effects = [model.types.get(kinds[int(c)], 0.0) for c in pairs.campaign[after]]
    found: Floats = odds + np.array(effects)
    return found


def auc(redeemed: Bools, score: Floats) -> float:
    """Chance that a redeemer's score is above another customer's; ties count half (Mann-Whitney)."""
    from scipy.stats import rankdata

    ranks, positive = rankdata(score), int(redeemed.sum())
    above = ranks[redeemed].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(redeemed) - positive)))


def stretch_from(rolled: Sequence[Rolled]) -> Stretch:
    """What forecasts of campaigns that have all ended by now say of the intervals' width."""
    return stretch_of([(one.shift, one.luck) for one in rolled])


def usual_days(campaigns: Sequence[PastCampaign]) -> int:
    """Median length, both days counted."""
    return round(median((c.end_date - c.start_date).days + 1 for c in campaigns))


def _flat(ended: Sequence[PastCampaign], customers: int) -> Floats:
    sent, used = sum(c.targeted for c in ended), sum(c.redeemers for c in ended)
    rate = (used + 0.5) / (sent + 1)
    return np.full(customers, float(np.log(rate / (1 - rate))))
