"""Who the customers are: a segment in figures."""

from typing import Any

from shopwright.knowledge.types import CustomerFilter, SegmentReport
from shopwright.tools.audience import (
    ActiveDays,
    AgeMax,
    AgeMin,
    Bought,
    HasChildren,
    Homeowner,
    InactiveDays,
    IncomeMax,
    IncomeMin,
    Married,
    OrdersMax,
    OrdersMin,
    Segment,
    SpendMax,
    SpendMin,
    Top,
    UsesCoupons,
    customer_filter,
    segment_meanings,
)
from shopwright.tools.base import Example, Plot, Series, Table, ToolContext, ToolResult, View, shop_tool
from shopwright.tools.wording import describe_filter, money, percent, say, whole


@shop_tool(
    roles=("marketer",),
    choices={"segment": segment_meanings},
    examples=(
        Example("Who are our best customers?", "我们最好的客户是谁？", {"segment": "champions"}),
        Example(
            "How many families with kids haven't ordered for 60 days?",
            "60天没下单的有孩子家庭有多少？",
            {"has_children": True, "inactive_days": 60},
        ),
        Example(
            "customers over 45 who buy cat food",
            "45岁以上买猫粮的客户",
            {"age_min": 45, "bought": "cat food"},
            {"age_min": 45, "bought": "猫粮"},
        ),
        Example("Which customers are about to leave us?", "哪些客户快要流失了？", {"segment": "at_risk"}),
    ),
)
def find_segment(
    context: ToolContext,
    segment: Segment = None,
    bought: Bought = None,
    age_min: AgeMin = None,
    age_max: AgeMax = None,
    income_min: IncomeMin = None,
    income_max: IncomeMax = None,
    has_children: HasChildren = None,
    married: Married = None,
    homeowner: Homeowner = None,
    uses_coupons: UsesCoupons = None,
    inactive_days: InactiveDays = None,
    active_days: ActiveDays = None,
    spend_min: SpendMin = None,
    spend_max: SpendMax = None,
    orders_min: OrdersMin = None,
    orders_max: OrdersMax = None,
    top: Top = None,
) -> ToolResult:
    """Find, count and describe a group of customers: who they are, how many, what they spend and buy."""
    conditions = {key: value for key, value in locals().items() if key not in ("context", "bought")}
    chosen = customer_filter(context, bought=bought, **conditions)
    return segment_result(context, chosen)


def segment_result(context: ToolContext, chosen: CustomerFilter) -> ToolResult:
    """The customers that a filter means, as the tool answers and as the page of segments shows them."""
    return _result(context, context.shop.segments.report(chosen))


def _result(context: ToolContext, report: SegmentReport) -> ToolResult:
    language = context.language
    who = describe_filter(context, report.filter)
    if not report.size:
        nobody = say(
            language,
            f"No customer matches: {who}. Loosen a condition; ages and income are known for some customers only.",
            f"没有客户符合条件：{who}。请放宽条件；年龄和收入只有部分客户有记录。",
        )
        return ToolResult(text=nobody, headline=nobody, data=report.model_dump(mode="json"), memory=who)
    headline = say(
        language,
        f"**{who}**: {whole(report.size)} customers, {percent(report.share)} of {whole(report.customers_total)}. "
        f"They spent {money(context, report.spend_total)} in all ({percent(report.spend_share)} of sales), "
        f"{money(context, report.spend_mean)} each.",
        f"**{who}**：共{whole(report.size)}位客户，占{whole(report.customers_total)}位的{percent(report.share)}。"
        f"合计消费{money(context, report.spend_total)}（占销售额{percent(report.spend_share)}），人均{money(context, report.spend_mean)}。",
    )
    return ToolResult(
        text=_facts(context, report, who),
        headline=f"{headline}{'' if language == 'zh' else ' '}{_habits(context, report)}",
        reply=say(
            language,
            "Write one sentence on what to do with these customers next, given what they buy. Words only, no figures.",
            "根据他们买的东西，写一句话：营销人员接下来可以为这些客户做什么。只用文字，不要数字。",
        ),
        memory=say(language, f"found segment: {who}", f"已找到人群：{who}"),
        data=report.model_dump(mode="json"),
        views=_views(context, report),
    )


def _habits(context: ToolContext, report: SegmentReport) -> str:
    language = context.language
    top = say(language, ", ", "、").join(say(language, c.name, c.name_zh) for c in report.top_categories[:3])
    days = f"{report.recency_days_median:.0f}"
    return say(
        language,
        f"Their last order was {days} {'day' if days == '1' else 'days'} ago (median). They spend most on {top}.",
        f"距上次下单{days}天（中位数）。花费最多的品类：{top}。",
    )


def _facts(context: ToolContext, report: SegmentReport, who: str) -> str:
    language = context.language
    top = say(language, ", ", "、").join(say(language, c.name, c.name_zh) for c in report.top_categories[:5])
    lines = [
        say(language, f"- segment: {who} (as of {report.as_of})", f"- 人群：{who}（截至{report.as_of}）"),
        say(
            language,
            f"- size: {whole(report.size)} customers, {percent(report.share)} of {whole(report.customers_total)}",
            f"- 规模：{whole(report.size)}位客户，占全部{whole(report.customers_total)}位的{percent(report.share)}",
        ),
        say(
            language,
            f"- spend: {money(context, report.spend_total)} in all, {percent(report.spend_share)} of sales, {money(context, report.spend_mean)} each",
            f"- 消费：合计{money(context, report.spend_total)}，占销售额{percent(report.spend_share)}，人均{money(context, report.spend_mean)}",
        ),
        say(
            language,
            f"- orders: {report.orders_mean:.1f} each, {money(context, report.order_value_mean)} an order",
            f"- 订单：人均{report.orders_mean:.1f}单，每单{money(context, report.order_value_mean)}",
        ),
        say(
            language,
            f"- days since the last order: {report.recency_days_median:.0f} (median)",
            f"- 距上次下单天数：{report.recency_days_median:.0f}（中位数）",
        ),
        say(language, f"- they buy most: {top}", f"- 买得最多的品类：{top}"),
    ]
    if report.ages:
        eldest = max(report.ages, key=lambda share: share.count)
        lines.append(
            say(
                language,
                f"- largest known age group: {eldest.name} ({whole(eldest.count)} customers)",
                f"- 已知人数最多的年龄段：{eldest.name_zh}（{whole(eldest.count)}位）",
            )
        )
    return "\n".join(lines)


def _views(context: ToolContext, report: SegmentReport) -> list[View]:
    language = context.language
    rows: list[list[Any]] = [
        [say(language, "Customers", "客户数"), whole(report.size)],
        [say(language, "Share of all customers", "占全部客户"), percent(report.share)],
        [say(language, "Sales", "销售额"), money(context, report.spend_total)],
        [say(language, "Share of sales", "占销售额"), percent(report.spend_share)],
        [say(language, "Sales per customer", "人均消费"), money(context, report.spend_mean)],
        [say(language, "Orders per customer", "人均订单"), f"{report.orders_mean:.1f}"],
        [say(language, "Value of an order", "每单金额"), money(context, report.order_value_mean)],
        [
            say(language, "Days since last order (median)", "距上次下单天数（中位数）"),
            f"{report.recency_days_median:.0f}",
        ],
    ]
    views: list[View] = [
        Table(
            title=describe_filter(context, report.filter),
            columns=[say(language, "Figure", "指标"), say(language, "Value", "数值")],
            rows=rows,
        )
    ]
    if report.top_categories:
        names: list[str | int | float] = [say(language, c.name, c.name_zh) for c in report.top_categories]
        views.append(
            Plot(
                title=say(language, "Sales by category", "各品类销售额"),
                chart="bar",
                y_label=context.shop.settings.currency,
                series=[
                    Series(
                        name=say(language, "Sales", "销售额"),
                        x=names,
                        y=[round(c.spend, 2) for c in report.top_categories],
                    )
                ],
            )
        )
    if report.ages:
        views.append(
            Plot(
                title=say(language, "Age (where known)", "年龄（已知部分）"),
                chart="bar",
                y_label=say(language, "customers", "客户数"),
                series=[
                    Series(
                        name=say(language, "Customers", "客户数"),
                        x=[say(language, a.name, a.name_zh) for a in report.ages],
                        y=[float(a.count) for a in report.ages],
                    )
                ],
            )
        )
    return views
