"""Shelves for the shop's front page, and whom a visitor may play."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shopwright.knowledge.database import migrate, transaction
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shelves import demo_customers, popular_shelves
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Customer, Order, OrderLine, Product, Snapshot

NOW = datetime(2020, 5, 1, 12)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Milk sells best, then bread; eggs sold long ago only; tobacco is not shown."""
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    kinds = ["MILK", "BREAD", "EGGS", "CIGARETTES", "SOAP", "RICE"]
    with transaction(shop.engine) as session:
        session.add_all(
            Product(id=i, name=f"{kind} of ours", department="FOOD", product_type=kind, price=1.0 + i)
            for i, kind in enumerate(kinds)
        )
        session.add(Product(id=99, name="Another milk", department="FOOD", product_type="MILK", price=9.0))
        session.add_all(Customer(id=i, name=f"Customer {i}") for i in (1, 2, 3))
        session.flush()
        for number, (customer, days) in enumerate([(1, 0), (2, 3), (1, 5), (3, 200)]):
            session.add(
                Order(id=number, customer_id=customer, ordered_at=NOW - timedelta(days=days), total=5)
            )
        session.flush()
        sold = [(0, 0), (0, 1), (1, 0), (1, 4), (1, 99), (2, 0), (2, 3), (2, 5), (0, 3), (3, 2), (3, 2)]
        session.add_all(OrderLine(order_id=o, product_id=p, quantity=1, amount=1) for o, p in sold)
    return shop


def test_shelves_show_what_sold_lately_one_of_each_kind(shop: Shop) -> None:
    (shelf,) = popular_shelves(shop)
    assert shelf.department == "FOOD"
    kinds = [product.product_type for product in shelf.products]
    assert kinds[0] == "MILK"
    assert sorted(kinds) == ["BREAD", "MILK", "RICE", "SOAP"]
    assert shelf.products[0].product_id == 0


def test_an_empty_shop_has_no_shelves(tmp_path: Path) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    assert popular_shelves(shop) == []


def test_only_the_demo_s_customers_can_be_played_newest_order_first(shop: Shop) -> None:
    assert demo_customers(shop) == []
    with transaction(shop.engine) as session:
        session.add(Snapshot(name="demo:customer", fingerprint="x"))
    assert [customer.customer_id for customer in demo_customers(shop, 2)] == [1, 2]
