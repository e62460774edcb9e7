"""How well campaigns are forecast, on campaigns that the model had not seen, beside simple baselines.

Two splits, both in time. Ranking customers: the latest quarter of the campaigns is the test; models learn
from campaigns that had ended before the first of them began (in the demo shop: campaigns ended before
October 2017; test campaigns 16 to 19). Rates and intervals: every campaign is forecast from those that had
ended before it began (rolling origin). Features look at nothing from the start day on. The prior of the
regression was chosen by leaving campaigns out in turn among the training campaigns of the first split. The
rolling origin is no untouched test: which quantile bounds the 80% interval was decided after a look at its
coverage (16 campaigns of 18 before, 15 after).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_features import FEATURES
from shopwright.knowledge.campaign_fit import Material, read_material
from shopwright.knowledge.campaign_model import MIN_REDEEMERS, Pairs, Rolled, auc, roll, scores
from shopwright.knowledge.campaign_uplift import measure_uplift
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.types import PastCampaign

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Learner = Callable[[Floats, Bools, Floats], Floats]

RESAMPLES = 1000
SIMPLE = (
    "coupon_orders",
    "coupon_share_of_orders",
    "coupon_lines",
    "days_since_last_coupon",
    "orders",
    "spend",
    "spend_90_days",
    "days_since_last_order",
    "campaigns_redeemed",
    "share_of_campaigns_redeemed",
    "demographics_known",
)
"""What the regression among the baselines learns from, beside the type: recency, spend, coupon use."""


def backtest(shop: Shop, progress: Progress) -> dict[str, Any]:
    """Figures of the model and of baselines, as plain JSON values.

    Raises LookupError when the shop has too few past campaigns.
    """
    material = read_material(shop, progress, planned=False)
    ranking = _ranking(material)
    progress("campaigns: forecasting each from earlier ones", 0, 1)
    rolled = list(roll(material.pairs, material.usable, material.past))
    progress("campaigns: forecasting each from earlier ones", 1, 1)
    sizes = np.array([one.campaign.targeted for one in rolled], dtype=float)
    return {
        **ranking,
        "rate_error_points": _error([one.mean - one.real for one in rolled], sizes),
        "interval80_coverage": _share([one.covered80 for one in rolled]),
        "interval95_coverage": _share([one.covered95 for one in rolled]),
        "baselines": {**ranking["baselines"], "rate_error_points": _rate_baselines(material, rolled)},
        "n": {**ranking["n"], "campaigns_forecast": len(rolled), "customers_in_them": int(sizes.sum())},
        "campaigns": [_row(one) for one in rolled],
        "uplift": measure_uplift(shop, progress),
    }


def split(usable: Sequence[PastCampaign]) -> tuple[list[PastCampaign], list[PastCampaign]]:
    """Campaigns to learn from and the latest quarter to test on; the former ended before the latter began."""
    latest = sorted(usable, key=lambda c: (c.start_date, c.campaign_id))[-max(1, len(usable) // 4) :]
    return [c for c in usable if c.end_date < latest[0].start_date], latest


def _ranking(material: Material) -> dict[str, Any]:
    pairs, (learned, tested) = material.pairs, split(material.usable)
    kinds = {c.campaign_id: c.campaign_type for c in material.usable}
    before = pairs.of([c.campaign_id for c in learned])
    after = pairs.of([c.campaign_id for c in tested])
    first_time = pairs.features[after][:, FEATURES.index("campaigns_redeemed")] == 0
    real = pairs.redeemed[after]
    found: dict[str, Floats] = {}
    if 0 < pairs.redeemed[before].sum() < before.sum():
        found["model"] = scores(pairs, kinds, before, after)
        simple = _simple(pairs, kinds)
        for name, learner, known in _baselines(simple, pairs.features):
            found[name] = learner(known[before], pairs.redeemed[before], known[after])
    found["spend_90_days"] = pairs.features[after][:, FEATURES.index("spend_90_days")]
    found["earlier_coupon_baskets"] = pairs.features[after][:, FEATURES.index("coupon_orders")]
    figures = {name: _aucs(real, score, first_time) for name, score in found.items()}
    model = figures.pop("model", {"redemption_auc": None, "redemption_auc_first_time": None})
    return {
        **model,
        "baselines": figures,
        "n": {
            "learned_from": int(before.sum()),
            "tested_on": int(after.sum()),
            "redeemers_tested": int(real.sum()),
            "first_time_tested": int(first_time.sum()),
            "first_time_redeemers_tested": int(real[first_time].sum()),
        },
        "split": {
            "test_campaigns": sorted(c.campaign_id for c in tested),
            "test_begins": min(c.start_date for c in tested).isoformat(),
        },
    }


def _aucs(real: Bools, score: Floats, first_time: Bools) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, rows in (
        ("redemption_auc", np.ones(len(real), dtype=bool)),
        ("redemption_auc_first_time", first_time),
    ):
        value, interval = _auc_interval(real[rows], score[rows])
        found |= {name: value, f"{name}_ci95": interval}
    return found


def _auc_interval(real: Bools, score: Floats) -> tuple[float | None, list[float] | None]:
    """AUC and its 95% interval by resampling customers (percentile bootstrap)."""
    if not 0 < real.sum() < len(real):
        return None, None
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(real), len(real))
        if 0 < real[rows].sum() < len(real):
            drawn.append(auc(real[rows], score[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(auc(real, score), 4), [round(float(low), 4), round(float(high), 4)]


def _simple(pairs: Pairs, kinds: dict[int, str]) -> Floats:
    keys = sorted(set(kinds.values()))
    flags = np.array([[kinds.get(int(c)) == key for key in keys] for c in pairs.campaign], dtype=float)
    return np.hstack([pairs.features[:, [FEATURES.index(name) for name in SIMPLE]], flags])


def _baselines(simple: Floats, features: Floats) -> list[tuple[str, Learner, Floats]]:
    """The logistic regression knows what is SIMPLE; LightGBM, as it comes, may use all features, too."""
    return [
        ("logistic_regression", _logistic, simple),
        ("lightgbm_untuned", _boosted, np.hstack([features, simple[:, len(SIMPLE) :]])),
    ]


def _logistic(known: Floats, redeemed: Bools, unknown: Floats) -> Floats:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)).fit(known, redeemed)
    found: Floats = model.predict_proba(unknown)[:, 1]
    return found


def _boosted(known: Floats, redeemed: Bools, unknown: Floats) -> Floats:
    import lightgbm

    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 0}
    model = lightgbm.train(parameters, lightgbm.Dataset(known, redeemed.astype(float)), num_boost_round=100)
    found: Floats = np.asarray(model.predict(unknown), dtype=np.float64)
    return found


def _rate_baselines(material: Material, rolled: Sequence[Rolled]) -> dict[str, float | None]:
    """Audience-weighted errors of simple forecasts of the same campaigns, from the same earlier ones."""
    pairs = material.pairs
    kinds = {c.campaign_id: c.campaign_type for c in material.usable}
    simple = _simple(pairs, kinds)
    errors: dict[str, list[float]] = {"type_average": [], "logistic_regression": [], "lightgbm_untuned": []}
    for one in rolled:
        average = _type_average(material.past, one.campaign)
        errors["type_average"].append(average - one.real)
        earlier = [c.campaign_id for c in material.usable if c.end_date < one.campaign.start_date]
        rows, inside = pairs.of(earlier), pairs.campaign == one.campaign.campaign_id
        enough = pairs.redeemed[rows].sum() >= MIN_REDEEMERS and not pairs.redeemed[rows].all()
        for name, learner, known in _baselines(simple, pairs.features):
            forecast = learner(known[rows], pairs.redeemed[rows], known[inside]).mean() if enough else average
            errors[name].append(float(forecast) - one.real)
    sizes = np.array([one.campaign.targeted for one in rolled], dtype=float)
    return {name: _error(values, sizes) for name, values in errors.items()}


def _type_average(past: Sequence[PastCampaign], campaign: PastCampaign) -> float:
    """Rate of the earlier campaigns of the type; of all earlier ones where the type has none."""
    ended = [c for c in past if c.end_date < campaign.start_date]
    own = [c for c in ended if c.campaign_type == campaign.campaign_type] or ended
    return sum(c.redeemers for c in own) / max(1, sum(c.targeted for c in own))


def _error(errors: Sequence[float], sizes: Floats) -> float | None:
    """Mean absolute error weighted by audience, percentage points."""
    return round(100 * float(np.average(np.abs(errors), weights=sizes)), 3) if len(sizes) else None


def _share(held: Sequence[bool]) -> float | None:
    return round(sum(held) / len(held), 4) if held else None


def _row(one: Rolled) -> dict[str, Any]:
    interval = {
        name: round(float(value), 4) for name, value in one.rate.model_dump().items() if value is not None
    }
    return {
        "campaign_id": one.campaign.campaign_id,
        "type": one.campaign.campaign_type,
        "sent_to": one.campaign.targeted,
        "rate": round(one.real, 4),
        "forecast": round(one.mean, 4),
        **interval,
    }
