"""Words of a text in English and Chinese, and how much of a query a text's words cover."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

# Words that say nothing about which product or rule is meant.
EMPTY_EN = frozenset({
    "a", "an", "the", "for", "of", "to", "in", "on", "with", "and", "or", "my", "me", "i", "we",
    "our", "us", "you", "your", "can", "could", "what", "which", "who", "how", "something",
    "anything", "some", "any", "is", "are", "was", "it", "its", "that", "this", "these", "those",
    "from", "at", "by", "be", "do", "does", "did", "use", "need", "want", "get", "got", "have", "has",
    "thing", "things", "stuff", "item", "items", "product", "products", "buy", "bought", "find",
    "show", "please", "looking", "look", "give", "let", "like", "make", "there", "where", "when",
    "if", "not", "no", "will", "would", "should", "about"
})  # fmt: skip
EMPTY_ZH = frozenset("的了吗呢么吧啊是在和与或我你他她们给要买有个些点用能可以哪这那请想")
UNITS = {
    "盎司": "oz", "磅": "lb", "毫升": "ml", "千克": "kg", "公斤": "kg", "克": "g", "升": "l", "加仑": "gal",
    "liter": "l", "litre": "l", "liters": "l", "litres": "l", "ounce": "oz", "ounces": "oz", "pound": "lb",
    "pounds": "lb", "lbs": "lb", "gallon": "gal", "gallons": "gal", "ga": "gal", "count": "ct", "pack": "pk",
    "quart": "qt", "pint": "pt", "oz": "oz", "lb": "lb", "ml": "ml", "kg": "kg", "l": "l", "gal": "gal",
    "ct": "ct", "pk": "pk", "qt": "qt", "pt": "pt", "g": "g",
}  # fmt: skip
_SIZE = re.compile(r"(\d*\.?\d+)[\s-]*(" + "|".join(sorted(UNITS, key=len, reverse=True)) + r")(?![a-z])")
_SYMBOL = re.compile(r"[^\w\s.,;:!?'’&%/+#()\-，。；：！？、（）“”《》￥$€£·]|_")
_BLANK = re.compile(r"\s+")
_LATIN = re.compile(r"[a-z0-9][a-z0-9'.]*")
_HAN = re.compile(r"[\u3400-\u9fff]+")


def spoken(text: str) -> str:
    """The text without control characters, emoji and other symbols; empty when no letter or digit is left."""
    kept = _BLANK.sub(" ", _SYMBOL.sub(" ", text)).strip()
    return kept if any(map(str.isalnum, kept)) else ""


def has_chinese(text: str) -> bool:
    """Whether the text holds a Chinese character."""
    return _HAN.search(text) is not None


def stem(word: str) -> str:
    """An English word without its plural ending; rough, and the same for texts and queries."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "toes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


def latin_words(text: str) -> list[str]:
    """The English words that carry meaning, stemmed, in order."""
    words = (word.strip("'.").removesuffix("'s") for word in _LATIN.findall(text.lower()))
    return [stem(word) for word in words if word and word not in EMPTY_EN]


def words(text: str) -> list[str]:
    """Terms to compare texts by: stemmed English words, Chinese pairs of characters, sizes such as 12oz."""
    lowered = text.lower()
    found = [f"{float(number):g}{UNITS[unit]}" for number, unit in _SIZE.findall(lowered)]
    found += latin_words(lowered)
    for run in _HAN.findall(lowered):
        kept = "".join(character for character in run if character not in EMPTY_ZH)
        found += [run] if len(run) == 1 else [kept[at : at + 2] for at in range(len(kept) - 1)]
    return found


class Lexicon:
    """Which of many texts hold which words; rare words weigh more (idf as in BM25)."""

    def __init__(self, texts: Sequence[Iterable[str]]) -> None:
        postings: defaultdict[str, list[int]] = defaultdict(list)
        for row, terms in enumerate(texts):
            for term in set(terms):
                postings[term].append(row)
        self._size = len(texts)
        self._rows = {term: np.array(rows, dtype=np.int32) for term, rows in postings.items()}

    def cover(self, query: str) -> NDArray[np.float32]:
        """Share of the query's word weight that each text holds, 0..1, shape [n]."""
        covered = np.zeros(self._size, dtype=np.float32)
        total = 0.0
        for term in Counter(words(query)):
            rows = self._rows.get(term)
            count = 0 if rows is None else len(rows)
            weight = math.log(1 + (self._size - count + 0.5) / (count + 0.5))
            total += weight
            if rows is not None:
                covered[rows] += weight
        return covered / total if total else covered
