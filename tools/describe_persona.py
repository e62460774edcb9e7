"""What a typical member of a group of customers is like: a persona, from figures only."""

from shopwright.knowledge.segment_privacy import is_small, protect_detail
from shopwright.knowledge.segment_types import Persona
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
from shopwright.tools.wording import describe_filter, money, percent, say, whole

NOTABLE = 0.05  # a share that is as far from all customers' sets a group apart
HABITS = {
    "with_children": ("with children", "有孩子"),
    "married": ("married", "已婚"),
    "homeowner": ("own their home", "有房"),
    "coupons": ("have used a coupon", "用过优惠券"),
    "weekend": ("of their orders on a weekend", "的订单在周末"),
    "evening": ("of their orders after 5 pm", "的订单在17点以后"),
}
WEEKDAYS = (
    ("Mon", "周一"), ("Tue", "周二"), ("Wed", "周三"), ("Thu", "周四"), ("Fri", "周五"), ("Sat", "周六"),
    ("Sun", "周日"),
)  # fmt: skip
APART = 0.05  # a share this far from the shop's is worth a word
DEARER, CHEAPER = 1.15, 0.85


@shop_tool(
    roles=("marketer",),
    examples=(
        Example("Write a persona of our loyal customers", "给忠诚客户写一个人物画像", {}),
        Example(
            "Sketch the typical customer who buys baby food as a persona",
            "为买婴儿食品的客户做一个典型人物画像",
            {},
        ),
    ),
)
def describe_persona(context: ToolContext, group: Group = None) -> ToolResult:
    """Write a persona: a portrait of the typical member of a segment, with habits and interests."""
    language, shop = context.language, context.shop
    chosen = group_filter(context, group)
    who = describe_filter(context, chosen)
    try:
        found = shop.segments.persona(chosen)
    except LookupError as error:
        raise ToolError(str(error)) from error
    size, threshold = found.detail.report.size, shop.settings.k_anonymity
    if not size or is_small(size, threshold):
        raise ToolError(
            say(
                language,
                f"{'Fewer than ' + str(threshold) if size else 'No'} customers match “{who}”: too few for a persona.",
                f"符合“{who}”的客户{'不足' + str(threshold) + '位' if size else '为零'}，无法生成画像。",
            )
        )
    found = _protected(found, threshold)
    bullets = _bullets(context, found)
    # A small model takes every share for a trait: it reads only those that set the group apart.
    telling = [share for share in found.shares if abs(share.members - share.shop) >= NOTABLE]
    portrait = _portrait(context, found)
    headline = say(
        language,
        f"Persona of **{who}** ({whole(size)} customers):",
        f"**{who}**的人物画像（{whole(size)}位客户）：",
    )
    return ToolResult(
        text="\n".join(_bullets(context, found.model_copy(update={"shares": telling}))),
        headline=headline,
        reply=say(
            language,
            "Write a portrait of the typical customer of this group in two sentences, from these facts only. "
            "Give the person no name. Words only: no digits, no figures.",
            "只根据以上资料，用两句话描写这个人群的典型客户。不要起名字，只用文字，不要任何数字。",
        ),
        fallback=portrait,
        appendix="\n".join(bullets),
        memory=say(language, f"persona of {who}", f"{who}的人物画像"),
        data={
            "described": who,
            "portrait": portrait,
            "known_ages": _known_ages(found),
            **found.model_dump(mode="json"),
        },
        views=_views(context, found),
    )


def _known_ages(found: Persona) -> dict[str, float]:
    """The share of each age band among the members whose age is known."""
    ages = found.detail.report.ages
    known = sum(band.count for band in ages)
    return {band.name: band.count / known for band in ages} if known else {}


def _protected(found: Persona, threshold: int) -> Persona:
    """The persona without shares that rest on fewer than `threshold` members."""
    return found.model_copy(
        update={
            "detail": protect_detail(found.detail, threshold),
            "shares": [share for share in found.shares if share.known >= threshold],
            **({} if found.orders_read >= threshold else {"days": [], "hours": []}),
        }
    )


def _bullets(context: ToolContext, found: Persona) -> list[str]:
    """The persona in figures, a line each."""
    language, report, outlook = context.language, found.detail.report, found.detail.outlook
    lines: list[str] = []
    if report.ages:
        known = _known_ages(found)
        top = sorted(report.ages, key=lambda band: -band.count)[:2]
        ages = say(language, ", ", "、").join(
            f"{say(language, band.name, band.name_zh)} {percent(known[band.name])}" for band in top
        )
        lines.append(say(language, f"age, where known: {ages}", f"年龄（已知部分）：{ages}"))
    for share in found.shares:
        words = say(language, *HABITS[share.key])
        members, whole_shop = percent(share.members), percent(share.shop)
        lines.append(
            say(
                language,
                f"{members} {words} (all customers: {whole_shop})",
                f"{members}{words}（全体客户：{whole_shop}）",
            )
        )
    if found.household_size is not None:
        lines.append(
            say(
                language,
                f"household of {found.household_size:.1f} persons on average",
                f"平均家庭人数{found.household_size:.1f}",
            )
        )
    stages = say(language, ", ", "、").join(
        f"{say(language, s.stage.name.lower(), s.stage.name_zh)} {percent(s.share)}"
        for s in sorted(found.detail.lifecycle, key=lambda s: -s.share)[:3]
    )
    if stages:
        lines.append(say(language, f"lifecycle: {stages}", f"生命周期：{stages}"))
    lines.append(
        say(
            language,
            f"an order is worth {money(context, report.order_value_mean)} (shop: {money(context, found.order_value_shop)})",
            f"每单{money(context, report.order_value_mean)}（全店{money(context, found.order_value_shop)}）",
        )
    )
    if found.gap_days is not None:
        lines.append(
            say(
                language,
                f"about {found.gap_days:.0f} days between two visits",
                f"两次到店约隔{found.gap_days:.0f}天",
            )
        )
    top_names = [say(language, c.name, c.name_zh) for c in report.top_categories[:4]]
    if top_names:
        names = say(language, ", ", "、").join(top_names)
        lines.append(say(language, f"spend most on: {names}", f"花费最多：{names}"))
    if outlook is not None and outlook.tags and report.size < report.customers_total:
        names = say(language, ", ", "、").join(say(language, t.name, t.name_zh) for t in outlook.tags[:4])
        lines.append(
            say(language, f"more interested than others in: {names}", f"比其他客户更感兴趣：{names}")
        )
    if found.days:
        best = max(range(7), key=lambda day: found.days[day])
        lines.append(
            say(
                language,
                f"busiest day: {WEEKDAYS[best][0]} ({percent(found.days[best])} of orders)",
                f"下单最多的一天：{WEEKDAYS[best][1]}（占订单{percent(found.days[best])}）",
            )
        )
    return [f"- {line}" for line in lines]


def _portrait(context: ToolContext, found: Persona) -> str:
    """The persona in words by code, for when the writer's words cannot be used."""
    language, report = context.language, found.detail.report
    traits = [
        say(language, *_trait(share.key, more=share.members > share.shop))
        for share in found.shares
        if abs(share.members - share.shop) >= APART
    ]
    ratio = report.order_value_mean / found.order_value_shop if found.order_value_shop else 1.0
    if ratio >= DEARER:
        traits.append(say(language, "fills a larger basket than most", "单次购买金额较高"))
    elif ratio <= CHEAPER:
        traits.append(say(language, "buys small baskets", "单次购买金额较低"))
    stage = max(found.detail.lifecycle, key=lambda share: share.share, default=None)
    names = [say(language, c.name, c.name_zh) for c in report.top_categories[:3]]
    like = say(language, ", ", "、").join(names)
    first = say(
        language,
        f"The typical customer of this group is in the stage “{stage.stage.name.lower()}”"
        if stage
        else "The typical customer of this group has not ordered yet",
        f"这个人群的典型客户处于“{stage.stage.name_zh}”阶段" if stage else "这个人群的典型客户还没有下过单",
    )
    first += say(
        language, f" and spends most on {like}." if like else ".", f"，花费最多的是{like}。" if like else "。"
    )
    if not traits:
        return first + say(language, " Otherwise much like other customers.", "其他方面与一般客户相近。")
    return first + say(
        language,
        f" Compared with other customers: {'; '.join(traits)}.",
        f"与其他客户相比：{'；'.join(traits)}。",
    )


def _trait(key: str, *, more: bool) -> tuple[str, str]:
    words = {
        "with_children": ("children at home", "家里有孩子"),
        "married": ("married", "已婚"),
        "homeowner": ("a home of their own", "有自己的住房"),
        "coupons": ("using coupons", "使用优惠券"),
        "weekend": ("shopping on weekends", "周末购物"),
        "evening": ("shopping in the evening", "晚上购物"),
    }[key]
    return (f"{'more' if more else 'less'} often {words[0]}", f"{'更多' if more else '较少'}{words[1]}")


def _views(context: ToolContext, found: Persona) -> list[View]:
    language = context.language
    views: list[View] = []
    if found.shares:
        views.append(
            Table(
                title=say(language, "The typical member beside all customers", "典型客户与全体客户"),
                columns=[
                    say(language, "Share", "占比"),
                    say(language, "This group", "本人群"),
                    say(language, "All customers", "全体客户"),
                ],
                rows=[
                    [say(language, *HABITS[share.key]), percent(share.members), percent(share.shop)]
                    for share in found.shares
                ],
            )
        )
    if found.days:
        views.append(
            Plot(
                title=say(language, "When they shop", "购物时间"),
                chart="bar",
                y_label=say(language, "% of orders", "占订单%"),
                series=[
                    Series(
                        name=say(language, "Orders", "订单"),
                        x=[say(language, *day) for day in WEEKDAYS],
                        y=[round(100 * share, 1) for share in found.days],
                    )
                ],
            )
        )
    top = found.detail.report.top_categories
    if top:
        views.append(
            Plot(
                title=say(language, "What they buy", "购买品类"),
                chart="bar",
                y_label=say(language, "% of members", "占成员%"),
                series=[
                    Series(
                        name=say(language, "Members who bought it", "购买成员占比"),
                        x=[say(language, c.name, c.name_zh) for c in top],
                        y=[round(100 * c.share, 1) for c in top],
                    )
                ],
            )
        )
    return views
