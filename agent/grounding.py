"""Binds what an answer says to the evidence it rests on."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shopwright.agent.numbers import WORDS, number
from shopwright.agent.turn import Evidence, Step
from shopwright.tools.base import ToolResult

NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
WORDED = re.compile(
    r"(?P<zh>[一二三四五六七八九两]?[十百千万]+[一二三四五六七八九十百千万]*|[二三四五六七八九两])(?=成|折|倍|%|个百分点|万|千|百|元|块|天|周|个月|年|位|人|名|单|次)|"
    r"百分之(?P<per>[一二三四五六七八九十百]+)|"
    rf"\b(?P<en>{'|'.join(w for w in WORDS if len(w) > 2 and w != 'one')})\b(?=\s+(?:percent|per cent|times|dollars|customers|households|orders|days|weeks|months|years))",
    re.IGNORECASE,
)
QUOTED = re.compile(r"《([^》]{2,80})》|\*\*([^*]{2,80})\*\*")
CLAIMS = re.compile(
    r"\b(?:free shipping|free delivery|for free|buy one,? get one|bogo|guarantee[ds]?|organic|clinically|doctor|cures?|"
    r"award[- ]winning|best[- ]selling|number one|limited[- ]time|today only|while stocks last|money[- ]back|% off|discounts?|save up to|half price|"
    r"special offers?|better deals?|highest quality|brand[- ]new|latest|famous|world[- ]class)\b|"
    r"包邮|免费|买一送一|赠品|赠送|有机|医生|治疗|疗效|第一品牌|销量第一|全网最低|最低价|限时|仅限今日|假一赔|折扣|打折|折优惠|\d折|半价|立减|满减|返现|"
    r"最新|新品|新款|品质保证|质量保证|知名品牌|性价比|特别优惠|超值优惠|高质量|高品质|优质|天然|健康|营养|全麦|无添加|低脂|无糖|进口|手工|环保|新鲜烘焙|"
    r"\b(?:sustainabl[ey]|natural(?:ly)?|health(?:y|ier)|nutritious|eco[- ]friendly|hand[- ]?made|home[- ]?made|low[- ]fat|sugar[- ]free|"
    r"gluten[- ]free|vegan|imported|high[- ]quality|premium quality|locally sourced|freshly baked)\b",
    re.IGNORECASE,
)
BOUNDARY = re.compile(r"(?<=[。！？\n])|(?<=[.!?])(?=\s)")
ENDED = re.compile(r"[。！？.!?…~」”\"'）)\]]\W*$")
CURRENCY = r"[$€£¥￥]"
MONEY = re.compile(
    rf"{CURRENCY}\s*(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s*(?:元|块|美元|dollars?|usd|cents?)",
    re.IGNORECASE,
)
NAMED = re.compile(r"[A-Za-z][A-Za-z-]*\d+[A-Za-z0-9]*")
WORDS_AT_ALL = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]{2,}")
FRACTION = re.compile(
    r"[一二三四五六七八九十]+分之[一二三四五六七八九十]+|(?:^|[^一])(?:大|超过|近)?[一]?半(?:的|以上|数)|"
    r"\b(?:one|two|three)[- ](?:half|third|thirds|quarter|quarters|fifths?)\b|\bhalf of\b|\bmost of our\b|\bdoubled?\b|\btwice\b",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(r"\[[^\]]*\]|【[您你][^】]*】|[￥¥$]\s*[￥¥$]")
GAP = re.compile(
    r"(?<=[\u3400-\u9fff]) +(?=[人位个名单天元次款种年月%])|\$(?!\s*\d)|(?<![\d\s])\s*%| {2,}(?=\S)|第 "
)
PERCENT = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(?:%|％|percent|per cent)", re.IGNORECASE)


def numbers_in(text: str) -> list[str]:
    """Every numeral in `text`, as written, in order and without repeats."""
    return list(dict.fromkeys(match[0].rstrip(",") for match in NUMERAL.finditer(text)))


def _value(numeral: str) -> float:
    return float(numeral.replace(",", ""))


@dataclass(frozen=True)
class Source:
    """One line that numbers may come from."""

    step: str
    tool: str
    line: str


class Binder:
    """Holds the evidence of one turn and checks text against it."""

    def __init__(self, sources: Iterable[Source], *, copy: bool = False, worded: bool = True) -> None:
        self._sources = list(sources)
        self._by_value: dict[float, Source] = {}
        for source in self._sources:
            for numeral in numbers_in(source.line):
                self._by_value.setdefault(_value(numeral), source)
        self._money = {_value(m[0] or m[1]) for source in self._sources for m in MONEY.findall(source.line)}
        self._percent = {_value(m) for source in self._sources for m in PERCENT.findall(source.line)}
        self._all = "\n".join(source.line for source in self._sources).lower()
        self._copy = copy
        self._worded = worded

    @classmethod
    def of(cls, step: Step | None, result: ToolResult | None, request: str) -> "Binder":
        """The evidence of a turn: each line of the tool's result, its arguments, the person's own words."""
        if step is None or result is None:
            return cls([Source("", "request", request)], worded=False)
        written = [result.text, result.headline, result.appendix]
        lines = dict.fromkeys(line.strip("-> ").strip() for text in written for line in text.splitlines())
        sources = [Source(step.id, step.tool, line) for line in lines if line]
        sources += [Source(step.id, step.tool, f"{key}: {value}") for key, value in step.arguments.items()]
        return cls(sources, copy=result.is_copy)

    @property
    def numbers(self) -> list[str]:
        """The numerals that text may hold."""
        return list(dict.fromkeys(n for source in self._sources for n in numbers_in(source.line)))

    @property
    def numbers_in_names(self) -> list[str]:
        """Names that hold digits, such as MP3, whole."""
        return list(dict.fromkeys(name for source in self._sources for name in NAMED.findall(source.line)))

    def problem(self, text: str) -> str:
        """Why `text` cannot be bound to the evidence; empty when it can."""
        for numeral in numbers_in(text):
            if _value(numeral) not in self._by_value:
                return f"held the number {numeral}, which is not in the facts"
        for match in MONEY.finditer(text):
            if _value(match[1] or match[2]) not in self._money:
                return f"gave the amount {match[0].strip()}, which is not in the facts"
        for match in PERCENT.finditer(text):
            if _value(match[1]) not in self._percent:
                return f"gave the percentage {match[0].strip()}, which is not in the facts"
        for match in WORDED.finditer(text):
            words = match["zh"] or match["per"] or match["en"]
            value = number(words)
            if value is not None and value not in self._by_value:
                return f"held the number {match[0]}, which is not in the facts"
        fraction = FRACTION.search(text)
        if fraction and fraction[0].lower() not in self._all:
            return f"held the share {fraction[0]}, which is not in the facts"
        if PLACEHOLDER.search(text):
            return "held a placeholder"
        if text.strip() and not WORDS_AT_ALL.search(text) and not numbers_in(text):
            return "held no words"
        if GAP.search(text):
            return "left a gap where a figure would be"
        for match in QUOTED.finditer(text):
            name = (match[1] or match[2]).lower()
            if not self._copy and name not in self._all and not set(name) <= set("0123456789.,%$ "):
                return f"named {match[0]}, which is not in the facts"
        if self._worded:
            for match in CLAIMS.finditer(text):
                if match[0].lower() not in self._all and not self._offers(match[0]):
                    return f"claimed “{match[0]}”, which is not in the facts"
        return ""

    def _offers(self, claim: str) -> bool:
        """Whether a discount claim is backed by an offer among the facts."""
        about_discount = re.search(r"off|discount|save|折|优惠|减", claim, re.IGNORECASE)
        return bool(about_discount) and bool(re.search(r"% off|\d折", self._all))

    def evidence(self, text: str) -> list[Evidence]:
        """Each number of `text` with the line that holds it; numbers of the request have no step."""
        found = []
        for numeral in numbers_in(text):
            source = self._by_value.get(_value(numeral))
            if source is not None:
                found.append(Evidence(claim=numeral, step=source.step, tool=source.tool, source=source.line))
        return found


def sentences(pieces: Iterable[str]) -> Iterator[str]:
    """Cuts streamed pieces at sentence ends, so that each claim is whole when it is checked."""
    buffer = ""
    for piece in pieces:
        buffer += piece
        parts = [part for part in BOUNDARY.split(buffer) if part]
        if len(parts) > 1:
            yield from parts[:-1]
            buffer = parts[-1]
    if buffer:
        yield buffer


def ended(text: str) -> bool:
    """Whether `text` ends as a sentence does."""
    return bool(ENDED.search(text.rstrip()))
