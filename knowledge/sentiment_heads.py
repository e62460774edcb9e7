"""The three linear models that judge a text together: its words, its opinion words, its meaning.

- words: TF-IDF of n-grams, one model a language; best on what it was trained on;
- lexicon: a dozen figures from hand-made word lists, one model a language; holds in any trade;
- meaning: multilingual sentence embeddings, one model for both languages, so that what English
  sentences of many kinds teach also serves Chinese.

Each gives log-odds, divided by their spread on the training texts so that none drowns another; the
sum is calibrated by logistic regression on texts that the models had not seen (Platt, 1999).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopwright.knowledge.sentiment_text import grams

Floats = NDArray[np.float32]
LANGUAGES = ("zh", "en")
BUCKETS = 1 << 18


@dataclass(frozen=True)
class Features:
    """What the models see of n texts: hashed n-gram counts, lexicon figures (n, 12), embeddings (n, d)."""

    counts: Any
    lexicon: Floats
    meaning: Floats

    def take(self, rows: NDArray[Any]) -> "Features":
        """The features of the texts at `rows`."""
        return Features(self.counts[rows], self.lexicon[rows], self.meaning[rows])

    @staticmethod
    def stack(parts: Sequence["Features"]) -> "Features":
        """The features of all parts' texts, one part after another."""
        return Features(
            sparse.vstack([part.counts for part in parts]).tocsr(),
            np.vstack([part.lexicon for part in parts]),
            np.vstack([part.meaning for part in parts]),
        )


@dataclass(frozen=True)
class Linear:
    """A linear model: log-odds of 'positive' in units of their spread on the training texts."""

    weights: Floats
    bias: float
    spread: float = 1.0

    def __call__(self, x: Any) -> Floats:
        """Scores of the rows of `x`, shape (n,)."""
        return np.asarray((x @ self.weights + self.bias) / self.spread, dtype=np.float32)


@dataclass(frozen=True)
class Heads:
    """The models of one language; `meaning` is shared by both."""

    idf: Floats
    words: Linear
    lexicon: Linear
    meaning: Linear
    full: tuple[float, float] = (1.0, 0.0)
    quick: tuple[float, float] = (1.0, 0.0)

    def score(self, x: Features, *, quick: bool = False) -> Floats:
        """The summed scores, shape (n,); `quick` leaves the embeddings out."""
        summed = self.words(tfidf(x.counts, self.idf)) + self.lexicon(x.lexicon)
        return summed if quick else np.asarray(summed + self.meaning(x.meaning), dtype=np.float32)

    def probability(self, x: Features, *, quick: bool = False) -> Floats:
        """Calibrated probabilities of 'positive', shape (n,)."""
        slope, offset = self.quick if quick else self.full
        return np.asarray(1 / (1 + np.exp(-(slope * self.score(x, quick=quick) + offset))), dtype=np.float32)


def count_grams(texts: Sequence[str], language: str) -> Any:
    """Hashed n-gram counts of normalised texts, a sparse matrix of shape (n, BUCKETS)."""
    from sklearn.feature_extraction import FeatureHasher

    hasher = FeatureHasher(BUCKETS, input_type="string", alternate_sign=False, dtype=np.float32)
    return hasher.transform(grams(text, language) for text in texts)


def tfidf(counts: Any, idf: Floats) -> Any:
    """Rows of length 1 with sublinear counts weighted by `idf`."""
    x = counts.copy()
    x.data = (1 + np.log(x.data)) * idf[x.indices]
    norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    x.data /= np.repeat(np.maximum(norms, 1e-6), np.diff(x.indptr))
    return x


def fit_meaning(meaning: Floats, labels: NDArray[Any], weights: Floats) -> Linear:
    """Fit the shared model on embeddings of texts in all languages."""
    return _logistic(meaning * 2, labels, weights, scale=2.0)


def fit_heads(x: Features, labels: NDArray[Any], weights: Floats, meaning: Linear) -> Heads:
    """Fit one language's own models on its training texts."""
    seen = np.bincount(x.counts.indices, minlength=BUCKETS)  # texts that have each n-gram
    idf = np.asarray(np.log((1 + len(labels)) / (1 + seen)) + 1, dtype=np.float32)
    idf[seen < 2] = 0
    words = _logistic(tfidf(x.counts, idf), labels, weights)
    return Heads(idf, words, _logistic(x.lexicon, labels, weights), meaning)


def calibrate(heads: Heads, scores: Floats, labels: NDArray[Any], weights: Floats) -> Heads:
    """The same models, their probabilities fitted to `scores` (full, quick; shape (2, n)) of unseen texts."""
    return replace(heads, full=_platt(scores[0], labels, weights), quick=_platt(scores[1], labels, weights))


def folds(groups: NDArray[Any], count: int) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """(train, test) rows, whole groups together, `count` times."""
    which = groups % count
    for fold in range(count):
        yield np.flatnonzero(which != fold), np.flatnonzero(which == fold)


def to_arrays(heads: dict[str, Heads]) -> dict[str, NDArray[Any]]:
    """The models as named arrays, for an npz file."""
    arrays: dict[str, NDArray[Any]] = {}
    for language, one in heads.items():
        for field in fields(one):
            value = getattr(one, field.name)
            name = f"{language}.{field.name}"
            if isinstance(value, Linear):
                arrays[name] = value.weights
                value = (value.bias, value.spread)
            arrays[f"{name}.rest" if isinstance(value, tuple) else name] = np.asarray(value)
    return arrays


def from_arrays(arrays: Any) -> dict[str, Heads]:
    """The models from what `to_arrays` made."""

    def pair(name: str) -> tuple[float, float]:
        first, second = arrays[f"{name}.rest"].tolist()
        return first, second

    def linear(name: str) -> Linear:
        return Linear(arrays[name], *pair(name))

    return {
        language: Heads(
            arrays[f"{language}.idf"],
            linear(f"{language}.words"),
            linear(f"{language}.lexicon"),
            linear(f"{language}.meaning"),
            pair(f"{language}.full"),
            pair(f"{language}.quick"),
        )
        for language in LANGUAGES
        if f"{language}.words" in arrays
    }


def _logistic(x: Any, labels: NDArray[Any], weights: Floats, scale: float = 1.0) -> Linear:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=2.0, max_iter=500).fit(x, labels, sample_weight=weights)
    spread = float(np.std(model.decision_function(x))) or 1.0
    return Linear(np.asarray(model.coef_[0] * scale, dtype=np.float32), float(model.intercept_[0]), spread)


def _platt(score: Floats, labels: NDArray[Any], weights: Floats) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e4).fit(score.reshape(-1, 1), labels, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
