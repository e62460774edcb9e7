"""How figures and short phrases are worded for people, in both languages."""

from shopwright.knowledge.names import category_names
from shopwright.knowledge.segment_periods import span
from shopwright.knowledge.types import CustomerFilter, Period, ProductHit, Purchase
from shopwright.tools.base import Language, ToolContext


def say(language: Language, en: str, zh: str) -> str:
    """The wording for `language`."""
    return zh if language == "zh" else en


def whole(value: float) -> str:
    """A count: 1,234."""
    return f"{round(value):,}"


def money(context: ToolContext, value: float) -> str:
    """An amount in the shop's currency: cents below 1,000, whole units from there on."""
    symbol = context.shop.settings.currency
    return f"{symbol}{value:,.0f}" if abs(value) >= 1000 else f"{symbol}{value:,.2f}"


def percent(share: float) -> str:
    """A share of 0..1 as a percentage with one decimal."""
    return f"{100 * share:.1f}%"


def product_name(product: ProductHit, language: Language) -> str:
    """The product's name, in the person's language where there is one; sizes are part of names."""
    return product.name_zh if language == "zh" and product.name_zh else product.name


OWN_BRANDS = {"National": ("national brand", "全国品牌"), "Private": ("store brand", "自有品牌")}


def brand(product: ProductHit, language: Language) -> str:
    """The brand's name; the demo shop knows two kinds of brand only, which are put in words."""
    return say(language, *OWN_BRANDS.get(product.brand, (product.brand, product.brand)))


def product_line(context: ToolContext, product: ProductHit) -> str:
    """A product in one line: name and price."""
    price = money(context, product.price) if product.price is not None else ""
    return " · ".join(part for part in (product_name(product, context.language), price) if part)


def describe_filter(context: ToolContext, chosen: CustomerFilter) -> str:
    """A filter in words, every condition in force, so that a person sees exactly who is meant."""
    language = context.language
    parts = [
        *_groups(context, chosen),
        *_ages(language, chosen),
        *_money_parts(context, chosen),
        *_flags(language, chosen),
        *_times(context, chosen),
        *_bounds(language, chosen),
        *_outlook(context, chosen),
    ]
    if chosen.bought:
        parts.append(say(language, f"bought {chosen.bought.label}", f"买过{chosen.bought.label_zh}"))
    parts += [describe_purchase(context, rule) for rule in chosen.purchases or ()]
    if chosen.top is not None:
        parts.append(say(language, f"the {chosen.top:,} who spent most", f"消费最高的{chosen.top:,}位"))
    return say(language, ", ", "、").join(parts) or say(language, "all customers", "全部客户")


VALUE_WORDS = {
    "high": ("high value (top 20% by spend)", "高价值（消费额前20%）"),
    "middle": ("middle value (the 40% below the top 20% by spend)", "中等价值（消费额前20%之后的40%）"),
    "low": ("low value (last 40% by spend)", "低价值（消费额后40%）"),
}
FREQUENCY_WORDS = {
    "high": ("frequent buyers (top 40% by orders)", "高频购买（订单数前40%）"),
    "middle": (
        "middling frequency (the 40% below the top 40% by orders)",
        "购买频率中等（订单数前40%之后的40%）",
    ),
    "low": ("rare buyers (last 20% by orders)", "低频购买（订单数后20%）"),
}
NAMED_WORDS = {
    "this_week": ("this week", "本周"),
    "last_week": ("last week", "上周"),
    "this_month": ("this month", "本月"),
    "last_month": ("last month", "上月"),
    "this_quarter": ("this quarter", "本季度"),
    "last_quarter": ("last quarter", "上季度"),
    "this_year": ("this year", "今年"),
    "last_year": ("last year", "去年"),
}


def describe_period(context: ToolContext, period: Period) -> str:
    """A period in words, with the days that it means where they are not said already."""
    language = context.language
    start, end = span(period, context.shop.today.date())
    if period.days is not None:
        within = say(language, f"the last {period.days} days", f"最近{period.days}天")
        return (
            say(language, f"before {within}", f"{within}之前")
            if period.before
            else f"in {within}"
            if language == "en"
            else within
        )
    if start is None and end is None:
        return ""
    if start is None:
        days = say(language, f"up to {end}", f"{end}及以前")
    elif end is None:
        days = say(language, f"since {start}", f"{start}以来")
    else:
        days = say(language, f"from {start} to {end}", f"{start}至{end}")
    name = NAMED_WORDS[period.named] if period.named else (period.label, period.label_zh)
    if not any(name):
        return days
    called = say(language, name[0] or name[1], name[1] or name[0])
    if period.before:
        called = say(language, f"before {called}", f"{called}之前")
    elif period.named is None and end is None:
        called = say(language, f"since {called}", f"{called}以来")
    return say(language, f"{called} ({days})", f"{called}（{days}）")


def describe_purchase(context: ToolContext, rule: Purchase) -> str:
    """What was bought or not, and when, in words."""
    language = context.language
    when = describe_period(context, rule.period) if rule.period else ""
    what_en = rule.scope.label if rule.scope else "anything"
    what_zh = rule.scope.label_zh if rule.scope else ""
    if not rule.bought:
        none = f"bought no {what_en} {when}" if rule.scope else f"bought nothing {when}"
        return say(
            language, none if when else f"never bought {what_en}", f"{when}没买过{what_zh or '任何商品'}"
        )
    if not rule.bounded:
        return say(language, f"bought {what_en} {when}".strip(), f"{when}买过{what_zh or '商品'}")
    bounds = _bounds_of(context, rule)
    on = say(language, f" on {what_en}" if rule.scope else "", what_zh)
    return say(
        language,
        f"{' and '.join(bounds)}{on} {when}".strip(),
        f"{when}{what_zh}{'且'.join(bounds)}",
    )


def _bounds_of(context: ToolContext, rule: Purchase) -> list[str]:
    language = context.language
    wordings = (
        (rule.spend_min, "spent at least {}", "消费至少{}", True),
        (rule.spend_max, "spent at most {}", "消费至多{}", True),
        (rule.orders_min, "ordered at least {} times", "下单至少{}次", False),
        (rule.orders_max, "ordered at most {} times", "下单至多{}次", False),
    )
    return [
        say(language, en, zh).format(exact_money(context, value) if amount else f"{value:,}")
        for value, en, zh, amount in wordings
        if value is not None
    ]


def exact_money(context: ToolContext, value: float) -> str:
    """An amount as it was asked for: whole where it is whole, else with cents."""
    symbol = context.shop.settings.currency
    return f"{symbol}{value:,.0f}" if value == int(value) else f"{symbol}{value:,.2f}"


def _groups(context: ToolContext, chosen: CustomerFilter) -> list[str]:
    """Saved and named segments, stage, value, frequency, cluster, interests."""
    language, shop = context.language, context.shop
    parts: list[str] = []
    if chosen.saved is not None:
        inside = describe_filter(context, chosen.saved.filter)
        parts.append(say(language, f"“{chosen.saved.name}” ({inside})", f"“{chosen.saved.name}”（{inside}）"))
    for key, infos, en, zh in (
        (chosen.segment, shop.segments.infos(), "{}", "{}"),
        (chosen.stage, shop.customers.lifecycles(), "in the lifecycle stage “{}”", "处于“{}”阶段"),
    ):
        if key is not None:
            info = {info.key: info for info in infos}.get(key)
            name = say(language, info.name, info.name_zh) if info else key
            parts.append(say(language, en, zh).format(name))
    if chosen.value:
        parts.append(say(language, *VALUE_WORDS[chosen.value]))
    if chosen.frequency:
        parts.append(say(language, *FREQUENCY_WORDS[chosen.frequency]))
    if chosen.cluster is not None:
        parts.append(_cluster(context, chosen.cluster))
    parts += [
        say(language, f"interested in {en}", f"对{zh}感兴趣")
        for en, zh in map(category_names, chosen.tags or ())
    ]
    return parts


def _cluster(context: ToolContext, number: int) -> str:
    known = (
        {info.number: info for info in context.shop.customers.clusters()}
        if context.shop.customers.fitted
        else {}
    )
    info = known.get(number)
    name = f" ({info.name})" if info else ""
    name_zh = f"（{info.name_zh}）" if info else ""
    return say(context.language, f"cluster {number}{name}", f"聚类{number}{name_zh}")


def _ages(language: Language, chosen: CustomerFilter) -> list[str]:
    low, high = chosen.age_min, chosen.age_max
    if low is not None and high is not None:
        return [say(language, f"aged {low} to {high}", f"{low}到{high}岁")]
    if low is not None:
        return [say(language, f"aged {low} and over", f"{low}岁及以上")]
    return [say(language, f"aged up to {high}", f"{high}岁及以下")] if high is not None else []


def _money_parts(context: ToolContext, chosen: CustomerFilter) -> list[str]:
    wordings = (
        (chosen.spend_min, "spent at least {}", "消费至少{}"),
        (chosen.spend_max, "spent at most {}", "消费至多{}"),
        (chosen.income_min, "income from {}", "年收入{}以上"),
        (chosen.income_max, "income up to {}", "年收入{}以下"),
    )
    return [
        say(context.language, en, zh).format(exact_money(context, value))
        for value, en, zh in wordings
        if value is not None
    ]


def _flags(language: Language, chosen: CustomerFilter) -> list[str]:
    wordings = (
        (chosen.has_children, ("with children", "有孩子"), ("without children", "没有孩子")),
        (chosen.married, ("married", "已婚"), ("unmarried", "未婚")),
        (chosen.homeowner, ("home owners", "有房"), ("renters", "租房")),
        (chosen.uses_coupons, ("use coupons", "用过优惠券"), ("never used a coupon", "没用过优惠券")),
        (
            chosen.consent,
            ("agreed to marketing", "同意接收营销"),
            ("did not agree to marketing", "未同意接收营销"),
        ),
    )
    return [say(language, *(yes if flag else no)) for flag, yes, no in wordings if flag is not None]


def _times(context: ToolContext, chosen: CustomerFilter) -> list[str]:
    """Recency, tenure, and when they joined."""
    language = context.language
    wordings = (
        (chosen.inactive_days, "no order in the last {} days", "最近{}天没有下单"),
        (chosen.active_days, "ordered in the last {} days", "最近{}天下过单"),
        (chosen.tenure_min_days, "first order at least {} days ago", "首次下单距今至少{}天"),
        (chosen.tenure_max_days, "first order at most {} days ago", "首次下单距今至多{}天"),
    )
    parts = [say(language, en, zh).format(value) for value, en, zh in wordings if value is not None]
    if chosen.joined is not None:
        when = describe_period(context, chosen.joined)
        parts.append(say(language, f"first order {when}", f"{when}首次下单"))
    return parts


def _bounds(language: Language, chosen: CustomerFilter) -> list[str]:
    wordings = (
        (chosen.orders_min, "at least {} orders", "至少{}次下单"),
        (chosen.orders_max, "at most {} orders", "至多{}次下单"),
        (chosen.household_size_min, "households of {} or more", "{}人及以上的家庭"),
    )
    return [say(language, en, zh).format(f"{value:,}") for value, en, zh in wordings if value is not None]


def _outlook(context: ToolContext, chosen: CustomerFilter) -> list[str]:
    """What is predicted of them."""
    wordings = (
        (chosen.churn_min, "churn probability at least {}", "流失概率至少{}"),
        (chosen.churn_max, "churn probability at most {}", "流失概率至多{}"),
    )
    parts = [
        say(context.language, en, zh).format(f"{100 * value:g}%")
        for value, en, zh in wordings
        if value is not None
    ]
    amounts = (
        (
            chosen.predicted_min,
            "predicted to spend at least {} in the next 90 days",
            "预计未来90天消费至少{}",
        ),
        (chosen.predicted_max, "predicted to spend at most {} in the next 90 days", "预计未来90天消费至多{}"),
    )
    return parts + [
        say(context.language, en, zh).format(exact_money(context, value))
        for value, en, zh in amounts
        if value is not None
    ]
