"""Recommendations where a blend can be learned, and in shops that are small, odd or have newcomers."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.database import migrate, open_database, transaction
from shopwright.knowledge.index import build_index
from shopwright.knowledge.recommend import Recommender, fit_recommender, pick
from shopwright.knowledge.recommend_audit import audit, gini
from shopwright.knowledge.recommend_audit_report import report
from shopwright.knowledge.recommend_backtest import backtest
from shopwright.knowledge.recommend_picking import per_kind
from shopwright.knowledge.recommend_quality import quality, top
from shopwright.knowledge.saved import read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Customer, Document, Order, OrderLine, Product, Promotion
from shopwright.knowledge.types import CustomerFilter

END = datetime(2025, 6, 30, 18, 0)
KINDS = [f"Kind {number}" for number in range(20)]
NEWCOMER, STRANGER, NEW_PRODUCT = 900, 901, 500


def make(
    engine: Engine,
    customers: int,
    orders: int,
    days: int,
    *,
    kinds: list[str] = KINDS,
    products: int = 120,
    extra: int = 1,
) -> None:
    """Customers who each like a dozen products, half of the even ones' from the first kinds only."""
    chance = random.Random(3)  # noqa: S311 - test data, no secret
    goods = [
        Product(
            id=number,
            name=f"{kinds[number % len(kinds)]} no {number}",
            department="Shop",
            category=kinds[number % len(kinds)],
            product_type=kinds[number % len(kinds)],
            brand=("Acme", "Own")[number % 2],
            price=1.0 + number % 9,
        )
        for number in range(products)
    ]
    goods.append(
        Product(id=NEW_PRODUCT, name=f"{kinds[0]} quite new", department="Shop", category=kinds[0],
                product_type=kinds[0], brand="Acme", price=2.0)
    )  # fmt: skip
    people = [Customer(id=number, age_min=25 if number % 2 else 45, kids_count=number % 2)
              for number in (*range(customers), NEWCOMER)]  # fmt: skip
    people.append(Customer(id=STRANGER))
    likes = {number: chance.sample(range(0, products, 1 + number % 2), 12) for number in range(customers)}
    baskets, lines = [], []
    for number in range(orders):
        customer = number % customers
        at = END - timedelta(days=days * chance.random()) if number else END
        baskets.append(Order(id=number, customer_id=customer, ordered_at=at, total=5.0))
        wanted = {chance.choice(likes[customer]) for _ in range(5)} | {
            min(chance.randrange(products), chance.randrange(products)) for _ in range(extra)
        }
        lines += [OrderLine(order_id=number, product_id=one, quantity=1, amount=1.0) for one in wanted]
    with transaction(engine) as session:
        session.add_all([*goods, *people])
    with transaction(engine) as session:
        session.add_all(baskets)
    with transaction(engine) as session:
        session.add_all(lines)
    refresh_stats(engine)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with enough history for a blend, with a search index and promotions."""
    shop = Shop(Settings(data_dir=tmp_path_factory.mktemp("learned")))
    migrate(shop.engine)
    make(shop.engine, 130, 2600, 130, products=160, extra=3)
    with transaction(shop.engine) as session:
        session.add(Document(slug="delivery", language="en", title="Delivery", text="We deliver daily."))
        session.add_all([Promotion(product_id=7, week=week, display_stores=9) for week in range(1, 22)])
    build_index(shop, lambda _step, _done, _total: None)
    fit_recommender(shop)
    return shop


def test_a_blend_is_learned_and_its_reasons_follow_it(learned: Shop) -> None:
    assert read_manifest(learned.model_dir("recommender")).figures["blend"] == "learned"
    found = learned.recommender.for_customer(4, 10)
    assert found
    for item in found:
        assert 0 < item.product.score < 1
        assert item.signals
    own = [item for item in found if item.reason in ("bought_before", "due_again")]
    assert all(max(item.signals, key=lambda name: item.signals[name]) in ("repeat", "timing") for item in own)


def test_modes_hold(learned: Shop) -> None:
    with learned.session() as session:
        orders = session.connection().exec_driver_sql(
            "select distinct product_id from order_line join orders on orders.id = order_id where customer_id = 4"
        )
        bought = {row[0] for row in orders}
    again = {item.product.product_id for item in learned.recommender.for_customer(4, 10, mode="buy_again")}
    fresh = {item.product.product_id for item in learned.recommender.for_customer(4, 10, mode="discover")}
    assert again
    assert again <= bought
    assert fresh
    assert not fresh & bought


def test_a_product_never_sold_is_offered_to_those_whom_its_text_fits(learned: Shop) -> None:
    scores = {}
    for customer in range(40):
        for item in learned.recommender.for_customer(customer, 120, mode="discover", diversity=0.0):
            if item.product.product_id == NEW_PRODUCT:
                scores[customer] = item
    assert scores
    assert all("reads like" in item.reason_text or item.reason != "popular" for item in scores.values())


def test_who_never_ordered_gets_what_peers_buy(learned: Shop) -> None:
    found = learned.recommender.for_customer(NEWCOMER, 6)
    assert len(found) == 6
    assert {item.reason for item in found} <= {"similar_customers", "popular"}
    assert learned.recommender.for_customer(STRANGER, 6)
    assert learned.recommender.for_customer(STRANGER, 6, mode="buy_again") == []


def test_a_basket_is_completed(learned: Shop) -> None:
    found = learned.recommender.for_basket([1, 2, 10**9], 5)
    assert found
    assert not {1, 2} & {item.product.product_id for item in found}
    with pytest.raises(LookupError, match="None of these products"):
        learned.recommender.for_basket([10**9], 5)
    with pytest.raises(LookupError, match="None of these products"):
        learned.recommender.for_basket([], 5)


def test_the_audit_tells_shares_that_add_up(learned: Shop) -> None:
    found = audit(learned)
    for mode in ("all", "discover"):
        for part in ("brands", "departments"):
            for share in ("catalogue", "exposure", "relevance", "sales"):
                assert sum(row[share] for row in found[mode][part]) == pytest.approx(1, abs=0.01)
        assert 0 <= found[mode]["spread"]["coverage"] <= 1
        assert {row["group"] for row in found[mode]["customers"]} >= {"age known"}
    assert "Brand" in report(found)
    assert "品牌" in report(found, "zh")


def test_backtest_beats_what_sells_with_a_learned_blend(learned: Shop) -> None:
    found = backtest(learned)
    assert found["blend"] == "learned"
    sells = found["product_all"]["baselines"]["popularity_28_days"]
    assert found["product_all"]["ndcg@10"] > sells["ndcg@10"]


@pytest.mark.parametrize(
    ("customers", "orders", "days", "kinds"),
    [(30, 200, 90, KINDS), (30, 200, 10, KINDS), (3, 4, 2, KINDS), (30, 200, 90, [""])],
)
def test_small_and_odd_shops_are_served(
    tmp_path: Path, customers: int, orders: int, days: int, kinds: list[str]
) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    make(shop.engine, customers, orders, days, kinds=kinds, products=40)
    figures = fit_recommender(shop)
    assert str(figures["blend"]).startswith("fixed")
    recommender: Recommender = shop.recommender
    assert recommender.for_customer(1, 5)
    assert recommender.for_customer(NEWCOMER, 5)
    assert recommender.for_filter(CustomerFilter(), 5)
    assert recommender.for_basket([1, 2], 5)
    if days > 28:
        assert backtest(shop)["blend"] == "fixed"
        assert audit(shop)["customers"] > 0


def test_an_empty_shop_is_told(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    with pytest.raises(LookupError, match="no orders"):
        fit_recommender(Shop(Settings(data_dir=tmp_path)))


@given(st.lists(st.floats(0, 10), min_size=120, max_size=121), st.floats(0, 1), st.integers(1, 20))
def test_a_choice_keeps_its_limits(scores: list[float], diversity: float, k: int) -> None:
    catalogue: Any = Catalogue.__new__(Catalogue)
    count = len(scores)
    catalogue.types, catalogue.categories = np.arange(count) % 7, np.arange(count) % 3
    catalogue.faces = np.arange(count) // 2
    values = np.array(scores)
    rows = pick(catalogue, values, k, diversity=diversity)
    assert len(rows) == len(set(rows)) <= k
    assert all(values[row] > 0 for row in rows)
    assert [values[row] for row in rows] == sorted((values[row] for row in rows), reverse=True)
    kinds = [int(catalogue.types[row]) for row in rows]
    if diversity > 0:
        assert max((kinds.count(kind) for kind in kinds), default=0) <= per_kind(diversity)


def test_limits_of_diversity() -> None:
    assert [per_kind(value) for value in (0.0, 0.25, 0.5, 1.0)] == [float("inf"), 8, 2, 1]


def test_measures_by_hand() -> None:
    one = quality(np.array([True, False, True]), 4)
    ideal = sum(1 / np.log2(place) for place in (2, 3, 4, 5))
    assert one.ndcg == pytest.approx((1 + 0.5) / ideal)
    assert (one.recall, one.hit) == (0.5, 1.0)
    assert top(np.array([0.5, 2.0, 2.0, 0.1]), 3).tolist() == [1, 2, 0]
    assert gini(np.ones(5)) == 0
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)
