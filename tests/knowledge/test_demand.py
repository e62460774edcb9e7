"""Sales to come and price response: known truths are found, and what cannot be known is refused."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from shopwright.knowledge.demand import METHODS, _forecast, forecast_sales
from shopwright.knowledge.demand_prices import price_response, usual_elasticity
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import Scope

TEA = Scope(query="tea", label="Tea", label_zh="茶", categories=["Tea"])


@pytest.fixture
def known_shop(holdout_shop: Engine, small_shop_settings: Settings) -> Shop:
    return Shop(small_shop_settings)


def test_the_elasticity_that_made_the_sales_is_found(known_shop: Shop) -> None:
    found = price_response(known_shop)
    assert found.elasticity is not None
    assert found.elasticity.mid == pytest.approx(-2.0, abs=0.3)
    assert len(found.products) == 6
    held = [
        one.elasticity.low95 <= -2.0 <= one.elasticity.high95
        for one in found.products
        if one.elasticity is not None
        and one.elasticity.low95 is not None
        and one.elasticity.high95 is not None
    ]
    assert sum(held) >= 4
    assert found.promotion is None  # nothing was promoted
    assert [one.units * one.price for one in found.products] == sorted(
        (one.units * one.price for one in found.products), reverse=True
    )
    with known_shop.engine.connect() as connection:
        slope = usual_elasticity(connection)
    assert slope is not None
    assert slope[0] == pytest.approx(2.0, abs=0.3)


def test_sales_to_come_are_whole_weeks_after_the_last_day(known_shop: Shop) -> None:
    for scope in (None, TEA):
        found = forecast_sales(known_shop, scope, 4)
        assert found.method in METHODS
        assert len(found.weeks) == len(found.starts) == 4
        assert all(start.weekday() == 0 for start in found.starts)
        assert found.starts[0] == found.history[-1].start + timedelta(weeks=1)
        assert found.error_share <= found.naive_error_share
        usual = np.mean([week.sales for week in found.history])
        for week in found.weeks:
            assert week.low95 is not None
            assert week.high95 is not None
            assert 0 <= week.low95 <= week.low <= week.mid <= week.high <= week.high95
            assert week.mid == pytest.approx(usual, rel=0.5)
        assert found.total.mid == pytest.approx(sum(week.mid for week in found.weeks))
        assert len(found.notes) == len(found.notes_zh)


def test_what_cannot_be_forecast_is_refused(known_shop: Shop) -> None:
    with pytest.raises(ValueError, match="1 to 26 weeks"):
        forecast_sales(known_shop, None, 27)
    empty = Scope(query="x", label="Nothing", label_zh="无", categories=["Nothing"])
    with pytest.raises(LookupError, match="No product was sold"):
        price_response(known_shop, empty)


def test_too_little_history_is_told(
    database: Engine, small_shop: object, small_shop_settings: Settings
) -> None:
    nothing = Scope(query="x", label="Nothing", label_zh="无", categories=["Nothing"])
    with pytest.raises(LookupError, match="'Nothing' has 0"):
        forecast_sales(Shop(small_shop_settings), nothing)


def starts(weeks: int) -> tuple[date, ...]:
    return tuple(date(2023, 1, 2) + timedelta(weeks=n) for n in range(weeks))


def test_intervals_hold_what_they_claim_on_noise_around_a_level() -> None:
    held80, held95, tried = 0, 0, 0
    for seed in range(12):
        noise = np.random.default_rng(seed).normal(1000, 80, 44)
        found = _forecast(None, starts(40), tuple(noise[:40].tolist()), 4)
        for week, real in zip(found.weeks, noise[40:], strict=True):
            held80 += week.low <= real <= week.high
            held95 += (week.low95 or 0) <= real <= (week.high95 or 0)
            tried += 1
    assert 0.65 <= held80 / tried <= 0.97
    assert held95 / tried >= 0.85


@given(st.lists(st.floats(0, 1e6), min_size=12, max_size=30), st.integers(1, 12))
@settings(max_examples=15, deadline=None)
def test_any_sales_give_finite_ordered_intervals(sales: list[float], weeks: int) -> None:
    found = _forecast(None, starts(len(sales)), tuple(sales), weeks)
    for week in [*found.weeks, found.total]:
        assert week.low95 is not None
        assert week.high95 is not None
        values = [week.low95, week.low, week.mid, week.high, week.high95]
        assert np.isfinite(values).all()
        assert values == sorted(values)
