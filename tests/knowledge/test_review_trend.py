"""Months and growing complaints, on SQLite and PostgreSQL; reviews without dates say so."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session

from shopwright.knowledge.review_trend import adjusted
from shopwright.knowledge.review_types import Emerging, ReviewTrend
from shopwright.knowledge.reviews import ReviewAnalyst, score_reviews
from shopwright.knowledge.sentiment import SentimentClassifier
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Review

LAST = datetime(2026, 6, 30, 12)


@pytest.fixture
def shop(database: Engine, small_shop_settings: Settings, sentiment: SentimentClassifier) -> Shop:
    """A year of reviews; delivery complaints begin in the last two months."""
    with Session(database) as session:
        for day in range(360):
            late = day < 60
            text = (
                "Terrible delivery, the parcel was late and broken."
                if late and day % 2
                else "Great taste, love it."
            )
            if not late and day % 9 == 0:
                text = "Bad taste, awful."
            session.add(
                Review(source="t", source_ref=str(day), subject="tea", language="en", text=text,
                       label=int(text.startswith("Great")), written_at=LAST - timedelta(days=day))
            )  # fmt: skip
        session.add(
            Review(source="t", source_ref="undated", subject="tea", language="en", text="Great taste.")
        )
        session.add(
            Review(source="t", source_ref="other", subject="coffee", language="en", text="Bad smell.")
        )
        session.commit()
    shop = Shop(small_shop_settings)
    score_reviews(shop, lambda _step, _done, _total: None, sentiment)
    return shop


def test_months_and_what_has_grown(shop: Shop) -> None:
    trend = ReviewAnalyst(shop).trend(subject="tea")
    assert (trend.dated, trend.undated) == (360, 1)
    assert [month.month for month in trend.months][-1] == "2026-06"
    assert sum(month.total for month in trend.months) == 360
    delivery = next(one for one in trend.emerging if one.key == "delivery")
    assert (delivery.kind, delivery.recent, delivery.before) == ("aspect", 30, 0)
    assert delivery.recent_of + delivery.before_of == 360
    assert delivery.p_value < 0.001
    assert any(one.kind == "term" and one.key == "parcel" for one in trend.emerging)
    assert not any(one.key == "food" for one in trend.emerging)
    assert "1 reviews without a date" in trend.note


def test_without_dates_it_says_so(shop: Shop) -> None:
    trend = ReviewAnalyst(shop).trend(subject="coffee")
    assert trend == ReviewTrend(
        dated=0, undated=1, months=[], emerging=[], note=trend.note, note_zh=trend.note_zh
    )
    assert "no dates" in trend.note
    assert "没有日期" in trend.note_zh


def test_an_aspect_over_time_is_about_the_aspect(shop: Shop) -> None:
    trend = ReviewAnalyst(shop).trend(subject="tea", aspect="delivery")
    assert trend.dated == 30
    assert sum(month.positive for month in trend.months) == 0


def _one(p_value: float) -> Emerging:
    return Emerging(key="k", name="k", name_zh="k", kind="term", recent=3, recent_of=30, before=0, before_of=30,
                    p_value=p_value)  # fmt: skip


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_values_never_fall_and_keep_their_order(values: list[float]) -> None:
    found = [one.p_value for one in adjusted([_one(value) for value in values])]
    assert found == sorted(found)
    assert all(low <= high + 1e-12 for low, high in zip(sorted(values), found, strict=True))
    assert all(0 <= value <= 1 for value in found)
