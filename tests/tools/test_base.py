"""How a function becomes a tool: its schema, its roles, its errors."""

from pathlib import Path
from typing import Annotated

import pytest

from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import ToolContext, ToolError, ToolResult, mentioned, shop_tool, tools_for


@shop_tool(roles=("marketer",), choices={"colour": lambda shop: {"red": "warm", "blue": "cold"}})
def paint(
    context: ToolContext,
    colour: str | None = None,
    count: Annotated[int, mentioned("count", "How many.", ge=1, le=9)] = 3,
) -> ToolResult:
    """Paint the shop."""
    return ToolResult(text=f"{count} {colour} walls for {context.actor}")


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    return ToolContext(shop=Shop(Settings(data_dir=tmp_path)), role="marketer", actor="ann")


def test_signature_and_docstring_are_the_schema(context: ToolContext) -> None:
    schema = paint.schema(context.shop)
    assert paint.description == "Paint the shop."
    assert set(schema["properties"]) == {"colour", "count"}
    assert schema["properties"]["colour"]["enum"] == ["red", "blue"]
    assert schema["properties"]["count"]["x-mention"] == "count"


def test_the_context_reaches_the_tool_and_is_no_argument(context: ToolContext) -> None:
    assert paint.run(context, {"colour": "red"}).text == "3 red walls for ann"


@pytest.mark.parametrize("arguments", [{"count": 0}, {"count": "many"}, {"wall": 1}])
def test_arguments_it_cannot_take_are_told(context: ToolContext, arguments: dict[str, object]) -> None:
    with pytest.raises(ToolError, match="paint was called with arguments it cannot take"):
        paint.run(context, arguments)


def test_each_role_has_its_own_tools() -> None:
    names = {role: {tool.name for tool in tools_for(role)} for role in ("marketer", "shopper")}
    assert names["marketer"] == {
        "analyze_reviews",
        "compare_segments",
        "describe_persona",
        "find_patterns",
        "find_segment",
        "forecast_campaign",
        "forecast_sales",
        "price_response",
        "rank_audience",
        "recommend_products",
        "save_segment",
        "search_knowledge",
        "write_copy",
    }
    assert names["shopper"] == {"find_products", "hand_to_person", "order_status", "search_knowledge"}


def test_no_tool_takes_who_is_asking_as_an_argument(context: ToolContext) -> None:
    for tool in tools_for("shopper"):
        model = tool.structured.args_schema
        assert "customer_id" not in model.model_json_schema()["properties"]  # type: ignore[union-attr]


def test_what_changes_something_says_so() -> None:
    assert {tool.name for tool in tools_for("shopper") if tool.changes} == {"hand_to_person"}
    assert {tool.name for tool in tools_for("marketer") if tool.changes} == {"save_segment"}


def test_every_tool_has_examples_in_both_languages() -> None:
    for tool in [*tools_for("marketer"), *tools_for("shopper")]:
        assert len(tool.examples) >= 2, tool.name
        for example in tool.examples:
            assert any("\u4e00" <= char <= "\u9fff" for char in example.zh)
            assert not any("\u4e00" <= char <= "\u9fff" for char in example.en)
