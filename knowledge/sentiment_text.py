"""Reading a review as the sentiment models do: its language, its clauses, its words and n-grams."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
LONGEST = 2000  # characters; of a longer text the beginning and the end are read
_END = 500
_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_CLAUSE = {
    "zh": re.compile(r"[，。！？；、,!?;\n~～…\s]+|\.{2,}|\.(?!\d)"),
    "en": re.compile(r"[.!?;,:()\n]+(?=\s|$)|\s-+\s|\s(?=but\s|although\s|however\s|though\s)"),
}
_TURN = {
    "zh": re.compile("但是|但|不过|可是|然而|就是|只是|可惜|美中不足|除了"),
    "en": re.compile(r"\b(?:but|however|although|though|except|unfortunately|yet)\b"),
}
_ENGLISH = re.compile(
    r"[a-z]+(?:'[a-z]+)?|[:;=8][-']?[)(dp\]\[/\\|]|[.,!?;:()]|[\u2600-\u27bf\U0001f000-\U0001faff]"
)
_WORD = re.compile(r"\w", re.UNICODE)


def word_set(words: str) -> frozenset[str]:
    """The words of a list written with blanks between them."""
    return frozenset(words.split())


NEGATORS_EN = word_set(
    "not no never none nobody nothing neither nor nowhere cannot without hardly barely scarcely lack lacks "
    "lacking lacked cant dont doesnt didnt wont isnt wasnt arent werent couldnt wouldnt shouldnt aint hasnt "
    "havent"
)
NEGATORS_ZH = word_set(
    "不 没 没有 无 非 未 别 不是 不会 不太 不够 不算 不能 并非 毫无 从不 并不 不很 不怎么 谈不上 算不上 "
    "缺乏 没什么 没啥"
)


def normalise(text: str) -> str:
    """The text without control characters, in compatibility form, at most LONGEST characters."""
    if len(text) > LONGEST:
        text = text[: LONGEST - _END] + "\n" + text[-_END:]
    whole = text.encode("utf-8", "ignore").decode("utf-8")  # half a surrogate pair cannot be hashed
    return unicodedata.normalize("NFKC", _CONTROL.sub(" ", whole)).replace("’", "'").strip()[: 2 * LONGEST]


def language_of(text: str) -> str:
    """'zh' or 'en', by script: a Chinese character counts as much as three Latin letters.

    Text in neither script counts as 'en'; Japanese counts as 'zh'.
    """
    return "zh" if 3 * len(_HAN.findall(text)) > len(_LATIN.findall(text)) else "en"


def has_words(text: str) -> bool:
    """Whether the text has at least one letter, digit or character."""
    return _WORD.search(text) is not None


def clauses(text: str, language: str) -> list[str]:
    """The text cut at punctuation and, in English, before words such as 'but'."""
    return [part for part in (piece.strip() for piece in _CLAUSE[language].split(text)) if part]


def after_turn(text: str, language: str) -> str:
    """What follows the last turn ('but', 不过, ...) of the text; empty where there is none."""
    turns = list(_TURN[language].finditer(text.lower()))
    return text[turns[-1].end() :] if turns else ""


def english_tokens(text: str) -> list[str]:
    """Lower-case English words, emoticons, emoji and the punctuation that ends a negation."""
    return _ENGLISH.findall(text.lower())


def is_negator(token: str, language: str) -> bool:
    """Whether the token turns what follows it around."""
    if language == "zh":
        return token in NEGATORS_ZH
    return token in NEGATORS_EN or token.endswith("n't")


def grams(text: str, language: str) -> list[str]:
    """What the word model counts: n-grams of 1 to 3 characters (zh) or of 1 to 2 words (en).

    English words between a negation and the next punctuation mark are marked as negated (Das and
    Chen, Yahoo! for Amazon, 2007), so that 'not good' and 'good' share nothing.
    """
    if language == "zh":
        squeezed = re.sub(r"\s+", " ", text.lower())
        return [squeezed[i : i + n] for n in (1, 2, 3) for i in range(len(squeezed) - n + 1)]
    words = list(_marked(english_tokens(text)))
    return words + [f"{a} {b}" for a, b in pairwise(words)]


def _marked(tokens: list[str]) -> Iterator[str]:
    negated = False
    for token in tokens:
        if token in ".,!?;:()" or token == "but":  # noqa: S105 - a word
            negated = False
            yield token
        elif is_negator(token, "en"):
            negated = True
            yield token
        else:
            yield f"not_{token}" if negated else token
