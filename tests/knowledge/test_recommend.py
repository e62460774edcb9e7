"""Recommendations are products one can buy, and every reason's figure is what the orders say."""

import re
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.index import build_index
from shopwright.knowledge.recommend import Recommender, fit_recommender
from shopwright.knowledge.recommend_backtest import backtest
from shopwright.knowledge.saved import SavedModelError
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Document
from shopwright.knowledge.types import CustomerFilter, Recommendation, Scope

CAT_FOOD = Scope(query="cat food", label="cat food", label_zh="猫粮", categories=["CAT FOOD"])


@pytest.fixture
def recommender(database: Engine, small_shop: Any, small_shop_settings: Settings) -> Recommender:
    refresh_stats(database)
    shop = Shop(small_shop_settings)
    fit_recommender(shop)
    return shop.recommender


class Orders:
    """The small shop's orders, to check reasons against."""

    def __init__(self, shop: Any) -> None:
        self.kept = {order.id: order for order in shop.orders if order.status != "cancelled"}
        self.until = max(order.ordered_at for order in shop.orders)
        self.lines = [line for line in shop.lines if line.order_id in self.kept]
        self.names = {product.name: product.id for product in shop.products}

    def buyers(self, product: int, days: int) -> set[int]:
        start = self.until - timedelta(days=days)
        orders = [self.kept[line.order_id] for line in self.lines if line.product_id == product]
        return {order.customer_id for order in orders if order.ordered_at > start}

    def active(self, days: int) -> set[int]:
        start = self.until - timedelta(days=days)
        return {order.customer_id for order in self.kept.values() if order.ordered_at > start}

    def of(self, customer: int) -> dict[int, list[Any]]:
        bought = defaultdict(list)
        for line in self.lines:
            order = self.kept[line.order_id]
            if order.customer_id == customer:
                bought[line.product_id].append(order.ordered_at)
        return bought


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


def check_reason(item: Recommendation, orders: Orders, customer: int) -> None:
    """The figures in the reason, against the orders themselves; both languages state the same ones."""
    product, text = item.product.product_id, item.reason_text
    mine = orders.of(customer).get(product, [])
    if item.reason == "bought_before":
        times = "once" if len(mine) == 1 else f"{len(mine)} times"
        assert text == f"bought {times}, last on {max(mine):%Y-%m-%d}"
        assert item.reason_text_zh == f"买过 {len(mine)} 次，最近一次是 {max(mine):%Y-%m-%d}"
        return
    assert not mine
    if item.reason == "popular":
        assert numbers(text)[0] == len(orders.buyers(product, 28))
    else:
        found = re.match(r"(\d+)% of the (\d+) customers who bought (.*) in the 26 weeks", text)
        assert found is not None
        other = orders.buyers(orders.names[found[3]], 182)
        both = other & orders.buyers(product, 182)
        assert (int(found[1]), int(found[2])) == (round(100 * len(both) / len(other)), len(other))
        assert found[3] in item.reason_text_zh
    assert sorted(numbers(text)) == sorted(numbers(item.reason_text_zh))


def test_reasons_are_true_and_products_can_be_bought(recommender: Recommender, small_shop: Any) -> None:
    orders, kinds = Orders(small_shop), set()
    for customer in range(1, 61):
        for new_only in (False, True):
            found = recommender.for_customer(customer, 8, new_only=new_only)
            ids = [item.product.product_id for item in found]
            assert len(ids) == len(set(ids)) <= 8
            assert not {23, 24} & set(ids)
            assert not (new_only and orders.of(customer).keys() & set(ids))
            scores = [item.product.score for item in found]
            assert scores == sorted(scores, reverse=True)
            types = [item.product.product_type for item in found]
            assert max(types.count(kind) for kind in types) <= 2
            for item in found:
                check_reason(item, orders, customer)
                kinds.add(item.reason)
    assert kinds == {"bought_before", "similar_customers", "popular"}


def test_a_scope_holds_and_is_filled(recommender: Recommender) -> None:
    found = recommender.for_customer(3, 4, scope=CAT_FOOD)
    assert len(found) == 4
    assert {item.product.category for item in found} <= {"Cat food", "CAT FOOD"}
    nothing = Scope(query="tyres", label="tyres", label_zh="轮胎", categories=["TYRES"])
    assert recommender.for_customer(3, 4, scope=nothing) == []


def test_who_never_ordered_gets_what_sells(recommender: Recommender, small_shop: Any) -> None:
    found = recommender.for_customer(61, 5)
    assert found
    for item in found:
        assert item.reason == "popular"
        check_reason(item, Orders(small_shop), 61)


def test_an_unknown_customer_is_told(recommender: Recommender) -> None:
    with pytest.raises(LookupError, match="no customer 404"):
        recommender.for_customer(404)


def test_a_group_gets_what_it_buys_more_than_others(
    recommender: Recommender, small_shop: Any, small_shop_settings: Settings
) -> None:
    orders, chosen = Orders(small_shop), CustomerFilter(married=True)
    everyone = orders.active(91)
    members = set(Shop(small_shop_settings).segments.members(chosen)) & everyone
    found = recommender.for_filter(chosen, 6)
    assert "similar_customers" in {item.reason for item in found}
    for item in found:
        buyers = orders.buyers(item.product.product_id, 91)
        if item.reason == "popular":
            assert numbers(item.reason_text)[0] == len(buyers)
            continue
        ours, of_all = 100 * len(buyers & members) / len(members), 100 * len(buyers) / len(everyone)
        assert ours > of_all
        assert item.reason_text.startswith(f"{ours:.1f}% of the {len(members)} active customers")
        assert item.reason_text.endswith(f"against {of_all:.1f}% of all")
        assert sorted(numbers(item.reason_text)) == sorted(numbers(item.reason_text_zh))


def test_everyone_gets_what_sells_and_nobody_gets_nothing(recommender: Recommender) -> None:
    assert {item.reason for item in recommender.for_filter(CustomerFilter(), 5)} == {"popular"}
    assert recommender.for_filter(CustomerFilter(age_min=60, age_max=30)) == []
    with pytest.raises(LookupError, match="whales"):
        recommender.for_filter(CustomerFilter(segment="whales"))


def test_products_beside_a_product(recommender: Recommender, small_shop: Any) -> None:
    orders = Orders(small_shop)
    found = recommender.similar(3, 4)
    assert found
    for item in found:
        assert item.product.product_id != 3
        both = orders.buyers(3, 182) & orders.buyers(item.product.product_id, 182)
        share = round(100 * len(both) / len(orders.buyers(3, 182)))
        assert item.reason_text.startswith(f"{share}% of the {len(orders.buyers(3, 182))} customers")
    with pytest.raises(LookupError, match="no product 999"):
        recommender.similar(999)


def test_the_same_data_give_the_same_recommendations(
    recommender: Recommender, small_shop_settings: Settings
) -> None:
    again = Shop(small_shop_settings)
    fit_recommender(again)
    assert again.recommender.for_customer(7) == recommender.for_customer(7)


def test_without_a_fitted_model_the_remedy_is_named(
    database: Engine, small_shop: Any, small_shop_settings: Settings
) -> None:
    with pytest.raises(SavedModelError, match="shopwright fit recommender"):
        Shop(small_shop_settings).recommender.for_customer(1)


def test_backtest_tells_every_figure(
    database: Engine, small_shop: Any, small_shop_settings: Settings
) -> None:
    found = backtest(Shop(small_shop_settings))
    assert found["blend"] == "fixed"
    for level in ("product_all", "product_new", "type_all", "type_new"):
        rows = [found[level], *found[level]["baselines"].values()]
        for row in rows:
            assert all(0 <= row[measure] <= 1 for measure in ("ndcg@10", "recall@10", "hit_rate@10"))
    assert set(found["product_all"]["baselines"]) >= {"popularity_28_days", "own_frequency", "user_knn"}
    sells = found["product_all"]["baselines"]["popularity_28_days"]
    assert found["product_all"]["ndcg@10"] > sells["ndcg@10"]
    assert found["product_all"]["customers"] > 10


def test_words_find_products_with_how_many_bought_them(
    recommender: Recommender, small_shop: Any, small_shop_settings: Settings
) -> None:
    shop = Shop(small_shop_settings)
    with shop.session() as session:
        session.add(Document(slug="delivery", language="en", title="Delivery", text="We deliver daily."))
        session.commit()
    build_index(shop, lambda _step, _done, _total: None)
    orders, found = Orders(small_shop), recommender.for_text("cat food", 3)
    assert found
    for item in found:
        assert (item.reason, item.product.department) == ("matches_text", "PET")
        sold = re.search(r"“cat food”; (\d+) customers? bought it in the (\d+) days", item.reason_text)
        assert sold is not None
        assert len(orders.buyers(item.product.product_id, int(sold[2]))) == int(sold[1])
