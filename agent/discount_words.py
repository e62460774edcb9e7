"""Reads discounts: a percentage is one only near words of discounts, or in a request for an offer.

'90% of customers redeem' and '95% positive' are shares: they are blanked, and are no discount.
"""

import re

from shopwright.agent.numbers import number

PERCENT = re.compile(
    r"(?P<n>\d+(?:\.\d+)?)\s*(?:%|percent|per cent|pct\b|个?百分点)|百分之(?P<c>[零一二两三四五六七八九十百]+)"
)
FOLD = re.compile(r"(?P<n>\d+(?:\.\d+)?|[一二三四五六七八九]{1,2})\s*折(?!扣)")
HALF = re.compile(r"\bhalf[- ]?(?:the )?price|\bhalf off|半价|五折|对折|打对折")
AFTER = re.compile(
    r"\s*[- ]?\s*(?:的)?(?:off\b|discounts?\b|coupons?\b|vouchers?\b|rebates?\b|reductions?\b|(?:price )?cuts?\b|sales?\b|cheaper|deals?\b|"
    r"promo|markdown|折扣|优惠|让利|降价|减免|券|便宜)"
)
BEFORE = re.compile(
    r"(?:discount\w*|off|sav(?:e|es|ing)|reduced?|reducing|cut|lower(?:ed)?|markdown|marked down|rebate|offer|deal)\s*(?:(?:prices?|it|them|this|is|was|were|"
    r"be|of|at|to|by|up|a|with|now|stays?|still|:|would|will|should)\s*){0,3}$|(?:折扣|优惠|让利|降价?|便宜|减免?|立减|打)(?:力度|幅度)?(?:了|到|为|是|改成|换成|约|大约)?\s*$"
)
SHARE = re.compile(
    r"redeem|redemption|response|respond|convert|conversion|positive|negative|satisf|probab|churn|share|confiden|margin|chance|likel|"
    r"open(?:ed|s)? rate|click|growth|grew|grow\b|increase|raise|rise|higher|more expensive|(?:of|among) (?:the |our |all |these |those |my )*(?:customers|shoppers|buyers|"
    r"people|households|members|users|clients|orders|sales|reviews|revenue|them|families)|核销|占|好评|差评|满意|概率|比例|比重|毛利|增长|上涨|涨|"
    r"提价|提高|转化|点击|响应|打开率|把握|可能|的(?:客户|顾客|用户|会员|人|订单|销售)"
)
OFFER = re.compile(
    r"\bwrite|\bdraft|\bcopy\b|\bsms\b|\btexts?\b|e-?mail|newsletter|\bpush\b|\bposts?\b|banner|poster|caption|campaign|promot|\boffer|\bdeal|\bsale\b|coupon|"
    r"voucher|mailing|discount|\bad\b|文案|短信|邮件|推送|海报|横幅|微信|公众号|小红书|微博|朋友圈|抖音|活动|促销|券|折|优惠|特价|预测"
)
BRIEF = 30  # characters of a follow-up such as 'make it 25% instead'


def read_discounts(clause: str, whole: str) -> tuple[str, list[int | float]]:
    """The clause with percentages blanked, and the discounts among them, in percent; `whole` is the request.

    Impossible ones are among them, so that somebody says so.
    """
    found: list[int | float] = []
    for match in PERCENT.finditer(clause):
        value = number(match["n"] or match["c"])
        if value is not None and _is_discount(clause, match, whole):
            found.append(_tidy(value))
        clause = _blanked(clause, match)
    for match in FOLD.finditer(clause):
        value = _folded(match["n"])
        paid = 0.0 if value is None else value / 10 if value < 10 else value / 100
        if 0 < paid < 1:
            found.append(_tidy(round(100 * (1 - paid), 2)))
        clause = _blanked(clause, match)
    if HALF.search(clause):
        found.append(50)
    return clause, list(dict.fromkeys(found))


def _is_discount(clause: str, match: re.Match[str], whole: str) -> bool:
    before, after = clause[: match.start()], clause[match.end() :]
    if AFTER.match(after) or BEFORE.search(before):
        return True
    if SHARE.search(clause):
        return False
    return bool(OFFER.search(whole)) or len(whole) <= BRIEF


def _folded(text: str) -> float | None:
    """'8', '八五' and '85' of a price in tenths or hundredths."""
    if len(text) == 2 and not text.isascii() and "十" not in text:
        digits = [number(character) for character in text]
        return None if None in digits else float(10 * (digits[0] or 0) + (digits[1] or 0))
    return number(text)


def _tidy(value: float) -> int | float:
    return int(value) if value == int(value) else value


def _blanked(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
