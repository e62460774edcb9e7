"""Churn, value, clusters and tags of a small shop with rhythms, on both databases."""

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import CUSTOMER, INSIGHT, ORDERS, STATS, TAGS
from shopwright.knowledge.customer_backtest import backtest
from shopwright.knowledge.customer_features import (
    FEATURES,
    customer_days,
    features,
    measure,
    outcomes,
    sampled_days,
    typical_gap,
)
from shopwright.knowledge.customer_fit import fit_customers
from shopwright.knowledge.customer_model import CustomerModel
from shopwright.knowledge.customer_rates import RATES, rates, weigh
from shopwright.knowledge.customer_training import Span
from shopwright.knowledge.database import transaction
from shopwright.knowledge.saved import load, read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Customer, Order
from shopwright.knowledge.types import CustomerFilter


def quiet(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def fitted(fitted_rhythm_shop: Shop) -> Shop:
    """Fitted once for all tests that only ask."""
    return fitted_rhythm_shop


def test_measures_are_what_the_orders_before_the_cut_say(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        span = Span.of(connection)
        days = customer_days(connection.dialect.name, span.first).subquery()
        found = measure(connection, days, 200)
        rows = connection.execute(select(ORDERS.c.customer_id, ORDERS.c.ordered_at, ORDERS.c.total)).all()
    for place, customer in enumerate(found.ids.tolist()):
        mine = [((at.date() - span.first).days, total) for who, at, total in rows if who == customer]
        before = sorted((day, total) for day, total in mine if day < 200)
        visited = sorted({day for day, _ in before})
        gaps = [late - early for early, late in pairwise(visited)]
        assert found["recency"][place] == 200 - visited[-1]
        assert found["tenure"][place] == 200 - visited[0]
        assert found["visits"][place] == len(visited)
        assert found["baskets"][place] == len(before)
        assert found["spend_30"][place] == pytest.approx(sum(t for day, t in before if day >= 170))
        assert found["gap_squared"][place] == sum(gap**2 for gap in gaps)
        assert found["gap_max"][place] == max(gaps, default=0)


def test_nothing_from_the_cut_on_is_in_a_feature(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        span = Span.of(connection)
        days = customer_days(connection.dialect.name, span.first).subquery()
        before = measure(connection, days, 150)
    with rhythm_shop.begin() as connection:
        later = span.first + timedelta(days=150)
        connection.execute(update(ORDERS).where(ORDERS.c.ordered_at >= later).values(total=9999.0))
    with rhythm_shop.connect() as connection:
        again = measure(connection, days, 150)
    assert np.array_equal(before.values, again.values)
    gap = typical_gap(before)
    assert features(before, gap).shape == (len(before.ids), len(FEATURES))
    assert np.isfinite(features(before, gap)).all()


def test_outcomes_are_what_came_next(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        span = Span.of(connection)
        with sampled_days(connection, span.first, 1) as days:
            before = measure(connection, days, 200)
            after = outcomes(connection, days, before)
        rows = connection.execute(select(ORDERS.c.customer_id, ORDERS.c.ordered_at, ORDERS.c.total)).all()
    dated = [(who, (at.date() - span.first).days, total) for who, at, total in rows]
    for place, customer in enumerate(before.ids.tolist()):
        came = [day for who, day, _ in dated if who == customer and 200 <= day < 260]
        spent = sum(total for who, day, total in dated if who == customer and 200 <= day < 290)
        assert after.churned[place] == (not came)
        assert after.spend[place] == pytest.approx(spent)


def test_a_sample_holds_whole_customers_and_is_the_same_each_time(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        span = Span.of(connection)
        samples = []
        for one_in in (1, 3, 3):
            with sampled_days(connection, span.first, one_in) as days:
                samples.append(measure(connection, days, span.days))
    whole, part, again = samples
    assert 0 < len(part.ids) < len(whole.ids)
    assert np.array_equal(part.ids, again.ids)
    assert np.array_equal(part.values, whole.values[np.isin(whole.ids, part.ids)])


def test_weights_of_rates_are_not_negative_and_find_the_right_rate() -> None:
    chance = np.random.default_rng(2)
    columns = chance.gamma(2.0, 50.0, (400, len(RATES)))
    truth = 0.7 * columns[:, 2] + 0.3 * columns[:, 5]
    weights = weigh(columns, truth)
    assert (weights >= 0).all()
    assert weights[2] == pytest.approx(0.7, abs=0.02)
    assert weights[5] == pytest.approx(0.3, abs=0.02)


def test_everybody_with_an_order_has_an_insight(rhythm_shop: Engine, small_shop_settings: Settings) -> None:
    shop = Shop(small_shop_settings)
    fit_customers(shop, quiet)
    with rhythm_shop.connect() as connection:
        rows = connection.execute(select(INSIGHT)).mappings().all()
        counted = connection.execute(select(func.count()).select_from(STATS)).scalar_one()
    assert len(rows) == counted == 90
    for row in rows:
        assert 0 <= row["churn_probability"] <= 1
        assert 0 <= row["value_90_low"] <= row["value_90"] <= row["value_90_high"]
        assert row["cluster"] >= 1
    everybody = shop.customers.outlook(CustomerFilter())
    assert everybody.customers == sum(share.count for share in everybody.clusters) == 90
    assert {tag.category for tag in shop.customers.tags()} >= {"CAT FOOD"}
    assert shop.customers.insight(3) is not None


def test_who_stopped_is_told_from_who_comes_every_week(fitted: Shop) -> None:
    gone = [fitted.customers.insight(customer) for customer in range(2, 90, 3)]
    weekly = [fitted.customers.insight(customer) for customer in range(3, 90, 3)]
    probability = [np.mean([one.churn_probability for one in group if one]) for group in (gone, weekly)]
    value = [np.mean([one.value_90.mid for one in group if one]) for group in (gone, weekly)]
    assert probability[0] > 0.5 > 0.2 > probability[1]
    assert value[0] < value[1] / 3


def test_cat_owners_carry_their_tag(fitted: Shop) -> None:
    with fitted.engine.connect() as connection:
        tagged = set(
            connection.execute(select(TAGS.c.customer_id).where(TAGS.c.category == "CAT FOOD")).scalars()
        )
        lifts = list(connection.execute(select(TAGS.c.lift)).scalars())
    assert tagged
    assert all(customer % 4 == 0 for customer in tagged)
    assert min(lifts) >= 2
    names = {tag.category: (tag.name, tag.name_zh) for tag in fitted.customers.tags()}
    assert names["CAT FOOD"] == ("Cat food", "猫粮")


def test_a_group_is_the_sum_of_its_members(fitted: Shop) -> None:
    everybody = fitted.customers.outlook(CustomerFilter())
    assert everybody.customers == 90
    assert sum(share.count for share in everybody.lifecycle) == 90
    assert sum(share.count for share in everybody.clusters) == 90
    with fitted.engine.connect() as connection:
        mean = connection.execute(select(func.avg(INSIGHT.c.churn_probability))).scalar_one()
    assert everybody.churn_mean == pytest.approx(mean)
    assert everybody.value_90.low < everybody.value_90.mid < everybody.value_90.high
    lapsed = [share for share in everybody.lifecycle if share.stage.key == "lapsed"]
    few = fitted.customers.outlook(CustomerFilter(inactive_days=100))
    assert lapsed
    assert few.churn_mean > everybody.churn_mean
    assert few.value_90_mean < everybody.value_90_mean


def test_nobody_is_a_group_of_zeros(fitted: Shop) -> None:
    nobody = fitted.customers.outlook(CustomerFilter(spend_min=10_000_000))
    assert (nobody.customers, nobody.churn_mean, nobody.value_90.mid) == (0, 0.0, 0.0)
    assert nobody.clusters == nobody.tags == nobody.lifecycle == []
    assert fitted.customers.insight(999) is None


def test_clusters_have_names_in_both_languages(fitted: Shop) -> None:
    clusters = fitted.customers.clusters()
    assert [cluster.number for cluster in clusters] == list(range(1, len(clusters) + 1))
    assert len({cluster.name for cluster in clusters}) == len(clusters)
    assert len({cluster.name_zh for cluster in clusters}) == len(clusters)
    figures = read_manifest(fitted.model_dir("customers")).figures
    assert figures["k"] == len(clusters)
    assert {trial["k"] for trial in figures["k_tried"]} >= {figures["k"]}


def test_a_saved_model_says_the_same(fitted: Shop) -> None:
    model = CustomerModel.read(load(fitted.model_dir("customers")).folder)
    with fitted.engine.connect() as connection:
        span = Span.of(connection)
        now = measure(connection, customer_days(connection.dialect.name, span.first).subquery(), span.days)
        stored = {
            row[0]: row[1:]
            for row in connection.execute(
                select(INSIGHT.c.customer_id, INSIGHT.c.churn_probability, INSIGHT.c.value_90)
            )
        }
    said = model(now)
    for place, customer in enumerate(now.ids.tolist()):
        assert stored[customer] == pytest.approx((said.churn[place], said.value[place]))
    assert rates(now).min() >= 0


def test_fitting_again_writes_the_same_rows(fitted: Shop) -> None:
    def rows() -> list[tuple[object, ...]]:
        with fitted.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(INSIGHT).order_by(INSIGHT.c.customer_id))]

    first = rows()
    fit_customers(fitted, quiet)
    assert rows() == first


def test_a_backtest_beats_the_rules_and_says_how_sure_it_is(fitted: Shop) -> None:
    found = backtest(fitted, quiet)
    assert found["churn_auc"] > found["baselines"]["churn_auc"]["recency"]
    assert found["spend_error"] < 1.1 * found["baselines"]["spend_error"]["last_90_days"]
    assert 0 <= found["churn_calibration_error"] < 0.3
    assert 0.5 < found["value_interval80_coverage"] <= 1
    assert found["origins"] == sorted(found["origins"], reverse=True)


def test_too_little_history_is_said_and_changes_nothing(
    database: Engine, small_shop_settings: Settings
) -> None:
    shop = Shop(small_shop_settings)
    with pytest.raises(LookupError, match="no orders"):
        fit_customers(shop, quiet)
    with transaction(database) as session:
        session.add_all([Customer(id=n) for n in range(1, 21)])
    with transaction(database) as session:
        for number in range(60):
            at = shop_day(number)
            session.add(Order(id=number + 1, customer_id=number % 20 + 1, ordered_at=at, total=5.0))
    with pytest.raises(LookupError, match="20 customers and 30 days"):
        fit_customers(shop, quiet)
    with pytest.raises(LookupError, match="too little"):
        backtest(shop, quiet)
    assert not shop.customers.fitted
    with pytest.raises(LookupError, match="has not been fitted"):
        shop.customers.outlook(CustomerFilter())
    with database.connect() as connection:
        stages = shop.customers.lifecycle_of(connection, select(CUSTOMER.c.id))
    assert sum(share.count for share in stages) == 20


def shop_day(number: int) -> datetime:
    return datetime(2024, 5, 1, 10) + timedelta(days=number // 2)
