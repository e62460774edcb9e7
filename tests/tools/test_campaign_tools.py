"""The tools about campaigns, sales and prices: said in both languages, shown, and refused."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopwright.agent.grounding import numbers_in
from shopwright.evals.matching import accounted, numbers_within
from shopwright.knowledge.campaigns import fit_campaigns
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.tools.base import Language, ShopTool, ToolContext, ToolError
from shopwright.tools.forecast_campaign import forecast_campaign
from shopwright.tools.forecast_sales import forecast_sales
from shopwright.tools.price_response import price_response
from shopwright.tools.rank_audience import rank_audience


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = Path(__file__).parents[1] / "knowledge" / "holdout_shop.py"
    spec = importlib.util.spec_from_file_location("shop_tests_holdout_shop_for_tools", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("campaign_tools")
    url = f"sqlite:///{folder / 'shop.db'}"
    engine = open_database(url)
    migrate(engine)
    module.make_holdout_shop(engine)
    refresh_stats(engine)
    found = Shop(Settings(data_dir=folder, database_url=url))
    fit_campaigns(found)
    yield found
    engine.dispose()


def context(shop: Shop, language: Language = "en") -> ToolContext:
    return ToolContext(shop=shop, role="marketer", actor="ann", language=language)


CALLS: list[tuple[ShopTool, dict[str, Any]]] = [
    (forecast_campaign, {"campaign_type": "App push"}),
    (
        forecast_campaign,
        {"campaign_type": "Spring mail", "audience": 200, "discount_percent": 30, "days": 10},
    ),
    (forecast_campaign, {"uses_coupons": True}),
    (rank_audience, {}),
    (rank_audience, {"campaign_type": "App push", "group": {"uses_coupons": True}}),
    (rank_audience, {"group": {"top": 2}}),
    (forecast_sales, {"days": 20}),
    (price_response, {}),
]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("tool", "arguments"), CALLS)
def test_every_result_is_worded_and_shown(
    shop: Shop, tool: ShopTool, arguments: dict[str, Any], language: Language
) -> None:
    result = tool.run(context(shop, language), arguments)
    json.dumps(result.data)
    assert any("\u4e00" <= char <= "\u9fff" for char in result.headline) == (language == "zh")
    assert any("\u4e00" <= char <= "\u9fff" for char in result.appendix) == (language == "zh")
    assert result.views or tool is rank_audience  # a small audience is not listed
    for view in result.views:
        assert view.title
        if view.kind == "table":
            assert all(len(row) == len(view.columns) for row in view.rows)
        if view.kind == "plot":
            for series in view.series:
                assert len(series.x) == len(series.y) > 0
                assert series.low is None or len(series.low) == len(series.y)
    known = [*numbers_within(result.data), *numbers_within(arguments), 80.0, 95.0, 1.0]
    assert [number for number in numbers_in(result.headline) if not accounted(number, known)] == []


def test_observation_is_never_called_an_effect(shop: Shop) -> None:
    assert "not at random" in forecast_campaign.run(context(shop), {}).appendix
    assert "holdout" in rank_audience.run(context(shop), {}).appendix
    assert "not what a price would cause" in price_response.run(context(shop), {}).appendix


def test_what_cannot_be_done_is_told(shop: Shop) -> None:
    with pytest.raises(ToolError, match="no campaign type 'Q'"):
        rank_audience.run(context(shop), {"campaign_type": "Q"})
    with pytest.raises(ToolError, match="没有“Q”类活动"):
        forecast_campaign.run(context(shop, "zh"), {"campaign_type": "Q"})
