"""Marketing copy: the brief. The model writes from it, and from nothing else."""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from shopwright.knowledge.types import CustomerFilter, ProductHit
from shopwright.tools.audience import Conditions, Segment, customer_filter, segment_meanings
from shopwright.tools.base import (
    Card,
    Cards,
    Example,
    Language,
    ToolContext,
    ToolError,
    ToolResult,
    mentioned,
    shop_tool,
)
from shopwright.tools.wording import brand, describe_filter, money, product_name, say

Channel = Literal["email", "sms", "wechat", "xiaohongshu", "weibo", "push", "social", "banner"]


class Form(NamedTuple):
    """What a channel asks for; lengths are characters of the text, in English and in Chinese."""

    name: str
    name_zh: str
    longest: int
    longest_zh: int
    manner: str
    manner_zh: str


FORMS: dict[str, Form] = {
    "email": Form("email", "邮件", 700, 350, "A subject line, then two short paragraphs, no greeting and no signature.", "先写主题行，再写两小段正文，不写称呼和落款。"),
    "sms": Form("text message", "短信", 160, 70, "One message, one call to action, no emoji.", "一条短信，一个行动号召，不用表情。"),
    "wechat": Form("WeChat post", "微信文案", 500, 250, "Warm and personal, two short paragraphs.", "亲切自然，两小段。"),
    "xiaohongshu": Form("Xiaohongshu note", "小红书笔记", 600, 300, "A catchy title, a personal tone, tags at the end.", "先写吸引人的标题，口吻亲切，结尾加话题标签。"),
    "weibo": Form("Weibo post", "微博", 280, 140, "Short and lively, with one tag.", "简短活泼，带一个话题。"),
    "push": Form("push notification", "推送", 100, 50, "One sentence.", "一句话。"),
    "social": Form("social post", "社交媒体文案", 280, 140, "Short and lively.", "简短活泼。"),
    "banner": Form("banner", "横幅", 60, 30, "A headline of a few words.", "一句简短的标题。"),
}  # fmt: skip

ProductWords = Annotated[
    str | None,
    Field(description="The product or kind of product to write about, in the person's words.", max_length=60),
]
ProductId = Annotated[int | None, mentioned("product_id", "Product id.", ge=0)]
ChannelName = Annotated[Channel, mentioned("channel", "Where the copy appears.")]
Tongue = Annotated[Literal["en", "zh"] | None, mentioned("language", "Language of the copy.")]
Discount = Annotated[float | None, mentioned("discount_percent", "Discount offered, percent.")]


@shop_tool(
    roles=("marketer",),
    choices={"segment": segment_meanings},
    examples=(
        Example(
            "Write an SMS about our yogurt for loyal customers",
            "给忠诚客户写一条酸奶的短信",
            {"product": "yogurt", "segment": "loyal", "channel": "sms"},
            {"product": "酸奶", "segment": "loyal", "channel": "sms"},
        ),
        Example(
            "Email copy in Chinese for dog food with 10% off",
            "写一封狗粮九折的英文邮件",
            {"product": "dog food", "channel": "email", "language": "zh", "discount_percent": 10},
            {"product": "狗粮", "channel": "email", "language": "en", "discount_percent": 10},
        ),
        Example(
            "Draft a Xiaohongshu post for frozen pizza",
            "写一篇冷冻披萨的小红书",
            {"product": "frozen pizza", "channel": "xiaohongshu"},
            {"product": "冷冻披萨", "channel": "xiaohongshu"},
        ),
    ),
)
def write_copy(
    context: ToolContext,
    product: ProductWords = None,
    segment: Segment = None,
    product_id: ProductId = None,
    channel: ChannelName = "email",
    language: Tongue = None,
    discount_percent: Discount = None,
    conditions: Conditions = None,
) -> ToolResult:
    """Write marketing copy for a product: email, text message, WeChat, Xiaohongshu, push, social post."""
    tongue: Language = language or context.language
    if discount_percent is not None and not 0 <= discount_percent < 100:
        raise ToolError(
            say(
                context.language,
                f"A discount is from 0 to below 100 percent; {discount_percent:g}% cannot be given. Say another one.",
                f"折扣应在0%到100%之间（不含100%），{discount_percent:g}%无法使用。请换一个折扣。",
            )
        )
    chosen = customer_filter(context, segment=segment, conditions=conditions)
    item = _product(context, product_id, product, chosen)
    whom = _whom(context, tongue, chosen)
    audience = "" if chosen.everyone else describe_filter(context, chosen)
    facts = _facts(context, tongue, item, discount_percent)
    form = FORMS[channel]
    longest = form.longest_zh if tongue == "zh" else form.longest
    shown = product_name(item, context.language)
    return ToolResult(
        text="\n".join(facts),
        headline=say(
            context.language,
            f"{form.name.capitalize()} about **{shown}**{f' for {audience}' if audience else ''}:",
            f"关于**{shown}**的{form.name_zh}{f'（面向{audience}）' if audience else ''}：",
        ),
        reply=_brief(tongue, form, longest, whom, lapsing=_lapsing(chosen)),
        reply_figures=True,
        fallback=_plainly(context, tongue, item, discount_percent, longest),
        memory=say(context.language, f"wrote {channel} copy about {shown}", f"已写{form.name_zh}：{shown}"),
        data={
            "product": item.model_dump(mode="json"),
            "channel": channel,
            "language": tongue,
            "segment": segment,
            "audience": audience,
            "discount_percent": discount_percent,
            "offer": _offer(tongue, discount_percent),
            "longest": longest,
        },
        views=[Cards(title=say(context.language, "Written about", "文案依据"), cards=[_card(context, item)])],
        reply_language=tongue,
        max_characters=longest,
        is_copy=True,
    )


def _whom(context: ToolContext, tongue: Language, chosen: CustomerFilter) -> str:
    """Whom the copy addresses: a named segment, or who buys something; never figures of a filter."""
    info = {info.key: info for info in context.shop.segments.infos()}.get(chosen.segment or "")
    if info is not None:
        return say(tongue, info.name, info.name_zh)
    inner = chosen.saved.filter if chosen.saved else chosen
    scope = inner.bought or next((rule.scope for rule in inner.purchases or () if rule.bought), None)
    if scope is not None:
        return say(tongue, f"customers who buy {scope.label}", f"买{scope.label_zh}的顾客")
    return say(tongue, "customers", "顾客")


def _lapsing(chosen: CustomerFilter) -> bool:
    """Whether the customers have stayed away, or are about to."""
    gone = any(not rule.bought and rule.scope is None for rule in chosen.purchases or ())
    inner = chosen.saved is not None and _lapsing(chosen.saved.filter)
    return chosen.segment in LAPSING or chosen.stage in ("at_risk", "lapsed") or gone or inner


def _product(
    context: ToolContext, product_id: int | None, words: str | None, chosen: CustomerFilter
) -> ProductHit:
    """The product that was named; where only customers were, what they buy more than others."""
    language = context.language
    if product_id is not None:
        item = context.shop.products.get(product_id)
        if item is None:
            raise ToolError(
                say(
                    language,
                    f"There is no product {product_id} in this shop.",
                    f"本店没有编号为{product_id}的商品。",
                )
            )
        return item
    if not words and not chosen.everyone:
        liked = context.shop.recommender.for_filter(chosen, 1)
        if liked:
            return liked[0].product
    if not words or not words.strip():
        raise ToolError(
            say(
                language,
                "Which product is the copy about? Name it or give its id.",
                "要为哪款商品写文案？请说出名称或编号。",
            )
        )
    hits = context.shop.products.search(words, 1)
    if not hits:
        raise ToolError(
            say(
                language,
                f"The shop sells nothing that matches '{words}'.",
                f"店里没有与“{words}”相符的商品。",
            )
        )
    return hits[0]


def _facts(context: ToolContext, tongue: Language, item: ProductHit, discount: float | None) -> list[str]:
    facts = [say(tongue, f"- product: {product_name(item, 'en')}", f"- 商品：{product_name(item, 'zh')}")]
    facts.append(say(tongue, f"- kind: {item.category}", f"- 品类：{item.category_zh or item.category}"))
    if item.price is not None:
        facts.append(
            say(tongue, f"- price: {money(context, item.price)}", f"- 价格：{money(context, item.price)}")
        )
    if discount:
        facts.append(say(tongue, "- offer: ", "- 优惠：") + _offer(tongue, discount))
    return facts


def _plainly(
    context: ToolContext, tongue: Language, item: ProductHit, discount: float | None, longest: int
) -> str:
    """The copy that can always be sent: what it is, and what it costs; in short where there is little room."""
    name, offer = product_name(item, tongue), _offer(tongue, discount)
    price = money(context, item.price) if item.price is not None else ""
    parts = [part for part in (say(tongue, f"for {price}", f"售价{price}") if price else "", offer) if part]
    there = say(tongue, ", ", "，").join(parts)
    joined = say(tongue, " ", "，") + there if there else ""
    stop = say(tongue, ".", "。")
    short = re.split(r"[,，]", name)[0].strip()
    forms = (f"{say(tongue, 'Now in our shop: ', '本店有售：')}{name}{joined}{stop}", f"{name}{joined}{stop}")
    return next((form for form in forms if len(form) <= longest), f"{short}{joined}{stop}")


def _offer(tongue: Language, discount: float | None) -> str:
    """The discount as a shop writes it: 15% off, or 8.5折 in Chinese; empty without one."""
    return say(tongue, f"{discount:g}% off", f"{(100 - discount) / 10:g}折") if discount else ""


LAPSING = ("at_risk", "cant_lose", "about_to_sleep", "hibernating")


def _brief(tongue: Language, form: Form, longest: int, whom: str, *, lapsing: bool) -> str:
    purpose = say(
        tongue,
        " Invite them to come back; begin with “We miss you”." if lapsing else "",
        "请他们回来看看，开头写“好久不见”。" if lapsing else "",
    )
    return purpose + say(
        tongue,
        f"Write the copy itself, a {form.name} in English for {whom}. {form.manner} At most {longest} characters. "
        "Use only the facts and what the person asked to be said: no other price, offer, date, quality or health claim.",
        f"直接写出文案：一条面向{whom}的中文{form.name_zh}。{form.manner_zh}不超过{longest}个字。"
        "只用上面的资料和对方要求写的内容：不要写别的价格、优惠、日期、品质或功效。",
    )


def _card(context: ToolContext, item: ProductHit) -> Card:
    return Card(
        title=product_name(item, context.language),
        subtitle=say(context.language, item.category, item.category_zh),
        price=money(context, item.price) if item.price is not None else "",
        badge=brand(item, context.language),
        product_id=item.product_id,
    )
