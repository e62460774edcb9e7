"""Reads from a request what a customer filter says beyond single quantities.

Value, churn, lifecycle, tenure, consent, clusters and interests; and what was bought, or was not, in
which period: 'bought diapers but not wipes', 'stopped buying in autumn', '以前买咖啡但最近8周没买'. What is
read is blanked, so that the rules for single quantities read the rest.

Conditions are plain values: keys of CustomerFilter, except that kinds of product are words (`what`) and
periods are as agent/period_words.py reads them.
"""

import re
from collections.abc import Iterator
from typing import Any

from shopwright.agent.numbers import ABOVE, BELOW, MONEY, TAIL, number, number_pattern
from shopwright.agent.period_words import MARK, Periods
from shopwright.agent.purchase_words import read_purchases

Conditions = dict[str, Any]
PAUSE = 30  # days without an order from which a customer is no longer taken as loyal by recency

BOUND = rf"(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))?\s*{MONEY}{number_pattern('n')}{TAIL}"
UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365, "天": 1, "周": 7, "个月": 30, "月": 30, "年": 365}
PLAIN: tuple[tuple[str, Any, str], ...] = (
    ("value", "high", r"\bhigh(?:er|est)?[- ]value\b|\b(?:big|high|top) spenders?\b|高价值|高消费|高净值|大客户"),
    ("value", "low", r"\blow(?:er|est)?[- ]value\b|\blow spenders?\b|低价值|低消费"),
    ("value", "middle", r"\b(?:mid|middle|medium)[- ]value\b|中等价值|中价值"),
    ("frequency", "high", r"\b(?:frequent|heavy) (?:customers|buyers|shoppers|members)\b|\b(?:shop|buy|order)s? (?:very )?often\b|高频|经常购买的|频繁购买"),
    ("frequency", "low", r"\b(?:infrequent|rare|occasional) (?:customers|buyers|shoppers)\b|低频"),
    ("consent", False, r"\bopted[- ]out\b|\bunsubscribed\b|\bwithout (?:marketing )?consent\b|\b(?:not|never|n't|no) (?:agreed|consented|opted in|subscribed)(?: to (?:receive )?marketing)?|(?:未|没有?|不)(?:同意|授权|接受)(?:接收)?(?:营销|推广|推送)?"),
    ("consent", True, r"\bopted[- ]in\b|\bagreed to (?:receive )?marketing|\bwith (?:marketing )?consent\b|\bconsented(?: to marketing)?|\b(?:may|can) be (?:contacted|e-?mailed)|\bmarketable\b|(?:同意|接受)(?:接收)?(?:营销|推广)(?:信息|消息)?|可营销|可触达"),
    ("stage", "active", r"\bactive (?=customers|shoppers|buyers|members|clients|households)|(?<!不)活跃(?=的?(?:客户|顾客|用户|会员))"),
    ("stage", "new", r"\b(?:in the )?(?:lifecycle )?stage:? (?:is |of )?new\b|\bnew (?:lifecycle )?stage\b|新客阶段"),
    ("stage", "loyal", r"\b(?:lifecycle )?stage:? (?:is |of )?loyal\b|\bloyal (?:lifecycle )?stage\b|忠诚阶段"),
    ("stage", "at_risk", r"\b(?:lifecycle )?stage:? (?:is |of )?at[- ]risk\b|\bat[- ]risk (?:lifecycle )?stage\b|流失风险阶段"),
    ("stage", "lapsed", r"\b(?:lifecycle )?stage:? (?:is |of )?lapsed\b|\blapsed (?:lifecycle )?stage\b|已流失阶段"),
)  # fmt: skip
CHURNING = re.compile(
    r"\b(?:most |very )?(?:likely|about|going|expected) to (?:churn|leave|lapse)(?: us)?\b|\bhigh(?:est)? churn(?: risk| probability)?|"
    r"\bat risk of (?:churn(?:ing)?|leaving|lapsing)\b|\bchurn risks?\b|可能(?:会)?(?:要)?流失|(?:快要?|将要?|即将|容易|有)流失(?:的?风险)?|流失风险(?:高|大)?|流失概率高"
)
BEST = re.compile(
    r"\bchampions?\b|\bbest (?:customers|shoppers|buyers|clients)\b|核心客户|核心用户|最好的(?:客户|顾客|用户)|优质客户"
)
LOYAL = re.compile(r"\bloyal(?!ty)\b|\bregulars\b|\bregular customers\b|忠诚|忠实|老客户|老顾客|常客|回头客")
NEW = (
    r"(?:\bnew(?:ly (?:won|acquired|joined))? (?:customers?|shoppers?|buyers?|members?|clients?|households|families)|\bnewcomers|"
    r"\bfirst[- ]time (?:customers?|shoppers?|buyers?))"
)
JOINED = re.compile(
    rf"{NEW}(?:\s+(?:who|that))?(?:\s+(?:have\s+)?(?:joined|came|started|signed up))?\s*(?P<a>{MARK})|(?P<d>{MARK})(?:'s)?\s+{NEW}|"
    rf"\b(?:joined|signed up|registered|first (?:bought|ordered|purchased|shopped)|became (?:a )?customers?)(?:\s+(?:with )?us)?\s*(?P<b>{MARK})|"
    rf"(?P<c>{MARK})的?(?:新增|新来|新加入|首次下单|首次购买|首单|加入|注册)?的?(?:新客户?|新顾客|新用户|新会员|(?<=[新入册单买])的?(?:客户|顾客|用户|会员))"
)
LONGER = r"(?:more than|over|at least|longer than)"
TENURE = re.compile(
    rf"\b(?:been )?(?:customers?|members?|with us)(?: with us)? for {LONGER}\s+{number_pattern('n')}\s*(?P<u>day|week|month|year)s?|"
    rf"\bjoined {LONGER}\s+{number_pattern('m')}\s*(?P<v>day|week|month|year)s? ago|"
    rf"(?:入会|注册|加入|成为(?:会员|客户))(?:已)?(?:超过|满|至少)\s*{number_pattern('z')}\s*(?P<w>天|周|个月|年)(?:以上)?"
)
CHURN_BOUND = re.compile(
    rf"(?:churn (?:probability|risk|score|rate)|流失(?:概率|风险|可能性))\s*(?:is |of |为|在)?\s*(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))\s*(?P<n>\d+(?:\.\d+)?)\s*%(?P<post>以上|以下)?|"
    rf"(?:churn (?:probability|risk|score)|流失(?:概率|风险|可能性))\s*(?:is |of |为|在)?\s*(?P<m>\d+(?:\.\d+)?)\s*%\s*(?P<side>以上|以下|or more|or less)"
)
PREDICTED = re.compile(
    rf"(?:\b(?:expected|predicted|forecast|projected)(?: to)? (?:spend(?:ing)?|value|sales)(?: of)?|(?:预计|预测|预期)(?:未来)?\s*(?:{MARK})?的?\s*(?:消费|花费|价值)(?:额|金额)?)\s*(?:{MARK})?\s*{BOUND}(?:\s*{MARK})?"
)
AHEAD = re.compile(r"(?:\b(?:in|over|within) the next|未来)\s*(?:90|ninety|九十)\s*(?:days|天)")
CLUSTER = re.compile(
    r"\bcluster\s*(?:no\.?|number|#)?\s*(?P<a>\d{1,3})\b|(?:聚类|客群)\s*(?P<b>\d{1,3})|第\s*(?P<c>\d{1,3})\s*(?:类|聚类|客群)"
)
TAG = re.compile(
    r"\b(?:tagged(?: as| with)?|(?:interest )?tags?:?|interested in|with an interest in)\s+['\"“]?(?P<a>[a-z][a-z &/-]{1,40}?)['\"”]?(?=\s+(?:who|that|and|but|aged|over|under)\b|[,.;?!'\"”]|$)|"
    r"(?:标签(?:为|是|：)?|带有?)[“\"]?(?P<b>[\u4e00-\u9fff]{1,10}?)[”\"]?(?=的|标签|$)(?:标签)?|对(?P<c>[\u4e00-\u9fff]{1,10}?)(?:很)?感兴趣"
)
PETS = {"cat": "cat food", "dog": "dog food", "pet": "pet food", "bird": "bird food", "fish": "fish food",
        "kitten": "cat food", "puppy": "dog food", "猫": "猫粮", "狗": "狗粮", "宠物": "宠物食品", "鸟": "鸟食", "鱼": "鱼食"}  # fmt: skip
OWNERS = re.compile(
    r"\b(?P<a>cat|dog|pet|bird|fish|kitten|puppy)[- ](?:owners?|parents?|keepers?|families|people)\b|\b(?:own|have|keep|with) (?:a |an |any )?(?P<b>cat|dog|pet|bird|kitten|puppy)s?\b(?! food| litter| treat)|"
    r"(?:养|有)(?:了)?(?P<c>猫|狗|宠物|鸟|鱼)(?!粮|砂|零食|食|罐头)(?:的)?|(?P<d>猫|狗)(?:主人|奴|家长)|(?P<e>铲屎官)"
)


def read_conditions(text: str) -> tuple[str, Conditions]:
    """The lower-case text with what was read blanked, and the conditions read; {} for none."""
    found: Conditions = {}
    periods = Periods(AHEAD.sub(" ", text))
    rest = _read_joined(periods.marked, periods, found)
    rest = _read_tenure(rest, found)
    rest = _read_outlook(rest, found)
    rest = read_purchases(rest, periods, found)
    for key, value, pattern in PLAIN:
        if key not in found and re.search(pattern, rest):
            found[key] = value
            rest = re.sub(pattern, " ", rest)
    rest = _read_churning(rest, periods, found)
    rest = _read_tags(rest, found)
    return periods.restored(rest), found


def read_owners(text: str) -> tuple[str, str]:
    """The text without words such as 'cat owners', and the kind of product that they buy; '' for none."""
    match = OWNERS.search(text)
    if match is None:
        return text, ""
    kind = "猫" if match["e"] else match["a"] or match["b"] or match["c"] or match["d"]
    return _blanked(text, match), PETS[kind]


def _read_joined(text: str, periods: Periods, found: Conditions) -> str:
    match = JOINED.search(text)
    if match is None:
        return text
    found["joined"] = periods[match["a"] or match["b"] or match["c"] or match["d"]]
    return _blanked(text, match)


def _read_tenure(text: str, found: Conditions) -> str:
    match = TENURE.search(text)
    if match is None:
        return text
    which = next(name for name in "nmz" if match[name])
    value, unit = number(match[which], match[f"{which}x"]), match["u"] or match["v"] or match["w"]
    if value is None:
        return text
    found["tenure_min_days"] = round(value * UNIT_DAYS[unit])
    return _blanked(text, match)


def _read_outlook(text: str, found: Conditions) -> str:
    """Bounds on the churn probability and on predicted spend; clusters."""
    for match in list(CHURN_BOUND.finditer(text)):
        value = float(match["n"] or match["m"]) / 100
        below = bool(match["below"]) or (match["post"] or match["side"]) in ("以下", "or less")
        if value <= 1:
            found["churn_max" if below else "churn_min"] = value
            text = _blanked(text, match)
    for match in list(PREDICTED.finditer(text)):
        bound = number(match["n"], match["nx"])
        if bound is not None:
            below = bool(match["below"]) or (match["post"] or "") in ("以下", "以内", "or less")
            found["predicted_max" if below else "predicted_min"] = bound
            text = _blanked(text, match)
    cluster = CLUSTER.search(text)
    if cluster:
        found["cluster"] = int(cluster["a"] or cluster["b"] or cluster["c"])
        text = _blanked(text, cluster)
    return text


def _read_churning(text: str, periods: Periods, found: Conditions) -> str:
    """Loyal and best customers who leave: their value or frequency, and the leaving, both as conditions.

    The named segments are cells of one grid and exclude each other, so 'loyal customers likely to churn'
    cannot be two of them: leaving is then the lifecycle stage, which goes by each customer's own rhythm.
    Alone, each word keeps its named segment.
    """
    leaving = CHURNING.search(text)
    if leaving and ("value" in found or "frequency" in found or LOYAL.search(text) or BEST.search(text)):
        found.setdefault("stage", "at_risk")
        text = _blanked(text, leaving)
    if not (leaving or "churn_min" in found or _paused(text, periods, found)):
        return text
    for key, pattern in (("frequency", LOYAL), ("value", BEST)):
        match = pattern.search(text)
        if match and key not in found:
            found[key] = "high"
            text = pattern.sub(" ", text)
    return text


def _paused(text: str, periods: Periods, found: Conditions) -> bool:
    """Whether the request is about customers who have bought nothing for a while."""
    if any(not rule["bought"] and not rule.get("what") for rule in found.get("purchases", ())):
        return True
    if not re.search(
        r"haven'?t|hasn'?t|have not|has not|didn'?t|did not|no order|not (?:bought|ordered|shopped)|inactive|没|未(?!来)|不再",
        text,
    ):
        return False
    days = [periods[mark].get("days", 0) for mark in re.findall(MARK, text)]
    return max(days, default=0) >= PAUSE


def _read_tags(text: str, found: Conditions) -> str:
    for match in list(TAG.finditer(text)):
        found.setdefault("tags", []).append((match["a"] or match["b"] or match["c"]).strip())
        text = _blanked(text, match)
    return text


def _blanked(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]


def clauses(text: str) -> Iterator[str]:
    """The parts of a text between commas and sentence ends; not those within numbers."""
    for clause in re.split(r"[，；。！？;!?\n]|,(?!\d{3})|(?<!\d)\.|\.(?!\d)", text):
        if clause.strip():
            yield clause
