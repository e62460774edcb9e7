"""What a campaign would bring, with honest intervals."""

from typing import Annotated

from shopwright.knowledge.campaign_types import Driver, WhatIf
from shopwright.knowledge.campaigns import CampaignRequest, ForecastError
from shopwright.knowledge.types import CampaignForecast, CustomerFilter, Interval
from shopwright.tools.audience import (
    ActiveDays,
    AgeMax,
    AgeMin,
    Bought,
    Conditions,
    HasChildren,
    InactiveDays,
    Segment,
    SpendMin,
    Top,
    Unused,
    UsesCoupons,
    customer_filter,
    for_everybody,
    segment_meanings,
)
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
from shopwright.tools.wording import describe_filter, money, percent, say, whole

SHOWN_CAMPAIGNS = 8  # in the plot; the table has them all
CampaignType = Annotated[str | None, mentioned("campaign_type", "Campaign type, as past campaigns have it.")]
Audience = Annotated[
    int | None, mentioned("audience", "How many customers it is sent to.", ge=1, le=100_000_000)
]
Discount = Annotated[float | None, mentioned("discount_percent", "Discount, percent.")]
Days = Annotated[int | None, mentioned("days", "How long it runs, days.", ge=1, le=365)]


@shop_tool(
    roles=("marketer",),
    choices={"segment": segment_meanings},
    examples=(
        Example(
            "What would a two-week coupon campaign to our champions bring?",
            "给核心客户发两周的优惠券，效果会怎样？",
            {"segment": "champions", "days": 14},
        ),
        Example(
            "Forecast a type B campaign to 800 customers",
            "预测向800位客户发送B类活动的效果",
            {"campaign_type": "B", "audience": 800},
        ),
        Example(
            "How many would redeem 15% off among families with children?",
            "给有孩子的家庭打八五折，会有多少人核销？",
            {"has_children": True, "discount_percent": 15},
        ),
    ),
)
def forecast_campaign(
    context: ToolContext,
    segment: Segment = None,
    bought: Bought = None,
    campaign_type: CampaignType = None,
    audience: Audience = None,
    discount_percent: Discount = None,
    days: Days = None,
    age_min: AgeMin = None,
    age_max: AgeMax = None,
    has_children: HasChildren = None,
    uses_coupons: UsesCoupons = None,
    inactive_days: InactiveDays = None,
    active_days: ActiveDays = None,
    spend_min: SpendMin = None,
    top: Top = None,
    conditions: Conditions = None,
    unused: Unused = None,
) -> ToolResult:
    """Forecast a campaign or coupon: how many would redeem, sales and cost, before it is sent."""
    chosen = customer_filter(
        context, bought=bought, segment=segment, age_min=age_min, age_max=age_max, has_children=has_children,
        uses_coupons=uses_coupons, inactive_days=inactive_days, active_days=active_days, spend_min=spend_min, top=top,
        conditions=conditions,
    )  # fmt: skip
    narrowed = bool(chosen.model_dump(exclude_none=True))
    request = CampaignRequest(
        filter=chosen if narrowed or audience is None else None,
        campaign_type=campaign_type,
        audience=audience,
        discount_percent=discount_percent,
        days=days,
    )
    forecaster = context.shop.campaigns
    try:
        forecast = forecaster.forecast_many([request])[0]
        what_if = forecaster.what_if(request)
    except ForecastError as error:
        raise ToolError(say(context.language, str(error), error.zh)) from error
    why = forecaster.explain(filter=request.filter, campaign_type=campaign_type) if narrowed else []
    result = _result(context, chosen, forecast, what_if, why)
    warning = for_everybody(context, unused, chosen) if audience is None else ""
    return result.model_copy(update={"headline": warning + result.headline})


def _result(
    context: ToolContext,
    chosen: CustomerFilter,
    forecast: CampaignForecast,
    what_if: WhatIf,
    why: list[Driver],
) -> ToolResult:
    language = context.language
    who = describe_filter(context, chosen)
    rate, redeemers = forecast.rate, forecast.redeemers
    kind = say(language, f"Type {forecast.campaign_type}", f"{forecast.campaign_type}类")
    headline = say(
        language,
        f"{kind} campaign to {whole(forecast.audience)} customers (**{who}**), {forecast.days} days: about "
        f"{whole(redeemers.mid)} redeemers (80% interval {whole(redeemers.low)} to {whole(redeemers.high)}), "
        f"a rate of {percent(rate.mid)} ({percent(rate.low)} to {percent(rate.high)}).",
        f"{kind}活动，发送给{whole(forecast.audience)}位客户（**{who}**），持续{forecast.days}天：预计约"
        f"{whole(redeemers.mid)}人核销（80%区间{whole(redeemers.low)}至{whole(redeemers.high)}），"
        f"核销率{percent(rate.mid)}（{percent(rate.low)}至{percent(rate.high)}）。",
    )
    facts = [f"- {headline.replace('**', '')}"]
    for label, interval in _amounts(context, forecast):
        sentence = _amount(context, label, interval)
        headline += say(language, f" {sentence}.", f"{sentence}。")
        facts.append(f"- {sentence}")
    notes = [*(forecast.notes_zh if language == "zh" else forecast.notes), *_why(context, why)]
    return ToolResult(
        text="\n".join(facts),
        headline=headline,
        appendix="\n".join(f"> {note}" for note in notes),
        memory=say(language, f"forecast made for: {who}", f"已预测：{who}"),
        data={
            **forecast.model_dump(mode="json"),
            "interval_percent": 80,
            "drivers": [
                {**driver.model_dump(mode="json"), "odds_ratio": driver.odds_ratio} for driver in why
            ],
        },
        views=[*_views(context, forecast), *_what_if_views(context, what_if)],
    )


def _why(context: ToolContext, why: list[Driver]) -> list[str]:
    """What makes this audience likelier or less likely to redeem, as a note; association, not cause."""
    language = context.language
    strong = [driver for driver in why if abs(driver.log_odds) >= 0.05][:3]
    if not strong:
        return []
    parts = [
        say(
            language,
            f"{driver.name} (odds × {driver.odds_ratio:.2f})",
            f"{driver.name_zh}（几率 × {driver.odds_ratio:.2f}）",
        )
        for driver in strong
    ]
    listed = say(language, "; ", "；").join(parts)
    return [
        say(
            language,
            f"What sets this audience apart from all customers, in the model: {listed}.",
            f"模型中这群客户与全体客户的主要差别：{listed}。",
        )
    ]


def _amounts(context: ToolContext, forecast: CampaignForecast) -> list[tuple[str, Interval]]:
    language = context.language
    pairs = (
        (say(language, "Sales in their baskets", "核销订单销售额"), forecast.revenue),
        (say(language, "Discount given", "让利成本"), forecast.cost),
        (say(language, "Return (sales less discount)", "净回报（销售额减让利）"), forecast.net),
    )
    return [(label, interval) for label, interval in pairs if interval is not None]


def _amount(context: ToolContext, label: str, interval: Interval) -> str:
    low, mid, high = (money(context, value) for value in (interval.low, interval.mid, interval.high))
    return say(
        context.language, f"{label}: about {mid} ({low} to {high})", f"{label}约{mid}（{low}至{high}）"
    )


def _views(context: ToolContext, forecast: CampaignForecast) -> list[View]:
    language = context.language
    past = list(reversed(forecast.past[:SHOWN_CAMPAIGNS]))
    series = [
        Series(
            name=say(language, "Past campaigns", "历史活动"),
            x=[
                say(language, f"#{c.campaign_id} {c.campaign_type}", f"{c.campaign_id}号 {c.campaign_type}")
                for c in past
            ],
            y=[round(100 * c.rate, 2) for c in past],
        ),
        Series(
            name=say(language, "This forecast (80% interval)", "本次预测（80%区间）"),
            x=[say(language, "forecast", "本次预测")],
            y=[round(100 * forecast.rate.mid, 2)],
            low=[round(100 * forecast.rate.low, 2)],
            high=[round(100 * forecast.rate.high, 2)],
            wide_low=[round(100 * (forecast.rate.low95 or 0.0), 2)],
            wide_high=[round(100 * (forecast.rate.high95 or forecast.rate.high), 2)],
        ),
    ]
    columns = (
        ["Campaign", "Type", "From", "To", "Sent to", "Redeemed", "Rate"]
        if language == "en"
        else ["活动", "类型", "开始", "结束", "发送人数", "核销人数", "核销率"]
    )
    rows: list[list[str | int | float | None]] = [
        [
            c.campaign_id,
            c.campaign_type,
            str(c.start_date),
            str(c.end_date),
            whole(c.targeted),
            whole(c.redeemers),
            percent(c.rate),
        ]
        for c in forecast.past
    ]
    return [
        Plot(
            title=say(
                language, "Redemption rate, forecast beside past campaigns", "核销率：本次预测与历史活动"
            ),
            chart="interval",
            y_label="%",
            series=series,
        ),
        Table(title=say(language, "Past campaigns", "历史活动"), columns=columns, rows=rows),
    ]


def _what_if_views(context: ToolContext, what_if: WhatIf) -> list[View]:
    """The rate over other discounts as a line with its band, and the figures for other audience sizes."""
    language = context.language
    shown = what_if.by_discount
    series = Series(
        name=say(language, "Redemption rate, assumed response", "核销率（假定的响应）"),
        x=[one.discount_percent or 0.0 for one in shown],
        y=[round(100 * one.rate.mid, 2) for one in shown],
        low=[round(100 * one.rate.low, 2) for one in shown],
        high=[round(100 * one.rate.high, 2) for one in shown],
        wide_low=[round(100 * (one.rate.low95 or 0.0), 2) for one in shown],
        wide_high=[round(100 * (one.rate.high95 or one.rate.high), 2) for one in shown],
    )
    columns = (
        ["Sent to", "Redeemed (80%)", "Redeemed (95%)", "Sales", "Discount", "Return", "Return per 1 given"]
        if language == "en"
        else [
            "发送人数",
            "核销人数（80%）",
            "核销人数（95%）",
            "销售额",
            "让利",
            "净回报",
            "每让利1元的净回报",
        ]
    )
    return [
        Plot(
            title=say(
                language,
                "What if the discount were another? Assumed, not measured",
                "换一个折扣会怎样？（假定而非实测）",
            ),
            chart="line",
            x_label=say(language, "discount, %", "折扣力度，%"),
            y_label="%",
            series=[series],
        ),
        Table(
            title=say(language, "What if it went to fewer or more?", "换一个发送规模会怎样？"),
            columns=columns,
            rows=[_size_row(context, one) for one in what_if.by_audience],
        ),
    ]


def _size_row(context: ToolContext, one: CampaignForecast) -> list[str | int | float | None]:
    found = one.redeemers
    roi = one.roi
    return [
        whole(one.audience),
        f"{whole(found.mid)} ({whole(found.low)} – {whole(found.high)})",
        f"{whole(found.low95 or 0.0)} – {whole(found.high95 or 0.0)}",
        *(None if value is None else money(context, value.mid) for value in (one.revenue, one.cost, one.net)),
        None if roi is None else f"{roi.mid:.1f} ({roi.low:.1f} – {roi.high:.1f})",
    ]
