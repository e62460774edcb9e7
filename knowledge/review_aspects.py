"""Sides of a thing that reviews speak of (battery, service, price ...): finding them, and how they fare.

Aspects are found by a hand-made list of words (review_aspects.csv), which finds more of them than
embeddings do in Chinese. How an aspect fares is judged from all clauses that mention it, joined; one
without an opinion word of its own says too little and borrows its neighbours.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shopwright.knowledge.sentiment_text import clauses, normalise

WORDS = Path(__file__).parent / "review_aspects.csv"


@dataclass(frozen=True)
class AspectWords:
    """An aspect and the words that mean it in each language."""

    key: str
    name: str
    name_zh: str
    words: dict[str, tuple[str, ...]]
    patterns: dict[str, re.Pattern[str]]


@dataclass(frozen=True)
class Mention:
    """What a review says of one aspect: the clauses that mention it, with their neighbours."""

    aspect: str
    text: str


@cache
def aspects() -> dict[str, AspectWords]:
    """All aspects by key, in the order of the list."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        words = {language: tuple(row[language].split("|")) for language in ("en", "zh")}
        english = "|".join(sorted(map(re.escape, words["en"]), key=len, reverse=True))
        patterns = {
            "en": re.compile(rf"\b(?:{english})\b", re.IGNORECASE),
            "zh": re.compile("|".join(map(re.escape, words["zh"])), re.IGNORECASE),
        }
        found[row["key"]] = AspectWords(row["key"], row["name"], row["name_zh"], words, patterns)
    return found


def resolve_aspect(text: str) -> str | None:
    """The key of the aspect that a person's words mean ('battery life', 电池), or None."""
    wanted = normalise(text).lower().strip(" .?!。？！")
    for key, aspect in aspects().items():
        if wanted in (key, aspect.name, aspect.name_zh):
            return key
    for key, aspect in aspects().items():
        if wanted in aspect.words["en"] or wanted in aspect.words["zh"]:
            return key
    best = max(aspects().values(), key=lambda aspect: _overlap(aspect, wanted), default=None)
    return best.key if best and _overlap(best, wanted) else None


def mentions(text: str, language: str, speaks: Callable[[str], bool]) -> Iterator[Mention]:
    """Each aspect that the text mentions, once, with what is said of it.

    `speaks` tells whether a clause holds an opinion word; a clause without one borrows the clauses beside
    it, unless they speak of another aspect.
    """
    parts = clauses(normalise(text), language)
    patterns = {key: aspect.patterns[language] for key, aspect in aspects().items()}
    about = [{key for key, pattern in patterns.items() if pattern.search(part)} for part in parts]
    for key in dict.fromkeys(key for part in about for key in part):
        hits = [at for at, keys in enumerate(about) if key in keys]
        near = set(hits)
        for at in hits:
            if not speaks(parts[at]):
                near.update(by for by in (at - 1, at + 1) if 0 <= by < len(parts) and not about[by])
        yield Mention(key, ("，" if language == "zh" else ", ").join(parts[at] for at in sorted(near)))


def _overlap(aspect: AspectWords, wanted: str) -> int:
    """Characters of `wanted` that are words of the aspect, if they are at least half of it; else 0."""
    found = sum(len(hit) for pattern in aspect.patterns.values() for hit in set(pattern.findall(wanted)))
    return found if 2 * found >= len(wanted) else 0
