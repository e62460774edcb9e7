"""Numbers in digits and in words, in English and Chinese: '1,200', 'twelve', '一千二百', '5万'."""

import re

DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "俩": 2}
UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
WORDS = {
    word: value
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12, "hundred": 100, "a": 1, "an": 1}  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS |= {f"{ten}-{one}": WORDS[ten] + WORDS[one] for ten in TENS for one in list(WORDS)[1:10]}
MULTIPLIERS = {
    "k": 1e3,
    "m": 1e6,
    "thousand": 1e3,
    "million": 1e6,
    "hundred": 1e2,
    "w": 1e4,
    "千": 1e3,
    "万": 1e4,
    "百": 1e2,
    "亿": 1e8,
}
NUM = (
    r"(?P<{0}>\d[\d,]*(?:\.\d+)?|[零一二两三四五六七八九十百千]+|\b(?:{words})\b)(?:\s*(?P<{0}x>k|m|w|hundred|thousand|million|千|万|百|亿)(?![a-z]))?"
).replace(
    "{words}", "|".join(w.replace("-", "[- ]") for w in sorted(WORDS, key=len, reverse=True) if len(w) > 2)
)

ABOVE = (
    r"at least|more (?:often )?than|over|above|exceed(?:s|ing)?|greater than|(?:no|not) (?:less|fewer) than|upwards? of|north of|beyond|"
    r"minimum(?: of)?|超过|大于等于|大于|高于|不低于|不少于|不下于?|起码|至少|多过|满|多于"
)
BELOW = (
    r"at most|(?<!no )(?<!not )(?:less|fewer) than|under|below|cheaper than|up to|no more than|not more than|within|"
    r"maximum(?: of)?|不超过|不大于|不高于|不多于|小于等于|小于|低于|少于|少过|最多|至多|不到|不足|便宜过"
)
MONEY = r"(?P<cur>[$¥€£])?\s*"
POST = r"及?以上|及?以下|以内|之内|往上|起步|or more|or above|or over|and up|and above|and over|upwards|or less|or fewer|or below|or under|and below|and under|at (?:least|most)|minimum|maximum|\+"
POST_ABOVE = re.compile(r"以上|往上|起步|or more|above|over|up|at least|minimum|\+")
POST_BELOW = re.compile(r"以下|以内|之内|less|fewer|below|under|at most|maximum")
TAIL = rf"\s*(?P<unit>dollars?|usd|bucks|yuan|rmb|cny|元|块钱?|美元|美金|刀)?\s*(?P<post>{POST})?"


def number_pattern(name: str) -> str:
    """A pattern of a number as group `name`, and of its multiplier as group `name`x."""
    return NUM.replace("{0}", name)


def number(text: str, multiplier: str | None = None) -> float | None:
    """The value of '1,200', '二十', 'two' or '1.5' with '万'; None if it is none of these."""
    value: float | None
    text = re.sub(r"(?<=y) (?=[a-z])", "-", text.strip().lower())
    if re.fullmatch(r"\d[\d,]*(\.\d+)?", text):
        value = float(text.replace(",", ""))
    elif text in WORDS:
        value = float(WORDS[text])
    else:
        value = _chinese(text)
    return None if value is None else value * MULTIPLIERS.get((multiplier or "").lower(), 1)


def _chinese(text: str) -> float | None:
    if not text or any(c not in DIGITS and c not in UNITS for c in text):
        return None
    total, digit = 0, 0
    for c in text:
        if c in UNITS:
            total += (digit or 1) * UNITS[c]
            digit = 0
        else:
            digit = (
                digit * 10 + DIGITS[c]
                if digit and text[-1] in DIGITS and not set(text) & set(UNITS)
                else DIGITS[c]
            )
    return float(total + digit)
