"""Reads what customers bought or did not buy, and when; periods are marks (agent/period_words.py).

The rules:
- 'Stopped buying in autumn': bought before autumn began, and nothing since it began. 'Used to buy coffee
  but not in the last 8 weeks': bought it before these weeks, and not in them.
- Without a period, stopping means 60 days.
- 'A but not B': bought A, never B.
- 'A and B': both; 'A or B': one of them.
"""

import re
from typing import Any

from shopwright.agent.numbers import (
    ABOVE,
    BELOW,
    MONEY,
    POST,
    POST_ABOVE,
    POST_BELOW,
    TAIL,
    number,
    number_pattern,
)
from shopwright.agent.period_words import MARK, Periods

Rule = dict[str, Any]
STOPPED_DAYS = 60

P = rf"(?:{MARK})"
BUY = r"(?:(?:have |has |had )?(?:bought|purchased|ordered)|buy(?:s|ing)?|purchas(?:e|es|ing)|order(?:s|ing)?|(?:shop(?:s|ped|ping)?) for)"
NOT = r"(?:(?:have|has|had|did|do|does)(?:n'?t| not)|never|no longer|not|without)(?: ever| yet)?"
ENDS = (
    rf"(?=\s*(?:[,.;?!:]|$|{P}|\b(?:but|who|whose|that|which|with|over|under|aged|more than|at least|less than|for|from|lately|recently|any ?more|yet|"
    r"before|again|and (?:have|has|had|did|do|who|are|is|then|not|never|live|own|spent|spend|rent|use)|in their)\b))"
)
WHAT = (
    r"(?:any |some |our |the )?(?P<{0}>(?!but\b|not\b|who\b|more\b|at\b|over\b|for\b|from\b|in\b|less\b|again\b|often\b)[a-z][a-z0-9'&/ -]{{0,48}}?)"
    + ENDS
)
ZH_BUY = r"(?:购买过?|买过?了?|下过?了?(?:订?单|订购)过?|订购过?|订过|光顾过?|来(?:买过?(?:东西)?|购买过?|下过?单过?|消费过?|购物过?|逛过?|店里?过?|过)?|逛过?|消费过?|购过?物过?|进过?店)"
ZH_NOT = r"(?:都|却|就|已经|已|但|一次|一直)*(?:从来没有?|从没|从未|没有|没|未(?!来)|不再|没再|不|停止了?)(?:再|怎么|曾)?"
ZH_ENDS = rf"(?=的|但|却|而|可是|[，,。？?！!；;、]|$|{P}|且|并|又|和没|客户|顾客|用户|会员|家庭|有多少|人数)"
ZH_WHAT = r"(?P<{0}>(?!的|但|却|而)[\u4e00-\u9fffa-z0-9]{{1,12}}?)" + ZH_ENDS
BUT_ZH = r"[，,\s]*(?:但是?|可是|却|而|不过)?[，,\s]*"
ANYTHING = re.compile(
    r"^(?:any ?thing|some ?thing|things?|nothing|products?|items?|stuff|goods|here|again|us|from us|much|it|them|lately|recently|before|yet|any ?more|orders?|.*\b(?:day|week|month|year)s?|"
    r"(?:任何)?(?:东西|商品|产品|货|订?单)|过|了|任何|任何东西|[来去再]?(?:下|购买?|买|消费|光顾|订购?|逛)(?:过|了|过?单|单过|东西)*|订单|购物|东西了)?$"
)
FILLER = re.compile(
    r"^(?:a lot of|lots of|any|some|our|the|a|an|more)\s+|(?:任何|一些|类|的)$|\s+(?:at all|products|items)$"
)


def _w(pattern: str, name: str) -> str:
    return pattern.replace("{0}", name).replace("{{", "{").replace("}}", "}")


EN_STOPPED = re.compile(
    rf"\b(?:(?:have |has )?stopped|quit|ceased|gave up)\s+(?:buying|purchasing|ordering|shopping(?: for)?|coming)\b(?:\s+{_w(WHAT, 'a')})?\s*(?P<p>{P})?"
)
EN_USED = re.compile(
    rf"\bused to (?:buy|purchase|order|shop for|get)\s+{_w(WHAT, 'a')}(?:\s*,?\s*but\s+(?:{NOT}|stopped)(?:\s+(?:buying|{BUY}))?(?:\s+(?:it|them|any|so))?(?:\s+{_w(WHAT, 'b')})?\s*(?P<p>{P})?)?"
)
EN_BUT = re.compile(
    rf"\b{BUY}\s+{_w(WHAT, 'a')}\s*(?P<p>{P})?\s*,?\s*(?:but|and)\s+(?:{NOT}|no)(?:\s+{BUY})?(?:\s+(?:it|them))?(?:\s+{_w(WHAT, 'b')})?\s*(?P<q>{P})?"
)
EN_NOT = re.compile(
    rf"\b{NOT}\s+(?:ever )?{BUY}(?:\s+{_w(WHAT, 'a')})?\s*(?P<p>{P})?|\b(?:no|nothing) (?:orders?|purchases?|bought)\s*(?P<q>{P})"
)
EN_BOUGHT = re.compile(rf"(?:(?P<q>{P})\s*,?\s*(?:have |has )?)?\b{BUY}\s+{_w(WHAT, 'a')}\s*(?P<p>{P})?")
BOUND = rf"(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))?\s*{MONEY}{number_pattern('n')}{TAIL}"
SPENT = re.compile(
    rf"(?:(?P<q>{P})[，,]?\s*(?:have |has |内|里|中)?(?:累计|总共|一共|总)?)?(?:\b(?:spent|spends?|spending)\b|(?:消费|花费|花了?|购买金额)(?:额|金额)?了?(?:在)?)\s*{BOUND}(?:\s+on\s+{_w(WHAT, 'a')})?\s*(?P<p>{P})?"
)
TIMES = re.compile(
    rf"(?:(?P<q>{P})[，,]?\s*(?:内|里|中)?)?(?:\b(?:ordered|bought|purchased|shopped|placed|made|with|have|came|visited)\b|下单|购买|买|消费|来)(?:了|过)?\s*(?:(?P<above>{ABOVE})|(?P<below>{BELOW}))?\s*"
    + number_pattern("n")
    + rf"\s*(?P<unit>times|orders|purchases|visits|次|单|笔|回)(?:\s*(?P<post>{POST}))?\s*(?P<p>{P})?"
)
ZH_STOPPED = re.compile(
    rf"(?P<p>{P})?(?:就|后|起|开始)?(?:不再|停止了?|没再|就没再|没有再){ZH_BUY}(?:{_w(ZH_WHAT, 'a')})?"
)
ZH_USED = re.compile(
    rf"(?:以前|过去|曾经?|之前|原来|原本)(?:经常|常常?|总是|会)?{ZH_BUY}{_w(ZH_WHAT, 'a')}{BUT_ZH}(?P<p>{P})?[，,]?{ZH_NOT}{ZH_BUY}(?:{_w(ZH_WHAT, 'b')})?(?P<q>{P})?"
)
ZH_BUT = re.compile(
    rf"(?P<p>{P})?(?:都)?(?<![没未不再])(?:购买过?|买过?了?){_w(ZH_WHAT, 'a')}{BUT_ZH}(?P<q>{P})?{ZH_NOT}{ZH_BUY}(?:{_w(ZH_WHAT, 'b')})?"
)
ZH_NOT_BOUGHT = re.compile(rf"(?P<p>{P})?[，,]?{ZH_NOT}{ZH_BUY}(?:{_w(ZH_WHAT, 'a')})?")
ZH_BOUGHT = re.compile(rf"(?P<p>{P})(?:都|曾|有)?(?:购买过?|买过?了?){_w(ZH_WHAT, 'a')}")


def read_purchases(text: str, periods: Periods, found: dict[str, Any]) -> str:
    """Add the rules read to found['purchases']; what was read is blanked in the text that comes back."""
    rules: list[Rule] = []
    for pattern, meaning in (
        (SPENT, _spent), (TIMES, _times), (EN_STOPPED, _stopped), (EN_USED, _used), (ZH_USED, _used),
        (ZH_STOPPED, _stopped), (EN_BUT, _but), (ZH_BUT, _but), (EN_NOT, _not_bought), (ZH_NOT_BOUGHT, _not_bought),
        (EN_BOUGHT, _bought), (ZH_BOUGHT, _bought),
    ):  # fmt: skip
        for match in list(pattern.finditer(text)):
            read = meaning(match, periods)
            if read:
                rules += [rule for rule in read if rule not in rules]
                text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
    if rules:
        found["purchases"] = rules
    return text


def _part(match: re.Match[str], name: str) -> str:
    return (match.groupdict().get(name) or "").strip()


def _period(match: re.Match[str], periods: Periods, *names: str) -> dict[str, Any] | None:
    mark = next((match.groupdict()[name] for name in names if match.groupdict().get(name)), None)
    return periods[mark] if mark else None


def kinds(words: str) -> list[list[str]]:
    """The kinds of product that words name: a list for each that must be there, of alternatives."""
    parts = re.split(r"\s+and\s+|\s*,\s*|\s*&\s*|和|及|、|以及", words.strip())
    found = [[_plain(option) for option in re.split(r"\s+or\s+|或者?", part)] for part in parts]
    return [
        kept for options in found if (kept := [option for option in options if not ANYTHING.match(option)])
    ]


def _plain(words: str) -> str:
    before = ""
    while before != words:
        before, words = words, FILLER.sub("", words.strip())
    return words


def _rules(words: str, period: dict[str, Any] | None, *, bought: bool = True) -> list[Rule]:
    when = {"period": period} if period else {}
    wanted = kinds(words)
    if not bought:  # none of all the kinds
        every = [option for options in wanted for option in options]
        wanted = [every] if every else []
    return [{"bought": bought, "what": options, **when} for options in wanted] or [{"bought": bought, **when}]


def _split(period: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """All time before a period began, and all since."""
    period = {"days": STOPPED_DAYS} if period is None else period
    plain = {key: value for key, value in period.items() if key not in ("since", "before", "after")}
    return {**plain, "before": True}, plain if "days" in plain else {**plain, "since": True}


def _stopped(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, period = _part(match, "a"), _period(match, periods, "p")
    if period is None and not kinds(words):
        return []
    before, since = _split(period)
    return [*_rules(words, before), *_rules(words, since, bought=False)]


def _used(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, other = _part(match, "a"), _part(match, "b")
    period = _period(match, periods, "p", "q")
    if not kinds(words) and period is None:
        return []
    before, since = _split(period)
    return [*_rules(words, before), *_rules(other if kinds(other) else words, since, bought=False)]


def _but(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, other = _part(match, "a"), _part(match, "b")
    first, second = _period(match, periods, "p"), _period(match, periods, "q")
    if not kinds(words) or not (kinds(other) or second):
        return []
    if kinds(other):
        return [*_rules(words, first), *_rules(other, second, bought=False)]
    before, since = _split(second)
    return [*_rules(words, first or before), *_rules(words, since, bought=False)]


def _not_bought(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, period = _part(match, "a"), _period(match, periods, "p", "q")
    if not kinds(words) and (period is None or set(period) == {"days"}):
        return []  # days without any order are an argument of their own
    return _rules(words, period, bought=False)


def _bought(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, period = _part(match, "a"), _period(match, periods, "p", "q")
    if period is None or (not kinds(words) and set(period) == {"days"}):
        return []
    return _rules(words, period)


def _spent(match: re.Match[str], periods: Periods) -> list[Rule]:
    words, period = _part(match, "a"), _period(match, periods, "p", "q")
    side = _side(match)
    value = number(match["n"], match["nx"])
    if value is None or not side or (period is None and not kinds(words)):
        return []
    return [{**rule, f"spend_{side}": value} for rule in _rules(words, period)]


def _times(match: re.Match[str], periods: Periods) -> list[Rule]:
    period, value = _period(match, periods, "p", "q"), number(match["n"], match["nx"])
    if value is None or period is None:
        return []
    bound = {f"orders_{side}": round(value) for side in ([_side(match)] if _side(match) else ["min", "max"])}
    return [{"bought": True, "period": period, **bound}]


def _side(match: re.Match[str]) -> str:
    post = match.groupdict().get("post") or ""
    if match["above"] or POST_ABOVE.search(post):
        return "min"
    return "max" if match["below"] or POST_BELOW.search(post) else ""
