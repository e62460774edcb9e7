"""What a follow-up keeps of the turn before: corrections, opposites, and the same again with one change.

'I meant 60 days, not 30' keeps the other conditions; 'the opposite' turns one around; 'shorter, as a text
message' keeps product, discount and audience; 'what about type C?' keeps whom it goes to.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shopwright.agent.group_words import AUDIENCE_KINDS, group_of
from shopwright.agent.history import Turn
from shopwright.agent.mentions import Mentions, read

LONGEST = 160
CORRECTION = re.compile(
    r"\b(?:i mean|i meant|meant|make (?:it|that)|change (?:it|that|them)|instead|rather|not (?:\$?\d|the)|sorry|oops|actually|correction|"
    r"should (?:be|have been)|wait|i said|typo)\b|^\s*no\b|应该是|我是说|我说的是|我指的是|我的意思|不是|改成|改为|改到|换成|换到|说错|更正|不对|搞错|弄错|纠正|打错"
)
REJECTED = re.compile(
    r"\b(?:not|instead of|rather than)\s+(?:the\s+)?(?P<a>[^,.;]*?)(?=\s*(?:[,;.]|\bbut\b|$))|(?:不是|而不是|不要)(?P<b>[^，。,；]*?)(?=，|。|,|；|而?是|$)"
)
OPPOSITE = re.compile(
    r"\b(?:opposite|reverse|other way (?:a)?round|vice versa)\b|"
    r"\b(?:ones|those|people|customers|folks|them|households|who)\s+(?:without|with none|who (?:don'?t|do not|haven'?t|have not|didn'?t|aren'?t|are not|hasn'?t|isn'?t))"
    r"(?:\s+(?:it|one|any|them|that|so))?\s*[?.!]*$|^\s*(?:and\s+|what about\s+|how about\s+)*(?:without|none)\s*[?.!]*$|"
    r"反过来|相反|反之|^\s*(?:那|那么|再看|换成|如果是)?(?:没有?|不是|没用过?|没买过?|未)(?:的)(?:那些|那部分|那批|那群)?(?:人|客户|顾客|用户|会员|家庭)?(?:呢|有多少|多少|几个|几位)?\s*[?？。]*$"
)
AGAIN = re.compile(
    r"\b(?:what|how) about\b|\b(?:same|again|another|instead|version|variant|re-?write|redo|re-?phrase|re-?word|shorter|longer|"
    r"softer|warmer|punchier|funnier|friendlier|simpler|crisper|snappier|more (?:formal|casual|playful|fun|personal)|less (?:formal|pushy|salesy)|too (?:long|short|formal|pushy)|"
    r"translate|make (?:it|that|this)|turn (?:it|that|this)|as an? |now (?:in|for|as))\b|呢\s*[?？]?\s*$|换成|换个|改成|改为|再来|再写|再给|重写|重新|同样|一样的?|照样|还是|也(?:来|写|发|给)|"
    r"短一?点|长一?点|太长|太短|精简|润色|翻译|版本|一版|这款|语气|改一?下"
)
SAME = re.compile(r"\b(?:same|again|also|too)\b|同样|一样|照样|也")
EVERYBODY = re.compile(r"\b(?:all|total|every(?:one|body)|overall|entire|whole)\b|全部|所有|全体|总共|一共")
CHEAPER = re.compile(
    r"\b(?:cheaper|pricey|steep|expensive|dear|too much|anything|any others?|something|other ones|(?:under|below|over|up to|less than) [$¥€£]?\d)|"
    r"便宜|太贵|贵了|别的|其他的|还有|以内|以下|不超过"
)
NO_DISCOUNT = re.compile(
    r"\b(?:no|without(?: the| any| a)?|drop the|remove the|skip the) (?:discount|offer|price cut)|full price|不打折|原价|(?:去掉|取消|没有|不要)(?:折扣|优惠)"
)
SWAPPED = re.compile(
    r"不是(?P<a1>[^，。,；;!！\s]{1,10}?)[，,；\s]*(?:而)?(?:是|要)(?P<b1>[^，。,；;!！?？\s]{1,10})|"
    r"(?:我说的是|我要的是|应该是|想要的是|要的是|是)(?P<b2>[^，。,；;!！?？\s]{1,10}?)[，,；\s]+(?:而)?不是(?P<a2>[^，。,；;!！?？\s]{1,10})|"
    r"\b(?:i (?:mean|meant|said)|it'?s|make (?:it|that)) (?:the |a |an )?(?P<b3>[a-z][a-z -]{1,24}?)\s*[,;-]*\s*not (?:the |a |an )?(?P<a3>[a-z][a-z -]{1,24}?)\s*(?:[.,!;]|$)|"
    r"\bnot (?:the |a |an )?(?P<a4>[a-z][a-z -]{1,24}?)\s*[,;-]*\s*(?:but|i (?:mean|meant|said)|it'?s|rather)\s+(?:the |a |an )?(?P<b4>[a-z][a-z -]{1,24}?)\s*(?:[.,!;]|$)"
)
"""'Not A, but B': what was said by mistake, and what was meant."""
WORDED = ("query", "about", "product")  # arguments in the person's own words
FLIPPED = ("has_children", "married", "homeowner", "uses_coupons")
DAYS = {"inactive_days": "active_days", "active_days": "inactive_days"}


def follow_up(
    schema: Mapping[str, Any], text: str, mentions: Mentions, history: Sequence[Turn]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The customers that a follow-up means, and other arguments it keeps; both {} where it is none."""
    last = next((turn for turn in reversed(history) if turn.tool), None)
    lowered = text.lower().strip()
    if last is None or len(text) > LONGEST:
        return {}, {}
    swapped = _swapped(schema, lowered, last)
    if swapped:
        return last.audience, swapped
    audience = _opposite(lowered, last) or _corrected(lowered, last)
    again = AGAIN.search(lowered) or CORRECTION.search(lowered) or CHEAPER.search(lowered)
    kept = _kept(schema, lowered, mentions, last) if again else {}
    if not audience and kept and not set(AUDIENCE_KINDS) & set(mentions) and not EVERYBODY.search(lowered):
        audience = last.audience
    return audience, kept


def _same_tool(schema: Mapping[str, Any], last: Turn) -> bool:
    """Whether a tool takes all that was given in the last turn; the turn's own does, and its like."""
    return bool(last.arguments) and set(last.arguments) <= set(schema.get("properties", {}))


def _swapped(schema: Mapping[str, Any], text: str, last: Turn) -> dict[str, Any]:
    """The last arguments with one word put right: 'not cats, dogs'. {} where none of them held it."""
    match = SWAPPED.search(text)
    if match is None or not _same_tool(schema, last):
        return {}
    wrong, right = (
        next(value.strip() for key, value in match.groupdict().items() if value and key[0] == side)
        for side in "ab"
    )
    said = {name: value for name in WORDED if isinstance(value := last.arguments.get(name), str)}
    stem = wrong[:-1] if wrong.isascii() and wrong.endswith("s") else wrong  # 'cats' of 'cat treats'
    mended = {
        name: re.sub(f"{re.escape(stem)}s?", lambda _: right, value, count=1, flags=re.IGNORECASE)
        for name, value in said.items()
        if stem in value.lower()
    }
    return {**last.arguments, **mended} if mended else {}


def _kept(schema: Mapping[str, Any], text: str, mentions: Mentions, last: Turn) -> dict[str, Any]:
    """Arguments read from words that the follow-up does not name anew: channel, discount, type, product.

    A discount belongs to its product: with another product it is kept only by 'the same'.
    """
    if not _same_tool(schema, last):
        return {}
    known = schema["properties"]
    kept = {
        key: value
        for key, value in last.arguments.items()
        if key not in AUDIENCE_KINDS
        and key not in ("unused", "group", "bought", "first", "second")
        and (kind := known[key].get("x-mention"))
        and not known[key].get("x-hidden")
        and kind not in mentions
    }
    if "price_max" in known and "query" in last.arguments and not _other_words(mentions, last):
        kept["query"] = last.arguments["query"]
    if NO_DISCOUNT.search(text):
        kept.pop("discount_percent", None)
    if "channel" in known and "product_id" in known:  # copy: its product, unless another is named
        kept.pop("product_id", None)
        if _other_words(mentions, last):
            return kept if SAME.search(text) else {}
        if last.products and "product_id" not in mentions:
            kept["product_id"] = last.products[0]
    return kept


def _other_words(mentions: Mentions, last: Turn) -> list[str]:
    """Words of the follow-up that nothing accounts for and that the last request did not hold."""
    said = f"{last.text} {last.arguments.get('product', '')}".lower()
    words = [str(word) for group in mentions.get("unused", []) if isinstance(group, list) for word in group]
    return [word for word in words if word not in said]


def _opposite(text: str, last: Turn) -> dict[str, Any]:
    """The last audience with its one condition of yes or no turned around; {} where there is not just one."""
    if not OPPOSITE.search(text):
        return {}
    audience = dict(last.audience)
    turned = [key for key in (*FLIPPED, *DAYS) if key in audience]
    if len(turned) != 1:
        return {}
    value = audience.pop(turned[0])
    if turned[0] in DAYS:
        return {**audience, DAYS[turned[0]]: value}
    return {**audience, turned[0]: not value}


def _corrected(text: str, last: Turn) -> dict[str, Any]:
    """The last audience with what the person puts right; {} where nothing of it is."""
    audience = dict(last.audience)
    if not audience or not CORRECTION.search(text):
        return {}
    meant = REJECTED.sub(" ", text)
    said = read(meant)
    changed = group_of(said)
    days = said.get("days") or said.get("inactive_days") or said.get("active_days")
    if days and (old := [key for key in DAYS if key in audience]):
        changed = {key: value for key, value in changed.items() if key not in DAYS} | {old[0]: days[0]}
    if not changed:
        changed = _renumbered(meant, text, audience)
    if not changed:
        return {}
    conditions = {**audience.get("conditions", {}), **changed.get("conditions", {})}
    return {**audience, **changed, **({"conditions": conditions} if conditions else {})}


def _renumbered(meant: str, text: str, audience: Mapping[str, Any]) -> dict[str, Any]:
    """'60, not 30': the condition that was 30, or the only one with a number, becomes 60."""
    new = re.findall(r"(?<![\d.])\d+(?:\.\d+)?", meant.replace(",", ""))
    if len(new) != 1:
        return {}
    numeric = {
        key: value
        for key, value in audience.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    rejected = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))} - {float(new[0])}
    meets = [key for key, value in numeric.items() if float(value) in rejected] or list(numeric)
    value = float(new[0])
    return {meets[0]: int(value) if value == int(value) else value} if len(meets) == 1 else {}
