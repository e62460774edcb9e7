"""What people think of the chat's answers: thumbs, months, and what their reasons are about.

A reason is data, as a review is: it is counted and quoted, never followed.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import case, extract, func, select
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.review_aspects import aspects
from shopwright.knowledge.review_quotes import pick_quotes
from shopwright.knowledge.review_types import ChatReport, MonthCount, Topic
from shopwright.knowledge.sentiment_text import language_of
from shopwright.knowledge.types import Quote

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from shopwright.knowledge.shop import Shop

assert tables.Feedback.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
FEEDBACK = SQLModel.metadata.tables["feedback"]
MESSAGE = SQLModel.metadata.tables["message"]
_READ = 20_000  # reasons that are read, the newest
WORDS = Path(__file__).parent / "chat_topics.csv"


@dataclass(frozen=True)
class _Own:
    """A topic of the chat's own, and what reasons say that mean it."""

    name: str
    name_zh: str
    pattern: re.Pattern[str]


@cache
def _own_topics() -> dict[str, _Own]:
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {
            row["key"]: _Own(row["name"], row["name_zh"], re.compile(row["words"], re.IGNORECASE))
            for row in csv.DictReader(file)
        }


def chat_feedback(shop: "Shop", *, limit_quotes: int = 5) -> ChatReport:
    """Ratings of the chat's answers, of marketers and shoppers alike."""
    with shop.engine.connect() as connection:
        up = func.coalesce(func.sum(case((FEEDBACK.c.rating > 0, 1), else_=0)), 0)
        good, total = connection.execute(select(up, func.count()).select_from(FEEDBACK)).one()
        answers = connection.execute(
            select(func.count()).select_from(MESSAGE).where(MESSAGE.c.role == "assistant")
        ).scalar_one()
        rows = connection.execute(
            select(FEEDBACK.c.id, FEEDBACK.c.rating, FEEDBACK.c.reason)
            .where(FEEDBACK.c.reason != "")
            .order_by(FEEDBACK.c.id.desc())
            .limit(_READ)
        ).all()
        months = _months(connection)
    return ChatReport(
        ratings=total,
        up=int(good),
        down=total - int(good),
        with_reason=len(rows),
        answers=answers,
        months=months,
        topics=_topics([(rating, reason) for _, rating, reason in rows]),
        complaints=_quotes(
            [(key, reason) for key, rating, reason in rows if rating < 0], False, limit_quotes
        ),
        praise=_quotes([(key, reason) for key, rating, reason in rows if rating > 0], True, limit_quotes),
    )


def _months(connection: "Connection") -> list[MonthCount]:
    year, month = extract("year", FEEDBACK.c.created_at), extract("month", FEEDBACK.c.created_at)
    up = func.sum(case((FEEDBACK.c.rating > 0, 1), else_=0))
    rows = connection.execute(
        select(year, month, func.count(), up).group_by(year, month).order_by(year, month)
    )
    return [
        MonthCount(month=f"{int(y):04d}-{int(m):02d}", total=total, positive=int(good))
        for y, m, total, good in rows
    ]


def _topics(rated: list[tuple[int, str]]) -> list[Topic]:
    """How often each topic stands in reasons of bad and of good ratings; a reason can have several."""
    counts: dict[str, list[int]] = {}
    for rating, reason in rated:
        for key in topics_of(reason):
            counts.setdefault(key, [0, 0])[int(rating > 0)] += 1
    found = [
        Topic(key=key, name=names[0], name_zh=names[1], positive=up, negative=down)
        for key, (down, up) in counts.items()
        for names in (_names(key),)
    ]
    return sorted(found, key=lambda topic: (-topic.negative, -topic.positive, topic.key))


def topics_of(reason: str) -> list[str]:
    """The topics of a reason; sides of a thing (price, delivery ...) where none of the chat's own fits."""
    own = [key for key, topic in _own_topics().items() if topic.pattern.search(reason)]
    if own:
        return own
    language = language_of(reason)
    return [key for key, aspect in aspects().items() if aspect.patterns[language].search(reason)]


def _names(key: str) -> tuple[str, str]:
    if key in _own_topics():
        return _own_topics()[key].name, _own_topics()[key].name_zh
    return aspects()[key].name, aspects()[key].name_zh


def _quotes(rows: list[tuple[int, str]], good: bool, limit: int) -> list[Quote]:
    sure = 1.0 if good else 0.0
    made = [(key, "chat", f"{key}", "chat", language_of(text), text, sure) for key, text in rows]
    return pick_quotes(made[:300], good, limit)
