"""How much each signal counts: learned from what customers bought in the 28 days after an earlier day.

Gradient-boosted trees (LightGBM; Ke et al., NeurIPS 2017) learn the probability that a customer buys a
candidate in the next 28 days. There is a blend for everything, one for what the customer never bought, and
both again for product types. A ranking objective (LambdaRank) was tried on the same table: on a later window
it ranked no better, and a probability can be read by people. Contributions are SHAP values (Lundberg
et al., 2018), exact for trees, added up by family of signals.

Where the history is too short to learn from, the weights in `Fixed` hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.recommend_signals import FAMILIES, Signals, Table, family

if TYPE_CHECKING:
    import lightgbm

ROUNDS = 100
PARAMETERS: dict[str, Any] = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 100, "max_bin": 127,
    "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 10.0,
    "num_threads": 1, "seed": 0, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
ENOUGH_BOUGHT = 1000
ENOUGH_CUSTOMERS = 100

Floats = NDArray[np.float64]


class Blend(Protocol):
    """Ranks the rows of a table of signals."""

    def scores(self, signals: Signals, target: str) -> Floats:
        """Above 0 where anything speaks for a row, higher is better; one a row."""

    def contributions(self, signals: Signals, target: str) -> Floats:
        """What each family adds to each row's score: shape (rows, len(FAMILIES))."""


@dataclass(frozen=True)
class Examples:
    """A table of signals, whether each row was bought in the days after, and the share of rows left out.

    `kept`: of the rows that were not bought, the share that is in the table.
    """

    signals: Signals
    bought: NDArray[np.bool_]
    customers: int
    kept: float

    @property
    def enough(self) -> bool:
        """Whether a blend can be learned from these."""
        return int(self.bought.sum()) >= ENOUGH_BOUGHT and self.customers >= ENOUGH_CUSTOMERS


class Fixed:
    """Weights that hold where nothing can be learned.

    What was bought before comes first, most by how often and how lately; then what goes with it, what reads
    like it, and what sells: the share of the best seller's buyers.
    """

    REPEAT, PAIRS, TEXT, SALES = 1.0, 0.5, 0.05, 0.25

    def scores(self, signals: Signals, target: str) -> Floats:
        """The sum of the contributions."""
        return np.asarray(self.contributions(signals, target).sum(axis=1))

    def contributions(self, signals: Signals, target: str) -> Floats:
        """What each family adds."""
        column = dict(zip(signals.names, np.nan_to_num(signals.table).astype(np.float64).T, strict=True))
        found = np.zeros((len(signals.table), len(FAMILIES)))
        orders, sold = column["own_orders"], column["sold_recent"]
        parts = {
            "repeat": self.REPEAT * ((orders > 0) + np.log1p(column["own_faded_45"])),
            "together": self.PAIRS * np.tanh(column["with_pairs"]),
            "content": self.TEXT * np.maximum(column.get("text_alike", 0 * sold), 0),
            "popular": self.SALES * sold / max(1.0, float(sold.max(initial=0))),
        }
        for name, values in parts.items():
            found[:, FAMILIES.index(name)] = values
        return found


class Trees:
    """A learned blend a target; `kept` corrects the probabilities for rows left out in learning.

    A target with too few examples (product types that nobody has left to try) keeps the fixed weights.
    """

    def __init__(self, boosters: dict[str, lightgbm.Booster], kept: dict[str, float]) -> None:
        self._boosters, self._kept = boosters, kept

    def scores(self, signals: Signals, target: str) -> Floats:
        """The probability that each is bought in the next 28 days; fixed weights where none was learned."""
        if target not in self._boosters:
            return Fixed().scores(signals, target)
        if not len(signals.table):
            return np.empty(0)
        raw = np.asarray(self._boosters[target].predict(signals.table, raw_score=True, num_threads=1))
        return np.asarray(1 / (1 + np.exp(-(raw + np.log(self._kept[target])))))

    def contributions(self, signals: Signals, target: str) -> Floats:
        """In log odds, beside the average candidate's."""
        if target not in self._boosters:
            return Fixed().contributions(signals, target)
        parts = np.asarray(self._boosters[target].predict(signals.table, pred_contrib=True, num_threads=1))
        found = np.zeros((len(signals.table), len(FAMILIES)))
        for column, name in enumerate(signals.names):
            found[:, FAMILIES.index(family(name))] += parts[:, column]
        return found

    def weights(self) -> dict[str, dict[str, float]]:
        """Share of each family in what the trees gained in learning, by target."""
        found: dict[str, dict[str, float]] = {}
        for target, booster in self._boosters.items():
            gains = booster.feature_importance("gain")
            shares = dict.fromkeys(FAMILIES, 0.0)
            for name, gain in zip(booster.feature_name(), gains, strict=True):
                shares[family(name)] += float(gain) / max(1e-9, float(gains.sum()))
            found[target] = {name: round(share, 3) for name, share in shares.items()}
        return found

    def save(self, folder: Path) -> None:
        """Write LightGBM's text files and the shares kept."""
        for target, booster in self._boosters.items():
            (folder / f"blend_{target}.txt").write_text(booster.model_to_string(), encoding="utf-8")
        (folder / "blend.json").write_text(json.dumps(self._kept), encoding="utf-8")


def train(examples: dict[str, Examples]) -> Trees | None:
    """A blend learned for every target with enough examples; None when there is none."""
    enough = {target: found for target, found in examples.items() if found.enough}
    if not enough:
        return None
    import lightgbm

    boosters = {}
    for target, found in enough.items():
        data = lightgbm.Dataset(
            found.signals.table,
            found.bought.astype(np.float32),
            feature_name=list(found.signals.names),
            params=PARAMETERS,
        )
        boosters[target] = lightgbm.train(PARAMETERS, data, ROUNDS)
    return Trees(boosters, {target: found.kept for target, found in enough.items()})


def load_blend(folder: Path) -> Blend:
    """The saved trees, or the fixed weights where none were learned."""
    if not (folder / "blend.json").is_file():
        return Fixed()
    import lightgbm

    kept = json.loads((folder / "blend.json").read_text(encoding="utf-8"))
    boosters = {
        target: lightgbm.Booster(model_str=(folder / f"blend_{target}.txt").read_text(encoding="utf-8"))
        for target in kept
    }
    return Trees(boosters, kept)


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples of several windows as one."""
    tables = np.concatenate([part.signals.table for part in parts])
    table: Table = tables
    return Examples(
        Signals(parts[0].signals.names, table),
        np.concatenate([part.bought for part in parts]),
        max(part.customers for part in parts),
        float(np.mean([part.kept for part in parts])),
    )
