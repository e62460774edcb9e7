"""The models of churn and value: config, fit and call.

Churn is the mean of two probabilities, from LightGBM (Ke et al., NeurIPS 2017) and from a logistic
regression on the same features. Value is the median of the spend to expect: plain rates of several windows
weighed (customer_rates.py), and half of what LightGBM sees beyond them, in units of the square root of the
rates, since spend varies about as a Poisson sum does. The 80% interval are two quantile regressions in the
same units, widened or narrowed until they held 80% of customers whom the model had not seen (conformalised
quantile regression, Romano et al., NeurIPS 2019). A median is below the mean, so sums over customers
take the mean, a line through the median. All is learned from the same customers at several days in the
past; folds are by customer.

Trees are few and small: what a household does in 60 or 90 days is mostly chance, and in the first part of
the demo shop's year more or larger ones did no better on later days. Demographics are left out: there they
are known of the households that went on buying, and nobody says since when.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopwright.knowledge.customer_features import FEATURES, Floats, Ints, Measures, Outcomes, features
from shopwright.knowledge.customer_rates import rates, weigh
from shopwright.knowledge.types import Frozen

if TYPE_CHECKING:
    from lightgbm import Booster

BOOSTERS = ("churn", "value", "low", "high")
FOLDS = 3


class ModelConfig(Frozen):
    """How the models are fitted."""

    churn_trees: int = Field(default=150, description="Trees of eight leaves for churn.")
    churn_rate: float = 0.03
    value_trees: int = Field(default=60, description="Trees of eight leaves for spend beyond the rates.")
    value_rate: float = 0.04
    value_part: float = Field(default=0.5, description="How much of what these trees see is believed.")
    value_history: int = Field(default=56, description="Days of records before spend is learned from.")
    quantile_trees: int = 80
    leaf_part: int = Field(default=100, description="A leaf holds at least one in so many rows, 10 to 200.")
    ridge: float = Field(default=10.0, description="Weight of the squared coefficients against the log loss.")
    floor: float = Field(
        default=20.0, description="Added to the spend at plain rates before its square root."
    )
    coverage: float = Field(default=0.8, description="What the value interval should hold.")
    seed: int = 20


class Linear(Frozen):
    """A logistic regression on standardised features."""

    means: list[float]
    scales: list[float]
    weights: list[float]
    bias: float

    def __call__(self, rows: Floats) -> Floats:
        """Probabilities (n,)."""
        score = (rows - np.array(self.means)) / np.array(self.scales) @ np.array(self.weights) + self.bias
        probability: Floats = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        return probability


class State(Frozen):
    """What is kept beside the trees."""

    typical_gap: float
    floor: float
    value_part: float
    linear: Linear
    rates: list[float] = Field(description="Weights of the plain rates, as of customer_rates.RATES.")
    mean: tuple[float, float] = Field(description="Mean spend: the first, plus the second times the median.")
    widen: float = Field(description="Added at both ends of the value interval, in units of the root.")


@dataclass(frozen=True)
class Predictions:
    """A position a customer: probability of no order in 60 days; spend in 90 days, its 80% interval."""

    churn: Floats
    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Example:
    """Customers as they stood on a day, and what they did then; None where that is not known yet."""

    before: Measures
    after: Outcomes
    churn_known: bool = True
    value_known: bool = True


class CustomerModel:
    """Churn and value of customers. Made by `fit_model` or `read`."""

    def __init__(self, state: State, boosters: dict[str, Booster]) -> None:
        self.state = state
        self._boosters = boosters

    def __call__(self, before: Measures) -> Predictions:
        """What is expected of the customers from the day of their measures on."""
        state = self.state
        rows = features(before, state.typical_gap)
        base = rates(before) @ np.array(state.rates)
        unit = np.sqrt(base + state.floor)
        churn = (self._run("churn", rows) + state.linear(rows)) / 2
        value = np.maximum(0.0, base + state.value_part * unit * self._run("value", rows))
        low = np.maximum(0.0, base + unit * (self._run("low", rows) - state.widen))
        high = base + unit * (self._run("high", rows) + state.widen)
        return Predictions(churn, value, np.minimum(low, value), np.maximum(high, value))

    def write(self, folder: Path) -> None:
        """Save as LightGBM text and JSON into a folder that exists."""
        (folder / "state.json").write_text(self.state.model_dump_json(), encoding="utf-8")
        for name, booster in self._boosters.items():
            (folder / f"{name}.txt").write_text(booster.model_to_string(), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> CustomerModel:
        """What `write` saved."""
        from lightgbm import Booster

        state = State.model_validate_json((folder / "state.json").read_bytes())
        return cls(
            state,
            {
                name: Booster(model_str=(folder / f"{name}.txt").read_text(encoding="utf-8"))
                for name in BOOSTERS
            },
        )

    def importance(self, name: str, most: int = 8) -> dict[str, float]:
        """The features by which the trees of `churn` or `value` gain most, as shares of the whole gain."""
        gain = self._boosters[name].feature_importance("gain").astype(float)
        shares = gain / max(gain.sum(), 1e-9)
        ranked = np.argsort(-shares, kind="stable")[:most]
        return {FEATURES[place]: round(float(shares[place]), 3) for place in ranked}

    def _run(self, name: str, rows: Floats) -> Floats:
        return _predict(self._boosters[name], rows)


@dataclass(frozen=True)
class Aside:
    """What was said of customers by folds that did not hold them, and what they did."""

    churn: Floats
    churned: Floats
    value: Floats
    spend: Floats
    value_cut: Floats


def fit_model(
    examples: Sequence[Example], typical_gap: float, config: ModelConfig | None = None
) -> tuple[CustomerModel, Aside]:
    """Fit on past days; also what customers' own folds say of them, who were not in their fit."""
    config = config or ModelConfig()
    churn = _Rows.of([e for e in examples if e.churn_known], typical_gap)
    known = [e for e in examples if e.value_known]
    # On early days most windows reach back behind the first records: those are used if there are no others.
    longer = [e for e in known if e.before.cut >= config.value_history]
    value = _Rows.of(longer or known, typical_gap)
    aside, low, high = _out_of_fold(churn, value, config)
    base, boosters = _fit_value(value, np.ones(len(value.rows), dtype=bool), config)
    state = State(
        typical_gap=typical_gap,
        floor=config.floor,
        value_part=config.value_part,
        linear=_linear(churn.rows, churn.churned, config),
        rates=base.tolist(),
        mean=_mean_line(aside.value, aside.spend, config.floor),
        widen=_conformal(low, high, config),
    )
    boosters |= {"churn": _trees("churn", churn.rows, churn.churned, config)}
    return CustomerModel(state, boosters), aside


@dataclass(frozen=True)
class _Rows:
    """Examples one below the other."""

    rows: Floats
    rates: Floats
    customers: Ints
    cuts: Floats
    churned: Floats
    spend: Floats

    @classmethod
    def of(cls, examples: Sequence[Example], typical_gap: float) -> _Rows:
        return cls(
            rows=np.concatenate([features(example.before, typical_gap) for example in examples]),
            rates=np.concatenate([rates(example.before) for example in examples]),
            customers=np.concatenate([example.before.ids for example in examples]),
            cuts=np.concatenate([np.full(len(e.before.ids), e.before.cut, dtype=float) for e in examples]),
            churned=np.concatenate([example.after.churned for example in examples]).astype(np.float64),
            spend=np.concatenate([example.after.spend for example in examples]),
        )

    def folds(self) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Who is learned from and who is not, by customer, so that nobody stands on both sides."""
        place = self.customers % 1_000_003 * 2_654_435_761 % 4_294_967_296 // 65_536 % FOLDS
        for fold in range(FOLDS):
            if 0 < (place == fold).sum() < len(place):
                yield place != fold, place == fold


def _out_of_fold(churn: _Rows, value: _Rows, config: ModelConfig) -> tuple[Aside, Floats, Floats]:
    """Also by how many units each customer spent less than the low end, and more than the high end."""
    probability = np.zeros(len(churn.rows))
    for kept, out in churn.folds():
        trees = _trees("churn", churn.rows[kept], churn.churned[kept], config)
        linear = _linear(churn.rows[kept], churn.churned[kept], config)
        probability[out] = (_predict(trees, churn.rows[out]) + linear(churn.rows[out])) / 2
    said, below, above = (np.zeros(len(value.rows)) for _ in range(3))
    for kept, out in value.folds():
        weights, boosters = _fit_value(value, kept, config)
        base = value.rates[out] @ weights
        unit = np.sqrt(base + config.floor)
        seen = {name: _predict(booster, value.rows[out]) for name, booster in boosters.items()}
        said[out] = np.maximum(0.0, base + config.value_part * unit * seen["value"])
        below[out] = np.maximum(0.0, base + unit * seen["low"]) / unit - value.spend[out] / unit
        above[out] = (value.spend[out] - base) / unit - seen["high"]
    return Aside(probability, churn.churned, said, value.spend, value.cuts), below, above


def _fit_value(
    value: _Rows, kept: NDArray[np.bool_], config: ModelConfig
) -> tuple[Floats, dict[str, Booster]]:
    """The weights of the rates, and the trees of median and interval beyond them."""
    weights = weigh(value.rates[kept], value.spend[kept])
    base = value.rates[kept] @ weights
    unit = np.sqrt(base + config.floor)
    beyond = (value.spend[kept] - base) / unit
    return weights, {
        name: _trees(name, value.rows[kept], beyond, config, unit) for name in BOOSTERS if name != "churn"
    }


def _mean_line(value: Floats, spend: Floats, floor: float) -> tuple[float, float]:
    """Intercept and slope of mean spend over the median said, customers of large spend counting less."""
    weight = 1 / np.sqrt(value + floor)
    design = np.column_stack([weight, value * weight])
    (start, slope), *_ = np.linalg.lstsq(design, spend * weight, rcond=None)
    return max(0.0, float(start)), max(0.0, float(slope))


def _conformal(below: Floats, above: Floats, config: ModelConfig) -> float:
    """How far both ends must move so that the interval holds its share of customers not seen."""
    place = min(1.0, config.coverage * (1 + 1 / max(1, len(below))))
    return float(np.quantile(np.maximum(below, above), place))


def _predict(booster: Booster, rows: Floats) -> Floats:
    found: Floats = np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)
    return found


def _trees(
    name: str, rows: Floats, truth: Floats, config: ModelConfig, weights: Floats | None = None
) -> Booster:
    import lightgbm

    tails = {"low": (1 - config.coverage) / 2, "high": (1 + config.coverage) / 2}
    special: dict[str, dict[str, Any]] = {
        "churn": {"objective": "binary", "learning_rate": config.churn_rate, "feature_fraction": 0.5},
        "value": {"objective": "l1", "learning_rate": config.value_rate, "feature_fraction": 0.3},
    }
    quantile = {
        "objective": "quantile",
        "alpha": tails.get(name),
        "learning_rate": 0.05,
        "feature_fraction": 0.5,
    }
    parameters = special.get(name, quantile) | {
        "num_leaves": 8,
        "min_data_in_leaf": int(np.clip(len(rows) // config.leaf_part, 10, 200)),
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0 if name == "churn" else 5.0,
        "seed": config.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    rounds = {"churn": config.churn_trees, "value": config.value_trees}.get(name, config.quantile_trees)
    # The median is wanted of money, the interval's ends of customers, whatever they spend.
    weighted = weights if name == "value" else None
    return lightgbm.train(parameters, lightgbm.Dataset(rows, truth, weight=weighted), rounds)


def _linear(rows: Floats, truth: Floats, config: ModelConfig) -> Linear:
    from sklearn.linear_model import LogisticRegression

    means, scales = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    fitted = LogisticRegression(C=1 / config.ridge, max_iter=500).fit((rows - means) / scales, truth)
    return Linear(
        means=means.tolist(),
        scales=scales.tolist(),
        weights=fitted.coef_[0].tolist(),
        bias=float(fitted.intercept_[0]),
    )
