"""Labelled texts as features, and the classifier's models fitted on any part of them.

How the models are blended is learned from texts they had not seen: in runs of neighbouring texts left out
in turn (what it does on trades it knows), and in whole trades left out in turn (what it does on others).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.review_data import Labelled
from shopwright.knowledge.sentiment_classifier import Embed, read
from shopwright.knowledge.sentiment_examples import related
from shopwright.knowledge.sentiment_familiar import fit_familiarity
from shopwright.knowledge.sentiment_heads import (
    LANGUAGES,
    PARTS,
    Features,
    Floats,
    Heads,
    Linear,
    Models,
    blend,
    fit_blend,
    fit_meaning,
    fit_models,
)
from shopwright.knowledge.sentiment_lexicon import Lexicon
from shopwright.knowledge.sentiment_text import normalise

Rows = np.ndarray[Any, np.dtype[np.int64]]
_FOLDS = 3
_BATCH = 256
_MEANING = {"zh": 0.003, "en": 0.01}  # inverse penalty
_GENERAL = 0.0002
_ENGLISH = 2.0  # how much more an English text counts for the general model
_ALLOWED = 0.002  # share of texts that may be judged worse because the quick blend was sure
_SKIPPED = 0.5  # at most this share of texts goes without embeddings
_ENOUGH = 500  # texts from which on such shares mean something


def read_corpus(
    examples: Sequence[Labelled], words: dict[str, Lexicon], embed: Embed, progress: Progress
) -> "Corpus":
    """The labelled texts of `examples` as features, so that models can be fitted on any part of them."""
    corpus = Corpus()
    total = sum(one.label is not None for one in examples)
    for language in LANGUAGES:
        mine = [one for one in examples if one.language == language and one.label is not None]
        mine.sort(key=lambda one: len(one.text))
        parts = []
        for start in range(0, len(mine), _BATCH):
            texts = [normalise(one.text) for one in mine[start : start + _BATCH]]
            parts.append(read(words[language], texts, embed))
            done = sum(map(len, corpus.examples.values())) + start + len(texts)
            progress("Reading labelled reviews", done, total)
        if mine:
            corpus.add(language, mine, Features.stack(parts))
    return corpus


class Corpus:
    """Labelled texts of each language and their features."""

    def __init__(self) -> None:
        self.examples: dict[str, list[Labelled]] = {}
        self.features: dict[str, Features] = {}
        self.labels: dict[str, Any] = {}
        self.weights: dict[str, Any] = {}
        self.groups: dict[str, Any] = {}
        self.subjects: dict[str, Any] = {}

    def add(self, language: str, examples: list[Labelled], features: Features) -> None:
        """Take in one language's texts."""
        self.examples[language] = examples
        self.features[language] = features
        self.labels[language] = np.asarray([one.label for one in examples])
        self.weights[language] = np.asarray([one.weight for one in examples], dtype=np.float32)
        self.groups[language] = np.asarray([one.group for one in examples])
        self.subjects[language] = np.asarray([one.subject for one in examples])

    def everything(self) -> dict[str, Rows]:
        """All rows of each language."""
        return {key: np.arange(len(labels)) for key, labels in self.labels.items()}

    def without(self, language: str, rows: Rows, subject: str) -> Rows:
        """Those of `rows` that neither are about the subject nor are examples of its trade."""
        return rows[~np.isin(self.subjects[language][rows], [subject, *related(subject)])]

    def fit(self, rows: dict[str, Rows], progress: Progress) -> tuple[dict[str, Heads], dict[str, Any]]:
        """Models of each language fitted on `rows`, blended and calibrated, and figures."""
        by_run = self._left_out(self._runs(rows), rows, progress, "in runs")
        by_trade = self._left_out(self._trades(rows), rows, progress, "by trade")
        models = self.fit_once(rows)
        heads = {
            key: self._heads(key, models[key], mine, by_run[key], by_trade[key]) for key, mine in rows.items()
        }
        return heads, {key: self._figures(heads[key], by_run[key], key, mine) for key, mine in rows.items()}

    def fit_once(self, rows: dict[str, Rows]) -> dict[str, Models]:
        """Models of each language fitted on `rows`."""
        x = np.vstack([self.features[key].meaning[mine] for key, mine in rows.items()])
        labels = np.concatenate([self.labels[key][mine] for key, mine in rows.items()])
        weights = [self.weights[key][mine] * (_ENGLISH if key == "en" else 1) for key, mine in rows.items()]
        general = fit_meaning(x, labels, np.concatenate(weights), _GENERAL)
        return {
            key: fit_models(
                self.features[key].take(mine),
                self.labels[key][mine],
                self.weights[key][mine],
                self._meaning(key, mine),
                general,
            )
            for key, mine in rows.items()
        }

    def _meaning(self, key: str, rows: Rows) -> Linear:
        """The language's own model of meaning, fitted on its reviews alone."""
        own = rows[self.groups[key][rows] >= 0]
        own = own if len(np.unique(self.labels[key][own])) == 2 else rows
        x = self.features[key].meaning[own]
        return fit_meaning(x, self.labels[key][own], self.weights[key][own], _MEANING[key])

    def _runs(self, rows: dict[str, Rows]) -> Iterator[dict[str, tuple[Rows, Rows]]]:
        """(train, test) rows with whole groups left out; texts of group -1 are only trained on."""
        for fold in range(_FOLDS):
            yield {
                key: (mine[self._fold(key, mine) != fold], mine[self._fold(key, mine) == fold])
                for key, mine in rows.items()
            }

    def _fold(self, key: str, rows: Rows) -> Any:
        groups = self.groups[key][rows]
        return np.where(groups < 0, -1, groups % _FOLDS)

    def _trades(self, rows: dict[str, Rows]) -> Iterator[dict[str, tuple[Rows, Rows]]]:
        """(train, test) rows with every third subject left out; none where there is but one."""
        names = {key: self.trades(key, mine) for key, mine in rows.items()}
        for fold in range(_FOLDS):
            split = {}
            for key, mine in rows.items():
                train, test = mine, mine[:0]
                if len(names[key]) > 1:
                    out = names[key][fold::_FOLDS]
                    test = mine[np.isin(self.subjects[key][mine], out)]
                    for name in out:
                        train = self.without(key, train, name)
                split[key] = train, test
            yield split

    def trades(self, key: str, rows: Rows) -> list[str]:
        """The subjects of the reviews among `rows`."""
        return sorted({str(name) for name in self.subjects[key][rows[self.groups[key][rows] >= 0]]})

    def _left_out(
        self, splits: Any, rows: dict[str, Rows], progress: Progress, how: str
    ) -> dict[str, Floats]:
        """Each model's score of each of `rows`, (n, 4), when it was left out; NaN where it never was."""
        scores = {key: np.full((len(mine), len(PARTS)), np.nan, np.float32) for key, mine in rows.items()}
        for done, split in enumerate(splits):
            progress(f"Fitting the sentiment models, {how}", done, 0)
            models = self.fit_once({key: train for key, (train, _) in split.items()})
            for key, (_, test) in split.items():
                if len(test):
                    at = np.searchsorted(rows[key], test)
                    scores[key][at] = models[key].score(self.features[key].take(test))
        return scores

    def _heads(self, key: str, models: Models, rows: Rows, by_run: Floats, by_trade: Floats) -> Heads:
        """The models with their blends; where no trade could be left out, runs stand in for trades."""
        labels, weights = self.labels[key][rows], self.weights[key][rows]
        seen = ~np.isnan(by_run[:, 0])
        apart = ~np.isnan(by_trade[:, 0])
        if not apart.any():
            by_trade, apart = by_run, seen
        both = np.vstack([by_run[seen], by_trade[apart]])
        quick = fit_blend(
            both,
            np.concatenate([labels[seen], labels[apart]]),
            np.concatenate([weights[seen], weights[apart]]),
            ("words", "lexicon"),
        )
        known = fit_blend(by_run[seen], labels[seen], weights[seen], ("words", "lexicon", "meaning"))
        strange = fit_blend(by_trade[apart], labels[apart], weights[apart], ("words", "lexicon", "general"))
        main = self.groups[key][rows] >= 0
        familiar = fit_familiarity(self.features[key].meaning[rows[main]], self.subjects[key][rows[main]])
        heads = Heads(models, known, strange, quick, familiar)
        sure = max(
            _sure(by_run[seen], quick, known, labels[seen]),
            _sure(by_trade[apart], quick, strange, labels[apart]),
        )
        return replace(heads, sure=sure)

    def _figures(self, heads: Heads, by_run: Floats, key: str, rows: Rows) -> dict[str, float]:
        seen = ~np.isnan(by_run[:, 0])
        right = (blend(by_run[seen], heads.known) > 0) == self.labels[key][rows[seen]]
        return {"texts": len(rows), "out_of_fold_accuracy": round(float(right.mean()), 4)}


def _sure(scores: Floats, quick: Floats, full: Floats, labels: Any) -> float:
    """Log-odds of the quick blend from which leaving the embeddings out loses next to nothing."""
    fast, slow = blend(scores, quick), blend(scores, full)
    order = np.argsort(-np.abs(fast))
    lost = ((slow > 0) == labels).astype(int) - ((fast > 0) == labels).astype(int)
    harm = np.cumsum(lost[order])[: int(_SKIPPED * len(order))] / len(order)
    fine = np.flatnonzero(harm <= _ALLOWED)
    if len(labels) < _ENOUGH or not len(fine):
        return float("inf")
    return float(np.abs(fast[order[fine[-1]]]))
