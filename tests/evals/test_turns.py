"""The checks themselves: what counts as right, bound and accounted for. And a small run on the real model."""

import json
from typing import Any

import pytest

from shopwright.agent.local import open_assistant
from shopwright.agent.turn import Answer, Step
from shopwright.evals.turns import accounted, ask, judge, load, matches, numbers_within, unbound_numbers
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.settings import Settings
from shopwright.tools.base import tools_for


def test_what_matches() -> None:
    assert matches(30, 30)
    assert matches("冷冻披萨", ["披萨"])
    assert matches("at_risk", ["cant_lose", "at_risk"])
    assert not matches(None, ["x"])
    assert not matches(29, 30)


def test_numbers_within_a_result() -> None:
    assert set(numbers_within({"a": [1.5, "12 left"], "b": True, "c": None})) == {1.5, 12.0, 2.0}


@pytest.mark.parametrize(
    ("numeral", "bound"),
    [("12.6", True), ("0.13", True), ("13", True), ("1,234", True), ("12.7", False), ("1,235", False)],
)
def test_rounding_and_percentages_are_accounted_for(numeral: str, bound: bool) -> None:
    assert accounted(numeral, [0.126, 1234.2]) is bound


def test_a_number_from_nowhere_is_unbound() -> None:
    step = Step(id="s1", tool="find_segment", status="done", result={"size": 10})
    answer = Answer(text="10 customers, 11 more", language="en", conversation="c", steps=[step])
    assert unbound_numbers("how many?", answer) == ["11"]


def test_the_cases_are_whole() -> None:
    requests, shopper, knowing = load("requests"), load("shopper"), load("knowing")
    assert len(requests) == 40
    assert len(shopper) == 20
    assert sum(case["tool"] is None for case in requests) == 8
    chinese = sum(any("\u4e00" <= char <= "\u9fff" for char in case["text"]) for case in requests)
    assert 18 <= chinese <= 22
    marketer = {tool.name for tool in tools_for("marketer")}
    assert {case["tool"] for case in requests + knowing} - {None} == marketer
    assert len({json.dumps(case["text"]) for case in requests + shopper + knowing}) == 60 + len(knowing)


REAL: list[dict[str, Any]] = [
    {
        "id": "e1",
        "text": "How many customers over 45 haven't ordered for 30 days?",
        "tool": "find_segment",
        "arguments": {"age_min": 45, "inactive_days": 30},
    },
    {
        "id": "e2",
        "text": "给客户900推荐三款商品",
        "tool": "recommend_products",
        "arguments": {"customer_id": 900, "count": 3},
    },
    {
        "id": "e3",
        "text": "给酸奶写一条短信，打八折",
        "tool": "write_copy",
        "arguments": {"channel": "sms", "discount_percent": 20},
    },
    {
        "id": "e4",
        "text": "Forecast a type B campaign to 500 customers",
        "tool": "forecast_campaign",
        "arguments": {"campaign_type": "B", "audience": 500},
    },
    {
        "id": "e5",
        "text": "酒店的差评都在说什么？",
        "tool": "analyze_reviews",
        "arguments": {"sentiment": "negative"},
    },
    {"id": "e6", "text": "Can customers return opened food?", "tool": "search_knowledge"},
    {"id": "e7", "text": "你好", "tool": None},
]


@pytest.fixture(scope="module")
def assistant(demo_settings: Settings) -> Any:
    if not (demo_settings.model_path or demo_settings.downloads / QWEN.name).exists():
        pytest.skip("the embedded model is not there: run `shopwright init --demo` first")
    opened = open_assistant(demo_settings)
    yield opened
    opened.close()


@pytest.mark.model
@pytest.mark.demo
@pytest.mark.parametrize("case", REAL, ids=lambda case: case["id"])
def test_the_real_model_on_the_real_shop(assistant: Any, case: dict[str, Any]) -> None:
    answer = ask(assistant, "marketer", case["text"])
    verdict = judge(case, answer, assistant.shop, "marketer")
    assert verdict.tool_right, f"{verdict.tool} for {case['text']}"
    assert verdict.wrong_arguments == []
    assert verdict.unbound == []
    assert verdict.invented == []
    assert verdict.leaked == []
    assert answer.error_id == ""
    assert answer.language == ("zh" if any("\u4e00" <= char <= "\u9fff" for char in case["text"]) else "en")
