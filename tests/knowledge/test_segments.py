"""Any filter finds exactly the customers that its conditions mean, and reports their figures."""

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.segments import Segments
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Customer, CustomerStats
from shopwright.knowledge.types import CustomerFilter, Scope, SegmentReport


def scope(**parts: list[str]) -> Scope:
    return Scope(query="q", label="q", label_zh="q", **parts)


@pytest.fixture
def segments(database: Engine, small_shop: Any, small_shop_settings: Settings) -> Segments:
    refresh_stats(database)
    return Shop(small_shop_settings).segments


Person = tuple[Customer, CustomerStats | None]


def people(engine: Engine) -> list[Person]:
    with Session(engine) as session:
        stats = {row.customer_id: row for row in session.exec(select(CustomerStats))}
        return [(customer, stats.get(customer.id)) for customer in session.exec(select(Customer))]


def spend(person: Person) -> float:
    return person[1].spend if person[1] else 0.0


CASES: list[tuple[dict[str, Any], Callable[[Customer, Any], bool]]] = [
    ({}, lambda c, s: True),
    ({"segment": "champions"}, lambda c, s: s and s.segment == "champions"),
    ({"age_min": 45}, lambda c, s: c.age_min is not None and c.age_min >= 45),
    ({"age_max": 35}, lambda c, s: c.age_max is not None and c.age_max <= 35),
    ({"age_min": 25, "age_max": 54}, lambda c, s: c.age_min in (25, 35, 45)),
    ({"age_max": 120}, lambda c, s: c.age_max is not None),
    ({"income_min": 50000}, lambda c, s: c.income_min is not None and c.income_min >= 50000),
    ({"income_max": 50000}, lambda c, s: c.income_max is not None and c.income_max <= 50000),
    ({"has_children": True}, lambda c, s: bool(c.kids_count)),
    ({"has_children": False}, lambda c, s: c.kids_count == 0),
    ({"married": False}, lambda c, s: c.marital_status == "unmarried"),
    ({"homeowner": True}, lambda c, s: c.home_ownership == "homeowner"),
    ({"homeowner": False}, lambda c, s: c.home_ownership == "renter"),
    ({"household_size_min": 3}, lambda c, s: (c.household_size or 0) >= 3),
    ({"inactive_days": 60}, lambda c, s: s and s.recency_days >= 60),
    ({"active_days": 60}, lambda c, s: s and s.recency_days < 60),
    ({"spend_min": 100.0}, lambda c, s: s and s.spend >= 100),
    ({"spend_max": 100.0}, lambda c, s: not s or s.spend <= 100),
    ({"orders_min": 4, "orders_max": 8}, lambda c, s: s and 4 <= s.orders <= 8),
    ({"orders_max": 0}, lambda c, s: not s),
    ({"uses_coupons": True}, lambda c, s: s and s.coupon_orders > 0),
    ({"uses_coupons": False}, lambda c, s: s and s.coupon_orders == 0),
    (
        {"age_min": 45, "inactive_days": 30},
        lambda c, s: (c.age_min or 0) >= 45 and s and s.recency_days >= 30,
    ),
    ({"age_min": 60, "age_max": 30}, lambda c, s: False),
]


def test_a_filter_finds_exactly_whom_it_means(segments: Segments, database: Engine) -> None:
    everyone = people(database)
    for conditions, meant in CASES:
        expected = [person for person in everyone if meant(*person)]
        expected.sort(key=lambda person: (-spend(person), person[0].id))
        chosen = CustomerFilter(**conditions)
        assert segments.members(chosen) == [customer.id for customer, _ in expected], conditions
        assert segments.members(chosen, 3) == [customer.id for customer, _ in expected[:3]]
        check_report(segments.report(chosen), expected, everyone)


def check_report(report: SegmentReport, expected: list[Person], everyone: list[Person]) -> None:
    with_orders = [stats for _, stats in expected if stats]
    total = sum(map(spend, expected))
    orders = sum(stats.orders for stats in with_orders)
    assert report.size == len(expected)
    assert report.customers_total == len(everyone)
    assert report.share == pytest.approx(len(expected) / len(everyone))
    assert report.spend_total == pytest.approx(total)
    assert report.spend_share == pytest.approx(total / sum(map(spend, everyone)))
    assert report.spend_mean == pytest.approx(total / len(expected) if expected else 0)
    assert report.order_value_mean == pytest.approx(total / orders if orders else 0)
    assert report.orders_mean == pytest.approx(orders / len(expected) if expected else 0)
    assert report.recency_days_median == (median(s.recency_days for s in with_orders) if with_orders else 0)
    assert sum(band.count for band in report.ages) == sum(c.age_min is not None for c, _ in expected)


PARTS: list[tuple[dict[str, list[str]], str]] = [
    ({"categories": ["CAT FOOD"]}, "category"),
    ({"departments": ["MEAT"]}, "department"),
    ({"departments": ["DELI"]}, "department"),
    ({"product_types": ["WET CAT FOOD", "HAM"]}, "product_type"),
]


def test_bought_is_exact_at_every_level(segments: Segments, small_shop: Any) -> None:
    orders = {order.id: order for order in small_shop.orders if order.status != "cancelled"}
    for part, field in PARTS:
        [names] = part.values()
        wanted = {product.id for product in small_shop.products if getattr(product, field) in names}
        buyers = {
            orders[line.order_id].customer_id
            for line in small_shop.lines
            if line.product_id in wanted and line.order_id in orders
        }
        assert 0 < len(buyers) < 60
        assert set(segments.members(CustomerFilter(bought=scope(**part)))) == buyers, part


def test_bought_joins_its_levels_and_is_nobody_when_empty(segments: Segments) -> None:
    milk, pets = scope(categories=["MILK"]), scope(departments=["PET"])
    both = scope(categories=["MILK"], departments=["PET"])
    found = [set(segments.members(CustomerFilter(bought=part))) for part in (milk, pets, both)]
    assert found[0] | found[1] == found[2]
    assert segments.report(CustomerFilter(bought=scope())).size == 0


def test_top_counts_by_spend_after_the_other_conditions(segments: Segments) -> None:
    married = segments.members(CustomerFilter(married=True))
    assert segments.members(CustomerFilter(married=True, top=4)) == married[:4]
    assert segments.report(CustomerFilter(married=True, top=4)).size == 4


def test_top_categories_are_by_spend_with_their_buyers(segments: Segments, small_shop: Any) -> None:
    report = segments.report(CustomerFilter(segment="hibernating"))
    amounts = [share.spend for share in report.top_categories]
    assert amounts == sorted(amounts, reverse=True)
    assert sum(amounts) == pytest.approx(report.spend_total)
    assert all(0 < share.count <= report.size for share in report.top_categories)
    everyone = segments.report(CustomerFilter())
    assert len(everyone.top_categories) == 4


def test_overview_parts_the_customers_with_orders(segments: Segments, database: Engine) -> None:
    overview = segments.overview()
    assert [row.info.key for row in overview] == segments.keys()
    assert sum(row.size for row in overview) == 60
    assert sum(row.share for row in overview) == pytest.approx(1)
    for row in overview:
        assert segments.report(CustomerFilter(segment=row.info.key)).size == row.size


def test_a_profile_holds_what_is_known(segments: Segments, database: Engine) -> None:
    for customer, stats in people(database):
        profile = segments.customer(customer.id)
        assert profile is not None
        assert profile.age_min == customer.age_min
        assert profile.orders == (stats.orders if stats else 0)
        assert (profile.segment.key if profile.segment else None) == (stats.segment if stats else None)
    assert segments.customer(12345) is None


def test_an_unknown_segment_is_told_with_those_there_are(segments: Segments) -> None:
    with pytest.raises(LookupError, match=r"'whales'.*champions"):
        segments.report(CustomerFilter(segment="whales"))


def test_an_empty_shop_is_told_what_to_do(database: Engine, small_shop_settings: Settings) -> None:
    with pytest.raises(LookupError, match="shopwright"):
        Shop(small_shop_settings).segments.report(CustomerFilter())


def test_orders_without_statistics_are_told_what_to_do(
    database: Engine, small_shop: Any, small_shop_settings: Settings
) -> None:
    with pytest.raises(LookupError, match="statistics"):
        Shop(small_shop_settings).segments.overview()


def test_every_segment_is_named_in_both_languages(segments: Segments) -> None:
    for info in segments.infos():
        assert info.name.isascii()
        assert all("\u4e00" <= letter <= "\u9fff" for letter in info.name_zh)
        assert info.description
        assert info.description_zh
