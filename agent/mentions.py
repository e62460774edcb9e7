"""Reads ids, ages, durations, money, percentages and fixed words out of a request, in code.

A small model confuses units ('half a year' became six days) and directions ('under 30' became a
minimum). So every argument that is a quantity or an id is read here by rules, and the model only
chooses among what was read. An argument whose kind is not mentioned is not offered to it at all.
"""

import copy
import re
from functools import lru_cache
from typing import Any

from shopwright.agent.discount_words import read_discounts
from shopwright.agent.fixed_words import EXCLUSIVE, FIXED, OWN_TYPE
from shopwright.agent.group_words import group_of, read_save, read_saved, read_sides
from shopwright.agent.numbers import (
    ABOVE,
    BELOW,
    DIGITS,
    MONEY,
    POST,
    POST_ABOVE,
    POST_BELOW,
    TAIL,
    number,
    number_pattern,
)
from shopwright.agent.plain_text import half_width, simplified, without_quoted_orders, without_slips
from shopwright.agent.purchase_words import ANYTHING
from shopwright.agent.segment_words import clauses, read_conditions, read_owners
from shopwright.agent.unused_words import unused_words

Value = str | int | float | bool | dict[str, Any] | list[str]
Mentions = dict[str, list[Value]]

MAX_ID = 2**63 - 1


def _tidy(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _add(found: Mentions, kind: str, value: Value) -> None:
    values = found.setdefault(kind, [])
    if not any(type(v) is type(value) and v == value for v in values):
        values.append(value)


def read(text: str, saved: tuple[str, ...] = ()) -> Mentions:
    """All mentions in `text`, by kind, in the order they stand; `saved` are names of saved segments."""
    return copy.deepcopy(_read(text, saved))


@lru_cache(maxsize=64)
def _read(text: str, saved: tuple[str, ...]) -> Mentions:
    found: Mentions = {}
    text = half_width(text)
    text, name = read_save(text)
    if name:
        _add(found, "segment_name", name)
    text = without_quoted_orders(text)
    sides = read_sides(text)
    for kind, side in zip(("first_group", "second_group"), sides or (), strict=False):
        _add(found, kind, read_group(side, saved))
    text, named = read_saved(text, saved)
    text = without_slips(simplified(text).lower())
    rest, conditions = read_conditions(text)
    rest, owned = read_owners(rest)
    if owned:
        _add(found, "owned", owned)
    if conditions or named:
        _add(found, "conditions", {**conditions, **({"saved": named} if named else {})})
    left = []
    for clause in clauses(rest):
        clause = _ids(clause, found)
        clause, discounts = read_discounts(clause, text)
        for discount in discounts:
            _add(found, "discount_percent", discount)
        for reader in (_durations, _ages, _audience, _ranges, _comparisons):
            clause = reader(clause, found)
        _counts(clause, found)
        left.append(clause)
    if len(found.get("product_id", ())) > 1:
        found["basket"] = [[str(value) for value in found["product_id"]]]
    _words(rest, found)
    impossible = [str(words) for words in found.pop("impossible", [])]
    unused = [*impossible, *unused_words(_unread(" | ".join(left)), found)]
    if unused:
        found["unused"] = [unused]
    return found


def read_group(text: str, saved: tuple[str, ...] = ()) -> dict[str, Any]:
    """The customers that words mean, as audience arguments; {} where they mean nobody in particular."""
    text, _ = read_save(text)
    mentions = read(text, saved)
    plain = PLAIN_BOUGHT.search(simplified(read_saved(text, saved)[0]).lower())
    if plain and "owned" not in mentions:
        words = next(value for value in plain.groupdict().values() if value).strip()
        if words and not ANYTHING.match(words):
            mentions["bought_words"] = [words]
    group = group_of(mentions)
    bought = str(group.get("bought", ""))
    unused = [str(word) for words in mentions.get("unused", []) if isinstance(words, list) for word in words]
    left = [word for word in unused if not bought or (word not in bought and bought not in word)]
    return {**group, "unused": left} if left else group


PLAIN_BOUGHT = re.compile(
    r"\b(?:buy|buys|buying|bought|purchase[sd]?|buyers of|fans of)\s+(?!but\b)(?P<a>[a-z][a-z &'/-]{1,40}?)(?=\s+(?:who|that|but|and|in|since|over|under|aged|with)\b|[,.;?!]|$)|"
    r"(?:^|\s)(?P<b>[a-z]+(?: [a-z]+)?)\s+(?:buyers|lovers|drinkers|eaters|fans)\b|"
    r"(?<![没未不再])(?:购买过?|买过?|爱喝|爱吃|喜欢喝|喜欢吃|喜欢)(?P<c>[\u4e00-\u9fff]{1,10}?)(?=的|但|和|$)"
)


def _unread(text: str) -> str:
    """The text without the fixed words that say something of customers."""
    for kind, _, pattern in FIXED:
        if kind not in ("new_only", "mode", "sentiment"):
            text = re.sub(pattern, " ", text)
    return text


def _blank(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


ID = r"\s*(?:id|no\.?|number|num|编号|号码?|号)?\s*(?:is|是|为)?\s*[:：#]?\s*(?P<id>\d{1,19})(?![\d.,]*\s*(?:%|岁|天|人|个|名|位|元|块|days?|weeks?|orders|times))(?!\d)"
ID_KINDS = {
    "customer_id": (
        r"\b(?:customer|household|client|member|shopper|user)(?!s)" + ID,
        r"(?:客户|顾客|会员|家庭|用户)" + ID,
        r"(?P<id>\d{1,19})\s*号\s*(?:客户|顾客|会员|家庭|用户)",
    ),
    "campaign_id": (r"\bcampaign(?!s)" + ID, r"(?:活动)" + ID, r"(?P<id>\d{1,9})\s*号\s*活动"),
    "product_id": (
        r"\b(?:product|item|sku)(?!s)" + ID,
        r"(?:商品|产品|货号)" + ID,
        r"(?P<id>\d{4,19})\s*号\s*(?:商品|产品)",
    ),
    "order_id": (r"\border(?!s)" + ID, r"(?:订单号?|单号)" + ID, r"(?P<id>\d{1,19})\s*号\s*订单"),
}


AMOUNT = re.compile(
    rf"(?:{ABOVE}|{BELOW}|\bbetween|\bfrom|income|earn(?:s|ing)?|salary|spen[dt]s?|收入|年薪|工资|消费|花费?了?)(?: (?:of|is|about))?\s*$"
)


def _ids(text: str, found: Mentions) -> str:
    for kind, patterns in ID_KINDS.items():
        for pattern in patterns:
            for match in re.finditer(pattern, text):
                if int(match["id"]) <= MAX_ID:
                    _add(found, kind, int(match["id"]))
                text = _blank(text, match)
    for match in re.finditer(
        r"(?<![\d.,$¥])#?(?P<id>\d{5,19})(?![\d,.%]|\s*(?:元|块|岁|人|天|dollars))", text
    ):
        if int(match["id"]) <= MAX_ID and not AMOUNT.search(text[: match.start()]):
            _add(found, "order_id" if len(match["id"]) >= 10 else "product_id", int(match["id"]))
            if len(match["id"]) >= 10:
                text = _blank(text, match)
    return text


DAYS = {
    "day": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365,
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季度": 90, "年": 365,
}  # fmt: skip
NEGATED = re.compile(
    r"haven'?t|hasn'?t|hadn'?t|have not|has not|had not|didn'?t|did not|don'?t|do not|doesn'?t|\bno (?:orders?|purchases?|buy|visits?)|not (?:bought|purchased|"
    r"shopped|ordered|visited|been)|without|inactive|stopped|lapsed|absent|gone|quiet|silent|dormant|idle|unseen|(?:nobody|no one) (?:has |have )?(?:seen|heard)|(?<!right )(?<!straight )\baway\b|no (?:sign|activity|contact)|"
    r"nothing (?:bought|ordered)|bought nothing|ordered nothing|since (?:they|their) last|"
    r"没|未(?!来)|不再|沉睡|流失|不买|不来"
)
RECENT = re.compile(r"\b(?:last|past|recent|within|previous)\b|最近|过去|近|以内|之内|内")


def _durations(text: str, found: Mentions) -> str:
    whole = text
    pattern = (
        rf"(?:{number_pattern('n')}|(?P<half>半)|(?P<halfen>half an? ))\s*[- ]?(?P<g>个)?(?P<more>半)?\s*"
        r"(?P<u>days?|weeks?|fortnights?|months?|quarters?|years?(?!\s*-?old)|天|日|周|星期|礼拜|月|季度|年)(?!龄|轻|纪|货|末|饼|底|初|收入|薪)"
    )
    for match in re.finditer(pattern, text):
        unit = match["u"].rstrip("s") if match["u"][0].isascii() else match["u"]
        if unit in ("月", "季度") and not match["g"] and not match["half"] and unit == "月":
            continue  # 3月 is March
        value = 0.5 if (match["half"] or match["halfen"]) else number(match["n"], match["nx"])
        if value is None:
            continue
        whole_units = value + (0.5 if match["more"] else 0)
        days = 180 if whole_units == 0.5 and DAYS[unit] == 365 else round(whole_units * DAYS[unit])
        if not 0 < days <= 3650:
            continue
        if NEGATED.search(whole):
            _add(found, "inactive_days", days)
        elif RECENT.search(whole):
            _add(found, "active_days", days)
        else:
            _add(found, "days", days)
        text = _blank(text, match)
    for match in re.finditer(
        r"\b(?:last|past|this|a|next|one|for a)\s+(?P<u>day|week|fortnight|month|quarter|year)\b(?!s)", text
    ):
        kind = "inactive_days" if NEGATED.search(whole) else "active_days" if RECENT.search(whole) else "days"
        _add(found, kind, DAYS[match["u"]])
        text = _blank(text, match)
    return text


AGE_WORDS = re.compile(
    r"\bage|\bold\b|\byoung|岁|年龄|customers|shoppers|households|people|folks|members|buyers|users|clients|every(?:one|body)|"
    r"any(?:one|body)|\bwho\b|\bthose\b|\b(?:wo)?men\b|parents|families|renters|owners|客户|顾客|会员|用户|人|家庭"
)
NOT_AGES = re.compile(
    r"[$¥€£]|元|块|dollar|price|income|earn|salary|收入|年薪|spen[dt]|消费|花|\borders?\b|下单|订单|probability|概率"
)
OTHER_UNIT = (
    r"(?!\d|[.,]\d|\s*(?:%|percent|k\b|times|orders|purchases|visits|days?|weeks?|months?|hours?|products?|items?|points|"
    r"次|单|笔|天|日|周(?!岁)|个月|月|个|款|样|条|件|万|千|百|折|点|/|-|–))"
)
AGE = r"(?<![\d.,/#-])(?P<{0}>\d{{1,3}}|[二三四五六七八九]十[一二三四五六七八九]?)"


def _ages(text: str, found: Mentions) -> str:
    for match in re.finditer(
        rf"(?P<pre>\bbetween\s+|\bfrom\s+|\baged?\s+|介于|从|在)?(?:the\s+ages?\s+of\s+)?{AGE.format('a')}\s*岁?\s*(?:-|–|—|~|to|and|through|到|至|和)\s*"
        rf"{AGE.format('b').replace('-]', ']')}{OTHER_UNIT}\s*(?P<u>周?岁|years?(?: old)?|yrs?|year-olds?|之间)?",
        text,
    ):
        low, high = int(number(match["a"]) or 0), int(number(match["b"]) or 0)
        asked = match["u"] or (match["pre"] or "").strip() == "between" or AGE_WORDS.search(text)
        if asked and 10 <= low <= high <= 120 and not NOT_AGES.search(text):
            _add(found, "age_min", low)
            _add(found, "age_max", high)
            text = _blank(text, match)
    for match in re.finditer(r"\b(?P<side>over|under)[- ]?(?P<n>\d\d)s\b", text):
        _add(found, "age_min" if match["side"] == "over" else "age_max", int(match["n"]))
        text = _blank(text, match)
    for match in re.finditer(
        r"\bin (?:their|his|her) (?:early |mid[- ]?|late )?(?:(?P<d>[2-9]0)'?s|(?P<w>twent|thirt|fort|fift|sixt|sevent|eight|ninet)ies)|"
        r"(?P<z>[二三四五六七八九])十(?:多|几|来)岁|(?P<y>[2-9]0)(?:多|几)岁",
        text,
    ):
        low = (
            int(match["d"] or match["y"] or 0) or int(number(f"{match['w']}y") or 0)
            if not match["z"]
            else DIGITS[match["z"]] * 10
        )
        _add(found, "age_min", low)
        _add(found, "age_max", low + 9)
        text = _blank(text, match)
    for match in re.finditer(
        r"(?P<pre>不到|小于|低于|不满|未满|under|below|younger than|over|above|older than|at least|大于|超过|高于|年满)?\s*"
        r"(?P<n>\d{1,3}|[二三四五六七八九]?十[一二三四五六七八九]?)\s*(?P<plus>\+)?\s*(?:周?岁|years? old|years? of age|yrs? old|year-olds?)\s*"
        r"(?P<post>以下|以内|及以下|以上|及以上|and over|and above|or older|or younger|and under)?",
        text,
    ):
        value = number(match["n"])
        if value is None or not 10 <= value <= 120:
            _add(found, "impossible", " ".join(match[0].split()))
            text = _blank(text, match)
            continue
        words = (match["pre"] or "") + " " + (match["post"] or "") + (" and over" if match["plus"] else "")
        if re.search(r"以下|以内|不到|小于|低于|不满|未满|under|below|younger", words):
            _add(found, "age_max", int(value))
        elif re.search(r"以上|over|above|older|at least|大于|超过|高于|年满", words):
            _add(found, "age_min", int(value))
        else:
            _add(found, "age_min", int(value))
            _add(found, "age_max", int(value))
        text = _blank(text, match)
    return text


PEOPLE = r"(?:customers?|households?|people|members?|shoppers?|recipients|buyers|families|users|客户|顾客|人|会员|家庭|用户|户)"


def _audience(text: str, found: Mentions) -> str:
    for match in re.finditer(
        rf"(?:\btop|\bbest|\bbiggest|\bhighest[- ]spending|前|最高的|最多的|最好的)\s*(?:the\s+)?{number_pattern('n')}\s*(?:名|位|个|户)?(?:\s+\w+)?\s*{PEOPLE}",
        text,
    ):
        value = number(match["n"], match["nx"])
        if value and value >= 1:
            _add(found, "top", int(value))
            text = _blank(text, match)
    for match in re.finditer(
        rf"{number_pattern('n')}\s*(?:名|位|个|户)?(?:\s+(?:\w+\s+){{0,2}})?{PEOPLE}(?!均|数)", text
    ):
        value = number(match["n"], match["nx"])
        if value and value > 1:
            _add(found, "audience", int(value))
            text = _blank(text, match)
    return text


TIMES = r"(?P<times>\s*(?:orders|purchases|times|visits|次|单|笔|回)(?!\w*券))"


def _ranges(text: str, found: Mentions) -> str:
    """Between two amounts of money or of orders; ages are read before."""
    pattern = rf"(?P<pre>\bbetween|\bfrom|介于|从|在)?\s*{MONEY}{number_pattern('n')}\s*(?:元|块)?\s*(?:-|–|—|~|to|and|到|至|和)\s*[$¥€£]?\s*{number_pattern('m')}{TAIL}{TIMES}?"
    for match in re.finditer(pattern, text):
        low, high = number(match["n"], match["nx"]), number(match["m"], match["mx"])
        if low is None or high is None:
            continue
        if match["mx"] and not match["nx"] and low < (number(match["m"]) or 0):
            low = number(match["n"], match["mx"]) or low  # '5到10万', '50 to 80k'
        kinds = _quantity(text, match, low)
        sure = (
            match["times"] or match["cur"] or match["unit"] or any(re.search(p, text) for p, _ in QUANTITIES)
        )
        if not sure or low > high or (not match["pre"] and re.search(r"\band\b|和", match[0])):
            continue
        for kind in kinds:
            _add(found, f"{kind}_min", _tidy(low))
            _add(found, f"{kind}_max", _tidy(high))
        text = _blank(text, match)
    return text


def _comparisons(text: str, found: Mentions) -> str:
    pattern = rf"(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))?\s*{MONEY}{number_pattern('n')}{TAIL}{TIMES}?\s*(?P<after>{POST})?"
    for match in re.finditer(pattern, text):
        value = number(match["n"], match["nx"])
        post = (match["post"] or "") + (match["after"] or "")
        above = bool(match["above"]) or bool(POST_ABOVE.search(post))
        below = bool(match["below"]) or bool(POST_BELOW.search(post))
        if value is None or above == below:
            continue
        side = "min" if above else "max"
        for kind in _quantity(text, match, value):
            _add(found, f"{kind}_{side}", _tidy(value))
        text = _blank(text, match)
    return text


def _quantity(text: str, match: re.Match[str], value: float) -> list[str]:
    if match["times"]:
        return ["orders"]
    if (
        not (match["cur"] or match["unit"])
        and 10 <= value <= 110
        and PEOPLE_BEFORE.search(text[: match.start()])
    ):
        return ["age"]
    before = [
        (named.start(), kinds)
        for pattern, kinds in QUANTITIES
        for named in re.finditer(pattern, text[: match.start()])
    ]
    after = [
        (-named.start(), kinds)
        for pattern, kinds in QUANTITIES
        for named in re.finditer(pattern, text[match.end() :])
    ]
    if before or after:
        return max(before or after)[1]
    if match["cur"] or match["unit"]:
        return ["price", "spend"]
    return ["price", "age"] if 10 <= value <= 100 else ["price"]


PEOPLE_BEFORE = re.compile(
    r"\b(?:customers?|households?|people|members?|shoppers?|buyers|clients?|users?|everyone|everybody|anyone|anybody|those|folks|ones|"
    r"(?:wo)?men|parents|owners|renters|tenants|singles|champions|regulars|them)(?: who(?:'re| are)?| that are| are| aged)?\s*$"
)
QUANTITIES = (
    (r"\bage[ds]?\b|\bold\b|年龄|岁", ["age"]),
    (r"income|earn|salary|收入|年薪|工资", ["income"]),
    (r"spen[dt]|worth|消费|花[了费]?|购买金额|total|客单", ["spend", "price"]),
    (r"\borders?\b|下单|订单", ["orders"]),
    (r"price|cost|cheap|价格|便宜|价位|预算|budget", ["price", "spend"]),
)


def _counts(text: str, found: Mentions) -> None:
    for match in re.finditer(
        rf"\b(?:top|best|first|推荐|给我|列出|来)\s*{number_pattern('n')}(?![\d%])|"
        rf"{number_pattern('m')}\s+(?:\w+\s+){{0,2}}?(?:products?|items?|recommendations?|ideas?|options?|things|suggestions?|reviews?|quotes?|versions?|variants?)\b|"
        rf"{number_pattern('z')}\s*(?:个|款|样|件|种|条|份|篇)(?!月|星期|礼拜|小时|季度|人|客户|顾客|会员|孩子|百分|家庭)",
        text,
    ):
        group = "n" if match["n"] else "m" if match["m"] else "z"
        value = number(match[group], match[group + "x"])
        if value and 1 <= value <= 1000 and value == int(value):
            _add(found, "count", int(value))


def _words(text: str, found: Mentions) -> None:
    lowered = text.lower()
    for kind, value, pattern in FIXED:
        if kind in EXCLUSIVE and kind in found:
            continue
        if kind in ("age_min", "age_max") and ("age_min" in found or "age_max" in found):
            continue
        if re.search(pattern, lowered):
            _add(found, kind, value)
    if "campaign_type" not in found and (named := OWN_TYPE.search(lowered)):
        _add(found, "campaign_type", next(name for name in named.groups() if name))


BACK = re.compile(
    r"\b(?:them|they|their|those|these|that group|this group|that segment|this segment|same (?:people|customers|audience|group))\b|"
    r"他们|她们|这些|这批|这群|那些|那批|该人群|这个人群|同一批|上面的|刚才"
)
ORDINALS = (
    (r"\bfirst\b|第一", 0), (r"\bsecond\b|第二", 1), (r"\bthird\b|第三", 2), (r"\bfourth\b|第四", 3), (r"\bfifth\b|第五", 4),
)  # fmt: skip
THIS = re.compile(
    r"\b(?:it|this (?:product|one|item)|that (?:product|one|item))\b|这个商品|这款|该商品|它|这个产品"
)


def refers_back(text: str) -> bool:
    """Whether the request points at people named earlier ('them', '这些客户')."""
    return bool(BACK.search(text.lower()))


def pointed_at(text: str, shown: list[int]) -> int | None:
    """Which of the products shown last is meant by 'the second one' or '这款'; None if none is."""
    if not shown:
        return None
    lowered = text.lower()
    for pattern, position in ORDINALS:
        if re.search(pattern, lowered) and position < len(shown):
            return shown[position]
    return shown[0] if THIS.search(lowered) else None
