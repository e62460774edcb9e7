"""Quantities, ids and fixed words are read by rule, in both languages."""

import pytest
from hypothesis import given, settings
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
        ("120% off", {"discount_percent": [120]}),
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
        ("clients who rent a flat", {"homeowner": [False]}),
        ("tenants with a toddler", {"homeowner": [False], "has_children": [True]}),
        ("members who own a house but have no kids", {"homeowner": [True], "has_children": [False]}),
        ("租着房的会员", {"homeowner": [False]}),
        ("没有自己的房子的客户", {"homeowner": [False]}),
        ("every single customer", {"married": None}),
        ("the singles among them", {"married": [False]}),
        ("folks between 28 and 41", {"age_min": [28], "age_max": [41]}),
        ("anyone from twenty to 29, aged 20-29", {"age_min": [20], "age_max": [29]}),
        ("三十到四十岁的会员", {"age_min": [30], "age_max": [40]}),
        ("the over-60s", {"age_min": [60]}),
        ("shoppers in their late thirties", {"age_min": [30], "age_max": [39]}),
        ("came in forty times or more", {"orders_min": [40]}),
        ("no fewer than 25 orders", {"orders_min": [25], "orders_max": None}),
        ("下单不少于40次", {"orders_min": [40]}),
        ("买过25次往上的", {"orders_min": [25]}),
        ("earn between 40k and 60k", {"income_min": [40000], "income_max": [60000], "age_min": None}),
        ("收入在5到8万之间", {"income_min": [50000], "income_max": [80000]}),
        ("an income of at least 45000", {"income_min": [45000], "product_id": None}),
        ("people who spent $200-$500", {"spend_min": [200], "spend_max": [500]}),
        ("seventy-five customers", {"audience": [75]}),
        ("年收入5w以上", {"income_min": [50000]}),
        ("three months without a visit", {"inactive_days": [90]}),
        ("members who went quiet six weeks ago", {"inactive_days": [42]}),
        ("三个月没来逛过的会员", {"inactive_days": [90], "conditions": None}),
        ("从没领过券的人", {"uses_coupons": [False]}),
        ("yet to redeem any voucher", {"uses_coupons": [False]}),
        ("how likely are they to redeem a coupon", {"uses_coupons": None}),
        ("ＶＩＰ客户，４０岁以上", {"segment": ["champions"], "age_min": [40]}),
        ("從來沒有用過優惠券的客戶", {"uses_coupons": [False]}),
        ("60天沒下單的會員", {"inactive_days": [60]}),
        ("hw many custmers own there home", {"homeowner": [True], "unused": None}),
        ("the loayl ones who didnt order for 40 days", {"inactive_days": [40], "segment": ["loyal"]}),
        (
            "people aged fifty-five and up who spent over three hundred dollars",
            {"age_min": [55], "spend_min": [300]},
        ),
        ("renters over 50 who spent more than 400", {"age_min": [50], "spend_min": [400]}),
        ("a red between $9 and $14", {"price_min": [9], "price_max": [14]}),
        ("過去80天沒有下單的顧客總共有多少位", {"inactive_days": [80], "unused": None}),
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


@settings(deadline=None)  # the first request loads the dictionary of Chinese words
@given(st.text(max_size=400))
def test_nothing_a_person_types_breaks_it(text: str) -> None:
    for values in read(text).values():
        assert values


@settings(deadline=None)  # the first request loads the dictionary of Chinese words
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


@pytest.mark.parametrize(
    ("text", "discount"),
    [
        ("70% of shoppers never come back, right?", None),
        ("is 88% positive what the phone reviews say?", None),
        ("好评率有85%吗", None),
        ("毛利率30%够不够", None),
        ("our response rate is 5%, would a 15% coupon help?", 15),
        ("discount of 12% for renters", 12),
        ("Draft a push for crackers, 15 percent", 15),
        ("优惠幅度20%的话多少人核销", 20),
        ("what about 30%?", 30),
        ("换成15%呢", 15),
        ("七五折", 25),
        ("对折", 50),
    ],
)
def test_a_percentage_is_a_discount_only_in_an_offer(text: str, discount: int | None) -> None:
    assert read(text).get("discount_percent", [None]) == [discount]
