"""Reads periods out of a request: 'in the last 8 weeks', 'since autumn', '本月', '2017年9月以来'.

Each period becomes one character of Unicode's private use area, so that the patterns of what was bought
can be written around it; what no pattern uses is put back as it stood.
"""

import re
from typing import Any

from shopwright.agent.numbers import number, number_pattern

FIRST_MARK = 0xE000
MOST = 64
MARK = f"[{chr(FIRST_MARK)}-{chr(FIRST_MARK + MOST - 1)}]"
DAYS = {
    "day": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365,
    "天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "季度": 90, "季": 90, "年": 365,
}  # fmt: skip
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
SEASONS_ZH = {"春": "spring", "夏": "summer", "秋": "autumn", "冬": "winter"}
NAMED_ZH = {
    "本周": "this_week", "这周": "this_week", "这个星期": "this_week", "上周": "last_week", "上个星期": "last_week",
    "本月": "this_month", "这个月": "this_month", "当月": "this_month", "上月": "last_month", "上个月": "last_month",
    "本季度": "this_quarter", "这个季度": "this_quarter", "本季": "this_quarter", "上季度": "last_quarter",
    "上个季度": "last_quarter", "今年": "this_year", "本年": "this_year", "去年": "last_year",
}  # fmt: skip
CALENDAR = rf"(?P<name>spring|summer|autumn|fall|winter|{'|'.join(MONTHS)}|q[1-4])"
ENGLISH = (
    re.compile(
        r"(?:\b(?:in|over|during|within|for|of|from)\s+)?(?:\bthe\s+|\bour\s+)?\b(?:last|past|previous)\s+"
        + number_pattern("n")
        + r"[\s-]*(?P<u>day|week|fortnight|month|quarter|year)s?\b"
    ),
    re.compile(
        r"(?:\b(?:in|over|during|within)\s+)(?:the\s+)(?:last|past)\s+(?P<u1>day|week|fortnight|month|quarter|year)\b"
    ),
    re.compile(
        r"(?:\b(?:in|during|over)\s+)?\b(?P<which>this|last|previous|current)\s+(?P<u2>week|month|quarter|year)\b"
    ),
    re.compile(
        rf"\b(?P<pre>in|during|since|before|after|until|from|this|last)\s+(?:the\s+)?(?:(?:start|beginning) of\s+)?(?:last\s+|this\s+)?{CALENDAR}\b(?:\s*,?\s*(?:of\s+)?(?P<y>20\d\d))?(?:\s+(?P<on>on|onwards?))?"
    ),
    re.compile(rf"\b{CALENDAR}\s+(?:of\s+)?(?P<y>20\d\d)\b"),
    re.compile(r"\b(?P<pre>in|during|since|before|after|until)\s+(?P<y>20\d\d)\b(?!-)"),
    re.compile(r"\b(?P<pre>since|before|after|until|from)\s+(?P<iso>20\d\d-\d\d?-\d\d?)\b"),
)
UNIT_ZH = r"(?P<u>天|日|周|星期|礼拜|月|季度|年)"
POST_ZH = r"(?P<post>以来|以后|之后|开始|起|以前|之前)?(?:的时候|里面|期间|之内|以内|内|里|中(?!国|式|老))?"
CHINESE = (
    re.compile(
        r"(?:在)?(?:最近|过去|近|前)(?:的)?\s*(?:"
        + number_pattern("n")
        + r"|(?P<half>半))\s*个?(?P<more>半)?"
        + UNIT_ZH
        + r"(?:以?来|之?内|以内|里|中)?"
    ),
    re.compile(rf"(?:自从?|从|在)?(?P<named>{'|'.join(sorted(NAMED_ZH, key=len, reverse=True))})(?![春夏秋冬\d一二三四五六七八九十第]){POST_ZH}"),
    re.compile(
        r"(?:自从?|从|在)?(?:(?P<y>20\d\d)年?|(?P<back>今年|去年))?的?(?P<season>[春夏秋冬])(?:天|季)" + POST_ZH
    ),
    re.compile(
        r"(?:自从?|从|在)?(?:(?P<y>20\d\d)年|(?P<back>今年|去年))?(?P<month>1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月份?(?!\d|[一二三四五六七八九十]+[号日])"
        + POST_ZH
    ),
    re.compile(r"(?:自从?|从|在)?(?:(?P<y>20\d\d)年|(?P<back>今年|去年))?第?(?P<q>[一二三四1-4])季度" + POST_ZH),
    re.compile(r"(?:自从?|从|在)?(?P<y>20\d\d)年" + POST_ZH),
)  # fmt: skip


class Periods:
    """The periods of one text, by mark. `marked` is the text with marks in their place."""

    def __init__(self, text: str) -> None:
        self._found: list[tuple[str, dict[str, Any]]] = []
        self.marked = text
        for pattern in (*ENGLISH, *CHINESE):
            self.marked = pattern.sub(self._take, self.marked)

    def __getitem__(self, mark: str) -> dict[str, Any]:
        """What a mark stands for: days, named, or name and year of the calendar; before, since, after."""
        return dict(self._found[ord(mark) - FIRST_MARK][1])

    def restored(self, text: str) -> str:
        """The text with the marks that are left in it written out again."""
        return re.sub(MARK, lambda mark: self._found[ord(mark[0]) - FIRST_MARK][0], text)

    def _take(self, match: re.Match[str]) -> str:
        meant = _meaning({key: value for key, value in match.groupdict().items() if value is not None})
        if meant is None or len(self._found) == MOST:
            return match[0]
        self._found.append((match[0], meant))
        return chr(FIRST_MARK + len(self._found) - 1)


def _meaning(said: dict[str, str]) -> dict[str, Any] | None:
    if "half" in said or "n" in said:
        return _rolling(said)
    if "u1" in said:
        return {"days": DAYS[said["u1"]]}
    if "u2" in said:
        return {"named": f"{'this' if said['which'] in ('this', 'current') else 'last'}_{said['u2']}"}
    side = _side(said)
    if "iso" in said:
        return {"start": said["iso"], **side}
    if "named" in said:
        return {"named": NAMED_ZH[said["named"]], **side}
    year = {"year": int(said["y"])} if "y" in said else {}
    back = {"years_back": 1 if said["back"] == "去年" else 0} if "back" in said else {}
    return {"name": _name(said), **year, **back, **side}


def _rolling(said: dict[str, str]) -> dict[str, Any] | None:
    value = 0.5 if "half" in said else number(said["n"], said.get("nx"))
    if value is None:
        return None
    whole = value + (0.5 if "more" in said else 0)
    unit = DAYS[said["u"]]
    days = 180 if (whole, unit) == (0.5, 365) else round(whole * unit)
    return {"days": days} if 0 < days <= 3650 else None


def _side(said: dict[str, str]) -> dict[str, bool]:
    words = f"{said.get('pre', '')} {said.get('post', '')} {said.get('on', '')}"
    if re.search(r"since|from|on\b|以来|开始|起", words):
        return {"since": True}
    if re.search(r"before|until|以前|之前", words):
        return {"before": True}
    return {"after": True} if re.search(r"after|以后|之后", words) else {}


def _name(said: dict[str, str]) -> str:
    if "season" in said:
        return SEASONS_ZH[said["season"]]
    if "month" in said:
        at = number(said["month"])
        return MONTHS[int(at or 1) - 1]
    if "q" in said:
        return f"q{int(number(said['q']) or 1)}"
    name = said.get("name", "")
    return "autumn" if name == "fall" else name
