"""What was bought or not, in which period, with which bounds: exactly the customers that the rule means."""

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.segment_past import refresh_past
from shopwright.knowledge.segment_periods import span
from shopwright.knowledge.segments import Segments
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter, Period, Purchase, SavedFilter, Scope

SCOPES = (
    None,
    Scope(query="q", label="Milk", label_zh="牛奶", categories=["MILK"]),
    Scope(query="q", label="Pets", label_zh="宠物", departments=["PET"]),
    Scope(query="q", label="Ham", label_zh="火腿", product_types=["HAM"]),
    Scope(query="q", label="x", label_zh="x", categories=["CHEESE"], product_types=["WET CAT FOOD"]),
)
TODAY = date(2024, 12, 31)
PERIODS = (
    None,
    Period(days=30),
    Period(days=60, before=True),
    Period(named="last_month"),
    Period(start=date(2024, 9, 1)),
    Period(start=date(2024, 9, 1), before=True),
    Period(start=date(2024, 6, 1), end=date(2024, 11, 30)),
)

BOUNDS: tuple[dict[str, Any], ...] = (
    {"spend_min": 20.0},
    {"spend_max": 60.0},
    {"orders_min": 2},
    {"orders_max": 3},
    {"spend_min": 10.0, "spend_max": 90.0},
)


@pytest.fixture
def shop(database: Engine, small_shop: Any, small_shop_settings: Settings) -> Shop:
    refresh_stats(database)
    refresh_past(database)
    return Shop(small_shop_settings)


@pytest.fixture
def segments(shop: Shop) -> Segments:
    return shop.segments


def rules(seed: int, many: int) -> list[Purchase]:
    chance = random.Random(seed)  # noqa: S311 - test data, no secret
    found = []
    for _ in range(many):
        bought = chance.random() < 0.7
        bounds: dict[str, Any] = {}
        if bought and chance.random() < 0.5:
            bounds = chance.choice(BOUNDS)
        found.append(
            Purchase(bought=bought, scope=chance.choice(SCOPES), period=chance.choice(PERIODS), **bounds)
        )
    return found


def meant(small: Any, rule: Purchase, today: date) -> set[int]:
    """The customers, worked out by hand from what was written, as the shop stood at the end of `today`."""
    orders = {o.id: o for o in small.orders if o.status != "cancelled" and o.ordered_at.date() <= today}
    kind = {p.id: p for p in small.products}
    start, end = span(rule.period, today)
    counts: defaultdict[int, set[int]] = defaultdict(set)
    spend: defaultdict[int, float] = defaultdict(float)
    scope = rule.scope
    for line in small.lines:
        order = orders.get(line.order_id)
        if order is None:
            continue
        day = order.ordered_at.date()
        if (start and day < start) or (end and day > end):
            continue
        product = kind[line.product_id]
        if scope and not (
            product.department in scope.departments
            or product.category in scope.categories
            or product.product_type in scope.product_types
        ):
            continue
        counts[order.customer_id].add(order.id)
        spend[order.customer_id] += line.amount
    found = set()
    for customer in {order.customer_id for order in orders.values()}:
        made, spent = len(counts[customer]), spend[customer]
        if not rule.bounded:
            fits = (made > 0) is rule.bought
        else:
            only_upper = rule.spend_min is None and rule.orders_min is None
            fits = (made > 0 or only_upper) and (
                (rule.spend_min is None or spent >= rule.spend_min)
                and (rule.spend_max is None or spent <= rule.spend_max)
                and (rule.orders_min is None or made >= rule.orders_min)
                and (rule.orders_max is None or made <= rule.orders_max)
            )
        if fits:
            found.add(customer)
    return found


def test_a_rule_finds_exactly_whom_it_means(segments: Segments, small_shop: Any) -> None:
    sizes = set()
    for rule in rules(3, 60):
        found = set(segments.members(CustomerFilter(purchases=[rule])))
        assert found == meant(small_shop, rule, TODAY), rule
        sizes.add(len(found))
    assert len(sizes) > 8


def test_rules_hold_together(segments: Segments, small_shop: Any) -> None:
    for first, second in zip(rules(5, 8), rules(6, 8), strict=True):
        found = set(segments.members(CustomerFilter(purchases=[first, second])))
        assert found == meant(small_shop, first, TODAY) & meant(small_shop, second, TODAY)


def test_a_past_month_end_is_seen_from_its_orders(shop: Shop, small_shop: Any) -> None:
    for day in (date(2024, 6, 30), date(2024, 10, 31)):
        moment = Moment(day, past=True)
        for rule in rules(9, 25):
            query = select_members(CustomerFilter(purchases=[rule]), moment)
            with shop.engine.connect() as connection:
                found = {row.id for row in connection.execute(query)}
            assert found == meant(small_shop, rule, day), (day, rule)


def test_joining_and_tenure_go_by_the_first_order(segments: Segments, small_shop: Any) -> None:
    first: dict[int, date] = {}
    for order in small_shop.orders:
        if order.status != "cancelled":
            day = order.ordered_at.date()
            first[order.customer_id] = min(day, first.get(order.customer_id, day))
    joined = segments.members(CustomerFilter(joined=Period(start=date(2024, 10, 1), end=date(2024, 11, 30))))
    assert set(joined) == {c for c, day in first.items() if date(2024, 10, 1) <= day <= date(2024, 11, 30)}
    long = segments.members(CustomerFilter(tenure_min_days=90))
    assert set(long) == {c for c, day in first.items() if day <= TODAY - timedelta(days=90)}


def test_value_and_frequency_part_the_customers(segments: Segments) -> None:
    for field in ("value", "frequency"):
        parts = [
            set(segments.members(CustomerFilter.model_validate({field: tier})))
            for tier in ("high", "middle", "low")
        ]
        assert len(set.union(*parts)) == sum(map(len, parts)) == 60
    assert len(segments.members(CustomerFilter(value="high"))) == 12


def test_a_saved_segment_within_a_filter_narrows_it(segments: Segments) -> None:
    inner = CustomerFilter(value="high", top=5)
    within = CustomerFilter(saved=SavedFilter(name="Best", filter=inner), married=True)
    expected = set(segments.members(inner)) & set(segments.members(CustomerFilter(married=True)))
    assert set(segments.members(within)) == expected


def test_what_was_not_predicted_yet_is_told(segments: Segments) -> None:
    with pytest.raises(LookupError, match="shopwright fit customers"):
        segments.report(CustomerFilter(churn_min=0.5))
    with pytest.raises(LookupError, match=r"stage 'asleep'.*lapsed"):
        segments.report(CustomerFilter(stage="asleep"))
