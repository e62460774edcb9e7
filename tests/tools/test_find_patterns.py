"""Buying patterns as the tool words and shows them, in both languages."""

import json
from typing import Any

import pytest

from shopwright.agent.grounding import numbers_in
from shopwright.evals.matching import accounted, numbers_within
from shopwright.knowledge.pattern_types import Follow, Item, PatternReport, Rule
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools import find_patterns as module
from shopwright.tools.base import Language, ToolContext, ToolError, ToolResult, tools_for

FOOD = Item(key="CAT FOOD", name="Cat food", name_zh="猫粮")
LITTER = Item(key="CAT LITTER", name="Cat litter", name_zh="猫砂")
TOGETHER = PatternReport(
    kind="together",
    about=FOOD,
    rules=[
        Rule(
            given=[FOOD],
            then=LITTER,
            count=74,
            support=0.0053,
            confidence=0.194,
            lift=15.9,
            lift_same_size=9.4,
        )
    ],
    baskets=14100,
    customers=246,
    with_it=382,
    whole=True,
)
NEXT = PatternReport(
    kind="next",
    about=FOOD,
    follows=[
        Follow(
            first=FOOD,
            then=LITTER,
            count=55,
            support=0.02,
            confidence=0.143,
            lift=2.2,
            before=0.106,
            days=17.5,
        )
    ],
    baskets=14100,
    customers=246,
    with_it=385,
    whole=False,
    days=30,
    first_seen=False,
)


def context(shop: Shop, language: Language = "en", asked: str = "") -> ToolContext:
    said = ({"role": "user", "text": asked},) if asked else ()
    return ToolContext(shop=shop, role="marketer", actor="test", language=language, transcript=said)


def run(shop: Shop, language: Language, asked: str, **arguments: Any) -> ToolResult:
    tool = next(tool for tool in tools_for("marketer") if tool.name == "find_patterns")
    return tool.run(context(shop, language, asked), arguments)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("report", [TOGETHER, NEXT], ids=["together", "next"])
def test_figures_in_words_stand_in_the_report(
    tmp_path: Any, report: PatternReport, language: Language
) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    result = module._result(context(shop, language), "", report)
    assert {view.kind for view in result.views} == {"table", "plot"}
    pool = numbers_within(json.loads(json.dumps(result.data)))
    said = f"{result.headline} {result.appendix}"
    assert [number for number in numbers_in(said) if not accounted(number, pool)] == []
    assert any("\u4e00" <= char <= "\u9fff" for char in result.headline) is (language == "zh")
    assert ("Cat litter" if language == "en" else "猫砂") in result.headline


def test_a_sample_and_uncertain_first_purchases_are_told(tmp_path: Any) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    note = module._result(context(shop), "", NEXT).appendix
    assert "a sample of" in note
    assert "first in the records" in note
    assert "all 14,100 baskets" in module._result(context(shop), "", TOGETHER).appendix


@pytest.mark.parametrize(
    ("words", "later"),
    [
        ("What is bought together with cat food?", False),
        ("What do people buy next after diapers?", True),
        ("After buying pasta, which categories follow?", True),
        ("哪些品类常和猫粮一起买？", False),
        ("买了尿布之后接着买什么", True),
        ("客户买完酒后来会买什么", True),
    ],
)
def test_what_comes_later_is_read_from_the_words(words: str, later: bool) -> None:
    assert bool(module.NEXT_WORDS.search(words.lower())) is later


def test_an_unfitted_shop_says_what_to_do(tmp_path: Any) -> None:
    with pytest.raises(ToolError, match="shopwright fit patterns"):
        run(Shop(Settings(data_dir=tmp_path)), "en", "Which categories share a basket?")


@pytest.mark.demo
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_demo_shop_knows_what_goes_with_cat_food_and_after_diapers(
    demo_settings: Settings, language: Language
) -> None:
    shop = Shop(demo_settings)
    food, diapers = ("cat food", "diapers") if language == "en" else ("猫粮", "尿布")
    together = run(shop, language, "", about=food)
    assert "CAT LITTER" in {rule["then"]["key"] for rule in together.data["rules"][:2]}
    after = run(shop, language, "", about=diapers, next=True)
    assert {follow["then"]["key"] for follow in after.data["follows"][:4]} & {"INFANT FORMULA", "BABY FOODS"}
    group = run(shop, language, "", segment="champions")
    assert 0 < group.data["customers"] < together.data["customers"]


@pytest.mark.demo
def test_nothing_of_the_kind_is_sold(demo_settings: Settings) -> None:
    with pytest.raises(ToolError, match="sells nothing"):
        run(Shop(demo_settings), "en", "", about="airplane tickets")
