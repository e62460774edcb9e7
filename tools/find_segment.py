"""Who the customers are: a segment in figures."""

import json
import re
from collections.abc import Sequence

from shopwright.knowledge.segment_privacy import (
    is_small,
    protect_detail,
    protect_drift,
    protect_history,
    protect_overlaps,
)
from shopwright.knowledge.segment_types import SegmentDetail
from shopwright.knowledge.types import CustomerFilter, SegmentReport
from shopwright.tools.audience import (
    ActiveDays,
    AgeMax,
    AgeMin,
    Bought,
    Conditions,
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
    Unused,
    UsesCoupons,
    customer_filter,
    segment_meanings,
)
from shopwright.tools.base import Example, ToolContext, ToolError, ToolResult, shop_tool
from shopwright.tools.segment_views import Shown, segment_views
from shopwright.tools.wording import describe_filter, money, percent, say, whole

PAST_SHOWN_UP_TO = 200_000
"""Customers of a shop up to which each answer works out the past; in a larger one it must be asked for."""
PAST_WORDS = re.compile(
    r"trend|chang|drift|grow|shrink|history|develop|over time|month|趋势|变化|增长|减少|历史|流动|每月"
)
MOST_CONDITIONS, SHOWN_LOOSER = 8, 3


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
    conditions: Conditions = None,
    unused: Unused = None,
) -> ToolResult:
    """Find, count and describe a group of customers: who they are, how many, what they spend and buy."""
    given = {key: value for key, value in locals().items() if key not in ("context", "unused")}
    said = f"{bought or ''} {json.dumps(conditions or {}, ensure_ascii=False)}".lower()
    left = [words for words in unused or () if not any(word in said for word in words.split())]
    return segment_result(context, customer_filter(context, **given), left)


def segment_result(context: ToolContext, chosen: CustomerFilter, unused: Sequence[str] = ()) -> ToolResult:
    """The customers that a filter means, as the tool answers and as the page of segments shows them.

    `unused` are words about customers that became no condition: they are told, first of all where no
    condition is left and the figures are of everybody. Raises ToolError for what the shop does not know.
    """
    shop, threshold = context.shop, context.shop.settings.k_anonymity
    who = describe_filter(context, chosen)
    try:
        detail = shop.segments.detail(chosen)
    except LookupError as error:
        raise ToolError(str(error)) from error
    if not detail.report.size:
        return _nobody(context, who, detail, unused)
    if is_small(detail.report.size, threshold):
        return _too_few(context, who, protect_detail(detail, threshold), unused)
    past = detail.report.customers_total <= PAST_SHOWN_UP_TO or _asks_for_past(context)
    drift = shop.segments.drift(chosen) if past else None
    history = shop.segments.history(chosen) if past else None
    shown = Shown(
        who,
        protect_detail(detail, threshold),
        protect_drift(drift, threshold) if drift else None,
        protect_history(history, threshold) if history else None,
        protect_overlaps(shop.segments.overlaps(chosen), threshold) if not chosen.everyone else [],
    )
    return _result(context, shown, unused)


def _asks_for_past(context: ToolContext) -> bool:
    asked = str(context.transcript[-1]["text"]) if context.transcript else ""
    return bool(PAST_WORDS.search(asked.lower()))


def _nobody(context: ToolContext, who: str, detail: SegmentDetail, unused: Sequence[str]) -> ToolResult:
    nobody = say(
        context.language,
        f"No customer matches: {who}. Loosen a condition; ages and income are known for some customers only.",
        f"没有客户符合条件：{who}。请放宽条件；年龄和收入只有部分客户有记录。",
    )
    looser = _looser(context, detail.report.filter)
    return ToolResult(
        text=f"{nobody}{looser}",
        headline=f"{nobody}{looser}",
        appendix=not_used(context, unused),
        data={
            **detail.report.model_dump(mode="json"),
            "described": f"{who} {looser}",
            "unused": list(unused),
        },
        memory=who,
    )


def _looser(context: ToolContext, chosen: CustomerFilter) -> str:
    """How many would match without one of the conditions, the most helpful first; '' where none helps."""
    threshold, language = context.shop.settings.k_anonymity, context.language
    given = chosen.model_dump(exclude_none=True)
    found = []
    for key in list(given)[:MOST_CONDITIONS]:
        rest = chosen.model_copy(update={key: None})
        size = context.shop.segments.size(rest) if not rest.everyone else 0
        if size >= threshold:
            dropped = describe_filter(context, CustomerFilter.model_validate({key: given[key]}))
            found.append((size, dropped))
    best = sorted(found, reverse=True)[:SHOWN_LOOSER]
    if not best:
        return ""
    parts = [
        say(language, f"without “{words}” {whole(size)}", f"去掉“{words}”为{whole(size)}位")
        for size, words in best
    ]
    return say(language, f" Customers that match {'; '.join(parts)}.", f"{'；'.join(parts)}。")


def _too_few(context: ToolContext, who: str, detail: SegmentDetail, unused: Sequence[str]) -> ToolResult:
    """Somebody matches, but so few that figures would speak of single customers."""
    threshold = context.shop.settings.k_anonymity
    few = say(
        context.language,
        f"**{who}**: fewer than {threshold} customers match. To protect them, nothing more is shown of so few; "
        "loosen a condition.",
        f"**{who}**：符合条件的客户少于{threshold}位。为保护客户隐私，人数过少时不显示更多信息；请放宽条件。",
    )
    looser = _looser(context, detail.report.filter)
    data = detail.report.model_dump(mode="json") | {"size": None, "share": None, "spend_total": None}
    return ToolResult(
        text=f"{few}{looser}",
        headline=f"{few}{looser}",
        appendix=not_used(context, unused),
        data={**data, "fewer_than": threshold, "described": f"{who} {looser}", "unused": list(unused)},
        memory=who,
    )


def not_used(context: ToolContext, unused: Sequence[str]) -> str:
    """That words about the customers became no condition; '' where all did."""
    if not unused:
        return ""
    words = say(context.language, ", ", "、").join(f"“{word}”" for word in unused)
    return say(
        context.language,
        f"> Not used, because I know no condition of that kind: {words}.",
        f"> 以下词语没有用作条件（无法识别）：{words}。",
    )


def _everybody(context: ToolContext, unused: Sequence[str]) -> str:
    words = say(context.language, ", ", "、").join(f"“{word}”" for word in unused)
    return say(
        context.language,
        f"⚠ I know no condition such as {words}, so the figures below are of **all** customers, not of a group. "
        "Which customers do you mean? You can name age, income, family, what they bought and when, spend, "
        "orders, lifecycle, value or churn.\n\n",
        f"⚠ 我无法识别条件{words}，因此以下是**全部**客户的数据，而不是某个人群。您指的是哪些客户？"
        "可以说明年龄、收入、家庭、买过什么和何时购买、消费、订单、生命周期、价值或流失概率。\n\n",
    )


def _result(context: ToolContext, shown: Shown, unused: Sequence[str]) -> ToolResult:
    language, who, report = context.language, shown.who, shown.detail.report
    headline = say(
        language,
        f"**{who}**: {whole(report.size)} customers, {percent(report.share)} of {whole(report.customers_total)}. "
        f"They spent {money(context, report.spend_total)} in all ({percent(report.spend_share)} of sales), "
        f"{money(context, report.spend_mean)} each: {report.orders_mean:.1f} orders of {money(context, report.order_value_mean)}.",
        f"**{who}**：共{whole(report.size)}位客户，占{whole(report.customers_total)}位的{percent(report.share)}。"
        f"合计消费{money(context, report.spend_total)}（占销售额{percent(report.spend_share)}），人均{money(context, report.spend_mean)}（{report.orders_mean:.1f}单，每单{money(context, report.order_value_mean)}）。",
    )
    space = "" if language == "zh" else " "
    everybody = bool(unused) and report.filter.everyone
    sentences = [headline, _habits(context, report), _ahead(context, shown), _changed(context, shown)]
    return ToolResult(
        text=_facts(context, shown),
        headline=(_everybody(context, unused) if everybody else "")
        + space.join(sentence for sentence in sentences if sentence),
        reply=say(
            language,
            "Write one sentence on what to do with these customers next, given what they buy. Words only, no figures.",
            "根据他们买的东西，写一句话：营销人员接下来可以为这些客户做什么。只用文字，不要数字。",
        ),
        appendix="" if everybody else not_used(context, unused),
        memory=say(language, f"found segment: {who}", f"已找到人群：{who}"),
        data={**shown.data(), "unused": list(unused)},
        views=segment_views(context, shown),
    )


def _ahead(context: ToolContext, shown: Shown) -> str:
    """What is predicted of them, in a sentence; '' where nothing is."""
    outlook = shown.detail.outlook
    if outlook is None or not outlook.customers:
        return ""
    value = outlook.value_90
    mid, low, high = (money(context, amount) for amount in (value.mid, value.low, value.high))
    return say(
        context.language,
        f"Predicted for the next 90 days: {mid} (80% interval {low} to {high}); churn probability {percent(outlook.churn_mean)} on average.",
        f"预计未来90天消费{mid}（80%区间{low}至{high}），平均流失概率{percent(outlook.churn_mean)}。",
    )


def _changed(context: ToolContext, shown: Shown) -> str:
    """What changed since the last month end, in a sentence; '' where that is not known."""
    drift = shown.drift
    if drift is None or shown.detail.report.filter.everyone:
        return ""
    entered, left = _few(context, drift.entered), _few(context, drift.left)
    before, now = _few(context, drift.size_before), _few(context, drift.size_now)
    return say(
        context.language,
        f"Since {drift.since}: {before} → {now} customers, {entered} came in and {left} left.",
        f"自{drift.since}以来：{before} → {now}位，新进入{entered}位，离开{left}位。",
    )


def _few(context: ToolContext, count: int | None) -> str:
    threshold = context.shop.settings.k_anonymity
    if count is None:
        return say(context.language, f"fewer than {threshold}", f"不足{threshold}")
    return whole(count)


def _habits(context: ToolContext, report: SegmentReport) -> str:
    language = context.language
    top = say(language, ", ", "、").join(say(language, c.name, c.name_zh) for c in report.top_categories[:3])
    days = f"{report.recency_days_median:.0f}"
    return say(
        language,
        f"Their last order was {days} {'day' if days == '1' else 'days'} ago (median). They spend most on {top}.",
        f"距上次下单{days}天（中位数）。花费最多的品类：{top}。",
    )


def _facts(context: ToolContext, shown: Shown) -> str:
    language, report, who = context.language, shown.detail.report, shown.who
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
    lines += [f"- {line}" for line in (_ahead(context, shown), _changed(context, shown)) if line]
    tags = shown.detail.outlook.tags[:3] if shown.detail.outlook else []
    if tags:
        names = say(language, ", ", "、").join(say(language, t.name, t.name_zh) for t in tags)
        lines.append(
            say(
                language, f"- more interested than others in: {names}", f"- 比其他客户更感兴趣的品类：{names}"
            )
        )
    return "\n".join(lines)
