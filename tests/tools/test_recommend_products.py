"""Recommendations as the tool words them: for a customer, in modes, beside products, for a group."""

from typing import Any

import pytest

from shopwright.knowledge.recommend_fit import fit_recommender
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import Language, ToolContext, ToolError, ToolResult
from shopwright.tools.recommend_products import recommend_products


@pytest.fixture
def ask(counted_shop: Shop) -> Any:
    fit_recommender(counted_shop)

    def run(language: Language = "en", **arguments: Any) -> ToolResult:
        context = ToolContext(shop=counted_shop, role="marketer", actor="test", language=language)
        return recommend_products.run(context, arguments)

    return run


def test_modes_part_what_was_bought_from_what_was_not(ask: Any) -> None:
    again = ask(customer_id=3, mode="buy_again").data["products"]
    fresh = ask(customer_id=3, mode="discover").data["products"]
    assert again
    assert fresh
    assert {item["reason"] for item in again} <= {"bought_before", "due_again"}
    assert not {"bought_before", "due_again"} & {item["reason"] for item in fresh}
    ids = [{item["product"]["product_id"] for item in found} for found in (again, fresh)]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_basket_gets_what_goes_with_it(ask: Any, language: Language) -> None:
    result = ask(language, basket=[3, 4])
    found = [item["product"]["product_id"] for item in result.data["products"]]
    assert found
    assert not {3, 4} & set(found)
    assert {view.kind for view in result.views} >= {"cards", "table"}
    assert ("with" in result.headline) is (language == "en")


def test_what_goes_with_one_product(ask: Any) -> None:
    found = ask(product_id=3, count=3).data["products"]
    assert found
    assert all(item["product"]["product_id"] != 3 for item in found)


def test_an_unknown_product_is_told(ask: Any) -> None:
    with pytest.raises(ToolError, match="no product 999"):
        ask(basket=[3, 999])


def test_a_plot_shows_what_speaks_for_each(ask: Any) -> None:
    plot = next(view for view in ask(customer_id=3).views if view.kind == "plot")
    names = {series.name for series in plot.series}
    assert "bought before" in names
    assert all(value >= 0 for series in plot.series for value in series.y)


def test_diversity_is_obeyed(ask: Any) -> None:
    found = ask(customer_id=3, diversity=1.0, count=6).data["products"]
    kinds = [item["product"]["product_type"] for item in found]
    assert len(kinds) == len(set(kinds))
