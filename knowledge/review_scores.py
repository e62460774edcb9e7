"""Scoring reviews once, so that every analysis is SQL: how good each is, and how each aspect fares in it."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlmodel import Session, SQLModel

from shopwright.knowledge import saved, tables
from shopwright.knowledge.bulk import bulk_insert
from shopwright.knowledge.database import transaction
from shopwright.knowledge.embedding_cache import EmbeddingCache
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.review_aspect_polarity import Told, fares
from shopwright.knowledge.review_aspects import WORDS, mentions
from shopwright.knowledge.sentiment import open_classifier
from shopwright.knowledge.sentiment_classifier import SentimentClassifier
from shopwright.knowledge.sentiment_text import language_of
from shopwright.knowledge.tables import Snapshot

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

VERSION = 2  # raise it when the same reviews should get other scores
_CHUNK = 5000
assert tables.Review.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
REVIEW = SQLModel.metadata.tables["review"]
MENTION = SQLModel.metadata.tables["review_aspect"]


def score_reviews(shop: "Shop", progress: Progress, classifier: SentimentClassifier | None = None) -> int:
    """Store each review's probability of being positive, and how each aspect it mentions fares.

    Scores the reviews that have no score yet; all of them when the classifier or the aspects changed.
    Interrupted, it goes on where it stopped. Returns how many were scored. Raises SavedModelError when
    no classifier has been fitted and none is given.
    """
    folder = shop.model_dir("sentiment")
    if classifier is None:
        fingerprint = _fingerprint(saved.read_manifest(folder).fingerprint)
    else:
        fingerprint = _fingerprint("given")
    with transaction(shop.engine) as session:
        before = session.get(Snapshot, "review scores")
        if before is None or before.fingerprint != fingerprint:
            session.execute(update(REVIEW).values(positive_probability=None))
            session.merge(Snapshot(name="review scores", fingerprint=fingerprint))
        unscored = select(func.count()).select_from(REVIEW).where(REVIEW.c.positive_probability.is_(None))
        total = int(session.execute(unscored).scalar_one())
    if total:
        given = classifier or open_classifier(shop.settings, keep=True)
        _score(shop, given, total, progress)
        if isinstance(given.embed, EmbeddingCache):
            given.embed.save()
    return total


def _score(shop: "Shop", classifier: SentimentClassifier, total: int, progress: Progress) -> None:
    done = 0
    while True:
        with Session(shop.engine) as session:
            waiting = select(REVIEW.c.id, REVIEW.c.text).where(REVIEW.c.positive_probability.is_(None))
            rows = session.execute(waiting.order_by(REVIEW.c.id).limit(_CHUNK)).all()
        if not rows:
            return
        texts = [text for _, text in rows]
        report = partial(_report, progress, done, total)
        whole = classifier.positive(texts, on_texts=report)
        found = list(_fares(classifier, rows, whole))
        with transaction(shop.engine) as session:
            _store(session, [key for key, _ in rows], whole, found)
        done += len(rows)


def _report(progress: Progress, before: int, total: int, done: int) -> None:
    progress("Scoring reviews", before + done, total)


def _store(session: Session, keys: Sequence[int], whole: Sequence[float], found: Sequence[Any]) -> None:
    connection = session.connection()
    connection.execute(
        update(REVIEW).where(REVIEW.c.id == bindparam("key")).values(positive_probability=bindparam("good")),
        [{"key": key, "good": round(value, 5)} for key, value in zip(keys, whole, strict=True)],
    )
    connection.execute(
        delete(MENTION).where(MENTION.c.review_id == bindparam("key")), [{"key": key} for key in keys]
    )
    bulk_insert(connection, MENTION, ("review_id", "aspect", "positive_probability"), found)


def _fares(
    classifier: SentimentClassifier, rows: Sequence[Any], whole: Sequence[float]
) -> Iterator[tuple[int, str, float]]:
    """(review id, aspect, probability that the review is pleased with it) for each mention."""
    told = []
    for (key, text), tone in zip(rows, whole, strict=True):
        language = language_of(text)
        speaks = classifier.lexica[language].speaks
        for mention in mentions(text, language, speaks):
            told.append((key, mention.aspect, Told(mention.text, language, tone)))
    judged = fares(classifier, [one for *_, one in told])
    for (key, aspect, _), chance in zip(told, judged, strict=True):
        yield key, aspect, round(chance, 5)


def _fingerprint(model: str) -> str:
    digest = hashlib.sha256(f"scores {VERSION} {model}".encode())
    digest.update(WORDS.read_bytes())
    return digest.hexdigest()
