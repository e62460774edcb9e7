"""Reads whole groups of customers out of a request: the one it is about, two to compare, a saved one's name."""

import re
from typing import Any

from shopwright.agent.plain_text import simplified

AUDIENCE_KINDS = (
    "segment", "age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner",
    "uses_coupons", "inactive_days", "active_days", "spend_min", "spend_max", "orders_min", "orders_max", "top",
    "conditions",
)  # fmt: skip
QUOTES = "'\"“”‘’「」『』《》"
NAME = rf"[{QUOTES}]?(?P<name>[^{QUOTES}\n。！？!?]{{1,60}}?)[{QUOTES}]?\s*[.。!！?？]?\s*$"
SAVE = re.compile(
    rf"\b(?:save|store|keep)\b(?P<who>.*?)\b(?:as|under(?: the name)?|named|called)\b(?:\s+(?:a\s+)?(?:new\s+)?(?:segment|group)\b)?(?:\s+(?:named|called))?\s*:?\s*{NAME}|"
    rf"(?:保存|存|另存|存储)(?P<who_zh>.*?)(?:为|成|叫做?|命名为|取名为?)\s*(?:人群|分群)?\s*[:：]?\s*{NAME.replace('name', 'name_zh')}|"
    rf"把(?P<who_ba>.*?)(?:保存|另存|存)(?:为|成|叫做?|下来，?叫)\s*[:：]?\s*{NAME.replace('name', 'name_ba')}",
    re.IGNORECASE,
)
EN_TAIL = r"(?=\s+(?:in (?:what|how|terms|their|which|spend\w*)|on (?:spend\w*|average)|when it comes|for (?:me|us)|who|which|do they|per (?:head|person|customer))\b|\s+[-–—]|\s*[:;,?!]|\s*\.(?!\d)|$)"
ZH_TAIL = r"(?=(?:的|之间|这)?(?:两(?:类|个|种|组|边|群)|各自?|分别|哪|谁|差|相比|比较|对比|有什么|有何|有哪些|区别|差异|不同|一下|在|花|消费)|[，,。？?！!；]|$)"
TO = r"(?<!about )(?<!likely )(?<!going )(?<!prone )to"  # not that of 'about to leave'
COMPARE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:compare|contrast)\s+(?P<a>.+?)\s+(?:with|{TO}|against|versus|vs\.?|and)\s+(?P<b>.+?){EN_TAIL}",
        rf"\b(?:differences?|gap|comparison)\s+(?:is there\s+)?between\s+(?P<a>.+?)\s+and\s+(?P<b>.+?){EN_TAIL}",
        rf"\bhow\s+(?:do|are|does|is|did)\s+(?P<a>.+?)\s+(?:differ|different|distinct)\s+from\s+(?P<b>.+?){EN_TAIL}",
        rf"\bhow\s+(?:far apart|different|similar|unlike|alike)\s+are\s+(?P<a>.+?)\s+(?:and|from|to)\s+(?P<b>.+?){EN_TAIL}",
        rf"\bhow\s+(?:do|does)\s+(?P<a>.+?)\s+(?:compare|stack up|measure up|fare)\s+(?:with|{TO}|against|beside|next to)\s+(?P<b>.+?){EN_TAIL}",
        rf"\b(?:put|set|show|place|line up)\s+(?P<a>.+?)\s+(?:beside|next to|side by side with|alongside|up against)\s+(?P<b>.+?){EN_TAIL}",
        rf"\b(?:who|which)\b[^,:?]*?\b(?:more|less|most|better|worse|higher|lower|bigger|larger|older|younger|often)\b[^,:?]*(?:[,:?–—]|\s-)\s*(?P<a>.+?)\s+or\s+(?P<b>.+?){EN_TAIL}",
        rf"\b(?:do|does|are|is)\s+(?P<a>.+?)\s+(?:(?:spend|buy|order|earn|redeem|come|shop|worth|return)\s+)?(?:more|less|better|older|younger|higher|bigger)(?:\s+\w+)?\s+than\s+(?P<b>(?!\$|\d).+?){EN_TAIL}",
        rf"^(?P<a>.+?)\s+(?:vs\.?|versus|compared (?:with|to))\s+(?P<b>.+?){EN_TAIL}",
        rf"(?:把|(?<!即)将|拿)?(?:比较|对比|比一比|比一下)(?:一下)?(?P<a>.+?)(?:和|与|跟|同|、|vs\.?)(?P<b>.+?){ZH_TAIL}",
        r"(?:把|(?<!即)将|拿)(?P<a>.+?)(?:和|与|跟|同)(?P<b>.+?)(?:作|做|放在?一起|来|进行)?(?:个)?(?:对比|比较|相比|比一比|比一下|比比)",
        r"(?P<a>.+?)(?:和|与|跟|同)(?P<b>.+?)(?:相比|(?:之间|两者)?(?:有什么|有何|有哪些|有多大|的|，)?(?:区别|差别|不同|差异|差距|差多少|差多远|对比)).*$",
        r"(?P<a>.+?)(?:和|与|跟|同|、|还是)(?P<b>[^，,？?]+?)[，,]?\s*(?:到底|究竟|这两(?:类|群|组))?(?:哪|谁)(?:一|个|边|类|种|组|群|方|头|些)*(?:人|客户|顾客|的)*(?:更|最|花|消费|买|下单|比较|用|贡献|值|年|收入|平均|人均|的|多|爱|流失|容易)",
        r"(?P<a>[^，,]+?)(?:是不是|是否)?比(?P<b>(?!例|重|率|较|上|如)[^，,？?]+?)(?:更|还|要)?(?:花得?|买得?|消费|下单|贡献)?(?:得)?(?:更)?(?:多|少|高|低|勤|频繁|值钱|爱买|大|舍得)",
    )
)
NAMED = re.compile(
    rf"(?:\b(?:saved\s+)?(?:segment|group|audience)\s+|(?:人群|分群|客群)\s*)[{QUOTES}](?P<a>[^{QUOTES}]{{1,60}})[{QUOTES}]|"
    rf"[{QUOTES}](?P<b>[^{QUOTES}]{{1,60}})[{QUOTES}]\s*(?:(?:saved\s+)?(?:segment|group|audience)\b|人群|分群|客群)",
    re.IGNORECASE,
)


def read_save(text: str) -> tuple[str, str]:
    """The text without 'save … as NAME', and the name as it was written; '' for none."""
    match = SAVE.search(simplified(text))
    if match is None:
        return text, ""
    groups = {key: text[slice(*match.span(key))] if value else "" for key, value in match.groupdict().items()}
    name = next(value for key, value in groups.items() if key.startswith("name") and value)
    who = next((value for key, value in groups.items() if key.startswith("who") and value), "")
    return f"{text[: match.start()]} {who} {text[match.end() :]}", name.strip(f" {QUOTES}")


def read_sides(text: str) -> tuple[str, str] | None:
    """The two groups that the request compares, in words; None when it compares none."""
    for pattern in COMPARE:
        match = pattern.search(simplified(text))
        if match:
            return text[slice(*match.span("a"))], text[slice(*match.span("b"))]
    return None


def read_saved(text: str, names: tuple[str, ...]) -> tuple[str, str]:
    """The text without the name of a saved segment, and that name; '' for none.

    A name in quotes beside the word 'segment' is taken even if no segment has it, so that this is told.
    """
    folded = text.casefold()
    for name in sorted(names, key=len, reverse=True):
        edge = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
        match = re.search(edge[0] + re.escape(name.casefold()) + edge[1], folded)
        if match and len(folded) == len(text):
            return _without(text, match.start(), match.end()), name
    match = NAMED.search(simplified(text))
    if match is None:
        return text, ""
    name = text[slice(*match.span("a" if match["a"] else "b"))]
    return _without(text, match.start(), match.end()), name.strip()


def _without(text: str, start: int, end: int) -> str:
    while start and text[start - 1] in QUOTES:
        start -= 1
    while end < len(text) and text[end] in QUOTES:
        end += 1
    return f"{text[:start]} {text[end:]}"


def group_of(mentions: dict[str, list[Any]]) -> dict[str, Any]:
    """The audience arguments that the mentions mean: the first of each kind."""
    group = {kind: mentions[kind][0] for kind in AUDIENCE_KINDS if kind in mentions}
    bought = mentions.get("owned") or mentions.get("bought_words")
    return {**group, "bought": bought[0]} if bought else group
