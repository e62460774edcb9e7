"""Reads ids, ages, durations, money, percentages and fixed words out of a request, in code.

A small model confuses units ('half a year' became six days) and directions ('under 30' became a
minimum). So every argument that is a quantity or an id is read here by rules, and the model only
chooses among what was read. An argument whose kind is not mentioned is not offered to it at all.
"""

import re
from typing import Any

from shopwright.agent.group_words import group_of, read_save, read_saved, read_sides
from shopwright.agent.numbers import ABOVE, BELOW, DIGITS, MONEY, TAIL, number, number_pattern
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
    found: Mentions = {}
    text = text.translate(str.maketrans("０１２３４５６７８９％＄￥，", "0123456789%$¥，"))
    text, name = read_save(text)
    if name:
        _add(found, "segment_name", name)
    sides = read_sides(text)
    for kind, side in zip(("first_group", "second_group"), sides or (), strict=False):
        _add(found, kind, read_group(side, saved))
    text, named = read_saved(text, saved)
    rest, conditions = read_conditions(text.lower())
    rest, owned = read_owners(rest)
    if owned:
        _add(found, "owned", owned)
    if conditions or named:
        _add(found, "conditions", {**conditions, **({"saved": named} if named else {})})
    left = []
    for clause in clauses(rest):
        for reader in (_ids, _percent, _durations, _ages, _audience, _comparisons):
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
    plain = PLAIN_BOUGHT.search(read_saved(text, saved)[0].lower())
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
        if int(match["id"]) <= MAX_ID:
            _add(found, "order_id" if len(match["id"]) >= 10 else "product_id", int(match["id"]))
            if len(match["id"]) >= 10:
                text = _blank(text, match)
    return text


def _percent(text: str, found: Mentions) -> str:
    for match in re.finditer(
        r"(?P<n>\d+(?:\.\d+)?)\s*(?:%|percent|per cent|个?百分点)|百分之(?P<c>[零一二两三四五六七八九十百]+)",
        text,
    ):
        value = number(match["n"] or match["c"])
        if value is not None and 0 <= value <= 100:
            _add(found, "discount_percent", _tidy(value))
        text = _blank(text, match)
    for match in re.finditer(r"(?P<n>\d+(?:\.\d+)?|[一二三四五六七八九]{1,2})\s*折(?!扣)", text):
        value = number(match["n"])
        if value:
            paid = value / 10 if value < 10 else value / 100
            if 0 < paid < 1:
                _add(found, "discount_percent", _tidy(round(100 * (1 - paid), 2)))
        text = _blank(text, match)
    if re.search(r"half[- ]price|半价|五折", text):
        _add(found, "discount_percent", 50)
    return text


DAYS = {
    "day": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365,
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季度": 90, "年": 365,
}  # fmt: skip
NEGATED = re.compile(
    r"haven'?t|hasn'?t|have not|has not|had not|didn'?t|did not|don'?t|\bno (?:order|purchase|buy)|not (?:bought|purchased|"
    r"shopped|ordered|visited|been)|without|inactive|stopped|lapsed|absent|gone|quiet|since they last|"
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


def _ages(text: str, found: Mentions) -> str:
    for match in re.finditer(
        r"(?P<a>\d{1,3})\s*(?:-|–|—|~|to|and|到|至)\s*(?P<b>\d{1,3})\s*(?P<u>岁|years?|yrs?|year-olds?|之间)?",
        text,
    ):
        low, high = int(match["a"]), int(match["b"])
        asked = match["u"] or re.search(
            r"\bage|\bold\b|\byoung|岁|年龄|customers|shoppers|households|people", text
        )
        if asked and 10 <= low <= high <= 120 and not re.search(r"[$¥]|元|块|dollar|price|income|收入", text):
            _add(found, "age_min", low)
            _add(found, "age_max", high)
            text = _blank(text, match)
    for match in re.finditer(
        r"\bin (?:their|his|her) (?P<d>[2-9]0)s|(?P<z>[二三四五六七八九])十(?:多|几)岁", text
    ):
        low = int(match["d"]) if match["d"] else DIGITS[match["z"]] * 10
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


def _comparisons(text: str, found: Mentions) -> str:
    pattern = rf"(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))?\s*{MONEY}{number_pattern('n')}{TAIL}(?P<times>\s*(?:orders|purchases|times|次|单|笔))?(?P<after>以上|以下)?"
    for match in re.finditer(pattern, text):
        value = number(match["n"], match["nx"])
        post = (match["post"] or "") + (match["after"] or "")
        above = bool(match["above"]) or bool(re.search(r"以上|or more|and up|\+", post))
        below = bool(match["below"]) or bool(re.search(r"以下|以内|之内|or less", post))
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


QUANTITIES = (
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


FIXED: tuple[tuple[str, Value, str], ...] = (
    ("has_children", False, r"without (?:any )?(?:kids|children)|no (?:kids|children)|childless|没有?(?:孩子|小孩|子女|娃)|无(?:孩|子女)|丁克"),
    ("has_children", True, r"(?:with|have|has|having) (?:young |small )?(?:kids|children|babies|a baby)|\bfamilies\b|\bparents\b|\bmoms?\b|有(?:孩子|小孩|子女|娃|宝宝)|带娃|宝妈|家长"),
    ("married", False, r"\bunmarried\b|\bsingles?\b|not married|未婚|单身"),
    ("married", True, r"\bmarried\b|已婚|结了婚"),
    ("homeowner", False, r"\brent(?:ers?|ing|s)?\b|租房|租客|没有房"),
    ("homeowner", True, r"\bhome ?owners?\b|own (?:their|a) (?:own )?(?:home|house)|有房|业主|自有住房|房主"),
    ("uses_coupons", False, r"(?:never|don'?t|do not|didn'?t|haven'?t|not)\s+(?:ever\s+)?(?:used?|redeem(?:ed)?)\s+(?:any\s+|a\s+)?coupons?|(?:没用?过?|不用|未使用过?|从不用|没有用过)(?:优惠)?券"),
    ("uses_coupons", True, r"coupon (?:users|redeemers|lovers)|(?:use|used|using|uses|redeem|redeemed|redeems) (?:a |their )?coupons?|(?:用过?|使用过?|喜欢用|爱用|常用|领过?)(?:优惠)?券"),
    ("age_max", 34, r"\byoung(?:er)? (?:customers|people|shoppers|adults|households|families)|年轻(?:人|客户|顾客|用户|家庭|群体)"),
    ("age_min", 65, r"\bseniors?\b|\belderly\b|\bretire(?:d|es)\b|\bpensioners?\b|老年|老人|银发|退休"),
    ("channel", "sms", r"\bsms\b|\btext(?:s|ing)?(?: message)?s?\b(?! to me)|短信"),
    ("channel", "email", r"\be-?mails?\b|\bnewsletter\b|邮件|电邮|邮箱"),
    ("channel", "wechat", r"\bwe ?chat\b|微信|公众号|朋友圈"),
    ("channel", "xiaohongshu", r"\bxiao ?hong ?shu\b|\bred ?note\b|小红书"),
    ("channel", "weibo", r"\bweibo\b|微博"),
    ("channel", "push", r"\bpush(?: notifications?)?\b|推送|弹窗通知"),
    ("channel", "social", r"\bsocial(?: media)?\b|\binstagram\b|\bfacebook\b|\btwitter\b|\btiktok\b|\bdouyin\b|抖音|社交媒体|社媒"),
    ("channel", "banner", r"\bbanners?\b|\bposters?\b|横幅|海报"),
    ("language", "en", r"\bin english\b|\benglish\b|英文|英语"),
    ("language", "zh", r"\bin chinese\b|\bchinese\b|\bmandarin\b|中文|汉语"),
    ("sentiment", "negative", r"\bnegative\b|\bcomplain(?:ts?|ing)?\b|\bbad reviews?\b|\bdislike|\bhate|\bunhappy\b|差评|抱怨|吐槽|不满|负面|缺点|投诉"),
    ("sentiment", "positive", r"\bpositive\b|\bprais(?:e|ing)\b|\bgood reviews?\b|\blike best\b|\blove\b|好评|夸|优点|正面|称赞|喜欢"),
    ("campaign_type", "A", r"\btype[- ]?a\b|\ba-type\b|a\s*[类型]|[类型]\s*a\b"),
    ("campaign_type", "B", r"\btype[- ]?b\b|\bb-type\b|b\s*[类型]|[类型]\s*b\b"),
    ("campaign_type", "C", r"\btype[- ]?c\b|\bc-type\b|c\s*[类型]|[类型]\s*c\b"),
    ("segment", "champions", r"\bchampions?\b|\bbest (?:customers|shoppers|buyers|clients)|\bmost valuable\b|\bvips?\b|\btop (?:customers|shoppers|buyers|clients)|\bbiggest spenders|\bhigh[- ]value\b|核心客户|核心用户|最好的(?:客户|顾客|用户)|最有价值|高价值|最优质|优质客户|大客户|贵宾"),
    ("segment", "loyal", r"\bloyal(?!ty)\b|\bregulars\b|\bregular customers|\bfaithful\b|忠诚|忠实|老客户|老顾客|常客|回头客"),
    ("segment", "potential_loyalists", r"\bpotential loyalists?\b|\bcould become loyal|潜力客户|潜在忠诚|有潜力"),
    ("segment", "new_customers", r"\bnew (?:customers|shoppers|buyers|clients|members)|\bnewcomers\b|\brecently joined|\bfirst[- ]time (?:customers|buyers|shoppers)|新客|新顾客|新用户|新会员"),
    ("segment", "promising", r"\bpromising\b|有望客户|有希望的客户"),
    ("segment", "needs_attention", r"\bneeds? attention\b|需要关注"),
    ("segment", "about_to_sleep", r"\babout to (?:sleep|fall asleep)|\bfalling asleep|即将沉睡|快要沉睡|快沉睡"),
    ("segment", "cant_lose", r"\bcan'?t lose\b|\bcannot (?:afford to )?lose\b|\bcan'?t afford to lose|不能流失|不能失去|不想失去"),
    ("segment", "at_risk", r"\bat[- ]risk\b|\bat risk of\b|\bchurn|\b(?:about|likely|going) to leave|\bleaving us|\bslipping away|\bdrifting away|\blosing\b|\bused to (?:buy|shop|order|come|spend)|流失风险|可能流失|可能会流失|快(?:要)?流失|将要流失|要流失|流失的?风险|即将流失|容易流失|有流失"),
    ("segment", "hibernating", r"\bhibernat|\blapsed\b|\bdormant\b|\bsleeping (?:customers|members)|\blost customers|\binactive (?:customers|members)|\bstopped (?:buying|shopping|ordering|coming)|\bwin(?:ning)? (?:\w+ )?back\b|(?<!即将)(?<!快要)(?<!快)沉睡|休眠|已流失|不再购买|不再来|停止购买|挽回|召回|很久没来|流失了的|流失客户(?!风险)"),
    ("buying", True, r"\bbuy(?:s|ing|ers?)?\b|\bbought\b|\bpurchas|\bowners?\b|\blovers?\b|\bdrinkers?\b|\beaters?\b|\bfans of\b|\bshop(?:s|ped|ping)? for\b(?!\s+(?:\S+\s+){0,2}(?:days?|weeks?|months?|years?)\b)|买|购|养|爱喝|爱吃|喜欢喝|喜欢吃"),
    ("new_only", True, r"\bnever (?:bought|tried|purchased)|\bhaven'?t (?:bought|tried) (?:yet|before)|\bnew to (?:them|him|her)|\bsomething new\b|没买过的|没试过|新品尝试"),
    ("mode", "buy_again", r"\bbuy(?:ing)? again\b|\bre-?(?:buy|order|purchase|stock)\b|\breplenish|复购|回购|再次购买|再买"),
)  # fmt: skip
EXCLUSIVE = ("has_children", "married", "homeowner", "uses_coupons", "segment")


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


# A campaign type by a name of the shop's own: 'a campaign of type summer', '活动类型为夏季'.
OWN_TYPE = re.compile(
    r"\btype[- ]+[\"'“‘]?([a-z0-9][\w-]{1,30})[\"'”’]? (?:campaign|coupon|offer|promotion)s?\b|"
    r"\b(?:campaign|coupon|offer|promotion)s? of (?:the )?type[- ]+[\"'“‘]?([a-z0-9][\w-]{1,30})|"
    r"类型(?:为|是|：|:)\s*[“\"「]?([\w\u4e00-\u9fff]{1,12}?)(?:[”\"」]|的|，|。|,|$)"
)


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
