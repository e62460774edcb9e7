"""Quantities, ids and fixed words are read by rule, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.agent.mentions import pointed_at, read, refers_back
from shopwright.agent.numbers import number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Which customers under 30 haven't bought in half a year?",
            {"inactive_days": [180], "age_max": [30]},
        ),
        ("最近60天没买过东西的高价值客户", {"inactive_days": [60]}),
        ("超过三个月没有下单的客户", {"inactive_days": [90]}),
        ("customers who ordered in the last two weeks", {"active_days": [14]}),
        ("最近30天买过东西的人", {"active_days": [30]}),
        ("a two-week campaign", {"days": [14]}),
        ("活动持续一个月", {"days": [30]}),
        ("Recommend 5 products for customer 1234", {"customer_id": [1234], "count": [5]}),
        ("给客户2043推荐三款商品", {"customer_id": [2043], "count": [3]}),
        ("给1234号客户推荐", {"customer_id": [1234]}),
        ("打八五折", {"discount_percent": [15]}),
        ("8折优惠", {"discount_percent": [20]}),
        ("20% off", {"discount_percent": [20]}),
        ("半价促销", {"discount_percent": [50]}),
        ("发给5万人", {"audience": [50000]}),
        ("send it to 2,000 households", {"audience": [2000]}),
        ("top 100 customers by spend", {"top": [100]}),
        ("消费最高的100个客户", {"top": [100]}),
        ("people in their 40s", {"age_min": [40], "age_max": [49]}),
        ("25到34岁的客户", {"age_min": [25], "age_max": [34]}),
        ("45岁以上", {"age_min": [45]}),
        ("shampoo under $5", {"price_max": [5]}),
        ("有没有5元以下的牛奶", {"price_max": [5]}),
        ("where is my order 31198570044?", {"order_id": [31198570044]}),
        (
            "年收入10万以上且消费超过5000元的已婚客户",
            {"income_min": [100000], "spend_min": [5000], "married": [True]},
        ),
        ("没用过优惠券的客户", {"uses_coupons": [False]}),
        ("families without kids", {"has_children": [False]}),
        ("3月的活动", {}),
    ],
)
def test_reads_what_is_mentioned(text: str, expected: dict[str, list[object]]) -> None:
    found = read(text)
    assert {kind: found.get(kind) for kind in expected} == expected
    if not expected:
        assert not {"days", "inactive_days", "active_days"} & set(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [("二十", 20), ("两百", 200), ("一千二百", 1200), ("十五", 15), ("twelve", 12), ("1,200", 1200)],
)
def test_numbers_in_words(text: str, value: float) -> None:
    assert number(text) == value


@given(st.text(max_size=400))
def test_nothing_a_person_types_breaks_it(text: str) -> None:
    for values in read(text).values():
        assert values


@given(st.integers(min_value=1, max_value=10**12))
def test_a_customer_id_is_read_exactly(customer: int) -> None:
    assert read(f"Recommend products for customer {customer}")["customer_id"] == [customer]
    assert read(f"给客户{customer}推荐商品")["customer_id"] == [customer]


def test_pointing_back() -> None:
    assert refers_back("What should we send them?")
    assert refers_back("给这些客户发券")
    assert not refers_back("Who are our best customers?")
    assert pointed_at("write an SMS about the second one", [11, 22, 33]) == 22
    assert pointed_at("给第三款写文案", [11, 22, 33]) == 33
    assert pointed_at("the fifth", [11]) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Forecast a campaign of type Summer for everybody", "summer"),
        ("what would a type TV-spot campaign bring?", "tv-spot"),
        ("预测活动类型为“夏季促销”的效果", "夏季促销"),
        ("a type B campaign for our loyal customers", "B"),
        ("What type of customers buy cat food?", None),
        ("Which campaign of this type sells?", None),
    ],
)
def test_campaign_types_may_have_names_of_their_own(text: str, kind: str | None) -> None:
    assert read(text).get("campaign_type", [None]) == [kind]


def test_the_future_is_no_negation() -> None:
    assert read("未来六周碳酸饮料能卖多少？")["days"] == [42]
    assert "conditions" not in read("未来六周碳酸饮料能卖多少？")
    assert read("从未买过牛奶的客户")["conditions"][0]["purchases"][0]["bought"] is False


def test_words_of_ranking_an_audience_are_no_conditions() -> None:
    assert "unused" not in read("Who should we leave out of the next type A mailing?")
    assert "unused" not in read("下一次A类活动不该发给哪些客户？")
