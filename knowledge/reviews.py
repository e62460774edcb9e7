"""What reviewers say, in figures and in their own words: counts by SQL over what scoring stored.

A review counts as good or bad by its source's label where it has one, else by the classifier. What a
review says is data: it is counted and quoted, never followed.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.review_aspects import aspects, resolve_aspect
from shopwright.knowledge.review_data import ENGLISH
from shopwright.knowledge.review_names import NameFinder, chinese_names
from shopwright.knowledge.review_quotes import pick_quotes
from shopwright.knowledge.review_scores import score_reviews
from shopwright.knowledge.review_subjects import names_of, resolve
from shopwright.knowledge.review_trend import trend
from shopwright.knowledge.review_types import NameCount, ReviewTrend
from shopwright.knowledge.sentiment_lexicon import Lexicon, own_words
from shopwright.knowledge.types import Aspect, Quote, ReviewReport, Share

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from shopwright.knowledge.shop import Shop

__all__ = ["ReviewAnalyst", "score_reviews"]

assert tables.Review.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
REVIEW = SQLModel.metadata.tables["review"]
MENTION = SQLModel.metadata.tables["review_aspect"]
NAME = SQLModel.metadata.tables["review_name"]
PRODUCT = SQLModel.metadata.tables["product"]
SUBJECT = func.coalesce(func.nullif(REVIEW.c.subject, ""), PRODUCT.c.name, "")
JUDGED = or_(REVIEW.c.label.is_not(None), REVIEW.c.positive_probability.is_not(None))
GOOD = case((REVIEW.c.label.is_not(None), REVIEW.c.label == 1), else_=REVIEW.c.positive_probability >= 0.5)
ASPECTS_SHOWN = 12
NAMES_SHOWN = 8
_CANDIDATES = 300
_QUOTED = {"en": (30, 220), "zh": (12, 90)}  # characters of a review worth quoting whole


class ReviewAnalyst:
    """Answers what is said of a subject, from the scored reviews."""

    def __init__(self, shop: "Shop") -> None:
        self._engine = shop.engine

    def subjects(self) -> list[tuple[str, str, str, int]]:
        """(key, name, Chinese name, reviews) of every subject, the most reviewed first."""
        counted = _from_reviews(SUBJECT.label("subject"), func.count()).group_by(SUBJECT)
        with self._engine.connect() as connection:
            rows = connection.execute(counted).all()
        ranked = sorted(rows, key=lambda row: (-row[1], row[0]))
        return [(key, *names_of(key), count) for key, count in ranked if key]

    def resolve_subject(self, text: str) -> str | None:
        """The key of the subject that a person's words mean, None where none does.

        Where several fit equally ('camera'), their keys come joined by '|', which `analyze` takes.
        """
        return resolve(text, [key for key, *_ in self.subjects()])

    def analyze(
        self,
        *,
        subject: str | None = None,
        language: str | None = None,
        aspect: str | None = None,
        sentiment: str | None = None,
        limit_quotes: int = 5,
        name: str | None = None,
    ) -> ReviewReport:
        """Counts, aspects and quotes of the reviews of a subject, in a language, that mention an aspect.

        `aspect` is a key or a person's words; words that are no known aspect are looked for as they are.
        With a known aspect, good and bad are about that aspect. `sentiment` (positive or negative) chooses
        the quotes and the order of the aspects; the counts always cover both. `name` keeps to the reviews
        that name this brand or product (see `resolve_name`). Raises LookupError for an
        unknown subject and ValueError for an unknown language or sentiment.
        """
        if language not in (None, "en", "zh") or sentiment not in (None, "positive", "negative"):
            raise ValueError("language is en or zh, sentiment is positive or negative (or leave them out).")
        if subject is not None:
            self._check(subject)
        view = self._view(subject, language, aspect, name)
        with self._engine.connect() as connection:
            good, bad = _counts(connection, view)
            note, note_zh = _note(connection, view)
            called, called_zh = names_of(subject) if subject else _called(name)
            return ReviewReport(
                subject=subject,
                subject_name=called,
                subject_name_zh=called_zh,
                language=language,
                aspect=view.aspect or view.word or None,
                reviews=good + bad,
                positive=good,
                negative=bad,
                positive_share=good / (good + bad) if good + bad else 0.0,
                note=note,
                note_zh=note_zh,
                by_subject=_by_subject(connection, view),
                aspects=_aspects(connection, view, sentiment),
                praise=[] if sentiment == "negative" else _quotes(connection, view, True, limit_quotes),
                complaints=[] if sentiment == "positive" else _quotes(connection, view, False, limit_quotes),
            )

    def resolve_name(self, text: str) -> str | None:
        """The brand or product that a person's words name and reviews do, too; None where none does."""
        with self._engine.connect() as connection:
            known = connection.execute(select(NAME.c.name).distinct()).scalars().all()
        found = NameFinder.of(known).find(text) & set(known)
        return min(found, default=None)

    def trend(
        self,
        *,
        subject: str | None = None,
        language: str | None = None,
        aspect: str | None = None,
        name: str | None = None,
    ) -> ReviewTrend:
        """The same reviews over time: months, and complaints that have grown, as far as there are dates."""
        with self._engine.connect() as connection:
            return trend(connection, self._view(subject, language, aspect, name), _words)

    def names(
        self,
        *,
        subject: str | None = None,
        language: str | None = None,
        aspect: str | None = None,
        name: str | None = None,
    ) -> list[NameCount]:
        """Brands and products that these reviews name, the most named first, and how those reviews are."""
        view = self._view(subject, language, aspect, name)
        inner = view.select(REVIEW.c.id, case((view.good, 1), else_=0).label("good")).subquery()
        query = (
            select(NAME.c.name, func.sum(inner.c.good), func.count())
            .join(inner, inner.c.id == NAME.c.review_id)
            .group_by(NAME.c.name)
            .order_by(func.count().desc(), NAME.c.name)
            .limit(NAMES_SHOWN)
        )
        with self._engine.connect() as connection:
            return [
                NameCount(name=key, name_zh=_called(key)[1], positive=int(good), negative=total - int(good))
                for key, good, total in connection.execute(query)
            ]

    def _view(
        self, subject: str | None, language: str | None, aspect: str | None, name: str | None
    ) -> "_View":
        key = resolve_aspect(aspect) if aspect else None
        view = _View(subject, language, key, (aspect or "").strip() if not key else "")
        if name is not None:
            view.where.append(REVIEW.c.id.in_(select(NAME.c.review_id).where(NAME.c.name == name)))
        return view

    def _check(self, subject: str) -> None:
        known = [key for key, *_ in self.subjects()]
        if unknown := [one for one in subject.split("|") if one not in known]:
            raise LookupError(
                f"No reviews are about {unknown[0]!r}. There are reviews about: {', '.join(known)}."
            )


def _called(name: str | None) -> tuple[str, str]:
    """A brand's or product's name in both languages."""
    return (name, chinese_names().get(name, names_of(name)[1])) if name else ("", "")


@cache
def _lexicon(language: str) -> Lexicon:
    return Lexicon(language, own_words(language))


def _words(text: str, language: str) -> list[str]:
    return _lexicon(language).tokens(text)


class _View:
    """Which reviews are looked at, and what makes one of them good."""

    def __init__(self, subject: str | None, language: str | None, aspect: str | None, word: str) -> None:
        self.aspect, self.word = aspect, word
        self.where: list[ColumnElement[bool]] = [JUDGED]
        if subject is not None:
            self.where.append(SUBJECT.in_(subject.split("|")))
        if language is not None:
            self.where.append(REVIEW.c.language == language)
        if word:
            self.where.append(func.lower(REVIEW.c.text).contains(word.lower(), autoescape=True))
        self.good: ColumnElement[Any] = MENTION.c.positive_probability >= 0.5 if aspect else GOOD

    def select(self, *columns: Any) -> Select[Any]:
        """A query over the reviews of this view."""
        query = _from_reviews(*columns, aspect=self.aspect)
        return query.where(*self.where)


def _from_reviews(*columns: Any, aspect: str | None = None) -> Select[Any]:
    joined = REVIEW.outerjoin(PRODUCT, PRODUCT.c.id == REVIEW.c.product_id)
    if aspect:
        joined = joined.join(MENTION, and_(MENTION.c.review_id == REVIEW.c.id, MENTION.c.aspect == aspect))
    return select(*columns).select_from(joined)


def _counts(connection: "Connection", view: _View) -> tuple[int, int]:
    good = func.coalesce(func.sum(case((view.good, 1), else_=0)), 0)
    found, total = connection.execute(view.select(good, func.count())).one()
    return int(found), int(total) - int(found)


def _by_subject(connection: "Connection", view: _View) -> list[Share]:
    rows = connection.execute(view.select(SUBJECT, func.count()).group_by(SUBJECT)).all()
    total = sum(count for _, count in rows)
    return [
        Share(name=names_of(key)[0], name_zh=names_of(key)[1], count=count, share=count / total)
        for key, count in sorted(rows, key=lambda row: (-row[1], row[0]))
    ]


def _aspects(connection: "Connection", view: _View, sentiment: str | None) -> list[Aspect]:
    good = func.sum(case((MENTION.c.positive_probability >= 0.5, 1), else_=0))
    inner = view.select(REVIEW.c.id).subquery()
    query = select(MENTION.c.aspect, good, func.count()).where(MENTION.c.review_id.in_(select(inner.c.id)))
    if view.aspect:
        query = query.where(MENTION.c.aspect == view.aspect)
    found = [
        Aspect(
            key=key,
            name=aspects()[key].name,
            name_zh=aspects()[key].name_zh,
            positive=up,
            negative=count - up,
        )
        for key, up, count in connection.execute(query.group_by(MENTION.c.aspect))
        if key in aspects()
    ]
    found.sort(key=lambda one: (-_mentions(one, sentiment), one.key))
    return found[:ASPECTS_SHOWN]


def _mentions(one: Aspect, sentiment: str | None) -> int:
    counts = {"positive": one.positive, "negative": one.negative}
    return counts.get(sentiment or "", one.positive + one.negative)


def _quotes(connection: "Connection", view: _View, good: bool, limit: int) -> list[Quote]:
    """Reviews of middle length that the source, where it has a label, and the classifier agree upon."""
    sure = MENTION.c.positive_probability if view.aspect else REVIEW.c.positive_probability
    length = func.length(REVIEW.c.text)
    lengths = [and_(REVIEW.c.language == key, length.between(*span)) for key, span in _QUOTED.items()]
    classified = REVIEW.c.positive_probability >= 0.5
    agreed = [classified, view.good] if good else [~classified, ~view.good]
    what = (
        REVIEW.c.id,
        REVIEW.c.source,
        REVIEW.c.source_ref,
        SUBJECT,
        REVIEW.c.language,
        REVIEW.c.text,
        sure,
    )
    query = (
        view.select(*what).where(or_(*lengths), *agreed).order_by(sure.desc() if good else sure, REVIEW.c.id)
    )
    return pick_quotes(connection.execute(query.limit(_CANDIDATES)).all(), good, limit)


def _note(connection: "Connection", view: _View) -> tuple[str, str]:
    """What people should know of the counts: some of the demo's rows are sentences."""
    query = view.select(REVIEW.c.source_ref).where(REVIEW.c.source == ENGLISH)
    sentences = connection.execute(query).scalars().all()
    if not sentences:
        return "", ""
    whole = len({ref.split("_")[0] for ref in sentences})
    return (
        f"{len(sentences):,} of these are single sentences rated one by one, of {whole:,} English reviews.",
        f"其中 {len(sentences):,} 条是单独评分的英文句子，出自 {whole:,} 篇评论。",
    )
