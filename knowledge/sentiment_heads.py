"""The linear models that judge a text together: its words, its opinion words, its meaning.

- words: TF-IDF of n-grams, one model a language; best on what it was trained on;
- lexicon: a dozen figures from hand-made word lists, one model a language; holds in any trade;
- meaning: multilingual sentence embeddings, one model a language, fitted on its reviews;
- general: the same, one model for both languages and all kinds of text, held back much more strongly, so
  that what English sentences teach also serves Chinese: less exact on what it was trained on, more exact
  on anything else.

Three blends of them, each a logistic regression on scores of texts that the models had not seen (stacking,
Wolpert, 1992), which makes their probabilities calibrated: `known` for texts like the training texts,
`strange` for others (fitted on trades left out), `quick` without embeddings.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopwright.knowledge.sentiment_familiar import Familiarity
from shopwright.knowledge.sentiment_text import grams

Floats = NDArray[np.float32]
LANGUAGES = ("zh", "en")
BUCKETS = 1 << 18
PARTS = ("words", "lexicon", "meaning", "general")


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
class Models:
    """The models of one language; `general` is shared by both."""

    idf: Floats
    words: Linear
    lexicon: Linear
    meaning: Linear
    general: Linear

    def score(self, x: Features, *, quick: bool = False) -> Floats:
        """Each model's score, shape (n, 4) in the order of PARTS; zeros for the embeddings' if `quick`."""
        scores = np.zeros((len(x.lexicon), len(PARTS)), dtype=np.float32)
        scores[:, 0] = self.words(tfidf(x.counts, self.idf))
        scores[:, 1] = self.lexicon(x.lexicon)
        if not quick:
            scores[:, 2], scores[:, 3] = self.meaning(x.meaning), self.general(x.meaning)
        return scores


@dataclass(frozen=True)
class Heads:
    """One language's models, how they are blended, and when the quick blend is sure enough to stand."""

    models: Models
    known: Floats  # weights of PARTS and an offset, shape (5,)
    strange: Floats
    quick: Floats
    familiar: Familiarity
    sure: float = np.inf  # log-odds of the quick blend from which embeddings are not asked

    def odds(self, x: Features, *, quick: bool = False) -> Floats:
        """Calibrated log-odds of 'positive', shape (n,)."""
        return self.blended(self.models.score(x, quick=quick), x.meaning, quick=quick)

    def blended(self, scores: Floats, meaning: Floats, *, quick: bool = False) -> Floats:
        """Log-odds from the models' scores, shape (n,)."""
        if quick:
            return blend(scores, self.quick)
        share = self.familiar(meaning)
        mixed = share * blend(scores, self.known) + (1 - share) * blend(scores, self.strange)
        return np.asarray(mixed, dtype=np.float32)


def probability(odds: Floats) -> Floats:
    """Probabilities from log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -30, 30))), dtype=np.float32)


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


def fit_meaning(meaning: Floats, labels: NDArray[Any], weights: Floats, strength: float) -> Linear:
    """Fit a model on embeddings; `strength` is the inverse penalty."""
    mean, spread = meaning.mean(axis=0), float(meaning.std()) or 1.0
    inner = logistic((meaning - mean) / spread, labels, weights, strength)
    scaled = inner.weights / spread
    return Linear(scaled, inner.bias - float(mean @ scaled), inner.spread)


def fit_models(
    x: Features, labels: NDArray[Any], weights: Floats, meaning: Linear, general: Linear
) -> Models:
    """Fit one language's own models on its training texts."""
    seen = np.bincount(x.counts.indices, minlength=BUCKETS)  # texts that have each n-gram
    idf = np.asarray(np.log((1 + len(labels)) / (1 + seen)) + 1, dtype=np.float32)
    idf[seen < 2] = 0
    words = logistic(tfidf(x.counts, idf), labels, weights)
    return Models(idf, words, logistic(x.lexicon, labels, weights), meaning, general)


def blend(scores: Floats, weights: Floats) -> Floats:
    """Log-odds from the models' scores, shape (n, 4) -> (n,)."""
    return np.asarray(scores @ weights[:-1] + weights[-1], dtype=np.float32)


def fit_blend(scores: Floats, labels: NDArray[Any], weights: Floats, parts: tuple[str, ...]) -> Floats:
    """Weights of the models `parts` (0 for the others) and an offset, from scores of unseen texts."""
    from sklearn.linear_model import LogisticRegression

    chosen = [PARTS.index(part) for part in parts]
    model = LogisticRegression(C=10.0, max_iter=500).fit(scores[:, chosen], labels, sample_weight=weights)
    if len(chosen) > 1 and (model.coef_[0] < 0).any():  # a model that misleads is left out, not turned round
        kept = tuple(part for part, weight in zip(parts, model.coef_[0], strict=True) if weight > 0)
        return fit_blend(scores, labels, weights, kept or parts[-1:])
    found = np.zeros(len(PARTS) + 1, dtype=np.float32)
    found[chosen], found[-1] = model.coef_[0], model.intercept_[0]
    return found


def logistic(x: Any, labels: NDArray[Any], weights: Floats, strength: float = 2.0) -> Linear:
    """Logistic regression; `strength` is the inverse of the penalty."""
    from sklearn.linear_model import LogisticRegression

    solver = "liblinear" if sparse.issparse(x) else "lbfgs"
    model = LogisticRegression(C=strength, max_iter=500, solver=solver).fit(x, labels, sample_weight=weights)
    spread = float(np.std(model.decision_function(x))) or 1.0
    return Linear(np.asarray(model.coef_[0], dtype=np.float32), float(model.intercept_[0]), spread)


def to_arrays(heads: dict[str, Heads]) -> dict[str, NDArray[Any]]:
    """The models as named arrays, for an npz file."""
    arrays: dict[str, NDArray[Any]] = {}
    for language, one in heads.items():
        arrays[f"{language}.idf"] = one.models.idf
        for name in PARTS:
            linear: Linear = getattr(one.models, name)
            arrays[f"{language}.{name}"] = linear.weights
            arrays[f"{language}.{name}.rest"] = np.asarray((linear.bias, linear.spread))
        for field in fields(one.familiar):
            arrays[f"{language}.familiar.{field.name}"] = np.asarray(getattr(one.familiar, field.name))
        for name in ("known", "strange", "quick", "sure"):
            arrays[f"{language}.blend.{name}"] = np.asarray(getattr(one, name))
    return arrays


def from_arrays(arrays: Any) -> dict[str, Heads]:
    """The models from what `to_arrays` made."""
    return {key: _heads(arrays, key) for key in LANGUAGES if f"{key}.words" in arrays}


def _heads(arrays: Any, key: str) -> Heads:
    linear = {
        name: Linear(arrays[f"{key}.{name}"], *map(float, arrays[f"{key}.{name}.rest"])) for name in PARTS
    }
    far = [arrays[f"{key}.familiar.{field.name}"] for field in fields(Familiarity)]
    blends = {name: arrays[f"{key}.blend.{name}"] for name in ("known", "strange", "quick")}
    return Heads(
        Models(arrays[f"{key}.idf"], **linear),
        **blends,
        familiar=Familiarity(far[0], far[1], float(far[2])),
        sure=float(arrays[f"{key}.blend.sure"]),
    )
