"""What customers buy together in one basket, and what they buy next."""

import re
from typing import Annotated

from pydantic import Field

from shopwright.knowledge.pattern_types import Follow, Item, PatternReport, Rule
from shopwright.knowledge.segment_privacy import is_small
from shopwright.knowledge.types import CustomerFilter, Scope
from shopwright.tools.audience import Conditions, Segment, customer_filter, read_by_code, segment_meanings
from shopwright.tools.base import (
    Example,
    Language,
    Plot,
    Series,
    Table,
    ToolContext,
    ToolError,
    ToolResult,
    shop_tool,
)
from shopwright.tools.wording import describe_filter, percent, say, whole

About = Annotated[
    str | None,
    Field(description="Kind of product asked about, in the person's words, if one is named.", max_length=60),
]
Next = Annotated[bool | None, read_by_code("next", "What is bought afterwards, not in the same basket.")]
NEXT_WORDS = re.compile(
    r"\bnext\b|\bafter(?:wards?)?\b|\bthen\b|\blater\b|\bfollow|\bsubsequent|\blead(?:s|ing)? to\b|"
    r"之后|以后|接着|然后|随后|后来|接下来|下一(?:次|步|单)|后续|顺序"
)
SAID, SHOWN = 3, 10


@shop_tool(
    roles=("marketer",),
    choices={"segment": segment_meanings},
    examples=(
        Example(
            "Which categories are bought together with cat food?",
            "哪些品类常和猫粮一起买？",
            {"about": "cat food"},
            {"about": "猫粮"},
        ),
        Example(
            "After buying diapers, what do customers buy next?",
            "买了尿布之后，客户接着买什么？",
            {"about": "diapers"},
            {"about": "尿布"},
        ),
        Example("Which kinds of products often share a basket?", "哪些品类经常出现在同一个购物篮里？", {}),
    ),
)
def find_patterns(
    context: ToolContext,
    about: About = None,
    segment: Segment = None,
    conditions: Conditions = None,
    next: Next = None,
) -> ToolResult:
    """Find buying patterns: which categories share a basket, and which are bought next after another, with support, confidence and lift."""
    scope = _scope(context, about)
    chosen = _without(customer_filter(context, segment=segment, conditions=conditions), scope)
    group = None if chosen.everyone else chosen
    asked = str(context.transcript[-1]["text"]).lower() if context.transcript else ""
    later = bool(NEXT_WORDS.search(asked)) if next is None else next
    if group is not None:
        _enough(context, group)
    try:
        patterns = context.shop.patterns
        report = patterns.next(scope, group) if later else patterns.together(scope, group)
    except LookupError as error:
        raise ToolError(str(error)) from error
    who = describe_filter(context, group) if group is not None else ""
    return _result(context, who, report)


def _scope(context: ToolContext, about: str | None) -> Scope | None:
    if not about or not about.strip():
        return None
    scope = context.shop.products.resolve(about)
    if scope is None:
        raise ToolError(
            say(
                context.language,
                f"The shop sells nothing that matches '{about}'. Name a department or a kind of product, such as 'cat food'.",
                f"店里没有与“{about}”相符的商品。请说出部门或品类，例如“猫粮”。",
            )
        )
    return scope


def _without(chosen: CustomerFilter, scope: Scope | None) -> CustomerFilter:
    """The filter without 'bought it', which is what the pattern is about."""
    if scope is None or not chosen.purchases:
        return chosen
    parts = {"departments", "categories", "product_types"}
    same = scope.model_dump(include=parts)
    rest = [
        rule
        for rule in chosen.purchases
        if not (rule.bought and rule.scope is not None and rule.scope.model_dump(include=parts) == same)
    ]
    return chosen.model_copy(update={"purchases": rest or None})


def _enough(context: ToolContext, group: CustomerFilter) -> None:
    threshold = context.shop.settings.k_anonymity
    size = context.shop.segments.size(group)
    if not size or is_small(size, threshold):
        who = describe_filter(context, group)
        raise ToolError(
            say(
                context.language,
                f"{'Fewer than ' + str(threshold) if size else 'No'} customers match “{who}”: too few for patterns.",
                f"符合“{who}”的客户{'不足' + str(threshold) + '位' if size else '为零'}，无法归纳规律。",
            )
        )


def _result(context: ToolContext, who: str, report: PatternReport) -> ToolResult:
    language = context.language
    if not report.rules and not report.follows:
        nothing = _nothing(language, who, report)
        return ToolResult(text=nothing, headline=nothing, data=report.model_dump(mode="json"))
    later = report.kind == "next"
    sentences = (
        [_follow_words(language, follow, report.days) for follow in report.follows[:SAID]]
        if later
        else [_rule_words(language, rule) for rule in report.rules[:SAID]]
    )
    group = say(language, f"**{who}**: " if who else "", f"**{who}**：" if who else "")
    opening = _opening(language, report)
    listed = "\n".join(f"- {sentence}" for sentence in sentences)
    note = _note(language, report)
    return ToolResult(
        text=f"{group}{opening}\n{listed}\n- {note}",
        headline=f"{group}{opening}\n\n{listed}",
        reply=say(
            language,
            "Write one sentence on how a marketer could use this, such as a bundle, a place on the shelf or the "
            "time of a message. Words only, no figures.",
            "写一句话：营销人员可以怎样利用这些规律，例如组合优惠、陈列或发送消息的时机。只用文字，不要数字。",
        ),
        appendix=f"> {note}",
        memory=say(language, "buying patterns: ", "购买规律：")
        + "; ".join(_pair(language, entry) for entry in _entries(report)[:SAID]),
        data=report.model_dump(mode="json"),
        views=[_follow_table(language, report), _plot(language, report)]
        if later
        else [_rule_table(language, report), _plot(language, report)],
    )


def _opening(language: Language, report: PatternReport) -> str:
    if report.about is None:
        if report.kind == "next":
            return say(language, "What follows most clearly:", "先后购买规律最明显的是：")
        return say(language, "What is most clearly bought together:", "最常一起购买的是：")
    name = say(language, report.about.name, report.about.name_zh)
    if report.kind == "next":
        return say(
            language,
            f"After first buying **{name}** ({whole(report.with_it)} customers):",
            f"首次购买**{name}**之后（{whole(report.with_it)}位客户）：",
        )
    return say(
        language,
        f"In the same basket as **{name}** ({whole(report.with_it)} baskets):",
        f"与**{name}**同一购物篮（{whole(report.with_it)}个）：",
    )


def _rule_words(language: Language, rule: Rule) -> str:
    given, then = _names(language, rule.given), _name(language, rule.then)
    return say(
        language,
        f"{given} → **{then}**: in {percent(rule.confidence)} of those baskets, {rule.lift:.1f} times as often as in all "
        f"({rule.lift_same_size:.1f} times as in baskets of the same size)",
        f"{given} → **{then}**：这些购物篮中有{percent(rule.confidence)}同时购买，是总体的{rule.lift:.1f}倍"
        f"（与同样大小的购物篮相比为{rule.lift_same_size:.1f}倍）",
    )


def _follow_words(language: Language, follow: Follow, days: int) -> str:
    first, then = _name(language, follow.first), _name(language, follow.then)
    return say(
        language,
        f"{first} → **{then}**: {percent(follow.confidence)} bought it within {days} days (median {_days(follow.days)}), "
        f"{follow.lift:.1f} times as often as after any visit of those weeks; in the {days} days before it was {percent(follow.before)}",
        f"{first} → **{then}**：{days}天内有{percent(follow.confidence)}购买（中位数{_days(follow.days)}天后），"
        f"是同期任意到店之后的{follow.lift:.1f}倍；此前{days}天为{percent(follow.before)}",
    )


def _rule_table(language: Language, report: PatternReport) -> Table:
    return Table(
        title=_title(language, report),
        columns=[
            say(language, "Bought", "购买"),
            say(language, "Together with", "一起购买"),
            say(language, "Baskets", "购物篮数"),
            say(language, "Support", "支持度"),
            say(language, "Confidence", "置信度"),
            say(language, "Lift", "提升度"),
            say(language, "Lift, same basket size", "提升度（同样篮子大小）"),
        ],
        rows=[
            [
                _names(language, rule.given), _name(language, rule.then), whole(rule.count), f"{100 * rule.support:.2f}%",
                percent(rule.confidence), f"{rule.lift:.2f}", f"{rule.lift_same_size:.2f}",
            ]
            for rule in report.rules[:SHOWN]
        ],
    )  # fmt: skip


def _follow_table(language: Language, report: PatternReport) -> Table:
    return Table(
        title=_title(language, report),
        columns=[
            say(language, "First bought", "首次购买"),
            say(language, "Bought next", "接着购买"),
            say(language, "Customers", "客户数"),
            say(language, "Support", "支持度"),
            say(language, "Confidence", "置信度"),
            say(language, "Lift", "提升度"),
            say(language, f"In the {report.days} days before", f"此前{report.days}天"),
            say(language, "Median days until", "间隔天数（中位数）"),
        ],
        rows=[
            [
                _name(language, follow.first), _name(language, follow.then), whole(follow.count),
                f"{100 * follow.support:.2f}%", percent(follow.confidence), f"{follow.lift:.2f}",
                percent(follow.before), _days(follow.days),
            ]
            for follow in report.follows[:SHOWN]
        ],
    )  # fmt: skip


def _plot(language: Language, report: PatternReport) -> Plot:
    shown = _entries(report)[:SHOWN]
    names = [
        _name(language, entry.then) if report.about is not None else _pair(language, entry) for entry in shown
    ]
    return Plot(
        title=_title(language, report),
        chart="bar",
        y_label=say(language, "lift (1: as usual)", "提升度（1为平常水平）"),
        series=[
            Series(
                name=say(language, "Lift", "提升度"), x=[*names], y=[round(entry.lift, 2) for entry in shown]
            )
        ],
    )


def _title(language: Language, report: PatternReport) -> str:
    if report.kind == "next":
        title = say(language, f"Bought next, within {report.days} days", f"{report.days}天内接着购买")
    else:
        title = say(language, "Bought together", "一起购买")
    about = _name(language, report.about) if report.about is not None else ""
    return f"{title} · {about}" if about else title


def _note(language: Language, report: PatternReport) -> str:
    looked = say(
        language,
        f"Counted in {'all ' if report.whole else 'a sample of '}{whole(report.baskets)} baskets of {whole(report.customers)} customers.",
        f"统计范围：{whole(report.customers)}位客户的{'全部' if report.whole else '抽样'}{whole(report.baskets)}个购物篮。",
    )
    unseen = ""
    if report.kind == "next" and not report.first_seen:
        unseen = say(
            language,
            " First purchases are the first in the records; some customers may have bought it earlier.",
            "首次购买指记录中的第一次，部分客户可能更早买过。",
        )
    return looked + unseen + say(
        language,
        " A pattern tells what goes along, not that one purchase causes the other.",
        "规律只说明同时或先后出现，不代表因果关系。",
    )  # fmt: skip


def _nothing(language: Language, who: str, report: PatternReport) -> str:
    name = _name(language, report.about) if report.about is not None else ""
    what = say(language, f" for {name}" if name else "", f"与{name}有关的" if name else "明显的")
    group = say(language, f" among {who}" if who else "", f"在“{who}”中" if who else "")
    return say(
        language,
        f"No pattern is clear enough{what}{group}: {whole(report.with_it)} cases in {whole(report.baskets)} baskets. "
        "Ask for a wider kind of product or more customers.",
        f"{group}没有足够{what}购买规律：{whole(report.baskets)}个购物篮中有{whole(report.with_it)}例。请换更宽的品类或更多客户。",
    )


def _entries(report: PatternReport) -> list[Rule | Follow]:
    return [*report.rules, *report.follows]


def _pair(language: Language, entry: Rule | Follow) -> str:
    given = [entry.first] if isinstance(entry, Follow) else entry.given
    return f"{_names(language, given)} → {_name(language, entry.then)}"


def _names(language: Language, items: list[Item]) -> str:
    return say(language, " + ", "＋").join(_name(language, item) for item in items)


def _name(language: Language, item: Item) -> str:
    return say(language, item.name, item.name_zh)


def _days(days: float) -> str:
    return f"{days:.0f}" if days == int(days) else f"{days:.1f}"
