"""Each tool on the demo shop, in both languages: what it says, shows and refuses."""

import json
from typing import Any

import pytest

from shopwright.evals.matching import accounted, numbers_within
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import Language, Role, ToolContext, ToolError, ToolResult, tools_for

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def shop(demo_settings: Settings) -> Shop:
    return Shop(demo_settings)


def run(
    shop: Shop, name: str, tongue: Language = "en", role: Role = "marketer", text: str = "", **arguments: Any
) -> ToolResult:
    tool = next(tool for tool in tools_for(role) if tool.name == name)
    asked = ({"role": "user", "text": text},) if text else ()
    context = ToolContext(shop=shop, role=role, actor="test", language=tongue, transcript=asked)
    return tool.run(context, arguments)


CALLS: list[tuple[str, Role, dict[str, Any], set[str]]] = [
    ("find_segment", "marketer", {"segment": "at_risk", "age_min": 35}, {"table", "plot"}),
    ("recommend_products", "marketer", {"customer_id": 900, "count": 4}, {"cards"}),
    ("recommend_products", "marketer", {"segment": "loyal", "about": "snacks"}, {"cards"}),
    ("forecast_campaign", "marketer", {"campaign_type": "A", "audience": 1000}, {"plot", "table"}),
    ("analyze_reviews", "marketer", {"about": "hotel", "sentiment": "negative"}, {"plot", "quotes"}),
    ("write_copy", "marketer", {"product": "yogurt", "channel": "sms", "discount_percent": 20}, {"cards"}),
    ("search_knowledge", "marketer", {"query": "return opened food"}, {"quotes"}),
    ("find_products", "shopper", {"query": "cat litter", "price_max": 5}, {"cards"}),
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("name", "role", "arguments", "kinds"), CALLS, ids=lambda value: str(value)[:30])
def test_figures_in_words_stand_in_the_data(
    shop: Shop, name: str, role: Role, arguments: dict[str, Any], kinds: set[str], language: Language
) -> None:
    result = run(shop, name, language, role, **arguments)
    assert kinds <= {view.kind for view in result.views}
    pool = numbers_within(json.loads(json.dumps(result.data))) + numbers_within(arguments)
    said = " ".join([result.headline, result.appendix])
    assert [n for n in map(str, numbers_of(said)) if not accounted(n, pool)] == []
    assert any("\u4e00" <= char <= "\u9fff" for char in result.headline) is (language == "zh")


def numbers_of(text: str) -> list[str]:
    from shopwright.agent.grounding import numbers_in

    return numbers_in(text)


def test_a_discount_is_written_as_its_language_writes_it(shop: Shop) -> None:
    assert "20% off" in run(shop, "write_copy", "en", product="yogurt", discount_percent=20).text
    assert "8折" in run(shop, "write_copy", "zh", product="酸奶", discount_percent=20).text


def test_copy_may_be_in_another_language_than_the_talk(shop: Shop) -> None:
    result = run(shop, "write_copy", "zh", product="酸奶", channel="email", language="en")
    assert result.reply_language == "en"
    assert "product:" in result.text


def test_a_price_limit_holds(shop: Shop) -> None:
    products = run(shop, "find_products", role="shopper", query="shampoo", price_max=4).data["products"]
    assert products
    assert all(product["price"] <= 4 for product in products)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("recommend_products", {"customer_id": 99999999}, "no customer 99999999"),
        ("write_copy", {"product_id": 99999999}, "no product 99999999"),
        ("write_copy", {}, "Which product"),
        ("write_copy", {"product": "yogurt", "discount_percent": 130}, "130% cannot be given"),
        ("forecast_campaign", {"discount_percent": 130}, "between 0 and 100 percent"),
        ("find_segment", {"bought": "airplane tickets"}, "sells nothing"),
        ("analyze_reviews", {"about": "submarine"}, "no reviews about"),
    ],
)
def test_what_is_not_there_is_said(shop: Shop, name: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ToolError, match=words):
        run(shop, name, **arguments)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("product", ["diet shakes", "yogurt", "laundry detergent", "cat food"])
def test_the_plain_copy_fits_its_channel(shop: Shop, language: str, product: str) -> None:
    for channel in ("banner", "push", "sms"):
        result = run(shop, "write_copy", language, product=product, channel=channel, discount_percent=15)
        assert len(result.fallback) <= result.max_characters


def test_nobody_in_a_segment_is_an_answer(shop: Shop) -> None:
    result = run(shop, "find_segment", age_min=65, spend_min=10_000_000)
    assert "No customer matches" in result.headline


def test_rules_nobody_wrote_are_not_made_up(shop: Shop) -> None:
    result = run(shop, "search_knowledge", text="Who painted the Mona Lisa?", query="painter of Mona Lisa")
    assert result.data["passages"] == []


def test_an_occasion_does_not_hide_the_kind_of_product(shop: Shop) -> None:
    result = run(shop, "recommend_products", "zh", text="中秋节可以主推什么水果？", about="中秋节")
    departments = {item["product"]["department"] for item in result.data["products"]}
    assert "PRODUCE" in departments
