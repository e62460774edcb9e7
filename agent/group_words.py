"""Reads whole groups of customers out of a request: the one it is about, two to compare, a saved one's name."""

import re
from typing import Any

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
COMPARE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bcompare\s+(?P<a>.+?)\s+(?:with|to|against|versus|vs\.?|and)\s+(?P<b>.+)$",
        r"\bdifferences?\s+between\s+(?P<a>.+?)\s+and\s+(?P<b>.+)$",
        r"\bhow\s+(?:do|are|does)\s+(?P<a>.+?)\s+(?:differ|different)\s+from\s+(?P<b>.+)$",
        r"^(?P<a>.+?)\s+(?:vs\.?|versus)\s+(?P<b>.+)$",
        r"(?:比较|对比)(?:一下)?(?P<a>.+?)(?:和|与|跟|同|、)(?P<b>.+?)(?:的(?:差异|区别|不同))?[。？?]?$",
        r"(?P<a>.+?)(?:和|与|跟|同)(?P<b>.+?)(?:相比|(?:之间)?(?:有什么|有何|有哪些|的)?(?:区别|差别|不同|差异)).*$",
    )
)
NAMED = re.compile(
    rf"(?:\b(?:saved\s+)?(?:segment|group|audience)\s+|(?:人群|分群|客群)\s*)[{QUOTES}](?P<a>[^{QUOTES}]{{1,60}})[{QUOTES}]|"
    rf"[{QUOTES}](?P<b>[^{QUOTES}]{{1,60}})[{QUOTES}]\s*(?:(?:saved\s+)?(?:segment|group|audience)\b|人群|分群|客群)",
    re.IGNORECASE,
)


def read_save(text: str) -> tuple[str, str]:
    """The text without 'save … as NAME', and the name as it was written; '' for none."""
    match = SAVE.search(text)
    if match is None:
        return text, ""
    groups = match.groupdict()
    name = next(value for key, value in groups.items() if key.startswith("name") and value)
    who = next((value for key, value in groups.items() if key.startswith("who") and value), "")
    return f"{text[: match.start()]} {who} {text[match.end() :]}", name.strip(f" {QUOTES}")


def read_sides(text: str) -> tuple[str, str] | None:
    """The two groups that the request compares, in words; None when it compares none."""
    for pattern in COMPARE:
        match = pattern.search(text)
        if match:
            return match["a"], match["b"]
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
    match = NAMED.search(text)
    if match is None:
        return text, ""
    return _without(text, match.start(), match.end()), (match["a"] or match["b"]).strip()


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
