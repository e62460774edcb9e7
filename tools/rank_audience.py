"""Whom to send a campaign to, and whom to leave out."""

from shopwright.knowledge.campaign_types import AudienceRanking, RankedCustomer
from shopwright.knowledge.campaigns import ForecastError
from shopwright.tools.audience import Group, group_filter
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
from shopwright.tools.forecast_campaign import CampaignType, Discount
from shopwright.tools.wording import describe_filter, money, percent, say, whole

SHOWN = 10


@shop_tool(
    roles=("marketer",),
    examples=(
        Example(
            "Who should we leave out of the next type A mailing?",
            "下一次A类活动不该发给哪些客户？",
            {"campaign_type": "A"},
        ),
        Example(
            "Rank our loyal customers by how likely they are to redeem a coupon",
            "把忠诚客户按用券的可能性排序",
            {"group": {"segment": "loyal"}},
        ),
    ),
)
def rank_audience(
    context: ToolContext,
    group: Group = None,
    campaign_type: CampaignType = None,
    discount_percent: Discount = None,
) -> ToolResult:
    """Rank customers for a mailing: who is most likely to redeem, and who not to send it to."""
    from shopwright.knowledge.campaign_ranking import rank_audience as rank

    chosen = group_filter(context, group)
    try:
        found = rank(
            context.shop,
            filter=chosen if chosen.model_dump(exclude_none=True) else None,
            campaign_type=campaign_type,
            discount_percent=discount_percent,
            top=SHOWN,
        )
    except ForecastError as error:
        raise ToolError(say(context.language, str(error), error.zh)) from error
    return _result(context, describe_filter(context, chosen), found)


def _result(context: ToolContext, who: str, found: AudienceRanking) -> ToolResult:
    language = context.language
    kind = say(language, f"type {found.campaign_type}", f"{found.campaign_type}类")
    headline = say(
        language,
        f"Of {whole(found.scored)} customers (**{who}**), {whole(found.send)} are worth sending a {kind} campaign to. "
        f"Leave out {whole(found.no_consent)} who did not agree to marketing and {whole(found.unprofitable)} whose "
        f"expected margin does not cover the contact: below {percent(found.break_even)} likelihood to redeem.",
        f"{whole(found.scored)}位客户（**{who}**）中，{whole(found.send)}位值得发送{kind}活动。"
        f"不建议发送：{whole(found.no_consent)}位未同意接收营销信息；{whole(found.unprofitable)}位预期毛利不足以覆盖"
        f"联系成本（核销可能性低于{percent(found.break_even)}）。",
    )
    facts = [f"- {headline.replace('**', '')}"]
    if found.deciles:
        first = found.deciles[0]
        said = say(
            language,
            f"The likeliest tenth holds {percent(first.share_of_redeemers)} of the expected redeemers.",
            f"可能性最高的十分之一客户占预期核销人数的{percent(first.share_of_redeemers)}。",
        )
        headline += say(language, f" {said}", said)
        facts.append(f"- {said}")
    notes = found.notes_zh if language == "zh" else found.notes
    return ToolResult(
        text="\n".join(facts),
        headline=headline,
        appendix="\n".join(f"> {note}" for note in notes),
        memory=say(language, f"ranked for a mailing: {who}", f"已排序：{who}"),
        data=found.model_dump(mode="json"),
        views=_views(context, found),
    )


def _views(context: ToolContext, found: AudienceRanking) -> list[View]:
    language = context.language
    tenths: list[str | int | float] = list(range(1, len(found.deciles) + 1))
    if not found.deciles:
        return []
    views: list[View] = [
        Plot(
            title=say(language, "Expected redemption by tenth of the audience", "各十分位客户的预期核销率"),
            chart="bar",
            x_label=say(language, "tenth, likeliest first", "十分位（可能性从高到低）"),
            y_label="%",
            series=[
                Series(
                    name=say(language, "Likely to redeem", "核销可能性"),
                    x=tenths,
                    y=[round(100 * one.probability, 2) for one in found.deciles],
                )
            ],
        )
    ]
    for title, customers in (
        (say(language, "Send to these first", "优先发送"), found.best),
        (say(language, "Lowest expected margin", "预期毛利最低"), found.worst),
    ):
        if customers:
            views.append(_table(context, title, customers))
    return views


def _table(context: ToolContext, title: str, customers: list[RankedCustomer]) -> Table:
    language = context.language
    columns = (
        ["Customer", "Likely to redeem", "Expected margin", "Agreed to marketing", "What sets them apart"]
        if language == "en"
        else ["客户", "核销可能性", "预期毛利", "同意营销", "主要差别"]
    )
    rows: list[list[str | int | float | None]] = [
        [
            one.customer_id,
            percent(one.probability),
            money(context, one.margin),
            say(language, "yes" if one.consent else "no", "是" if one.consent else "否"),
            say(language, "; ", "；").join(
                say(language, f"{d.name} ×{d.odds_ratio:.2f}", f"{d.name_zh} ×{d.odds_ratio:.2f}")
                for d in one.drivers
            ),
        ]
        for one in customers
    ]
    return Table(title=title, columns=columns, rows=rows)
