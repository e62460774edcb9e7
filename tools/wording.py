"""How figures and short phrases are worded for people, in both languages."""

from shopwright.knowledge.types import CustomerFilter, ProductHit
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
    """A filter in words, so that a person sees exactly who is meant."""
    language = context.language
    parts: list[str] = []
    if chosen.segment:
        infos = {info.key: info for info in context.shop.segments.infos()}
        info = infos.get(chosen.segment)
        parts.append(say(language, info.name, info.name_zh) if info else chosen.segment)
    parts += _ages(language, chosen) + _money_parts(context, chosen) + _flags(language, chosen)
    if chosen.inactive_days:
        parts.append(
            say(
                language,
                f"no order in the last {chosen.inactive_days} days",
                f"最近{chosen.inactive_days}天没有下单",
            )
        )
    if chosen.active_days:
        parts.append(
            say(
                language,
                f"ordered in the last {chosen.active_days} days",
                f"最近{chosen.active_days}天下过单",
            )
        )
    if chosen.orders_min is not None:
        parts.append(say(language, f"at least {chosen.orders_min} orders", f"至少{chosen.orders_min}次下单"))
    if chosen.orders_max is not None:
        parts.append(say(language, f"at most {chosen.orders_max} orders", f"至多{chosen.orders_max}次下单"))
    if chosen.household_size_min:
        parts.append(
            say(
                language,
                f"households of {chosen.household_size_min} or more",
                f"{chosen.household_size_min}人及以上的家庭",
            )
        )
    if chosen.bought:
        parts.append(say(language, f"bought {chosen.bought.label}", f"买过{chosen.bought.label_zh}"))
    if chosen.top:
        parts.append(say(language, f"the {chosen.top} who spent most", f"消费最高的{chosen.top}位"))
    return say(language, ", ", "、").join(parts) or say(language, "all customers", "全部客户")


def _ages(language: Language, chosen: CustomerFilter) -> list[str]:
    low, high = chosen.age_min, chosen.age_max
    if low is not None and high is not None:
        return [say(language, f"aged {low} to {high}", f"{low}到{high}岁")]
    if low is not None:
        return [say(language, f"aged {low} and over", f"{low}岁及以上")]
    return [say(language, f"aged up to {high}", f"{high}岁及以下")] if high is not None else []


def _money_parts(context: ToolContext, chosen: CustomerFilter) -> list[str]:
    language, symbol = context.language, context.shop.settings.currency
    wordings = (
        (chosen.spend_min, "spent at least {}", "消费至少{}"),
        (chosen.spend_max, "spent at most {}", "消费至多{}"),
        (chosen.income_min, "income from {}", "年收入{}以上"),
        (chosen.income_max, "income up to {}", "年收入{}以下"),
    )
    return [
        say(language, en, zh).format(f"{symbol}{value:,.0f}")
        for value, en, zh in wordings
        if value is not None
    ]


def _flags(language: Language, chosen: CustomerFilter) -> list[str]:
    wordings = (
        (chosen.has_children, ("with children", "有孩子"), ("without children", "没有孩子")),
        (chosen.married, ("married", "已婚"), ("unmarried", "未婚")),
        (chosen.homeowner, ("home owners", "有房"), ("renters", "租房")),
        (chosen.uses_coupons, ("use coupons", "用过优惠券"), ("never used a coupon", "没用过优惠券")),
    )
    return [say(language, *(yes if flag else no)) for flag, yes, no in wordings if flag is not None]
