"""Scoring reviews once, so that every analysis is SQL: how good each is, its aspects, the names in it."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, delete, func, select, update
from sqlmodel import Session, SQLModel

from shopwright.knowledge import saved, tables
from shopwright.knowledge.bulk import bulk_insert
from shopwright.knowledge.database import transaction
from shopwright.knowledge.embedding_cache import EmbeddingCache
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.review_aspect_polarity import Told, fares
from shopwright.knowledge.review_aspects import WORDS, mentions
from shopwright.knowledge.review_data import TRADES
from shopwright.knowledge.review_names import NAMES, NameFinder
from shopwright.knowledge.sentiment import open_classifier
from shopwright.knowledge.sentiment_classifier import SentimentClassifier
from shopwright.knowledge.sentiment_text import language_of
from shopwright.knowledge.tables import Snapshot

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

VERSION = 3  # raise it when the same reviews should get other scores
_CHUNK = 5000
_BRANDS = 20_000  # names of the shop that are looked for, of each kind
assert tables.Review.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
REVIEW = SQLModel.metadata.tables["review"]
MENTION = SQLModel.metadata.tables["review_aspect"]
NAME = SQLModel.metadata.tables["review_name"]
PRODUCT = SQLModel.metadata.tables["product"]


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
    done, finder = 0, _finder(shop)
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
            named = [(key, name) for key, text in rows for name in sorted(finder.find(text))]
            _replace(session, NAME, [key for key, _ in rows], ("review_id", "name"), named)
        done += len(rows)


def _report(progress: Progress, before: int, total: int, done: int) -> None:
    progress("Scoring reviews", before + done, total)


def _store(session: Session, keys: Sequence[int], whole: Sequence[float], found: Sequence[Any]) -> None:
    connection = session.connection()
    connection.execute(
        update(REVIEW).where(REVIEW.c.id == bindparam("key")).values(positive_probability=bindparam("good")),
        [{"key": key, "good": round(value, 5)} for key, value in zip(keys, whole, strict=True)],
    )
    _replace(session, MENTION, keys, ("review_id", "aspect", "positive_probability"), found)


def _replace(
    session: Session, table: Table, keys: Sequence[int], columns: tuple[str, ...], rows: Sequence[Any]
) -> None:
    """What is known of the reviews with these keys becomes `rows`."""
    connection = session.connection()
    connection.execute(
        delete(table).where(table.c.review_id == bindparam("key")), [{"key": key} for key in keys]
    )
    bulk_insert(connection, table, columns, rows)


def _finder(shop: "Shop") -> NameFinder:
    """Finds the names of this shop's brands and reviewed things, and those that everybody knows."""
    with shop.engine.connect() as connection:
        brands = connection.execute(select(PRODUCT.c.brand).distinct().limit(_BRANDS)).scalars().all()
        subjects = connection.execute(select(REVIEW.c.subject).distinct().limit(_BRANDS)).scalars().all()
        reviewed = select(PRODUCT.c.name).where(PRODUCT.c.id.in_(select(REVIEW.c.product_id)))
        products = connection.execute(reviewed.limit(_BRANDS)).scalars().all()
    own = {subject for subject in subjects if subject not in TRADES}
    return NameFinder.of([*brands, *products, *own])


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
    digest.update(NAMES.read_bytes())
    return digest.hexdigest()
