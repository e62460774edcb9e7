"""Sizes at month ends are worked out from the orders again; what changed since adds up."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import PAST
from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.segment_past import MONTHS_KEPT, forecast_size, refresh_past
from shopwright.knowledge.segment_types import Drift
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter, Period, Purchase


@pytest.fixture
def shop(database: Engine, small_shop: Any, small_shop_settings: Settings) -> Shop:
    refresh_stats(database)
    assert refresh_past(database) == refresh_past(database) <= MONTHS_KEPT
    return Shop(small_shop_settings)


def members(shop: Shop, wanted: CustomerFilter, day: date) -> set[int]:
    with shop.engine.connect() as connection:
        return {row.id for row in connection.execute(select_members(wanted, Moment(day, past=True)))}


def test_past_statistics_are_those_of_the_orders_up_to_the_day(shop: Shop, small_shop: Any) -> None:
    day = date(2024, 10, 31)
    with shop.engine.connect() as connection:
        rows = connection.execute(select(PAST).where(PAST.c.as_of == day)).mappings().all()
    made: dict[int, list[Any]] = {}
    for order in small_shop.orders:
        if order.status != "cancelled" and order.ordered_at.date() <= day:
            made.setdefault(order.customer_id, []).append(order)
    assert {row["customer_id"] for row in rows} == set(made)
    for row in rows:
        orders = made[row["customer_id"]]
        assert row["orders"] == len(orders)
        assert row["spend"] == pytest.approx(sum(order.total for order in orders))
        assert row["recency_days"] == (day - max(order.ordered_at for order in orders).date()).days
        assert row["segment"]
        assert row["lifecycle"] in {"new", "active", "loyal", "at_risk", "lapsed"}


def test_sizes_and_drift_agree_with_the_members(shop: Shop) -> None:
    for wanted in (
        CustomerFilter(active_days=60),
        CustomerFilter(stage="active"),
        CustomerFilter(value="high", married=True),
        CustomerFilter(purchases=[Purchase(period=Period(days=60), spend_min=30)]),
    ):
        history, drift = shop.segments.history(wanted), shop.segments.drift(wanted)
        assert history is not None
        assert drift is not None
        for point in history.history[:-1]:
            assert point.size == len(members(shop, wanted, point.as_of))
        assert history.history[-1].size == shop.segments.size(wanted)
        check(drift, set(shop.segments.members(wanted)), members(shop, wanted, drift.since))


def check(drift: Drift, now: set[int], before: set[int]) -> None:
    assert (drift.size_now, drift.size_before) == (len(now), len(before))
    assert (drift.entered, drift.left) == (len(now - before), len(before - now))
    for shares in ([m.now for m in drift.mix], [m.before for m in drift.mix]):
        assert sum(shares) == pytest.approx(1) or not any(shares)


def test_what_is_predicted_or_not_counted_has_no_past(
    shop: Shop, database: Engine, small_shop_settings: Settings
) -> None:
    fixed = CustomerFilter(purchases=[Purchase(period=Period(start=date(2024, 11, 1)))])
    history = shop.segments.history(fixed)
    assert history is not None
    assert min(point.as_of for point in history.history) >= date(2024, 11, 1)
    with database.begin() as connection:
        connection.execute(PAST.delete())
    assert shop.segments.drift(CustomerFilter(stage="active")) is None


def test_a_size_forecast_covers_what_went_on_as_before() -> None:
    assert forecast_size([5, 6]) == (None, 0)
    still, errors = forecast_size([100] * 8)
    assert still is not None
    assert (still.low, still.mid, still.high) == (100, 100, 100)
    assert errors == 6
    growing, _ = forecast_size([10, 20, 30, 40, 50, 60])
    assert growing is not None
    assert 60 < growing.mid <= 70
    assert growing.low <= growing.mid <= growing.high
    shrinking, _ = forecast_size([400, 100, 20, 5, 1, 0])
    assert shrinking is not None
    assert shrinking.low == 0


def test_a_shop_without_orders_has_no_past(database: Engine) -> None:
    assert refresh_past(database) == 0
