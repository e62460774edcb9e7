"""How well churn and value are foretold: rolling origins, each learned from what had happened by then.

The origins are up to nine days, a week apart or more, in the last third of the shop's records. At each,
the model is fitted as `fit_customers` would have on that day: features from before each past day, outcomes
that ended by the origin. Then it says of every customer with an order before the origin who will place
none in the next 60 days, and what each will spend in the next 90. The settings of the model were chosen on
origins and folds of customers whose outcomes ended before the first of these origins, with one exception:
that spend is foretold by a median rather than a mean was decided after a first look at these origins, so
its figure is somewhat flattered.

- churn_auc: area under the ROC curve, mean of the origins. Baselines: days since the last order (the
  recency rule), number of visits (the rarest leave), days away over the expected gap.
- spend_error: mean absolute error over mean actual spend, mean of the origins; `spend_rmse` is the root
  mean square error over mean actual spend; `spend_total_bias` is of totals, which take the mean.
  Baselines: spend of the last 90 days, the rate of the whole history, the rate with older days counting
  less.

'Beaten by' is told three ways for churn: the gain of AUC over the baseline's, the part of the baseline's
missing AUC (1 - AUC) that is gone, and the gain of the Gini coefficient (2 AUC - 1), and for spend as the
part of the baseline's error that is gone. Intervals are from resampling customers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sqlalchemy import select

from shopwright.knowledge.customer_features import (
    CHURN_DAYS,
    VALUE_DAYS,
    Floats,
    Measures,
    typical_gap,
)
from shopwright.knowledge.customer_model import Example, Predictions
from shopwright.knowledge.customer_rates import RATES, rates
from shopwright.knowledge.customer_training import (
    MIN_HISTORY,
    STEP_DAYS,
    Span,
    learn,
    reading,
)
from shopwright.knowledge.customers import Z80
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.stats import select_stats

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

ORIGINS, APART = 9, 7
RESAMPLES = 200
BINS = 10
GROUPS = 10


@dataclass(frozen=True)
class Origin:
    """A day, what was said of its customers, and what they did."""

    truth: Example
    said: Predictions
    mean: tuple[float, float]
    shared_error: float
    gap: float

    @property
    def before(self) -> Measures:
        """What was known of them."""
        return self.truth.before


def backtest(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> dict[str, Any]:
    """Figures as the module says. Raises LookupError where the shop has too little history."""
    with shop.engine.connect() as connection:
        span = Span.of(connection)
        days = origins(span)
        found: list[Origin] = []
        with reading(connection, span) as past:
            for done, day in enumerate(days):
                progress("customers: origins of the backtest", done, len(days))
                learned = learn(past.examples(day))
                truth = past.example(day, span.days)
                gap = typical_gap(truth.before)
                said = learned.model(truth.before)
                mean = learned.model.state.mean
                found.append(Origin(truth, said, mean, learned.shared_error, gap))
            one_in = past.one_in
        progress("customers: origins of the backtest", len(days), len(days))
        stages = _stages(shop, span, found[:: max(1, len(found) // 3)])
    churn, spend = _churn(found), _spend([origin for origin in found if origin.truth.value_known])
    return {
        **churn,
        **spend,
        "baselines": {**churn["baselines"], **spend["baselines"]},
        "lifecycle_stayed_away": stages,
        "origins": [(span.first + timedelta(days=day)).isoformat() for day in days],
        "customers": len(found[0].before.ids),
        "sampled_one_in": one_in,
        "horizon_days": {"churn": CHURN_DAYS, "spend": VALUE_DAYS},
    }


def origins(span: Span) -> list[int]:
    """The days of the backtest, last first; one at least of which the spend is known."""
    last = span.days - CHURN_DAYS
    first = max(2 * span.days // 3, MIN_HISTORY + VALUE_DAYS + STEP_DAYS)
    first = min(first, span.days - VALUE_DAYS)
    if first < MIN_HISTORY + VALUE_DAYS:
        raise LookupError(
            "There is too little history for a backtest of customers: it takes "
            f"{MIN_HISTORY + 2 * VALUE_DAYS} days from the first order to the last; there are {span.days}."
        )
    apart = max(APART, (last - first) // ORIGINS // APART * APART)
    return list(range(last, first - 1, -apart))[:ORIGINS]


CHURN_RULES: dict[str, Callable[[Origin], Floats]] = {
    "recency": lambda o: o.before["recency"],
    "frequency": lambda o: -o.before["visits"],
    "overdue": lambda o: (
        o.before["recency"]
        * o.before["visits"]
        / np.maximum(o.before["tenure"] - o.before["recency"] + o.gap, 1e-9)
    ),
}
SPEND_RULES: dict[str, Callable[[Origin], Floats]] = {
    "last_90_days": lambda o: np.maximum(0.0, o.before["spend_90"]),
    "whole_history_rate": lambda o: (
        VALUE_DAYS * np.maximum(0.0, o.before["spend"]) / np.maximum(o.before["tenure"], 30)
    ),
    "faded_rate": lambda o: rates(o.before)[:, RATES.index("faded_spend_120")],
}


def _churn(found: Sequence[Origin]) -> dict[str, Any]:
    truth = [origin.truth.after.churned for origin in found]
    scores = {name: [rule(origin) for origin in found] for name, rule in CHURN_RULES.items()}
    scores["model"] = [origin.said.churn for origin in found]
    auc = {
        name: float(np.mean([_auc(*pair) for pair in zip(truth, score, strict=True)]))
        for name, score in scores.items()
    }
    model, rule = auc["model"], auc["recency"]
    said, was = np.concatenate(scores["model"]), np.concatenate(truth)

    def gain(pick: Sequence[NDArray[np.int64]]) -> float:
        drawn = [t[p] for t, p in zip(truth, pick, strict=True)]
        both = [
            np.mean([_auc(t, s[p]) for t, s, p in zip(drawn, scores[name], pick, strict=True)])
            for name in ("model", "recency")
        ]
        return float(both[0] - both[1])

    return {
        "churn_auc": round(model, 4),
        "churn_auc_gain_interval95": _resampled(found, gain),
        "churn_beats_recency_by": {
            "auc": round(model / rule - 1, 4),
            "missing_auc": round(1 - (1 - model) / (1 - rule), 4),
            "gini": round((2 * model - 1) / (2 * rule - 1) - 1, 4) if rule > 0.5 else None,
        },
        "churn_calibration_error": round(_calibration(said, was.astype(float)), 4),
        "churn_brier": round(float(np.mean((said - was) ** 2)), 4),
        "churn_rate": round(float(was.mean()), 4),
        "churn_said": round(float(said.mean()), 4),
        "churners": int(was.sum()),
        "baselines": {"churn_auc": {name: round(auc[name], 4) for name in CHURN_RULES}},
    }


def _spend(found: Sequence[Origin]) -> dict[str, Any]:
    if not found:
        return {"spend_error": None, "baselines": {}}
    truth = [origin.truth.after.spend for origin in found]
    guesses = {name: [rule(origin) for origin in found] for name, rule in SPEND_RULES.items()}
    guesses["model"] = [origin.said.value for origin in found]
    absolute = {name: _mean_error(truth, guess, np.abs, 1.0) for name, guess in guesses.items()}
    squared = {name: _mean_error(truth, guess, np.square, 0.5) for name, guess in guesses.items()}
    was = np.concatenate(truth)
    mean = np.concatenate([origin.mean[0] + origin.mean[1] * origin.said.value for origin in found])
    low = np.concatenate([origin.said.low for origin in found])
    high = np.concatenate([origin.said.high for origin in found])

    def gone(pick: Sequence[NDArray[np.int64]]) -> float:
        drawn = [t[p] for t, p in zip(truth, pick, strict=True)]
        both = [
            _mean_error(drawn, [g[p] for g, p in zip(guesses[name], pick, strict=True)], np.abs, 1.0)
            for name in ("model", "last_90_days")
        ]
        return 1 - both[0] / both[1]

    return {
        "spend_error": round(absolute["model"], 4),
        "spend_rmse": round(squared["model"], 4),
        "spend_total_bias": round(float(mean.sum() / was.sum() - 1), 4),
        "spend_beats_last_90_days_by": {
            "error": round(1 - absolute["model"] / absolute["last_90_days"], 4),
            "error_interval95": _resampled(found, gone),
            "rmse": round(1 - squared["model"] / squared["last_90_days"], 4),
            "squared_error": round(1 - (squared["model"] / squared["last_90_days"]) ** 2, 4),
        },
        "value_interval80_coverage": round(float(np.mean((low <= was) & (was <= high))), 4),
        "value_interval80_width": round(float(np.mean(high - low) / was.mean()), 4),
        "group_interval80_coverage": _group_coverage(found),
        "spend_origins": len(found),
        "spend_mean": round(float(was.mean()), 2),
        "baselines": {
            "spend_error": {name: round(absolute[name], 4) for name in SPEND_RULES},
            "spend_rmse": {name: round(squared[name], 4) for name in SPEND_RULES},
        },
    }


def _group_coverage(found: Sequence[Origin]) -> dict[str, Any]:
    """How often the interval of a group's spend held: random tenths of customers, fifths by value, all."""
    held: dict[str, list[bool]] = {"random_tenths": [], "fifths_by_value": [], "all": []}
    for origin in found:
        value, truth = origin.said.value, origin.truth.after.spend
        spread = (origin.said.high - origin.said.low) / (2 * Z80)
        scattered = origin.before.ids * 2_654_435_761 % 4_294_967_296 // 65_536 % GROUPS
        places = {
            "random_tenths": [scattered == group for group in range(GROUPS)],
            "fifths_by_value": list(_fifths(value)),
            "all": [np.ones(len(value), dtype=bool)],
        }
        for kind, groups in places.items():
            for members in groups:
                total = origin.mean[0] * members.sum() + origin.mean[1] * value[members].sum()
                half = Z80 * np.sqrt((spread[members] ** 2).sum() + (origin.shared_error * total) ** 2)
                held[kind].append(bool(abs(truth[members].sum() - total) <= half))
    return {
        kind: {"coverage": round(float(np.mean(hits)), 3), "groups": len(hits)} for kind, hits in held.items()
    }


def _fifths(value: Floats) -> list[NDArray[np.bool_]]:
    place = np.argsort(np.argsort(value, kind="stable"), kind="stable") * 5 // max(1, len(value))
    return [place == fifth for fifth in range(5)]


def _stages(shop: Shop, span: Span, found: Sequence[Origin]) -> dict[str, Any]:
    """How many of each lifecycle stage placed no order in the next 60 days."""
    counts: dict[str, list[int]] = {}
    for origin in found:
        until = span.first + timedelta(days=origin.before.cut - 1)
        stats = select_stats(shop.engine.dialect.name, until).subquery()
        stayed = dict(zip(origin.before.ids.tolist(), origin.truth.after.churned.tolist(), strict=True))
        with shop.engine.connect() as connection:
            for customer, stage in connection.execute(select(stats.c.customer_id, stats.c.lifecycle)):
                if customer in stayed:
                    pair = counts.setdefault(stage, [0, 0])
                    pair[0] += 1
                    pair[1] += stayed[customer]
    return {
        stage: {"customers": total, "stayed_away": round(away / total, 4)}
        for stage, (total, away) in sorted(counts.items(), key=lambda item: item[1][1] / item[1][0])
    }


def _mean_error(
    truth: Sequence[Floats], guess: Sequence[Floats], loss: Callable[[Floats], Floats], power: float
) -> float:
    """Over mean actual spend, mean of the origins."""
    return float(
        np.mean(
            [loss(t - g).mean() ** power / max(1e-9, t.mean()) for t, g in zip(truth, guess, strict=True)]
        )
    )


def _auc(truth: NDArray[np.bool_], score: Floats) -> float:
    """The share of pairs ranked right, ties half (Mann and Whitney, 1947); .5 where all did the same."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return 0.5
    ranks = rankdata(score)
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _calibration(said: Floats, was: Floats) -> float:
    """Expected calibration error over BINS bins of equal count."""
    parts = np.array_split(np.argsort(said, kind="stable"), BINS)
    return float(sum(len(p) * abs(said[p].mean() - was[p].mean()) for p in parts if len(p)) / len(said))


def _resampled(
    found: Sequence[Origin], figure: Callable[[Sequence[NDArray[np.int64]]], float]
) -> list[float]:
    """A 95% interval of `figure` from resampling customers, the same ones at every origin."""
    chance = np.random.default_rng(11)
    everyone = np.unique(np.concatenate([origin.before.ids for origin in found]))
    values = []
    for _ in range(RESAMPLES):
        drawn, times = np.unique(chance.choice(everyone, len(everyone)), return_counts=True)
        picks = []
        for origin in found:
            _, places, kept = np.intersect1d(origin.before.ids, drawn, return_indices=True)
            picks.append(np.repeat(places, times[kept]))
        values.append(figure(picks))
    return [round(float(value), 4) for value in np.quantile(values, [0.025, 0.975])]
