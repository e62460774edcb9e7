"""Which words of a request about customers no rule has used, so that an answer can say so.

A condition that was not understood must not quietly widen a group to everybody. What is told must
plausibly be one: words of asking, of time, amount and courtesy, and words that only say 'customers', are
no conditions. They stand in asking_words.csv; its Chinese function words are those of jieba's dictionary
(MIT) that are pronouns, adverbs, prepositions, conjunctions or particles there.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

_WORDS = Path(__file__).parent / "asking_words.csv"
TOKEN = re.compile(
    r"[a-z][a-z'’-]*|\d[\d.,]*\s*(?:%|years?(?: old)?\b|days?\b|weeks?\b|months?\b|周岁|岁|天|周|个月|年)?"
)
HAN = re.compile(r"[\u3400-\u9fff]+")
_ADVERB = re.compile(r"(?!family|elderly|lonely|friendly|sickly|homely|fly\b|ally\b|daily\b)[a-z]{3,}ly$")
# 'for the board meeting', 'for my deck': what an answer is for, not whom it is about. Plurals may be people.
_PURPOSE = re.compile(
    r"\bfor (?:the|our|my|a|an|this|next|tomorrow'?s|today'?s|\w+day'?s)(?: [a-z]+){0,2} [a-z]*[a-rt-z]\b(?=\s*(?:[.,;:?!|]|$))"
)
_COUNTED = re.compile(
    r"第?[零一二三四五六七八九十百千万亿两几多半]+[个位名户家口人次笔单款样种类群批件条张份篇段句项门拨伙档级层组队元块岁年月日天周季成点折倍头回]*$"
)
MOST = 6


@cache
def _said(language: str) -> frozenset[str]:
    with _WORDS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == language]
    return frozenset(word for row in rows for word in row["words"].split())


def unused_words(rest: str, read: Mapping[str, Sequence[object]]) -> list[str]:
    """The words of `rest`, lower-case text from which everything understood is blanked, that say something.

    Words next to each other stay together ('pink unicorns'); numbers that stand among what was `read` are
    used. At most six.
    """
    numbers = {str(value) for values in read.values() for value in values}
    rest = _PURPOSE.sub(lambda match: "," * len(match[0]), rest)
    runs: list[list[str]] = [[]]
    end = 0
    for match in TOKEN.finditer(rest):
        word = match[0].strip("'’-., ")
        if not word or word in numbers or _known(word):
            continue
        if runs[-1] and rest[end : match.start()].strip(" ") == "" and match.start() - end <= 1:
            runs[-1].append(word)
        else:
            runs.append([word])
        end = match.end()
    found = [
        " ".join(run) for run in runs if run and any(len(word) > 2 or not word.isalpha() for word in run)
    ]
    chinese = [word for run in HAN.findall(rest) for word in _unsaid(run)]
    return list(dict.fromkeys([*found, *chinese]))[:MOST]


def _known(word: str) -> bool:
    said = _said("en")
    plain = re.sub(r"(?:n['’]t|['’](?:s|re|ve|ll|d|m)?)$", "", word)
    if plain in said or plain.removesuffix("s") in said or _ADVERB.match(plain):
        return True
    return "-" in plain and all(part in said for part in plain.split("-"))


@lru_cache(maxsize=256)
def _unsaid(run: str) -> tuple[str, ...]:
    """What a run of Chinese characters says beyond asking, of two characters at least."""
    if not "".join(_covered(run)).strip():
        return ()
    found, last = [""], False
    for word in _words(run):
        content = not _is_said(word)
        if content and not last:
            found.append("")
        if content:
            found[-1] += word
        last = content
    return tuple(word for word in found if len(word) > 1)


def _covered(run: str) -> Iterator[str]:
    """The run with the longest words of asking blanked, from left to right."""
    at = 0
    while at < len(run):
        length = next((n for n in range(min(6, len(run) - at), 0, -1) if _is_said(run[at : at + n])), 0)
        yield " " * length if length else run[at]
        at += length or 1


def _is_said(word: str) -> bool:
    if word in _said("zh") or _COUNTED.match(word):
        return True
    return any(word[:at] in _said("zh") and word[at:] in _said("zh") for at in _seams(word))


def _seams(word: str) -> Iterator[int]:
    """Where a word of three characters or more may be two words; words of two are words of their own."""
    return iter(range(1, len(word))) if len(word) > 2 else iter(())


def _words(run: str) -> list[str]:
    """The run as jieba cuts it; its dictionary is loaded on first use, in about a second."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    return [str(word) for word in jieba.cut(run, HMM=False)]
