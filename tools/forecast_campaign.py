"""What a campaign would bring, with honest intervals."""

from typing import Annotated

from shopwright.knowledge.campaigns import ForecastError
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
    UsesCoupons,
    customer_filter,
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
Discount = Annotated[float | None, mentioned("discount_percent", "Discount, percent.", ge=0, le=100)]
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
) -> ToolResult:
    """Forecast a campaign or coupon: how many would redeem, sales and cost, before it is sent."""
    chosen = customer_filter(
        context, bought=bought, segment=segment, age_min=age_min, age_max=age_max, has_children=has_children,
        uses_coupons=uses_coupons, inactive_days=inactive_days, active_days=active_days, spend_min=spend_min, top=top,
        conditions=conditions,
    )  # fmt: skip
    narrowed = bool(chosen.model_dump(exclude_none=True))
    try:
        forecast = context.shop.campaigns.forecast(
            filter=chosen if narrowed or audience is None else None,
            campaign_type=campaign_type,
            audience=audience,
            discount_percent=discount_percent,
            days=days,
        )
    except ForecastError as error:
        raise ToolError(say(context.language, str(error), error.zh)) from error
    return _result(context, chosen, forecast)


def _result(context: ToolContext, chosen: CustomerFilter, forecast: CampaignForecast) -> ToolResult:
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
    notes = forecast.notes_zh if language == "zh" else forecast.notes
    return ToolResult(
        text="\n".join(facts),
        headline=headline,
        appendix="\n".join(f"> {note}" for note in notes),
        memory=say(language, f"forecast made for: {who}", f"已预测：{who}"),
        data={**forecast.model_dump(mode="json"), "interval_percent": 80},
        views=_views(context, forecast),
    )


def _amounts(context: ToolContext, forecast: CampaignForecast) -> list[tuple[str, Interval]]:
    language = context.language
    pairs = (
        (say(language, "Sales in their baskets", "核销订单销售额"), forecast.revenue),
        (say(language, "Discount given", "让利成本"), forecast.cost),
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
