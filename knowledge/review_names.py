"""Names of brands and products in reviews: a gazetteer, the shop's own catalogue, and slips of the pen.

Known names stand in review_names.csv; brands and product names of the catalogue and the subjects of the
reviews join them. A Latin word that misses a name of five letters or more by one letter counts as it.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shopwright.knowledge.sentiment_text import HAN, normalise

NAMES = Path(__file__).parent / "review_names.csv"
_LATIN = re.compile(r"[a-z0-9][a-z0-9.'é\-]*[a-z0-9]")
_HAN = re.compile(f"[{HAN}]+")
_FUZZY = 5  # letters from which a word may miss a name by one
_LONGEST = 4  # words of a name, and twice this many characters of a Chinese one
_KINDS = {"national", "private"}  # brand kinds of the demo shop, which are no names
_COMMON = {  # words that miss a name by one letter and mean something else
    "apply", "applet", "adapter", "asset", "cannot", "canyon", "delta", "inter", "minor", "motel", "noble",
    "seller", "sunny", "vivid", "nikki",
}  # fmt: skip


@cache
def gazetteer() -> dict[str, str]:
    """Name by each lower-case word for it."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        return {word: row["name"] for row in csv.DictReader(file) for word in row["words"].split("|")}


@cache
def chinese_names() -> dict[str, str]:
    """The Chinese name by the name."""
    with NAMES.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["name_zh"] for row in csv.DictReader(file)}


@dataclass(frozen=True)
class NameFinder:
    """Finds names in texts: `words` are the words for a name, `near` their spellings short of one letter."""

    words: dict[str, str]
    near: dict[str, str]

    @classmethod
    def of(cls, names: Iterable[str] = ()) -> "NameFinder":
        """A finder of the gazetteer's names and of `names` (brands and products of the shop)."""
        words = dict(gazetteer())
        for name in names:
            key = normalise(name).lower().strip()
            if len(key) > 1 and key not in _KINDS and key not in words:
                words[key] = name
        near: dict[str, str] = {}
        for word, name in words.items():
            if len(word) >= _FUZZY and word.isascii() and word.isalpha():
                for short in _shortened(word):
                    near.setdefault(short, name)
        return cls(words, near)

    def find(self, text: str) -> set[str]:
        """The names in a text."""
        lowered = normalise(text).lower()
        return {*self._latin(lowered), *self._chinese(lowered)}

    def _latin(self, text: str) -> Iterator[str]:
        tokens = _LATIN.findall(text)
        for at, token in enumerate(tokens):
            for size in range(1, _LONGEST + 1):
                name = self.words.get(" ".join(tokens[at : at + size]))
                if name:
                    yield name
            stem = token.removesuffix("'s")
            name = self.words.get(stem) or self._nearly(stem)
            if name:
                yield name

    def _nearly(self, token: str) -> str | None:
        if len(token) <= _FUZZY or not token.isalpha() or token in _COMMON:
            return None
        tried = (self.near.get(short) or self.words.get(short) for short in _shortened(token))
        return self.near.get(token) or next(filter(None, tried), None)

    def _chinese(self, text: str) -> Iterator[str]:
        for run in _HAN.findall(text):
            for at in range(len(run)):
                for size in range(2, 2 * _LONGEST + 1):
                    name = self.words.get(run[at : at + size])
                    if name and at + size <= len(run):
                        yield name


def _shortened(word: str) -> Iterator[str]:
    """The word without one of its letters; the first stays, since slips seldom touch it."""
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))
