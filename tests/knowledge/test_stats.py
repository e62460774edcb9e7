"""Customer statistics are what the orders say, worked out here by hand."""

from collections import defaultdict
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.stats import GRID, refresh_stats
from shopwright.knowledge.tables import CustomerCategory, CustomerStats


def stats(engine: Engine) -> dict[int, CustomerStats]:
    with Session(engine) as session:
        return {row.customer_id: row for row in session.exec(select(CustomerStats))}


def orders_of(shop: Any) -> dict[int, list[Any]]:
    kept = defaultdict(list)
    for order in shop.orders:
        if order.status != "cancelled":
            kept[order.customer_id].append(order)
    return kept


def test_measures_are_those_of_the_orders(database: Engine, small_shop: Any) -> None:
    by_customer = orders_of(small_shop)
    assert refresh_stats(database) == len(by_customer)
    last_day = max(order.ordered_at for order in small_shop.orders).date()
    with_coupon = {line.order_id for line in small_shop.lines if line.coupon_discount > 0}
    found = stats(database)
    assert found.keys() == by_customer.keys()
    for customer, orders in by_customer.items():
        row = found[customer]
        assert row.orders == len(orders)
        assert abs(row.spend - sum(order.total for order in orders)) < 1e-6
        assert row.first_order == min(order.ordered_at for order in orders)
        assert row.last_order == max(order.ordered_at for order in orders)
        assert row.recency_days == (last_day - row.last_order.date()).days
        assert row.coupon_orders == sum(order.id in with_coupon for order in orders)


def quintiles(rows: list[CustomerStats], *measures: str) -> dict[int, int]:
    ranked = sorted(rows, key=lambda row: [getattr(row, name) for name in (*measures, "customer_id")])
    small, extra = divmod(len(ranked), 5)
    sizes = [small + (place < extra) for place in range(5)]
    scores = [score for score, size in enumerate(sizes, 1) for _ in range(size)]
    return {row.customer_id: score for row, score in zip(ranked, scores, strict=True)}


def test_scores_are_quintiles_with_ties_broken_the_same_way(database: Engine, small_shop: Any) -> None:
    refresh_stats(database)
    rows = list(stats(database).values())
    recency = quintiles(rows, "last_order", "orders", "spend")
    frequency = quintiles(rows, "orders", "spend", "last_order")
    monetary = quintiles(rows, "spend", "orders", "last_order")
    for row in rows:
        assert row.recency_score == recency[row.customer_id]
        assert row.frequency_score == frequency[row.customer_id]
        assert row.monetary_score == monetary[row.customer_id]
        value = (row.frequency_score + row.monetary_score + 1) // 2
        assert row.segment == GRID[row.recency_score - 1][value - 1]


def test_the_grid_holds_exactly_the_named_segments() -> None:
    assert {key for row in GRID for key in row} == {info.key for info in SEGMENTS}


def test_categories_are_summed_by_department(database: Engine, small_shop: Any) -> None:
    refresh_stats(database)
    product = {product.id: product for product in small_shop.products}
    order = {order.id: order for order in small_shop.orders}
    spend: dict[tuple[int, str, str], float] = defaultdict(float)
    for line in small_shop.lines:
        bought = product[line.product_id]
        if order[line.order_id].status != "cancelled":
            key = (order[line.order_id].customer_id, bought.department, bought.category)
            spend[key] += line.amount
    with Session(database) as session:
        rows = session.exec(select(CustomerCategory)).all()
    assert {(row.customer_id, row.department, row.category): round(row.spend, 2) for row in rows} == {
        key: round(amount, 2) for key, amount in spend.items()
    }


def test_refreshing_again_gives_the_same_rows(database: Engine, small_shop: Any) -> None:
    refresh_stats(database)
    before = {key: row.model_dump() for key, row in stats(database).items()}
    refresh_stats(database)
    assert {key: row.model_dump() for key, row in stats(database).items()} == before


def test_a_shop_without_orders_has_no_rows(database: Engine) -> None:
    assert refresh_stats(database) == 0
