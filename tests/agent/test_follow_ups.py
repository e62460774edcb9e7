"""What a follow-up keeps of the turn before it, and what it puts right."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopwright.agent.follow_ups import follow_up
from shopwright.agent.history import Turn
from shopwright.agent.mentions import read
from shopwright.agent.planning import plan_for
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import tools_for

LATE = Turn(
    "who is over 40 and hasn't ordered for 30 days?",
    tool="find_segment",
    arguments={"inactive_days": 30, "age_min": 40},
)
FAMILIES = Turn("how many have kids?", tool="find_segment", arguments={"has_children": True})
COPY = Turn(
    "email about crackers, 20% off, for loyal customers",
    tool="write_copy",
    arguments={"product": "crackers", "channel": "email", "discount_percent": 20, "segment": "loyal"},
    products=[77],
)
FORECAST = Turn(
    "a type A mailing to 700 loyal customers",
    tool="forecast_campaign",
    arguments={"campaign_type": "A", "audience": 700, "segment": "loyal"},
)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    shop = Shop(Settings(data_dir=tmp_path_factory.mktemp("shop"), database_url="sqlite://"))
    return {tool.name: tool.schema(shop) for tool in (*tools_for("marketer"), *tools_for("shopper"))}


@pytest.mark.parametrize(
    ("tool", "text", "before", "expected"),
    [
        ("find_segment", "Sorry, I meant 75 days, not 30", LATE, {"inactive_days": 75, "age_min": 40}),
        ("find_segment", "no: 50, not 40", LATE, {"inactive_days": 30, "age_min": 50}),
        ("find_segment", "不是30天，是两个月", LATE, {"inactive_days": 60, "age_min": 40}),
        ("find_segment", "no, the reverse", FAMILIES, {"has_children": False}),
        ("find_segment", "How about those without?", FAMILIES, {"has_children": False}),
        ("find_segment", "没有的呢？", FAMILIES, {"has_children": False}),
        ("find_segment", "And how many customers are there in all?", FAMILIES, {}),
        ("find_segment", "What about renters?", FAMILIES, {"homeowner": False}),
        (
            "write_copy", "shorter, as a text message", COPY,
            {"channel": "sms", "discount_percent": 20, "segment": "loyal", "product_id": 77},
        ),
        (
            "write_copy", "换成中文，语气活泼点", COPY,
            {"language": "zh", "channel": "email", "discount_percent": 20, "segment": "loyal", "product_id": 77},
        ),
        (
            "write_copy", "make it 35% instead", COPY,
            {"channel": "email", "discount_percent": 35, "segment": "loyal", "product_id": 77},
        ),
        ("write_copy", "another version at full price", COPY, {"channel": "email", "segment": "loyal", "product_id": 77}),
        ("write_copy", "the same for noodles", COPY, {"channel": "email", "discount_percent": 20, "segment": "loyal"}),
        ("write_copy", "Write a push about noodles", COPY, {"channel": "push"}),
        ("forecast_campaign", "What about type B?", FORECAST, {"campaign_type": "B", "audience": 700, "segment": "loyal"}),
        ("forecast_campaign", "换成300人呢？", FORECAST, {"campaign_type": "A", "audience": 300, "segment": "loyal"}),
        ("save_segment", "Lovely. Keep this group as Full house", FAMILIES,
         {"name": "Full house", "group": {"has_children": True}}),
    ],
)  # fmt: skip
def test_a_follow_up_keeps_what_it_does_not_change(
    schemas: dict[str, dict[str, Any]], tool: str, text: str, before: Turn, expected: dict[str, Any]
) -> None:
    assert plan_for(schemas[tool], text, [before]).fixed == expected


SEARCH = Turn("show me olive oil", tool="find_products", arguments={"query": "olive oil"}, products=[5])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A bit pricey. Anything under $6?", {"query": "olive oil", "price_max": 6}),
        ("有没有便宜点的，10元以内", {"query": "olive oil", "price_max": 10}),
        ("Any noodles under $6?", {"price_max": 6}),
    ],
)
def test_a_search_goes_on_with_another_price(
    schemas: dict[str, dict[str, Any]], text: str, expected: dict[str, Any]
) -> None:
    assert plan_for(schemas["find_products"], text, [SEARCH]).fixed == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sorry, not olives, I meant walnuts", {"query": "walnuts oil"}),
        ("I meant sesame oil, not olive oil", {"query": "sesame oil"}),
        ("not olive but sunflower", {"query": "sunflower oil"}),
        ("不是olive，是芝麻", {"query": "芝麻 oil"}),
        ("it's not fresh, is it?", {}),
        ("not tea, i meant coffee", {}),
    ],
)
def test_one_word_put_right_in_what_was_looked_for(
    schemas: dict[str, dict[str, Any]], text: str, expected: dict[str, Any]
) -> None:
    kept = follow_up(schemas["find_products"], text, read(text), [SEARCH])[1]
    assert {key: kept[key] for key in expected} == expected
    assert bool(kept.get("query", "olive oil") != "olive oil") is bool(expected)


@settings(deadline=None)  # the first request loads the dictionary of Chinese words
@given(st.text(max_size=120), st.sampled_from([LATE, FAMILIES, COPY, FORECAST]))
def test_nothing_a_person_types_breaks_it(text: str, before: Turn) -> None:
    schema = {"properties": {key: {"x-mention": key} for key in before.arguments}}
    audience, kept = follow_up(schema, text, read(text), [before])
    assert set(kept) <= {*before.arguments, "product_id"}
    assert "unused" not in audience
