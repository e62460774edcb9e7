"""Two groups of customers side by side."""

from typing import Annotated, Any

from shopwright.knowledge.segment_privacy import is_small, protect_detail
from shopwright.knowledge.segment_types import Comparison
from shopwright.tools.audience import group_filter, read_by_code
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
from shopwright.tools.segment_views import Shown, figure_rows
from shopwright.tools.wording import describe_filter, money, say, whole

FirstGroup = Annotated[dict[str, Any] | None, read_by_code("first_group", "The first group.")]
SecondGroup = Annotated[dict[str, Any] | None, read_by_code("second_group", "The second group.")]


@shop_tool(
    roles=("marketer",),
    examples=(
        Example("Compare champions with promising customers", "对比核心客户和有望客户", {}),
        Example(
            "What is the difference between home owners and renters?", "有房客户和租房客户有什么区别？", {}
        ),
    ),
)
def compare_segments(
    context: ToolContext, first: FirstGroup = None, second: SecondGroup = None
) -> ToolResult:
    """Compare two groups of customers side by side: size, spend, churn, what each buys more."""
    language, shop = context.language, context.shop
    if first is None or second is None:
        raise ToolError(
            say(
                language,
                "Name two groups of customers, such as: compare champions with loyal customers.",
                "请说出两个人群，例如：对比核心客户和忠诚客户。",
            )
        )
    filters = group_filter(context, first), group_filter(context, second)
    names = [describe_filter(context, chosen) for chosen in filters]
    if filters[0] == filters[1]:
        raise ToolError(
            say(
                language,
                f"Both groups are the same: {names[0]}. Name two different ones.",
                f"两个人群相同：{names[0]}。请说出两个不同的人群。",
            )
        )
    try:
        found = shop.segments.compare(*filters)
    except LookupError as error:
        raise ToolError(str(error)) from error
    threshold = shop.settings.k_anonymity
    for name, detail in zip(names, (found.first, found.second), strict=True):
        if is_small(detail.report.size, threshold) or not detail.report.size:
            raise ToolError(
                say(
                    language,
                    f"{'Fewer than ' + str(threshold) if detail.report.size else 'No'} customers match “{name}”: too few to compare.",
                    f"符合“{name}”的客户{'不足' + str(threshold) + '位' if detail.report.size else '为零'}，无法比较。",
                )
            )
    return _result(context, names, found, threshold)


def _result(context: ToolContext, names: list[str], found: Comparison, threshold: int) -> ToolResult:
    language = context.language
    details = [protect_detail(detail, threshold) for detail in (found.first, found.second)]
    shown = [Shown(name, detail, None, None, []) for name, detail in zip(names, details, strict=True)]
    sizes = [whole(detail.report.size) for detail in details]
    spends = [money(context, detail.report.spend_mean) for detail in details]
    both = found.overlap.both
    shared = (
        say(language, f"fewer than {threshold}", f"不足{threshold}")
        if is_small(both, threshold)
        else whole(both)
    )
    headline = say(
        language,
        f"**{names[0]}** ({sizes[0]} customers, {spends[0]} each) beside **{names[1]}** ({sizes[1]} customers, "
        f"{spends[1]} each). In both: {shared} customers.",
        f"**{names[0]}**（{sizes[0]}位，人均{spends[0]}）与**{names[1]}**（{sizes[1]}位，人均{spends[1]}）。"
        f"同时属于两者的客户：{shared}位。",
    )
    pairs = found.categories
    facts = [f"- {headline.replace('**', '')}"]
    if pairs and pairs[0].first > pairs[0].second:
        name = say(language, pairs[0].name, pairs[0].name_zh)
        facts.append(
            say(language, f"- the first group buys more often: {name}", f"- 第一个人群更常买：{name}")
        )
    if pairs and pairs[-1].second > pairs[-1].first:
        name = say(language, pairs[-1].name, pairs[-1].name_zh)
        facts.append(
            say(language, f"- the second group buys more often: {name}", f"- 第二个人群更常买：{name}")
        )
    data = {
        "described": names,
        "first": details[0].model_dump(mode="json"),
        "second": details[1].model_dump(mode="json"),
        "overlap": None if is_small(both, threshold) else found.overlap.model_dump(mode="json"),
        "threshold": threshold,
        "categories": [pair.model_dump(mode="json") for pair in pairs],
    }
    return ToolResult(
        text="\n".join(facts),
        headline=headline,
        reply=say(
            language,
            "Write one sentence on how to treat these two groups differently. Words only, no figures.",
            "写一句话：对这两个人群的营销应有什么不同。只用文字，不要数字。",
        ),
        memory=say(language, f"compared {names[0]} with {names[1]}", f"已对比{names[0]}与{names[1]}"),
        data=data,
        views=_views(context, shown, found),
    )


def _views(context: ToolContext, shown: list[Shown], found: Comparison) -> list[View]:
    language = context.language
    left, right = (dict(figure_rows(context, one)) for one in shown)
    views: list[View] = [
        Table(
            title=say(language, "Side by side", "并列对比"),
            columns=[say(language, "Figure", "指标"), *(one.who for one in shown)],
            rows=[[name, value, right.get(name, "–")] for name, value in left.items()],
        )
    ]
    if found.categories:
        names: list[str | int | float] = [say(language, pair.name, pair.name_zh) for pair in found.categories]
        values = [[pair.first for pair in found.categories], [pair.second for pair in found.categories]]
        views.append(
            _bars(context, say(language, "Who buys what", "购买各品类的客户占比"), shown, names, values)
        )
    stages = {s.stage.key: s.stage for one in shown for s in one.detail.lifecycle}
    if stages:
        names = [say(language, stage.name, stage.name_zh) for stage in stages.values()]
        shares = [{s.stage.key: s.share for s in one.detail.lifecycle} for one in shown]
        values = [[share.get(key, 0.0) for key in stages] for share in shares]
        views.append(_bars(context, say(language, "Lifecycle stages", "生命周期阶段"), shown, names, values))
    return views


def _bars(
    context: ToolContext,
    title: str,
    shown: list[Shown],
    names: list[str | int | float],
    values: list[list[float]],
) -> Plot:
    """Shares of 0..1 as grouped bars in percent."""
    return Plot(
        title=title,
        chart="bar",
        y_label=say(context.language, "% of the group", "占人群%"),
        series=[
            Series(name=one.who, x=names, y=[round(100 * value, 1) for value in row])
            for one, row in zip(shown, values, strict=True)
        ],
    )
