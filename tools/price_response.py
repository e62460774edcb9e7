"""How sales of the top products move with price and promotion."""

from typing import Annotated

from pydantic import Field

from shopwright.knowledge.demand_prices import PriceReport
from shopwright.knowledge.types import Interval
from shopwright.tools.base import (
    Example,
    Plot,
    Series,
    Table,
    ToolContext,
    ToolError,
    ToolResult,
    View,
    shop_tool,
)
from shopwright.tools.wording import money, say, whole

SHOWN = 12
About = Annotated[
    str | None, Field(description="Department or kind of product, if one is named.", max_length=60)
]


@shop_tool(
    roles=("marketer",),
    examples=(
        Example(
            "Which products react most to a price change?",
            "哪些商品对价格变化最敏感？",
        ),
        Example(
            "How price-sensitive is milk?",
            "牛奶的价格弹性有多大？",
            {"about": "milk"},
            {"about": "牛奶"},
        ),
    ),
)
def price_response(context: ToolContext, about: About = None) -> ToolResult:
    """Price elasticity: how unit sales of top products moved with price changes and with promotions."""
    from shopwright.knowledge.demand_prices import price_response as measure

    language, scope = context.language, None
    if about and about.strip():
        scope = context.shop.products.resolve(about)
        if scope is None:
            raise ToolError(
                say(
                    language,
                    f"The shop sells nothing that matches '{about}'. Name a department or a kind of product.",
                    f"店里没有与“{about}”相符的商品。请说出部门或品类。",
                )
            )
    try:
        found = measure(context.shop, scope, SHOWN)
    except LookupError as error:
        raise ToolError(say(language, str(error), "没有商品有足够多周的销售，无法测算价格弹性。")) from error
    what = say(language, "top products", "主要商品")
    return _result(context, what if scope is None else say(language, scope.label, scope.label_zh), found)


def _result(context: ToolContext, what: str, found: PriceReport) -> ToolResult:
    language = context.language
    parts = []
    if found.elasticity is not None:
        parts.append(
            say(
                language,
                f"a price 1% higher went with {_signed(found.elasticity.mid)}% units "
                f"(80% interval {_range(found.elasticity)})",
                f"价格每高1%，销量变化{_signed(found.elasticity.mid)}%（80%区间{_range(found.elasticity)}）",
            )
        )
    if found.promotion is not None:
        parts.append(
            say(
                language,
                f"a week in the mailer or on display with {found.promotion.mid:.2f} times the units "
                f"({_range(found.promotion)})",
                f"上海报或堆头的一周，销量为平时的{found.promotion.mid:.2f}倍（{_range(found.promotion)}）",
            )
        )
    if not parts:
        parts.append(say(language, "prices did not move enough to tell", "价格变动太小，无法判断"))
    headline = say(
        language,
        f"**{what}**, on average over products: {'; '.join(parts)}.",
        f"**{what}**，按商品平均：{'；'.join(parts)}。",
    )
    caveat = say(
        language,
        f"From {found.weeks} weeks as they went: prices and promotions were chosen, not drawn by lot, so this shows what "
        "went together, not what a price would cause. Weeks without a sale show no price and are not in it.",
        f"依据{found.weeks}周的实际情况：价格与促销由人决定，并非随机，只能说明同时发生，不能说明因果；没有销售的周没有价格，未计入。",
    )
    return ToolResult(
        text=f"- {headline.replace('**', '')}",
        headline=headline,
        appendix=f"> {caveat}",
        memory=say(language, f"price response: {what}", f"价格弹性：{what}"),
        data={**found.model_dump(mode="json"), "sizes": _sizes(found.elasticity), "interval_percent": 80},
        views=_views(context, found),
    )


def _views(context: ToolContext, found: PriceReport) -> list[View]:
    language = context.language
    known = [(one, one.elasticity) for one in found.products if one.elasticity is not None]
    columns = (
        ["Product", "Price", "Units", "Weeks", "Elasticity (80%)", "95%", "In promotion, × units", "Rests on"]
        if language == "en"
        else ["商品", "均价", "销量", "周数", "价格弹性（80%）", "95%", "促销周销量倍数", "依据"]
    )
    rows: list[list[str | int | float | None]] = [
        [
            one.name,
            money(context, one.price),
            whole(one.units),
            one.weeks,
            None if one.elasticity is None else f"{one.elasticity.mid:.2f} ({_range(one.elasticity)})",
            None if one.elasticity is None else _outer(one.elasticity),
            None if one.promotion is None else f"{one.promotion.mid:.2f} ({_range(one.promotion)})",
            say(language, "own weeks", "自身数据")
            if one.alone
            else say(language, "its category", "所属品类"),
        ]
        for one in found.products
    ]
    views: list[View] = []
    if known:
        views.append(
            Plot(
                title=say(language, "Price elasticity of top products", "主要商品的价格弹性"),
                chart="interval",
                y_label=say(language, "% units per 1% price", "价格每变1%的销量变化%"),
                series=[
                    Series(
                        name=say(language, "Elasticity (80% interval)", "弹性（80%区间）"),
                        x=[f"{one.name} #{one.product_id}" for one, _ in known],
                        y=[round(value.mid, 2) for _, value in known],
                        low=[round(value.low, 2) for _, value in known],
                        high=[round(value.high, 2) for _, value in known],
                        wide_low=[round(value.low95 or 0.0, 2) for _, value in known],
                        wide_high=[round(value.high95 or 0.0, 2) for _, value in known],
                    )
                ],
            )
        )
    return [*views, Table(title=say(language, "By product", "逐商品"), columns=columns, rows=rows)]


def _sizes(interval: Interval | None) -> list[float]:
    """An interval without signs, as a sentence reads it."""
    return [] if interval is None else [abs(value) for value in (interval.low, interval.mid, interval.high)]


def _signed(value: float) -> str:
    return f"{value:+.1f}"


def _range(interval: Interval) -> str:
    return f"{interval.low:.2f} ~ {interval.high:.2f}"


def _outer(interval: Interval) -> str:
    return f"{interval.low95 or 0.0:.2f} ~ {interval.high95 or 0.0:.2f}"
