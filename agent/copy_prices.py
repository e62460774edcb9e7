"""Amounts and discounts of a copy: each is the product's price, or follows from price and offer exactly."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shopwright.agent.copy_facts import Copy, CopyProblem, asked_for
from shopwright.agent.numbers import number

ZH = r"[零〇一二两三四五六七八九十百千万]+"
EN = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety)"
)
NUM = r"\d[\d,]*(?:\.\d+)?"
MONEY = re.compile(
    rf"(?P<symbol>US\$|[$€£¥￥])\s*(?P<a>{NUM})|"
    rf"(?P<b>{NUM}|{ZH})\s*(?P<unit>元|块钱|美元|美金|欧元|英镑|人民币)|"
    rf"(?P<c>\d+)块(?P<jiao>\d?)(?=[\d，。！,.!\s~～]|$)|"
    rf"(?:(?P<d>{NUM})|\b(?P<e>{EN}))[ -]?(?P<word>dollars?|bucks|usd|rmb|yuan|euros?|cents?)\b",
    re.IGNORECASE,
)
CURRENCIES: Mapping[str, str] = {
    "us$": "$", "$": "$", "美元": "$", "美金": "$", "dollar": "$", "buck": "$", "usd": "$", "cent": "",
    "¥": "¥", "￥": "¥", "元": "", "块钱": "", "人民币": "¥", "rmb": "¥", "yuan": "¥",
    "€": "€", "欧元": "€", "euro": "€", "£": "£", "英镑": "£",
}  # fmt: skip
FORMER = re.compile(
    r"(?:\b(?:was|were|originally|regular(?:ly)?(?: price)?|normally|usually|list price|rrp|instead of|"
    r"down from|reduced from)|"
    r"原价|平时|市场价|专柜价|零售价|划线价|吊牌价|日常价|原来)[^\d\w]{0,6}$",
    re.IGNORECASE,
)
REDUCED = re.compile(
    r"(?:\b(?:sale price|discounted price|after (?:the )?discount|offer price|"
    r"with (?:the )?discount)(?: is| of)?|"
    r"折后价?|到手价?|券后价?|活动价|优惠价|特价|促销价|抢购价)(?:只要|仅需|仅|为|是)?[^\d\w]{0,6}$",
    re.IGNORECASE,
)
SAVED = re.compile(r"(?:\b(?:save|saving|off)\b|立省|节省|省下?|立减|直降|便宜)[^\d\w]{0,4}$", re.IGNORECASE)
SAVED_AFTER = re.compile(r"^\s*(?:off|less|cheaper|discount)\b", re.IGNORECASE)
OFF = re.compile(
    rf"(?:(?P<up>up to|as much as|低至|高达)\s*)?(?:(?P<n>{NUM})\s*(?:[%％]|per ?cent)|"
    rf"\b(?P<w>{EN})[ -]per ?cent)"
    r"[ -]*(?:off|discounts?|less|cheaper|reduction|savings?)\b|"
    rf"(?:\b(?:sav(?:e|ing)|discount of|reduced by|reduction of|cut by|less)|优惠|立减|直降|便宜|节省|"
    rf"降价|减|省|让利)"
    rf"\s*(?P<up2>up to|as much as|高达|最高)?\s*(?:(?P<m>{NUM})\s*(?:[%％]|per ?cent)|百分之(?P<z>{ZH}))|"
    r"(?P<half>\bhalf[- ](?:price|off)\b|\bhalf the price\b|半价|对折)|"
    rf"(?P<up3>低至|最低)?\s*(?P<fold>\d+(?:\.\d+)?|"
    rf"[一二三四五六七八九](?:点?[一二三四五六七八九])?)\s*折(?!叠|扇|痕|页)(?P<up4>起)?",
    re.IGNORECASE,
)  # fmt: skip
OFFERED = re.compile(
    r"\bspecial offers?\b|\b(?:discounts?|discounted|on sale|on offer|reduced price|better deals?|"
    r"great deals?(?! of)|"
    r"amazing deals?|hot deals?|save (?:big|more|money|now|today)|big savings?)\b|折扣|打折|特价|促销|"
    r"大促|让利|降价|甩卖|优惠",
    re.IGNORECASE,
)
MULTIPLES = {2: r"2|two|both|pair|两|二", 3: r"3|three|三", 4: r"4|four|四", 5: r"5|five|五", 6: r"6|six|六"}


@dataclass(frozen=True)
class Amount:
    """An amount of money as the text says it, and the words before and after it."""

    said: str
    value: float
    currency: str
    before: str
    after: str


def amounts(text: str) -> list[Amount]:
    """Every amount of money in a text."""
    found = []
    for match in MONEY.finditer(text):
        value = _value(match)
        if value is not None:
            unit = (match["symbol"] or match["unit"] or match["word"] or "").lower().rstrip("s")
            before, after = text[max(0, match.start() - 30) : match.start()], text[match.end() :][:30]
            found.append(Amount(match[0].strip(), value, CURRENCIES.get(unit, ""), before, after))
    return found


def discounts(text: str) -> list[tuple[str, float, bool]]:
    """Every discount in a text: as said, in percent, and whether it is only the most of a range."""
    found = []
    for match in OFF.finditer(text):
        most = any(match[key] for key in ("up", "up2", "up3", "up4"))
        value = _percent(match)
        if value is not None:
            found.append((match[0].strip(), value, most))
    return found


def prices(copy: Copy) -> Iterator[CopyProblem]:
    """Amounts that are not the product's price, its price after the discount, or what that saves."""
    licensed = {amount.value for amount in amounts(asked_for(copy))}
    symbol = CURRENCIES.get(str(copy.facts.get("currency") or "").strip().lower(), "")
    for amount in amounts(copy.without_names):
        if symbol and amount.currency and amount.currency != symbol:
            yield CopyProblem("price", f"{amount.said} is in another currency than the shop's", True)
        elif amount.value not in licensed:
            wrong = _wrong(copy, amount)
            if wrong:
                yield CopyProblem("price", f"{amount.said} {wrong}", True)


def parity(copy: Copy) -> Iterator[CopyProblem]:
    """Discounts other than the one offered, offers where there is none, and an offer left out."""
    text, offered = copy.without_names, copy.discount
    licensed = {value for _, value, _ in discounts(asked_for(copy))}
    ranged = any(most for _, _, most in discounts(asked_for(copy)))
    stated = discounts(text)
    for said, value, most in stated:
        if not any(_close(value, one, 0.01) for one in {*licensed, offered} if one is not None):
            held = f"the offer is {offered:g}% off" if offered else "there is no offer"
            yield CopyProblem("discount", f"“{said}” means {value:g}% off, and {held}", True)
        elif most and not ranged:
            yield CopyProblem("discount", f"“{said}” makes a range of a fixed offer", True)
    if offered:
        right = any(_close(value, offered, 0.01) for _, value, _ in stated)
        if not right and not any(_reduced(copy, amount) for amount in amounts(text)):
            yield CopyProblem("discount", f"the offer of {offered:g}% off is left out")
    elif not stated and (said_at := OFFERED.search(text)) and not OFFERED.search(asked_for(copy)):
        yield CopyProblem("discount", f"“{said_at[0]}” speaks of an offer, and there is none")


def _wrong(copy: Copy, amount: Amount) -> str:
    """What is wrong with an amount; empty when nothing is."""
    price, offered = copy.price, copy.discount
    if price is None:
        return "is a price, and the facts hold none"
    sale = price * (1 - offered / 100) if offered else price
    saved = bool(SAVED.search(amount.before) or SAVED_AFTER.search(amount.after))
    if saved:
        return "" if offered and _near(amount, price - sale) else "is not what the offer saves"
    if FORMER.search(amount.before):
        return "" if offered and _near(amount, price) else "is no former price that the facts hold"
    if REDUCED.search(amount.before):
        return "" if offered and _near(amount, sale) else "is not the price after the discount"
    around = amount.before + amount.after
    allowed = [price, sale] + [
        count * one
        for count, words in MULTIPLES.items()
        if re.search(rf"(?<![\d.])(?:{words})(?![\d.])", around, re.IGNORECASE)
        for one in (price, sale)
    ]
    return (
        "" if any(_near(amount, one) for one in allowed) else "does not follow from the price and the offer"
    )


def _reduced(copy: Copy, amount: Amount) -> bool:
    price, offered = copy.price, copy.discount
    return bool(price and offered) and _near(amount, (price or 0) * (1 - (offered or 0) / 100))


def _near(amount: Amount, value: float) -> bool:
    """Equal to the cent; from 1,000 on, whole units are shown."""
    return _close(amount.value, value, 0.5 if value >= 1000 and amount.value == int(amount.value) else 0.005)


def _close(one: float, other: float, within: float) -> bool:
    return abs(one - other) <= within + 1e-9


def _value(match: re.Match[str]) -> float | None:
    if match["c"]:
        return float(match["c"]) + (float(match["jiao"]) / 10 if match["jiao"] else 0.0)
    said = (match["a"] or match["b"] or match["d"] or match["e"]).rstrip(",")
    value = number(said) if not said[0].isdigit() else float(said.replace(",", ""))
    if value is not None and (match["word"] or "").lower().startswith("cent"):
        return value / 100
    return value


def _percent(match: re.Match[str]) -> float | None:
    if match["half"]:
        return 50.0
    if match["fold"]:
        return _fold(match["fold"])
    said = match["n"] or match["m"]
    if said:
        return float(said.replace(",", "").rstrip("."))
    return number(match["w"] or match["z"])


def _fold(said: str) -> float | None:
    """What N折 takes off, percent: 8折 and 八折 are 20, 8.5折, 85折 and 八五折 are 15."""
    if not said[0].isdigit():
        digits = [number(c) for c in said.replace("点", "")]
        said = "".join(f"{d:g}" for d in digits if d is not None)
    value = float(said)
    if "." not in said and value >= 10:
        value /= 10
    return round(100 - 10 * value, 6) if 0 < value < 10 else None
