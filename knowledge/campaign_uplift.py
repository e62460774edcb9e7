"""What a campaign caused, where customers were kept out of it at random: the `holdout` flag of its targets.

The effect is the difference between the mean spend of customers sent to and held out, during the
campaign's days, with the part that their spend before explains taken out (Deng et al., 2013); its interval
is Welch's. Who is moved most is ranked by two models, one of each group, whose predictions are subtracted
(the two-model approach), learned on one half of the customers and judged on the other: Qini coefficient
(Radcliffe, 2007) and area under the uplift curve. Without a holdout nothing is estimated: observation
alone cannot tell what a campaign causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from shopwright.knowledge.campaign_features import FEATURES, features
from shopwright.knowledge.campaign_history import (
    Coupons,
    Sent,
    chunks,
    customers_to_read,
    read_assortment,
    read_campaigns,
    read_coupons,
)
from shopwright.knowledge.campaign_types import Ranking, Uplift
from shopwright.knowledge.columns import TARGETS
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.types import Interval

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

MIN_GROUP = 20  # customers in each group for an effect
MIN_RANKED = 200  # customers in each group for a ranking
RIDGE = 30.0
NONE = (
    "No past campaign has a randomised holdout, so no uplift can be estimated: observation alone cannot tell."
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Trial:
    """A campaign with a holdout: its customers before the start, who was sent to, and their spend in it."""

    campaign: Sent
    features: Floats
    treated: Bools
    spend: Floats
    earlier: Floats


def read_trials(shop: Shop, progress: Progress) -> list[Trial]:
    """The ended campaigns with MIN_GROUP customers sent to and as many held out."""
    today = shop.today.date().toordinal()
    with shop.engine.connect() as connection:
        held = {
            row[0]: row[1]
            for row in connection.execute(
                select(TARGETS.c.campaign_id, func.count())
                .where(TARGETS.c.holdout.is_(True))
                .group_by(TARGETS.c.campaign_id)
            )
        }
        campaigns = read_campaigns(connection)
        wanted = [c for c in campaigns if held.get(c.campaign_id, 0) >= MIN_GROUP and c.end <= today]
        if not wanted:
            return []
        assortment = read_assortment(connection)
        coupons = read_coupons(connection, assortment)
        customers, everyone = customers_to_read(connection, 100_000)
        parts: dict[int, list[Trial]] = {c.campaign_id: [] for c in wanted}
        done = 0
        for history in chunks(connection, customers, everyone):
            for sent in wanted:
                parts[sent.campaign_id].append(
                    _trial(history, sent, campaigns, assortment, coupons.get(sent.campaign_id))
                )
            done += len(history.ids)
            progress("campaigns: randomised holdouts", done, len(customers))
    whole = [_joined(found) for found in parts.values()]
    return [trial for trial in whole if min(trial.treated.sum(), (~trial.treated).sum()) >= MIN_GROUP]


def effect(trial: Trial) -> Uplift:
    """The campaign's effect on spend per customer during its days, with 80% and 95% intervals."""
    from scipy.stats import t

    adjusted = trial.spend - _explained(trial)
    treated, control = adjusted[trial.treated], adjusted[~trial.treated]
    parts = [group.var(ddof=1) / len(group) for group in (treated, control)]
    error = float(np.sqrt(sum(parts)))
    sizes = (len(treated), len(control))
    freedom = sum(parts) ** 2 / max(1e-12, sum(v**2 / (n - 1) for v, n in zip(parts, sizes, strict=True)))
    middle = float(treated.mean() - control.mean())
    inner, outer = (float(t.ppf(level, max(1.0, freedom))) * error for level in (0.9, 0.975))
    base = float(trial.spend[~trial.treated].mean())
    ranking = rank(trial) if min(sizes) >= MIN_RANKED else None
    return Uplift(
        campaign_id=trial.campaign.campaign_id,
        treated=len(treated),
        held_out=len(control),
        effect=Interval(
            mid=middle, low=middle - inner, high=middle + inner, low95=middle - outer, high95=middle + outer
        ),
        share=middle / base if base > 0 else None,
        qini=None if ranking is None else ranking.qini,
        auuc=None if ranking is None else ranking.auuc,
    )


def rank(trial: Trial) -> Ranking:
    """Order customers by predicted uplift, each half by models of the other half; judge the order."""
    half = np.random.default_rng(0).permutation(len(trial.spend)) % 2 == 0
    predicted = np.zeros(len(trial.spend))
    for learn in (half, ~half):
        groups = [learn & trial.treated, learn & ~trial.treated]
        treated, control = (_ridge(trial.features[rows], trial.spend[rows]) for rows in groups)
        rest = trial.features[~learn]
        predicted[~learn] = treated(rest) - control(rest)
    return judge(predicted, trial.treated, trial.spend)


def judge(predicted: Floats, treated: Bools, outcome: Floats) -> Ranking:
    """Qini coefficient and area under the uplift curve of an order of customers, highest first.

    The Qini curve at n customers is the outcome of the treated among them, less that of the others scaled
    to their number; the coefficient is the area above the straight line to its end, per customer. The
    uplift curve is the difference of means times the share of customers taken; its area is a mean.
    """
    order = np.argsort(-predicted, kind="stable")
    given, value = treated[order], outcome[order]
    many, few = np.cumsum(given), np.cumsum(~given)
    gained, without = np.cumsum(value * given), np.cumsum(value * ~given)
    n = len(order)
    share = np.arange(1, n + 1) / n
    curve = gained - without * many / np.maximum(1, few)
    qini = float((curve - share * curve[-1]).mean() / max(1, many[-1]))
    uplift = np.where(
        (many > 0) & (few > 0), gained / np.maximum(1, many) - without / np.maximum(1, few), 0.0
    )
    points = np.unique(np.linspace(0, n - 1, 21).astype(int))
    drawn = [(round(float(share[at]), 4), round(float((uplift * share)[at]), 4)) for at in points]
    return Ranking(qini=qini, auuc=float((uplift * share).mean()), curve=drawn)


def measure_uplift(shop: Shop, progress: Progress) -> dict[str, Any]:
    """Effects and rankings of all campaigns with a holdout, or a sentence that there is none."""
    trials = read_trials(shop, progress)
    if not trials:
        return {"holdout": False, "why": NONE, "qini": None, "auuc": None}
    effects = [effect(trial) for trial in trials]
    ranked = [(one.qini, one.auuc, one.treated) for one in effects if one.qini is not None]
    weights = [n for _, _, n in ranked]
    return {
        "holdout": True,
        "campaigns": [one.model_dump(mode="json") for one in effects],
        "qini": float(np.average([q or 0.0 for q, _, _ in ranked], weights=weights)) if ranked else None,
        "auuc": float(np.average([a or 0.0 for _, a, _ in ranked], weights=weights)) if ranked else None,
    }


def _trial(
    history: Any, sent: Sent, campaigns: list[Sent], assortment: Any, coupons: Coupons | None
) -> Trial:
    mine = history.target_campaign == sent.campaign_id
    order = np.argsort(history.target_customer[mine])
    rows = history.target_customer[mine][order]
    length = max(28, sent.end - sent.start + 1)
    spend, earlier = (
        _spend(history, begin, end)[rows]
        for begin, end in ((sent.start, sent.end), (sent.start - length, sent.start - 1))
    )
    known = features(history, rows, sent, campaigns, assortment, coupons)
    return Trial(sent, known, ~history.target_holdout[mine][order], spend, earlier)


def _spend(history: Any, first: int, last: int) -> Floats:
    kept = (history.order_day >= first) & (history.order_day <= last)
    found: Floats = np.bincount(
        history.order_customer[kept], weights=history.order_total[kept], minlength=len(history.ids)
    ).astype(np.float64)
    return found


def _joined(parts: list[Trial]) -> Trial:
    return Trial(
        parts[0].campaign,
        np.vstack([part.features for part in parts]).reshape(-1, len(FEATURES)),
        np.concatenate([part.treated for part in parts]),
        np.concatenate([part.spend for part in parts]),
        np.concatenate([part.earlier for part in parts]),
    )


def _explained(trial: Trial) -> Floats:
    """The part of the spend that earlier spend explains, around its mean; the lot kept groups alike in it."""
    centred = trial.earlier - trial.earlier.mean()
    slope = float(centred @ trial.spend) / max(1e-9, float(centred @ centred))
    found: Floats = slope * centred
    return found


def _ridge(matrix: Floats, target: Floats) -> Any:
    """A ridge regression on standardised columns, as a function of new rows."""
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale < 1e-9] = 1.0
    inner = (matrix - mean) / scale
    weights = np.linalg.solve(
        inner.T @ inner + RIDGE * np.eye(inner.shape[1]), inner.T @ (target - target.mean())
    )
    level = float(target.mean())
    return lambda rows: level + (rows - mean) / scale @ weights
