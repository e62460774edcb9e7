"""Fitting the sentiment classifier on labelled texts in both languages, and keeping it without pickle.

Labelled texts: Chinese reviews of hotels, laptops and books, English sentences of product reviews,
and, with less weight, English sentences of other kinds (see `review_data`). `sentiment_heads` says how
the models work, `sentiment_backtest` how well.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shopwright.knowledge import saved
from shopwright.knowledge.embedding_cache import EmbeddingCache
from shopwright.knowledge.fetch import Progress, fetch_en_reviews, fetch_zh_reviews
from shopwright.knowledge.review_data import (
    CITATION,
    Labelled,
    read_chinese,
    read_english,
    read_general,
    vader_lexicon,
)
from shopwright.knowledge.sentiment_classifier import Embed, SentimentClassifier, embedder, read
from shopwright.knowledge.sentiment_heads import (
    LANGUAGES,
    Features,
    Heads,
    calibrate,
    fit_heads,
    fit_meaning,
    folds,
)
from shopwright.knowledge.sentiment_lexicon import Lexicon, own_words
from shopwright.knowledge.sentiment_text import normalise
from shopwright.knowledge.settings import Settings

__all__ = [
    "Corpus", "SentimentClassifier", "embeddings_file", "fit_sentiment", "lexica", "read_corpus", "train",
]  # fmt: skip

VERSION = 1  # raise it when the same texts should give another model
_FOLDS = 3
_BATCH = 256
_Rows = np.ndarray[Any, np.dtype[np.int64]]


def fit_sentiment(settings: Settings, progress: Progress) -> dict[str, Any]:
    """Fit the classifier on the labelled collections, fetched where missing, and save it.

    Returns its figures: texts and out-of-fold accuracy by language. A saved classifier that was fitted on
    the same texts is kept. Raises FetchError.
    """
    zh, en = fetch_zh_reviews(settings, progress), fetch_en_reviews(settings, progress)
    examples = [*read_chinese(zh), *read_english(en), *read_general(en)]
    words = lexica(vader_lexicon(en))
    fingerprint = _fingerprint(examples, words)
    folder = settings.models_dir / "sentiment"
    try:
        manifest = saved.load(folder).manifest
    except saved.SavedModelError:
        manifest = None
    if manifest is not None and manifest.fingerprint == fingerprint:
        return manifest.figures
    embed = EmbeddingCache(embeddings_file(settings), embedder())
    classifier, figures = train(examples, words, embed, progress)
    embed.save()
    classifier.save(folder, fingerprint, {"version": VERSION, "sources": CITATION}, figures)
    return figures


def embeddings_file(settings: Settings) -> Path:
    """Where embeddings of reviews are kept between fitting and scoring."""
    return settings.cache_dir / "review-embeddings.npz"


def lexica(vader: dict[str, float]) -> dict[str, Lexicon]:
    """The word lists of both languages; `vader` holds VADER's English valences."""
    return {"zh": Lexicon("zh", own_words("zh")), "en": Lexicon("en", {**vader, **own_words("en")})}


def train(
    examples: Sequence[Labelled], words: dict[str, Lexicon], embed: Embed, progress: Progress
) -> tuple[SentimentClassifier, dict[str, Any]]:
    """The classifier fitted on `examples`, which need both labels in both languages, and its figures."""
    corpus = read_corpus(examples, words, embed, progress)
    heads, figures = corpus.fit({key: np.arange(len(x)) for key, x in corpus.labels.items()}, progress)
    return SentimentClassifier(heads, words, embed), figures


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

    def add(self, language: str, examples: list[Labelled], features: Features) -> None:
        """Take in one language's texts."""
        self.examples[language] = examples
        self.features[language] = features
        self.labels[language] = np.asarray([one.label for one in examples])
        self.weights[language] = np.asarray([one.weight for one in examples], dtype=np.float32)
        self.groups[language] = np.asarray([one.group for one in examples])

    def fit(self, rows: dict[str, _Rows], progress: Progress) -> tuple[dict[str, Heads], dict[str, Any]]:
        """Models of each language fitted on `rows`, calibrated on texts left out in turn, and figures."""
        scores = {key: np.zeros((2, len(mine)), dtype=np.float32) for key, mine in rows.items()}
        splits = {key: list(folds(self.groups[key][mine], _FOLDS)) for key, mine in rows.items()}
        for fold in range(_FOLDS):
            progress("Fitting the sentiment models", fold, _FOLDS + 1)
            heads = self.fit_once({key: mine[splits[key][fold][0]] for key, mine in rows.items()})
            for key, mine in rows.items():
                test = splits[key][fold][1]
                left_out = self.features[key].take(mine[test])
                scores[key][0, test] = heads[key].score(left_out)
                scores[key][1, test] = heads[key].score(left_out, quick=True)
        progress("Fitting the sentiment models", _FOLDS, _FOLDS + 1)
        heads = {
            key: calibrate(one, scores[key], self.labels[key][rows[key]], self.weights[key][rows[key]])
            for key, one in self.fit_once(rows).items()
        }
        progress("Fitting the sentiment models", _FOLDS + 1, _FOLDS + 1)
        return heads, {key: self._figures(heads[key], scores[key], key, mine) for key, mine in rows.items()}

    def fit_once(self, rows: dict[str, _Rows]) -> dict[str, Heads]:
        """Models of each language fitted on `rows`, not calibrated."""
        meaning = fit_meaning(
            np.vstack([self.features[key].meaning[mine] for key, mine in rows.items()]),
            np.concatenate([self.labels[key][mine] for key, mine in rows.items()]),
            np.concatenate([self.weights[key][mine] for key, mine in rows.items()]),
        )
        return {
            key: fit_heads(
                x.take(rows[key]), self.labels[key][rows[key]], self.weights[key][rows[key]], meaning
            )
            for key, x in self.features.items()
            if key in rows
        }

    def _figures(self, heads: Heads, scores: Any, key: str, rows: _Rows) -> dict[str, float]:
        slope, offset = heads.full
        right = (slope * scores[0] + offset > 0) == self.labels[key][rows]
        return {"texts": len(rows), "out_of_fold_accuracy": round(float(right.mean()), 4)}


def _fingerprint(examples: Sequence[Labelled], words: dict[str, Lexicon]) -> str:
    digest = hashlib.sha256(f"sentiment {VERSION}".encode())
    for one in examples:
        digest.update(f"{one.ref}\t{one.label}\t{one.weight}\t{one.text}\n".encode())
    for key in sorted(words):
        digest.update(repr(sorted(words[key].valences.items())).encode())
    return digest.hexdigest()
