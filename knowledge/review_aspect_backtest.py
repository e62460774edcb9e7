"""How often the polarity of an aspect is right, on 200 English sentences that we labelled for it.

review_aspects_checked.csv holds references, aspects and labels: about 150 sentences drawn at random and 50
with a turn ('but', 'however' ...), those without a view on the aspect left out. They were not looked at while
the method was made, and each is judged by models that saw nothing of its review.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from shopwright.knowledge.review_aspect_polarity import Told, fares
from shopwright.knowledge.review_aspects import mentions
from shopwright.knowledge.sentiment_classifier import Embed, SentimentClassifier
from shopwright.knowledge.sentiment_corpus import Corpus
from shopwright.knowledge.sentiment_heads import Heads
from shopwright.knowledge.sentiment_lexicon import Lexicon

CHECKED = Path(__file__).parent / "review_aspects_checked.csv"


class AspectCheck:
    """Collects judgements of the labelled aspects, part by part of the sentences as they are left out."""

    def __init__(self, words: dict[str, Lexicon], embed: Embed) -> None:
        self._words, self._embed = words, embed
        self._right: list[tuple[bool, bool]] = []
        with CHECKED.open(encoding="utf-8", newline="") as file:
            self._labels = {(row["ref"], row["aspect"]): int(row["label"]) for row in csv.DictReader(file)}

    def __call__(self, corpus: Corpus, heads: dict[str, Heads], rows: Any) -> None:
        """Judge the labelled aspects of the English sentences at `rows`, which `heads` have not seen."""
        classifier = SentimentClassifier(heads, self._words, self._embed)
        wanted = {ref for ref, _ in self._labels}
        mine = [one for one in (corpus.examples["en"][at] for at in rows) if one.ref in wanted]
        whole = classifier.positive([one.text for one in mine])
        found = [
            (self._labels[one.ref, mention.aspect], Told(mention.text, "en", tone))
            for one, tone in zip(mine, whole, strict=True)
            for mention in mentions(one.text, "en", self._words["en"].speaks)
            if (one.ref, mention.aspect) in self._labels
        ]
        judged = fares(classifier, [told for _, told in found])
        self._right += [
            ((chance > 0.5) == label, (told.whole > 0.5) == label)
            for chance, (label, told) in zip(judged, found, strict=True)
        ]

    def figures(self) -> dict[str, Any]:
        """Accuracy of the aspects' polarity, and of the sentence's own taken for it."""
        from shopwright.knowledge.sentiment_backtest import wilson

        right = np.asarray(self._right, dtype=float).reshape(-1, 2)
        if not len(right):
            return {"sentences": 0}
        ours, sentence = (round(float(share), 4) for share in right.mean(axis=0))
        return {
            "accuracy": ours,
            "interval95": wilson(ours, len(right)),
            "sentence_alone": sentence,
            "sentences": len(right),
        }
