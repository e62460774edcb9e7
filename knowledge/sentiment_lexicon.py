"""What hand-made word lists say of a text: the part of the sentiment models that needs no examples.

The rules follow Hutto and Gilbert (VADER, ICWSM 2014): a word's valence is turned around by a
negation among the three words before it and scaled by degree words; what follows a 'but' weighs on
its own. Chinese valences are ours (sentiment_words.csv); English ones are VADER's lexicon, with ours
for shop words on top.
"""

import csv
import math
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from shopwright.knowledge.sentiment_text import (
    NEGATORS_ZH,
    after_turn,
    clauses,
    english_tokens,
    is_negator,
)

WORDS = Path(__file__).parent / "sentiment_words.csv"
FEATURES = 12
_DEGREE = {
    "en": {
        "very": 1.3, "extremely": 1.5, "really": 1.3, "so": 1.2, "absolutely": 1.4, "incredibly": 1.5,
        "super": 1.4, "totally": 1.3, "highly": 1.3, "too": 1.1, "most": 1.2, "quite": 1.1, "pretty": 1.1,
        "fairly": 0.9,
        "slightly": 0.6, "somewhat": 0.7, "kinda": 0.7, "bit": 0.7, "almost": 0.8,
    },
    "zh": {
        "非常": 1.5, "很": 1.3, "太": 1.4, "超": 1.5, "超级": 1.6, "特别": 1.5, "十分": 1.4, "极": 1.6,
        "极其": 1.7, "真": 1.3, "真的": 1.2, "最": 1.5, "挺": 1.1, "比较": 0.9, "实在": 1.3, "相当": 1.3,
        "巨": 1.6, "有点": 0.7,
        "有些": 0.7, "稍微": 0.6, "略": 0.6,
    },
}  # fmt: skip
_TURNED = {"en": -0.74, "zh": -0.75}
_REACH = 3
_HAN_FROM = "\u2e80"
_LONGEST = 6  # characters of a Chinese word
_COMMON = 3  # occurrences from which a word of jieba's dictionary is a word to us
_OPENERS = "不没很太非无最真超挺"  # a negation or degree stays apart from what it bears on


class Lexicon:
    """Word valences of one language, and the features they give a text."""

    def __init__(self, language: str, valences: dict[str, float]) -> None:
        self.language = language
        self.valences = valences
        self._words = _dictionary() | valences.keys() if language == "zh" else frozenset[str]()

    def tokens(self, text: str) -> list[str]:
        """The text's words."""
        if self.language == "en":
            return english_tokens(text)
        return list(self._cut(text.lower()))

    def _cut(self, text: str) -> Iterator[str]:
        """Chinese words by the longest match from the left: for opinions as good as a model, and quicker."""
        at, words = 0, self._words
        while at < len(text):
            size = 1
            if text[at] < _HAN_FROM:
                size = _run(text, at)
            else:
                size = next((n for n in range(_LONGEST, 1, -1) if text[at : at + n] in words), 1)
            yield text[at : at + size]
            at += size

    def valence(self, clause: str) -> list[float]:
        """The valence of each opinion word of a clause, negation and degree counted in."""
        tokens = self.tokens(clause)
        found = []
        for at, token in enumerate(tokens):
            value = self.valences.get(token, 0.0)
            if not value or is_negator(token, self.language):
                continue
            before = tokens[max(0, at - _REACH) : at]
            degree = math.prod(_DEGREE[self.language].get(word, 1.0) for word in before)
            negations = sum(is_negator(word, self.language) for word in before)
            found.append(value * degree * (_TURNED[self.language] if negations % 2 else 1.0))
        return found

    def speaks(self, clause: str) -> bool:
        """Whether the clause holds an opinion word."""
        return bool(self.valence(clause))

    def features(self, text: str) -> list[float]:
        """FEATURES numbers, each about -1..1, from the normalised text."""
        by_clause = [self.valence(clause) for clause in clauses(text, self.language)]
        values = [value for clause in by_clause for value in clause]
        sums = [sum(clause) for clause in by_clause if clause] or [0.0]
        good = sum(value for value in values if value > 0)
        bad = -sum(value for value in values if value < 0)
        turn = after_turn(text, self.language)
        return [
            _squash(good - bad),
            _squash(good),
            _squash(bad),
            (good - bad) / (good + bad + 1),
            _squash(sums[0]),
            _squash(sums[-1]),
            _squash(sum(self.valence(turn[:200]))),
            float(bool(turn)),
            math.log1p(len(text)) / 5,
            min(len(re.findall("[!！]", text)), 4) / 4,
            min(len(re.findall("[?？]", text)), 3) / 3,
            float(bool(values)),
        ]


def own_words(language: str) -> dict[str, float]:
    """Our own valences (-4..4) for `language`, from sentiment_words.csv."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {
            word: float(row["valence"])
            for row in csv.DictReader(file)
            if row["language"] in (language, "any")
            for word in row["words"].split("|")
        }


@cache
def _dictionary() -> frozenset[str]:
    """Common Chinese words of two to four characters, from the dictionary that jieba brings."""
    import jieba

    found = set(NEGATORS_ZH | _DEGREE["zh"].keys())
    with jieba.get_dict_file() as file:
        for line in file:
            word, count, *_ = line.decode("utf-8").split(" ")
            if 2 <= len(word) <= 4 and int(count) >= _COMMON and word[0] not in _OPENERS:
                found.add(word)
    return frozenset(found)


def _run(text: str, at: int) -> int:
    """Length of the Latin word or number that starts at `at`; 1 for anything else."""
    end = at + 1
    if text[at].isalnum():
        while end < len(text) and text[end] < _HAN_FROM and text[end].isalnum():
            end += 1
    return end - at


def _squash(value: float) -> float:
    return value / math.sqrt(value * value + 15)
