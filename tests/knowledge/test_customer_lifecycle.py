"""Tenure scores and lifecycle stages, worked out here by hand."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Customer, CustomerStats, Order

TODAY = datetime(2024, 12, 31, 12, 0)


def stats(engine: Engine) -> dict[int, CustomerStats]:
    with Session(engine) as session:
        return {row.customer_id: row for row in session.exec(select(CustomerStats))}


def write(engine: Engine, visits: dict[int, list[int]]) -> None:
    """Customers with orders so many days ago."""
    with transaction(engine) as session:
        session.add_all([Customer(id=customer) for customer in visits])
    number = 0
    with transaction(engine) as session:
        for customer, days in visits.items():
            for ago in days:
                number += 1
                at = TODAY - timedelta(days=ago)
                session.add(Order(id=number, customer_id=customer, ordered_at=at, total=10.0))


def weekly(last: int, first: int) -> list[int]:
    return list(range(last, first + 1, 7))


def test_stages_follow_the_customers_own_rhythm(database: Engine) -> None:
    write(
        database,
        {
            1: weekly(0, 399),  # since long, every week
            2: weekly(22, 399),  # three of the own gaps away
            3: weekly(60, 399),  # more than eight
            4: [5, 65, 125, 185, 245, 305, 365],  # rarely, but in rhythm
            5: [70, 130, 190, 250, 310, 370],  # as long away as customer 3, which is nothing for this one
            6: [3],
            7: [380],
            **{number: weekly(1, 197) for number in range(8, 20)},
        },
    )
    refresh_stats(database)
    found = {customer: row.lifecycle for customer, row in stats(database).items()}
    assert found[1] == "loyal"
    assert found[2] == "at_risk"
    assert found[3] == "lapsed"
    assert found[4] == found[5] == "active"
    assert found[6] == "new"
    assert found[7] == "lapsed"


def test_the_gap_is_the_own_one_drawn_towards_the_typical(database: Engine, small_shop: Any) -> None:
    refresh_stats(database)
    days = defaultdict(set)
    for order in small_shop.orders:
        if order.status != "cancelled":
            days[order.customer_id].add(order.ordered_at.date())
    spans = {customer: (max(when) - min(when)).days for customer, when in days.items()}
    own = [spans[c] / (len(when) - 1) for c, when in days.items() if len(when) > 1]
    for customer, row in stats(database).items():
        assert row.gap_days == pytest.approx((spans[customer] + median(own)) / len(days[customer]))
        assert row.tenure_days == row.recency_days + spans[customer]


def test_tenure_of_customers_who_started_together_scores_the_same(database: Engine) -> None:
    write(database, {**{n: [300, 0] for n in range(1, 7)}, 7: [200, 1], 8: [100, 1], 9: [10, 1], 10: [5, 1]})
    refresh_stats(database)
    rows = stats(database)
    assert {rows[n].tenure_score for n in range(1, 7)} == {4}
    assert [rows[n].tenure_score for n in (10, 9, 8, 7)] == [1, 1, 2, 2]


def test_a_shop_of_a_single_day_has_scores_and_stages(database: Engine) -> None:
    write(database, {1: [0], 2: [0]})
    refresh_stats(database)
    assert {row.lifecycle for row in stats(database).values()} == {"active"}
    assert {row.tenure_score for row in stats(database).values()} == {3}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(visits=st.lists(st.lists(st.integers(0, 900), min_size=1, max_size=6), min_size=1, max_size=12))
def test_every_customer_has_a_stage_and_scores_that_grow_with_tenure(
    tmp_path_factory: pytest.TempPathFactory, visits: list[list[int]]
) -> None:
    from shopwright.knowledge.database import migrate, open_database

    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
    migrate(engine)
    write(engine, dict(enumerate(visits, 1)))
    refresh_stats(engine)
    rows = sorted(stats(engine).values(), key=lambda row: row.tenure_days)
    assert len(rows) == len(visits)
    for row in rows:
        assert row.lifecycle in ("new", "active", "loyal", "at_risk", "lapsed")
        assert 1 <= row.tenure_score <= 5
        assert row.gap_days > 0
    for shorter, longer in pairwise(rows):
        assert shorter.tenure_score <= longer.tenure_score
        if shorter.tenure_days == longer.tenure_days:
            assert shorter.tenure_score == longer.tenure_score
    engine.dispose()
