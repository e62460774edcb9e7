"""Which days words of the calendar mean."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shopwright.knowledge.segment_periods import CALENDAR_NAMES, calendar_period, month_ends, span
from shopwright.knowledge.types import Period

TODAY = date(2018, 1, 1)


@pytest.mark.parametrize(
    ("period", "days"),
    [
        (Period(days=1), (TODAY, None)),
        (Period(days=60), (date(2017, 11, 3), None)),
        (Period(days=56, before=True), (None, date(2017, 11, 6))),
        (Period(named="this_week"), (date(2018, 1, 1), None)),
        (Period(named="last_week"), (date(2017, 12, 25), date(2017, 12, 31))),
        (Period(named="this_month"), (date(2018, 1, 1), None)),
        (Period(named="last_month"), (date(2017, 12, 1), date(2017, 12, 31))),
        (Period(named="last_quarter"), (date(2017, 10, 1), date(2017, 12, 31))),
        (Period(named="last_year"), (date(2017, 1, 1), date(2017, 12, 31))),
        (Period(start=date(2017, 9, 1), before=True), (None, date(2017, 8, 31))),
        (Period(end=date(2017, 5, 1)), (None, date(2017, 5, 1))),
        (None, (None, None)),
    ],
)
def test_a_period_is_days(period: Period | None, days: tuple[date | None, date | None]) -> None:
    assert span(period, TODAY) == days


@pytest.mark.parametrize(
    ("name", "year", "first", "last"),
    [
        ("autumn", None, date(2017, 9, 1), date(2017, 11, 30)),
        ("winter", None, date(2017, 12, 1), date(2018, 2, 28)),
        ("summer", 2016, date(2016, 6, 1), date(2016, 8, 31)),
        ("january", None, date(2018, 1, 1), date(2018, 1, 31)),
        ("february", None, date(2017, 2, 1), date(2017, 2, 28)),
        ("q3", None, date(2017, 7, 1), date(2017, 9, 30)),
        ("", 2016, date(2016, 1, 1), date(2016, 12, 31)),
    ],
)
def test_names_of_the_calendar_are_the_latest_that_had_begun(
    name: str, year: int | None, first: date, last: date
) -> None:
    found = calendar_period(name, year, TODAY)
    assert (found.start, found.end) == (first, last)
    assert found.label
    assert found.label_zh


@given(st.sampled_from(CALENDAR_NAMES), st.dates(date(2000, 1, 1), date(2099, 1, 1)))
def test_a_name_without_a_year_has_begun_within_the_year(name: str, today: date) -> None:
    found = calendar_period(name, None, today)
    assert found.start is not None
    assert found.end is not None
    assert 0 <= (today - found.start).days <= 366
    assert found.start < found.end


def test_what_is_no_period_is_refused() -> None:
    for wrong in ({}, {"days": 3, "named": "this_week"}, {"days": 0}, {"end": TODAY, "before": True}):
        with pytest.raises(ValidationError):
            Period.model_validate(wrong)
    with pytest.raises(ValidationError, match="before it begins"):
        Period(start=TODAY, end=date(2017, 1, 1))
    with pytest.raises(ValueError, match="autumn"):
        calendar_period("ramadan", None, TODAY)


def test_month_ends_lie_before_the_last_day() -> None:
    assert month_ends(date(2017, 10, 20), date(2018, 1, 1), 12) == [
        date(2017, 10, 31), date(2017, 11, 30), date(2017, 12, 31),
    ]  # fmt: skip
    assert len(month_ends(date(2000, 1, 1), TODAY, 12)) == 12
    assert month_ends(date(2017, 12, 31), date(2017, 12, 31), 12) == []
