"""What the shop, or a part of it, will sell in the coming weeks."""

from typing import Annotated

from pydantic import Field

from shopwright.knowledge.demand import METHODS, MOST_WEEKS, SalesForecast
from shopwright.tools.base import (
    Example,
    Plot,
    Series,
    Table,
    ToolContext,
    ToolError,
    ToolResult,
    View,
    mentioned,
    shop_tool,
)
from shopwright.tools.wording import money, percent, say

SHOWN_WEEKS = 26  # of history, in the plot
USUAL_WEEKS = 8
Ahead = Annotated[int | None, mentioned("days", "How far ahead, days.", ge=1, le=365)]
About = Annotated[
    str | None, Field(description="Department or kind of product, if one is named.", max_length=60)
]


@shop_tool(
    roles=("marketer",),
    examples=(
        Example(
            "How much will we sell over the next six weeks?",
            "未来六周的销售额会是多少？",
            {"days": 42},
        ),
        Example(
            "Sales outlook for soft drinks next month",
            "预测下个月软饮料的销量走势",
            {"about": "soft drinks", "days": 30},
            {"about": "软饮料"},
        ),
    ),
)
def forecast_sales(context: ToolContext, about: About = None, days: Ahead = None) -> ToolResult:
    """Forecast sales week by week, of the whole shop or of a category, to plan dates and stock."""
    from shopwright.knowledge.demand import forecast_sales as forecast

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
    weeks = USUAL_WEEKS if days is None else min(MOST_WEEKS, max(1, -(-days // 7)))
    try:
        found = forecast(context.shop, scope, weeks)
    except LookupError as error:
        raise ToolError(
            say(language, str(error), "可用的销售历史太少，无法预测：至少需要 12 个完整周的数据。")
        ) from error
    return _result(context, found)


def _result(context: ToolContext, found: SalesForecast) -> ToolResult:
    language, total = context.language, found.total
    what = say(language, found.label, found.label_zh)
    count, until = len(found.weeks), found.starts[-1]
    headline = say(
        language,
        f"**{what}**, next {count} {'week' if count == 1 else 'weeks'} (from {found.starts[0]}): about "
        f"{money(context, total.mid)}, 80% interval {money(context, total.low)} to {money(context, total.high)}, "
        f"95% {money(context, total.low95 or 0)} to {money(context, total.high95 or 0)}.",
        f"**{what}**未来{count}周（{found.starts[0]}起）：约{money(context, total.mid)}，"
        f"80%区间{money(context, total.low)}至{money(context, total.high)}，"
        f"95%区间{money(context, total.low95 or 0)}至{money(context, total.high95 or 0)}。",
    )
    method = say(language, *METHODS[found.method])
    tried = say(
        language,
        f"In trials on the last weeks, {method} was off by {percent(found.error_share)} on average, "
        f"repeating the last week by {percent(found.naive_error_share)}.",
        f"在最近几周的试验中，{method}的平均误差为{percent(found.error_share)}，"
        f"沿用上一周的误差为{percent(found.naive_error_share)}。",
    )
    notes = found.notes_zh if language == "zh" else found.notes
    return ToolResult(
        text=f"- {headline.replace('**', '')}\n- {tried}",
        headline=headline,
        appendix="\n".join(f"> {note}" for note in [*notes, tried]),
        memory=say(language, f"sales forecast: {what} until the week of {until}", f"已预测销售：{what}"),
        data={**found.model_dump(mode="json"), "interval_percent": [80, 95]},
        views=_views(context, found),
    )


def _views(context: ToolContext, found: SalesForecast) -> list[View]:
    language, past = context.language, found.history[-SHOWN_WEEKS:]
    columns = (
        ["Week of", "Sales", "80% interval", "95% interval"]
        if language == "en"
        else ["周（起始日）", "销售额", "80% 区间", "95% 区间"]
    )
    rows: list[list[str | int | float | None]] = [
        [
            str(start),
            money(context, week.mid),
            f"{money(context, week.low)} – {money(context, week.high)}",
            f"{money(context, week.low95 or 0)} – {money(context, week.high95 or 0)}",
        ]
        for start, week in zip(found.starts, found.weeks, strict=True)
    ]
    return [
        Plot(
            title=say(language, f"Weekly sales: {found.label}", f"每周销售额：{found.label_zh}"),
            chart="line",
            y_label=context.shop.settings.currency,
            series=[
                Series(
                    name=say(language, "So far", "历史"),
                    x=[str(week.start) for week in past],
                    y=[round(week.sales, 2) for week in past],
                ),
                Series(
                    name=say(language, "Forecast (80% interval)", "预测（80%区间）"),
                    x=[str(start) for start in found.starts],
                    y=[round(week.mid, 2) for week in found.weeks],
                    low=[round(week.low, 2) for week in found.weeks],
                    high=[round(week.high, 2) for week in found.weeks],
                    wide_low=[round(week.low95 or 0.0, 2) for week in found.weeks],
                    wide_high=[round(week.high95 or week.high, 2) for week in found.weeks],
                ),
            ],
        ),
        Table(title=say(language, "By week", "逐周"), columns=columns, rows=rows),
    ]
