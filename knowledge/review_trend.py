"""Reviews over time: months, and complaints that have grown in the latest period.

A complaint is an aspect that fares badly in a review, or a word of a bad review. Its share of the latest
reviews is compared with its share before by Fisher's exact test, one-sided, and the p-values of all that
were tested are adjusted by Benjamini and Hochberg (1995). Reviews without a date are left out, and said so.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, extract, func, select
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.review_aspects import aspects
from shopwright.knowledge.review_types import Emerging, MonthCount, ReviewTrend
from shopwright.knowledge.sentiment_text import language_of, word_set

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

assert tables.Review.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
REVIEW = SQLModel.metadata.tables["review"]
MENTION = SQLModel.metadata.tables["review_aspect"]
_LATEST = timedelta(days=90)
_LATEST_SHARE = 1 / 3  # of the time that reviews cover, where that is shorter
_FEWEST = 3  # complaints in the latest period from which a rise can be one
_FEWEST_REVIEWS = 20  # in each period; with fewer, nothing is said
_SIGNIFICANT = 0.05
_SHOWN = 6
_READ = 20_000  # bad reviews of each period whose words are counted, the newest
_STOP = word_set(
    "about after again all also and any are because been before but can could did does don even "
    "every for from get got had has have her him his how into its just like make more most much not "
    "now off one only other our out over really she should some such than that the their them then "
    "there these they thing this those too two very was way were what when where which while who "
    "will with would you your "
)


def trend(connection: "Connection", view: Any, words: Any) -> ReviewTrend:
    """Months and emerging complaints of the reviews of `view`; `words` cuts a text into words."""
    dated = REVIEW.c.written_at.is_not(None)
    first, last, total, count = connection.execute(
        view.select(
            func.min(REVIEW.c.written_at),
            func.max(REVIEW.c.written_at),
            func.count(),
            func.count(REVIEW.c.written_at),
        )
    ).one()
    if not count:
        note = "The reviews carry no dates, so change over time and emerging complaints cannot be told."
        note_zh = "这些评论没有日期，无法看出随时间的变化和新出现的抱怨。"
        return ReviewTrend(dated=0, undated=total, months=[], emerging=[], note=note, note_zh=note_zh)
    since = last - min(_LATEST, (last - first) * _LATEST_SHARE)
    emerging, enough = _emerging(connection, view, since, words)
    note, note_zh = _note(total - count, enough, bool(emerging))
    return ReviewTrend(
        dated=count,
        undated=total - count,
        months=_months(connection, view, dated),
        since=since.date(),
        until=last.date(),
        emerging=emerging,
        note=note,
        note_zh=note_zh,
    )


def _note(undated: int, enough: bool, found: bool) -> tuple[str, str]:
    parts, parts_zh = [], []
    if undated:
        parts.append(f"{undated:,} reviews without a date are left out.")
        parts_zh.append(f"{undated:,} 条没有日期的评论未计入。")
    if not enough:
        parts.append("Too few dated reviews to tell emerging complaints.")
        parts_zh.append("有日期的评论太少，无法判断新出现的抱怨。")
    elif not found:
        parts.append("No complaint has grown more than chance explains.")
        parts_zh.append("没有哪种抱怨的增加超出偶然范围。")
    return " ".join(parts), "".join(parts_zh)


def _months(connection: "Connection", view: Any, dated: Any) -> list[MonthCount]:
    year, month = extract("year", REVIEW.c.written_at), extract("month", REVIEW.c.written_at)
    good = func.sum(case((view.good, 1), else_=0))
    rows = connection.execute(
        view.select(year, month, func.count(), good).where(dated).group_by(year, month).order_by(year, month)
    )
    return [
        MonthCount(month=f"{int(y):04d}-{int(m):02d}", total=total, positive=int(up))
        for y, m, total, up in rows
    ]


def _emerging(
    connection: "Connection", view: Any, since: datetime, words: Any
) -> tuple[list[Emerging], bool]:
    late = case((REVIEW.c.written_at >= since, 1), else_=0)
    sizes = {
        int(key): count
        for key, count in connection.execute(
            view.select(late, func.count()).where(REVIEW.c.written_at.is_not(None)).group_by(late)
        )
    }
    recent_of, before_of = sizes.get(1, 0), sizes.get(0, 0)
    if min(recent_of, before_of) < _FEWEST_REVIEWS:
        return [], False
    counts = [*_aspect_counts(connection, view, late), *_term_counts(connection, view, since, words)]
    found = [
        Emerging(
            key=key, name=name, name_zh=name_zh, kind=kind, recent=recent, recent_of=recent_of, before=before,
            before_of=before_of, p_value=_fisher(recent, recent_of, before, before_of),
        )
        for kind, key, name, name_zh, recent, before in counts
        if recent >= _FEWEST
    ]  # fmt: skip
    risen = [one for one in adjusted(found) if one.p_value < _SIGNIFICANT]
    risen.sort(key=lambda one: (one.kind != "aspect", one.p_value, one.key))
    return risen[:_SHOWN], True


def adjusted(found: Sequence[Emerging]) -> list[Emerging]:
    """The same with p-values adjusted for having tested them all (Benjamini and Hochberg, 1995)."""
    ranked = sorted(found, key=lambda one: one.p_value, reverse=True)
    smallest, result = 1.0, []
    for place, one in enumerate(ranked):
        smallest = min(smallest, one.p_value * len(ranked) / (len(ranked) - place))
        result.append(one.model_copy(update={"p_value": smallest}))
    return result[::-1]


def _fisher(recent: int, recent_of: int, before: int, before_of: int) -> float:
    from scipy.stats import hypergeom

    return float(hypergeom.sf(recent - 1, recent_of + before_of, recent + before, recent_of))


def _aspect_counts(
    connection: "Connection", view: Any, late: Any
) -> Iterable[tuple[str, str, str, str, int, int]]:
    inner = view.select(REVIEW.c.id, late.label("late")).where(REVIEW.c.written_at.is_not(None)).subquery()
    query = (
        select(MENTION.c.aspect, inner.c.late, func.count())
        .join(inner, inner.c.id == MENTION.c.review_id)
        .where(MENTION.c.positive_probability < 0.5)
        .group_by(MENTION.c.aspect, inner.c.late)
    )
    counts: dict[str, list[int]] = {}
    for key, is_late, count in connection.execute(query):
        counts.setdefault(key, [0, 0])[int(is_late)] = count
    for key, (before, recent) in sorted(counts.items()):
        if key in aspects():
            yield "aspect", key, aspects()[key].name, aspects()[key].name_zh, recent, before


def _term_counts(
    connection: "Connection", view: Any, since: datetime, words: Any
) -> Iterable[tuple[str, str, str, str, int, int]]:
    counts = []
    for late in (True, False):
        period = REVIEW.c.written_at >= since if late else REVIEW.c.written_at < since
        rows = connection.execute(
            view.select(REVIEW.c.text)
            .where(period, ~view.good)
            .order_by(REVIEW.c.written_at.desc())
            .limit(_READ)
        )
        counts.append(Counter(word for (text,) in rows for word in set(_terms(text, words))))
    recent, before = counts
    for word in sorted(recent):
        yield "term", word, word, word, recent[word], before[word]


def _terms(text: str, words: Any) -> Iterable[str]:
    """Words that can stand for a complaint: of two Chinese characters or four Latin letters, and more."""
    for word in words(text, language_of(text)):
        if "\u3400" <= word[0] <= "\u9fff":
            if len(word) > 1:
                yield word
        elif len(word) > 3 and word.isalpha() and word not in _STOP:
            yield word
