"""Fitting the sentiment classifier on labelled texts in both languages, and keeping it without pickle.

Labelled texts: Chinese reviews of hotels, laptops and books, English sentences of product reviews, and, only
to be trained on, English sentences of other kinds (see `review_data`) and sentences of our own
(`sentiment_examples`). `sentiment_heads` says how the models work, `sentiment_backtest` how well.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shopwright.knowledge import saved
from shopwright.knowledge.fetch import Progress, fetch_en_reviews, fetch_zh_reviews
from shopwright.knowledge.review_data import (
    CITATION,
    Labelled,
    read_chinese,
    read_english,
    read_general,
    vader_lexicon,
)
from shopwright.knowledge.sentiment_classifier import Embed, SentimentClassifier
from shopwright.knowledge.sentiment_corpus import Corpus, read_corpus
from shopwright.knowledge.sentiment_embedding import best_embedding, cached, named_embedding
from shopwright.knowledge.sentiment_examples import read_examples
from shopwright.knowledge.sentiment_lexicon import Lexicon, own_words
from shopwright.knowledge.settings import Settings

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = [
    "Corpus", "SentimentClassifier", "collections", "fit_sentiment", "lexica", "open_classifier",
    "read_corpus", "train",
]  # fmt: skip

VERSION = 3  # raise it when the same texts should give another model


def fit_sentiment(shop: "Shop", progress: Progress) -> dict[str, Any]:
    """Fit the classifier on the labelled collections, fetched where missing, and save it.

    Returns its figures: texts and out-of-fold accuracy by language, and which embedding it reads with. A
    saved classifier that was fitted on the same texts is kept. Raises FetchError.
    """
    settings = shop.settings
    examples, words = collections(settings, progress)
    embedding = best_embedding(settings, progress)
    fingerprint = _fingerprint(examples, words, embedding.name)
    folder = settings.models_dir / "sentiment"
    try:
        manifest = saved.load(folder).manifest
    except saved.SavedModelError:
        manifest = None
    if manifest is not None and manifest.fingerprint == fingerprint:
        return manifest.figures
    embed = cached(embedding, settings)
    corpus = read_corpus(examples, words, embed, progress)
    embed.save()
    heads, figures = corpus.fit(corpus.everything(), progress)
    figures |= {"embedding": embedding.name} | ({"notice": embedding.notice} if embedding.notice else {})
    config = {"version": VERSION, "embedding": embedding.name, "sources": CITATION}
    SentimentClassifier(heads, words, embed).save(folder, fingerprint, config, figures)
    return figures


def open_classifier(settings: Settings, *, keep: bool = False) -> SentimentClassifier:
    """The fitted classifier with the embedding it was fitted with; with `keep`, embeddings are kept.

    Raises SavedModelError when none has been fitted, or something of it is missing or damaged.
    """
    folder: Path = settings.models_dir / "sentiment"
    name = saved.read_manifest(folder).config.get("embedding", "")
    embedding = named_embedding(str(name), settings)
    return SentimentClassifier.load(folder, cached(embedding, settings) if keep else embedding.embed)


def collections(settings: Settings, progress: Progress) -> tuple[list[Labelled], dict[str, Lexicon]]:
    """All labelled texts, fetched where missing, and the word lists of both languages. Raises FetchError."""
    zh, en = fetch_zh_reviews(settings, progress), fetch_en_reviews(settings, progress)
    examples = [*read_chinese(zh), *read_english(en), *read_general(en), *read_examples()]
    return examples, lexica(vader_lexicon(en))


def lexica(vader: dict[str, float]) -> dict[str, Lexicon]:
    """The word lists of both languages; `vader` holds VADER's English valences."""
    return {"zh": Lexicon("zh", own_words("zh")), "en": Lexicon("en", {**vader, **own_words("en")})}


def train(
    examples: Sequence[Labelled], words: dict[str, Lexicon], embed: Embed, progress: Progress
) -> tuple[SentimentClassifier, dict[str, Any]]:
    """The classifier fitted on `examples`, which need both labels in both languages, and its figures."""
    corpus = read_corpus(examples, words, embed, progress)
    heads, figures = corpus.fit(corpus.everything(), progress)
    return SentimentClassifier(heads, words, embed), figures


def _fingerprint(examples: Sequence[Labelled], words: dict[str, Lexicon], embedding: str) -> str:
    digest = hashlib.sha256(f"sentiment {VERSION} {embedding}".encode())
    for one in examples:
        digest.update(f"{one.ref}\t{one.label}\t{one.weight}\t{one.text}\n".encode())
    for key in sorted(words):
        digest.update(repr(sorted(words[key].valences.items())).encode())
    return digest.hexdigest()
