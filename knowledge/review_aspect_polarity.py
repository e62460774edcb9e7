"""How a review is pleased with one side of a thing: from the clauses that mention it, and the whole text.

The log-odds of both and the opinion words of the clauses are added up. Clauses are read without embeddings
first; where they and the whole text disagree, and so the sides may differ, with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shopwright.knowledge.sentiment_classifier import SentimentClassifier
from shopwright.knowledge.sentiment_text import normalise

_CLAUSES = 1.0
_WHOLE = 1.0
_OPINIONS = 1.5  # per opinion word's worth of valence, squashed to -1..1
_FIRMEST = 6.0  # log-odds beyond which nothing says more


@dataclass(frozen=True)
class Told:
    """What a text says of one aspect: the clauses, the text's language and its own probability."""

    clauses: str
    language: str
    whole: float


def fares(classifier: SentimentClassifier, told: Sequence[Told]) -> list[float]:
    """For each mention the probability that its writer is pleased with the aspect."""
    if not told:
        return []
    texts = [one.clauses for one in told]
    whole = _odds([one.whole for one in told])
    clauses = _odds(classifier.positive(texts, quick=True))
    split = np.flatnonzero(clauses * whole < 0)
    if len(split):
        clauses[split] = _odds(classifier.positive([texts[at] for at in split]))
    opinions = np.asarray([opinion(classifier, one) for one in told])
    total = _CLAUSES * clauses + _WHOLE * whole + _OPINIONS * opinions
    return [float(value) for value in 1 / (1 + np.exp(-total))]


def opinion(classifier: SentimentClassifier, one: Told) -> float:
    """The balance of opinion words in the clauses, -1 to 1."""
    values = classifier.lexica[one.language].valence(normalise(one.clauses))
    return float(np.tanh(sum(values) / 2))


def _odds(chances: Sequence[float]) -> Any:
    kept = np.clip(np.asarray(chances, dtype=np.float64), 1e-6, 1 - 1e-6)
    return np.clip(np.log(kept / (1 - kept)), -_FIRMEST, _FIRMEST)
