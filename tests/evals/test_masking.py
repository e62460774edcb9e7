"""Personal data is taken out of text, whatever its form, and ordinary words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.evals.masking import Asker, Known, left, mask, masked, plain, words_of

SHOP = Known(
    names=frozenset({"ana lópez", "李晓梅", "wang xiaoming"}),
    usernames=frozenset({"jsmith", "admin"}),
    orders={40012345678: 17, 40012345679: 18},
    customers=frozenset({17, 18, 1234567}),
    products=frozenset({1006250, 1234567}),
)
MARKETER = Asker("marketer", None, "jsmith")
SHOPPER = Asker("shopper", 17, "visitor_abc:17")

PERSONAL = [
    "jane.doe+shop@example.co.uk", "li_mei@qq.com", "jane at example dot com", "jane (at) example.org",
    "13812345678", "138 1234 5678", "138-1234-5678", "+86 138 1234 5678", "＋86１３８１２３４５６７８", "010-62345678",
    "(555) 123-4567", "555-123-4567", "+44 7911 123456", "07911123456", "0049 30 1234567", "一三八一二三四五六七八",
    "110101199003071234", "11010119900307123X", "6222 0212 3456 7890", "6222021234567890123", "123-45-6789",
    "GB29 NWBK 6016 1331 9268 19", "护照号E12345678", "微信号：lihua_1990", "QQ 123456789", "WhatsApp: jane.d99",
    "https://shop.example/reset?token=abc123", "www.example.com/u/99", "192.168.12.7", "sk-abcdef1234567890",
    "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl", "京A·12345", "北京市朝阳区建国路88号5号楼1203室", "海淀区中关村大街27号",
    "幸福小区3栋502", "221 Baker Street", "12 Oak Tree Lane, Apt 4, Springfield, IL 62704", "SW1A 1AA",
    "Mr Jones", "Mrs. O'Brien", "Dr. Anna Schmidt", "王先生", "欧阳女士", "李晓经理", "My name is John Smith",
    "my name is john", "I'm Jane Doe", "我叫张伟", "收件人：赵小红", "我是王小明", "Ana López", "ANA LÓPEZ", "李晓梅",
    "Wang  Xiaoming", "jsmith", "生日是1987年3月5日", "born on 5 March 1987",
]  # fmt: skip


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize("around", ["{}", "please help, {} thanks", "请帮忙：{}，谢谢", "（{}）"])
def test_personal_data_is_masked(text: str, around: str) -> None:
    whole = around.format(text)
    assert left(whole, SHOP)
    hidden = mask(whole, SHOP, MARKETER)
    assert plain(text) not in hidden
    assert "<" in hidden
    assert left(hidden, SHOP) == []


@pytest.mark.parametrize(
    "text",
    [
        "Which customers bought cheese in the last 90 days?", "最近60天没下单的客户有多少？",
        "Forecast a type B campaign to 1,200 customers with 15% off", "给800位客户发B类优惠券", "Which 10 products sell best?",
        "Write an SMS about product 1006250", "sales from 2017-01-01 to 2017-03-31", "Customers aged 25 to 34 who spent over $500",
        "我想买咖啡，有什么推荐？", "What is the returns policy?", "我是新会员，积分怎么用？", "I am looking for dog food", "I'm Happy",
        "王老吉的评价怎么样？", "Reach 1000000 customers", "Is it open at 20:00 on 24 December?", "上海有门店吗？", "满200元包邮吗",
        "Compare loyal customers with those at risk", "第一季度的销售额", "3 for 2 on ice cream 56 oz", "iPhone 15 Pro Max 256GB",
        "买了3号路由器", "价格在100元到200元之间", "天天特价的牛奶2盒多少钱", "an order of 12 eggs",
    ],
)  # fmt: skip
def test_ordinary_words_stay(text: str) -> None:
    assert mask(text, SHOP, MARKETER) == text
    assert left(text, SHOP) == []


@pytest.mark.parametrize(
    ("text", "asker", "expected"),
    [
        ("Where is order 40012345678?", SHOPPER, "Where is order {own_order}?"),
        ("Where is order 40012345679?", SHOPPER, "Where is order {other_order}?"),
        ("订单40012345679到哪了", SHOPPER, "订单{other_order}到哪了"),
        ("40012345678", SHOPPER, "{own_order}"),
        ("order 40012345678", MARKETER, "order {other_order}"),
        ("Where is order 50099999999?", SHOPPER, "Where is order 99999999999?"),
        ("I am customer 17", SHOPPER, "I am customer {own_customer}"),
        ("what did customer 18 buy", SHOPPER, "what did customer {other_customer} buy"),
        ("recommend something to customer 18", MARKETER, "recommend something to customer {customer}"),
        ("给客户18推荐商品", MARKETER, "给客户{customer}推荐商品"),
        ("my ticket 55, any news?", SHOPPER, "my ticket <ticket>, any news?"),
        ("工单55处理了吗", SHOPPER, "工单<ticket>处理了吗"),
        ("write copy for product 1006250", MARKETER, "write copy for product 1006250"),
    ],
)
def test_ids_become_placeholders(text: str, asker: Asker, expected: str) -> None:
    assert mask(text, SHOP, asker) == expected


def test_arguments_are_masked_by_their_keys() -> None:
    called = {
        "customer_id": 18, "order_id": 40012345678, "product_id": 1006250, "audience": 17,
        "group": {"name": "Ana López' friends", "top": 18}, "words": ["a@b.com", 5, None, True],
    }  # fmt: skip
    assert masked(called, SHOP, SHOPPER) == {
        "customer_id": "{other_customer}", "order_id": "{own_order}", "product_id": 1006250, "audience": 17,
        "group": {"name": "<name>' friends", "top": 18}, "words": ["<email>", 5, None, True],
    }  # fmt: skip


def test_invisible_and_wide_characters_hide_nothing() -> None:
    assert mask("138\u200b1234\u200b5678", SHOP, MARKETER) == "<phone>"
    assert mask("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", SHOP, MARKETER) == "<email>"
    assert mask("你好，请问：积分（会员）怎么用？", SHOP, MARKETER) == "你好，请问：积分（会员）怎么用？"


def test_the_last_look_is_closer() -> None:
    assert left("W a n g X i a o m i n g", SHOP)
    assert left("my number: 123456789012", SHOP)
    assert left("20240501 and 10000000 and 99999999999 and 1234567", SHOP) == []


def test_a_name_is_found_among_the_words() -> None:
    assert {"ana lópez", "lópez"} <= set(words_of("ask Ana López about it"))
    assert "李晓梅" in set(words_of("请联系李晓梅处理"))
    assert "may" not in set(words_of("it may rain"))


DIGITS = st.text("0123456789", min_size=7, max_size=11)


@given(
    phone=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    before=st.sampled_from(["", "call ", "打", "电话："]),
)
def test_every_chinese_mobile_number_is_masked(phone: str, before: str) -> None:
    assert phone not in mask(f"{before}{phone}", Known(), MARKETER)


@given(mail=st.emails(domains=st.sampled_from(["example.com", "qq.com", "mail.example.co.uk"])))
def test_every_address_is_masked(mail: str) -> None:
    hidden = mask(f"write to {mail} please", Known(), MARKETER)
    assert mail.rsplit("@", 1)[1] not in hidden


@given(text=st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask(text, SHOP, SHOPPER)
    assert mask(once, SHOP, SHOPPER) == once


@given(text=st.text(max_size=80), secret=st.sampled_from(PERSONAL))
def test_nothing_personal_is_left_in_any_text(text: str, secret: str) -> None:
    hidden = mask(f"{text} {secret} {text}", SHOP, SHOPPER)
    assert left(hidden, SHOP) == [] or plain(secret) not in hidden
