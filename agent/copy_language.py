"""The language of a copy: one language only, nothing said twice, and easy to read.

Readability. English: Flesch's reading ease (A new readability yardstick, 1948), 206.835 - 1.015 words a
sentence - 84.6 syllables a word, must reach 50 where there are 30 words or more (he calls 50 to 60 fairly
difficult, what a magazine for adults asks); no sentence may have more than 30 words (guides to plain language
ask for 25 at most). Chinese: no sentence of more than 80 characters, none of more than 35 without a mark; we
know of no measured norm for Chinese advertising, and set these well above what good copy has.

Duplication: a sentence that stands twice, a phrase three times running, or more than a fifth of all runs of
four words (six characters in Chinese) standing in the text before (seq-rep-n of Welleck et al., Neural text
generation with unlikelihood training, 2020).
"""

import re
from collections import Counter
from collections.abc import Iterator

from shopwright.agent.copy_facts import HAN, WORD, Copy, CopyProblem, strings
from shopwright.agent.copy_form import EMOJI, TAG, body

LEAST_EASE = 50.0
LEAST_WORDS = 30
LONGEST_EN, LONGEST_ZH, LONGEST_CLAUSE_ZH = 30, 80, 35
LEAST_REPEATED = 0.2
ENGLISH_RUN = 4  # English words in a row that make it a sentence of its own
FOREIGN = re.compile(r"[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\uac00-\ud7af]+")
FULL_WIDTH = re.compile(r"[，。！？；：、（）]")
LINKS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")
UNITS = r"ct|oz|lb|kg|ml|g|mg|cm|mm|l|pk|ea|fl|pc|pcs|usd|rmb|spf"
COMMON = re.compile(
    rf"(?:{UNITS}|app|vip|ok|diy|sms|wifi|plus|pro|max|mini|id|qr|tv|dvd|cd|pm|am|hi|wow|new|hot|sale|off)"
)
TRADITIONAL = (
    "們個來這時對國說會學開後過還進發現經動長點從業兩體問間實給資電話應覺選購買賣價錢優質營養歡樂讓"
    "愛與無濃鮮嘗試顧關閉飯雞魚麵湯燒餅開啟聯絡"
)
SIMPLIFIED = (
    "们个来这时对国说会学开后过还进发现经动长点从业两体问间实给资电话应觉选购买卖价钱优质营养欢乐让"
    "爱与无浓鲜尝试顾关闭饭鸡鱼面汤烧饼启联络"
)
ONLY_TRADITIONAL = frozenset(TRADITIONAL) - frozenset(SIMPLIFIED)
ONLY_SIMPLIFIED = frozenset(SIMPLIFIED) - frozenset(TRADITIONAL) - frozenset("后面")


def purity(copy: Copy) -> Iterator[CopyProblem]:
    """Words of another language than the copy's, but for names, units and tags."""
    text = LINKS.sub(" ", copy.without_names)
    if foreign := FOREIGN.search(text):
        yield CopyProblem("purity", f"“{foreign[0]}” is neither Chinese nor English")
    if "\ufffd" in text:
        yield CopyProblem("purity", "it holds characters that could not be read")
    if copy.language == "zh":
        yield from _chinese(copy, text)
    else:
        yield from _english(copy, text)


def duplication(copy: Copy) -> Iterator[CopyProblem]:
    """What is said twice. A title may repeat what follows it; names and tags are not counted."""
    text = TAG.sub(" ", _body(copy))
    for sentence, count in Counter(map(_plain, sentences(text))).items():
        if count > 1 and len(sentence) >= (6 if HAN.search(sentence) else 15):
            yield CopyProblem("duplication", f"“{sentence[:40]}” stands {count} times")
    if run := re.search(
        r"([\u3400-\u9fff]{2,20}?)\1{2,}|\b(\w+(?: \w+){0,4})(?:\W+\2\b){2,}", text, re.IGNORECASE
    ):
        yield CopyProblem("duplication", f"“{(run[1] or run[2])[:40]}” stands over and over")
    share = _repeated(text, copy.language)
    if share > LEAST_REPEATED:
        yield CopyProblem("duplication", f"{share:.0%} of it repeats what was said before")
    tags = Counter(tag.strip("# ").lower() for tag in TAG.findall(copy.text))
    for tag, count in tags.items():
        if count > 1:
            yield CopyProblem("duplication", f"the tag “{tag}” stands {count} times")


def readability(copy: Copy) -> Iterator[CopyProblem]:
    """Sentences too long or words too heavy for copy; tags, and names in English, are not counted."""
    if copy.language == "zh":
        for sentence in sentences(LINKS.sub(" ", TAG.sub(" ", copy.text))):
            if (han := len(HAN.findall(sentence))) > LONGEST_ZH:
                yield CopyProblem("readability", f"a sentence of {han} characters, more than {LONGEST_ZH}")
            elif any(len(HAN.findall(part)) > LONGEST_CLAUSE_ZH for part in re.split(r"\W+", sentence)):
                yield CopyProblem("readability", f"more than {LONGEST_CLAUSE_ZH} characters without a mark")
        return
    text = LINKS.sub(" ", TAG.sub(" ", copy.without_names))
    counts = [len(WORD.findall(sentence)) for sentence in sentences(text)]
    if counts and max(counts) > LONGEST_EN:
        yield CopyProblem("readability", f"a sentence of {max(counts)} words, more than {LONGEST_EN}")
    if sum(counts) >= LEAST_WORDS and (ease := reading_ease(text)) < LEAST_EASE:
        yield CopyProblem("readability", f"reading ease {ease:.0f}, below {LEAST_EASE:.0f}")


def reading_ease(text: str) -> float:
    """Flesch's reading ease of English text: 100 is very easy, 0 very hard. ValueError without a word."""
    words = WORD.findall(text)
    if not words:
        raise ValueError("There is no word to be read.")
    count = sum(1 for sentence in sentences(text) if WORD.search(sentence))
    return 206.835 - 1.015 * len(words) / count - 84.6 * sum(map(syllables, words)) / len(words)


def syllables(word: str) -> int:
    """Syllables of an English word, by its groups of vowels; a silent e at the end is none."""
    low = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", low))
    silent = re.search(r"[^aeiouyl]e$|[aeiouy]le$|[^td]ed$|[^aeiouyscxzgh]es$", low)
    return max(count - bool(silent), 1)


def sentences(text: str) -> list[str]:
    """The sentences of a text; a line break ends one."""
    parts = re.split(r"[。！？!?；\n]+|\.(?=\s|$)|…+", EMOJI.sub(" ", text))
    return [part.strip() for part in parts if re.search(r"\w", part)]


def _chinese(copy: Copy, text: str) -> Iterator[CopyProblem]:
    if not HAN.search(copy.text):
        yield CopyProblem("purity", "it should be Chinese and holds no Chinese")
        return
    known = {word.lower() for one in strings(dict(copy.facts)) for word in WORD.findall(one)}
    run: list[str] = []
    for piece in re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[^\sA-Za-z,.'’&-]", text):
        if WORD.fullmatch(piece):
            run.append(piece)
            continue
        if problem := _stray(run, known):
            yield problem
        run = []
    if problem := _stray(run, known):
        yield problem
    traditional, simplified = set(text) & ONLY_TRADITIONAL, set(text) & ONLY_SIMPLIFIED
    if traditional and simplified:
        fewer = traditional if len(traditional) <= len(simplified) else simplified
        few = "".join(sorted(fewer)[:5])
        yield CopyProblem("purity", f"it mixes traditional and simplified characters ({few})")


def _stray(run: list[str], known: set[str]) -> CopyProblem | None:
    """English words in a row that are no names."""
    own = [
        word for word in run if word.lower() not in known and not COMMON.fullmatch(word.lower()) and word[1:]
    ]
    if len(own) >= ENGLISH_RUN - 1 or (len(run) >= ENGLISH_RUN and len(own) >= 2):
        return CopyProblem("purity", f"“{' '.join(run)[:60]}” is English in a Chinese copy")
    return None


def _english(copy: Copy, text: str) -> Iterator[CopyProblem]:
    if not WORD.search(copy.text):
        yield CopyProblem("purity", "it should be English and holds no English")
    elif han := re.search(r"[\u3400-\u9fff]+", text):
        yield CopyProblem("purity", f"“{han[0][:20]}” is Chinese in an English copy")
    elif mark := FULL_WIDTH.search(text):
        yield CopyProblem("purity", f"“{mark[0]}” is a Chinese mark in an English copy")


def _body(copy: Copy) -> str:
    text = body(copy)
    for name in copy.names:
        text = re.sub(re.escape(name), "\u25a1", text, flags=re.IGNORECASE)
    return text


def _plain(sentence: str) -> str:
    return re.sub(r"\W+", " ", sentence.lower()).strip()


def _repeated(text: str, language: str) -> float:
    """The share of runs that stood before; 0 for a text too short to tell."""
    size, least = (6, 40) if language == "zh" else (4, 25)
    units = HAN.findall(text) if language == "zh" else [word.lower() for word in WORD.findall(text)]
    runs = [tuple(units[at : at + size]) for at in range(len(units) - size + 1)]
    return 1 - len(set(runs)) / len(runs) if len(runs) >= least else 0.0
