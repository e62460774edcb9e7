"""What is bought together and next, counted here by hand."""

from collections import Counter, defaultdict
from datetime import date
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import LINES, ORDERS, PRODUCT
from shopwright.knowledge.pattern_baskets import Baskets, Kinds, draw
from shopwright.knowledge.pattern_rules import Sizes, low_share
from shopwright.knowledge.pattern_sequences import SEEN_DAYS, WINDOW_DAYS, Timeline
from shopwright.knowledge.patterns import Finder, fit_patterns
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter, Scope

CAT_FOOD = Scope(query="cat food", label="cat food", label_zh="猫粮", categories=["CAT FOOD"])
DIAPERS = Scope(query="diapers", label="diapers", label_zh="纸尿裤", product_types=["DIAPERS"])
Basket = tuple[int, date, set[str]]


def quiet(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def shop(rhythm_shop: Engine, small_shop_settings: Settings) -> Shop:
    shop = Shop(small_shop_settings)
    fit_patterns(shop, quiet)
    return shop


def baskets_of(engine: Engine) -> list[Basket]:
    query = (
        select(ORDERS.c.id, ORDERS.c.customer_id, ORDERS.c.ordered_at, PRODUCT.c.category)
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .join(PRODUCT, PRODUCT.c.id == LINES.c.product_id)
    )
    found: dict[int, Basket] = {}
    with engine.connect() as connection:
        for order, customer, at, category in connection.execute(query):
            found.setdefault(order, (customer, at.date(), set()))[2].add(category)
    return list(found.values())


def test_rules_with_a_category_are_what_the_baskets_hold(shop: Shop) -> None:
    baskets = baskets_of(shop.engine)
    with_it = [held for _, _, held in baskets if "CAT FOOD" in held]
    report = shop.patterns.together(CAT_FOOD)
    assert report.baskets == len(baskets)
    assert report.with_it == len(with_it)
    assert report.whole
    best = report.rules[0]
    assert best.then.key == "CAT LITTER"
    assert best.then.name_zh == "猫砂"
    both = sum("CAT LITTER" in held for held in with_it)
    litter = sum("CAT LITTER" in held for _, _, held in baskets) / len(baskets)
    assert best.count == both
    assert best.support == pytest.approx(both / len(baskets))
    assert best.confidence == pytest.approx(both / len(with_it))
    assert best.lift == pytest.approx(both / len(with_it) / litter)
    assert "CAT FOOD" not in {rule.then.key for rule in report.rules}


def test_frequent_rules_of_the_whole_shop_find_the_planted_pair(shop: Shop) -> None:
    report = shop.patterns.together()
    pairs = {frozenset([*(item.key for item in rule.given), rule.then.key]) for rule in report.rules}
    assert frozenset(["CAT FOOD", "CAT LITTER"]) in pairs
    assert len(pairs) == len(report.rules)
    assert all(rule.lift > 1 and rule.count >= 20 for rule in report.rules)


def test_what_follows_is_what_the_customers_did(shop: Shop) -> None:
    mine: defaultdict[int, list[tuple[date, set[str]]]] = defaultdict(list)
    for customer, day, held in baskets_of(shop.engine):
        mine[customer].append((day, held))
    last = max(day for visits in mine.values() for day, _ in visits)
    followed, firsts, days = Counter[str](), 0, []
    for visits in mine.values():
        bought = [day for day, held in visits if "DIAPERS" in held]
        if not bought or (last - min(bought)).days < WINDOW_DAYS:
            continue
        start = min(bought)
        if (start - min(day for day, _ in visits)).days < SEEN_DAYS:
            continue
        firsts += 1
        after = [(day, held) for day, held in visits if 0 < (day - start).days <= WINDOW_DAYS]
        followed.update(set().union(*(held for _, held in after)))
        jars = [(day - start).days for day, held in after if "BABY FOOD" in held]
        days += [min(jars)] if jars else []
    report = shop.patterns.next(DIAPERS)
    if firsts < 20:  # the report then takes every first purchase
        assert not report.first_seen
        return
    assert report.with_it == firsts
    best = report.follows[0]
    assert best.then.key == "BABY FOOD"
    assert best.count == followed["BABY FOOD"]
    assert best.days == median(days)
    assert best.before == 0


def test_what_follows_diapers_is_baby_food(shop: Shop) -> None:
    report = shop.patterns.next(DIAPERS)
    assert [follow.then.key for follow in report.follows][:1] == ["BABY FOOD"] or report.with_it < 20


def test_a_group_has_its_own_patterns(shop: Shop) -> None:
    report = shop.patterns.together(CAT_FOOD, CustomerFilter(active_days=30))
    everybody = shop.patterns.together(CAT_FOOD)
    members = shop.segments.size(CustomerFilter(active_days=30))
    assert report.customers == members < everybody.customers
    assert report.baskets < everybody.baskets
    nobody = shop.patterns.together(CAT_FOOD, CustomerFilter(spend_min=10_000_000))
    assert (nobody.customers, nobody.rules) == (0, [])
    assert shop.patterns.next(CAT_FOOD, CustomerFilter(spend_min=10_000_000)).follows == []


def test_a_sample_holds_whole_customers(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        whole, kinds = draw(connection)
        part, same = draw(connection, len(whole) // 3)
    assert kinds.items == same.items
    assert whole.one_in == 1
    assert 0 < len(part) < len(whole)
    for customer in np.unique(part.customers).tolist():
        assert (part.customers == customer).sum() == (whole.customers == customer).sum()
    assert len(whole.of(np.unique(part.customers)).kinds) == len(part.kinds)


def test_patterns_of_fewer_customers_than_may_be_shown_are_not_told(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        baskets, kinds = draw(connection)
    one = baskets.of(np.array([4]))
    assert Finder(one, kinds, 5).together(CAT_FOOD).rules == []
    assert Finder(one, kinds, 5).together(None).rules == []


def test_a_shop_of_one_kind_of_thing_is_told_so(database: Engine) -> None:
    with pytest.raises(LookupError, match="not told apart"):
        Kinds.of([("GROCERY", "", "")])
    assert Kinds.of([("GROCERY", "", "TEA"), ("GROCERY", "", "CAKE")]).level == "product_type"
    with database.connect() as connection, pytest.raises(LookupError, match="no orders"):
        draw(connection)


@given(
    count=st.integers(0, 50),
    more=st.integers(0, 50),
    total=st.integers(1, 1000),
)
def test_the_low_end_of_a_share_lies_below_it_and_grows_with_the_count(
    count: int, more: int, total: int
) -> None:
    counts = np.array([min(count, total), min(count + more, total)], dtype=float)
    low = low_share(counts, total)
    assert (low <= counts / total + 1e-12).all()
    assert low[0] <= low[1] + 1e-12


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 90), st.integers(0, 3)), min_size=1, max_size=60))
def test_chances_are_those_counted_one_by_one(entries: list[tuple[int, int, int]]) -> None:
    """customer, day, item of entries, each a basket of its own."""
    rows = sorted(set(entries))
    baskets = Baskets(
        customers=np.array([row[0] for row in rows]),
        days=np.array([row[1] for row in rows]),
        baskets=np.arange(len(rows)),
        kinds=np.array([row[2] for row in rows]),
        end=91,
        one_in=1,
    )
    found = Timeline(baskets, np.arange(4), 4).chance()
    for week in range(91 // 7 + 1):
        anchors = {}
        for customer, day, _ in rows:
            if day // 7 == week and day + WINDOW_DAYS < 91:
                anchors[customer] = min(day, anchors.get(customer, day))
        for item in range(4):
            hits = sum(
                any(c == customer and i == item and 0 < d - start <= WINDOW_DAYS for c, d, i in rows)
                for customer, start in anchors.items()
            )
            assert found[week, item] == pytest.approx(hits / max(1, len(anchors)))


def test_baskets_of_the_same_size_are_the_measure(rhythm_shop: Engine) -> None:
    with rhythm_shop.connect() as connection:
        baskets, kinds = draw(connection)
    matrix = baskets.matrix(kinds.codes, len(kinds.items))
    sizes = Sizes(matrix)
    everything = np.ones(len(baskets), dtype=bool)
    assert sizes.expected(everything) == pytest.approx(np.asarray(matrix.sum(axis=0)).ravel())
