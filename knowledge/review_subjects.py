"""What reviews are about: readable names for the subjects, and finding the one a person means."""

import re
from collections.abc import Iterable

from shopwright.knowledge.review_aspects import aspects
from shopwright.knowledge.sentiment_text import HAN, normalise, word_set

# Names and other words for the subjects of the demo's reviews; a shop's own subjects go by their own name.
NAMES = {
    "hotel": ("Hotels", "酒店"),
    "laptop": ("Laptops", "笔记本电脑"),
    "book": ("Books", "图书"),
    "Apex DVD player": ("Apex DVD player", "Apex DVD 播放机"),
    "Canon G3 camera": ("Canon G3 camera", "佳能 G3 相机"),
    "Nikon Coolpix 4300 camera": ("Nikon Coolpix 4300 camera", "尼康 Coolpix 4300 相机"),
    "Nokia 6610 phone": ("Nokia 6610 phone", "诺基亚 6610 手机"),
    "Creative Nomad Zen MP3 player": ("Creative Nomad Zen MP3 player", "创新 Nomad Zen MP3 播放器"),
    "": ("Other", "其他"),
}
_MORE = {
    "hotel": "hotels inn motel accommodation lodging 宾馆 旅馆 旅店 客栈 住宿 民宿",
    "laptop": "laptops notebook notebooks computer computers pc 电脑 笔记本 本本 计算机 手提电脑",
    "book": "books novel novels reading 书 书籍 图书 小说 书本 读物",
    "Apex DVD player": "dvd dvds ad2600 ad-2600 播放机 播放器 影碟机 碟机",
    "Canon G3 camera": "cameras powershot digital 照相机 数码相机 相机 佳能",
    "Nikon Coolpix 4300 camera": "cameras digital 照相机 数码相机 相机 尼康",
    "Nokia 6610 phone": "phones cellphone cell mobile smartphone handset telephone t-mobile 手机 电话 诺基亚",
    "Creative Nomad Zen MP3 player": "jukebox music xtra players 播放器 音乐播放器 随身听 创新",
}
_ENGLISH_WORD = 2  # an English word weighs as much as two Chinese characters
_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(rf"[a-z0-9][a-z0-9\-]*|[{HAN}]+")
_FILLER = word_set(
    "the a an of our my your in on for about and or with to is are was were do does did what how say says "
    "said people customers customer buyers reviewers review reviews reviewed opinion opinions feedback "
    "comments comment rating ratings product products item items one ones this that these those all any "
    "please show tell me us summarise summarize analyse analyze sentiment positive negative complaints "
    "complaint praise"
)
_FILLER_ZH = re.compile(
    "的|评论|评价|点评|口碑|反馈|意见|用户|顾客|客户|买家|大家|那个|这个|那款|这款|这些|那些|产品|商品|类|关于|"
    "对|好评|差评|我们|店里|怎么样|如何|和|与|款|本|部|台"
)


def names_of(subject: str) -> tuple[str, str]:
    """The English and Chinese name of a subject, or of several joined by '|'."""
    pairs = [NAMES.get(one, (one, one)) for one in subject.split("|")]
    return ", ".join(pair[0] for pair in pairs), "、".join(pair[1] for pair in pairs)


def resolve(text: str, subjects: Iterable[str]) -> str | None:
    """The subject that a person's words mean; several joined by '|' where they fit equally; None for none.

    Words that mean no subject must not outweigh those that do: 'phone' is the phone, 'phone case' is not.
    """
    wanted = normalise(text).lower()
    scores: dict[str, float] = {}
    for subject in subjects:
        if subject and wanted in (subject.lower(), *(name.lower() for name in names_of(subject))):
            return subject
        if subject:
            scores[subject] = _score(wanted, subject)
    best = max(scores.values(), default=0.0)
    return "|".join(subject for subject, score in scores.items() if score == best) if best else None


def _score(wanted: str, subject: str) -> float:
    """How much of the person's words means the subject; 0 where half as much means something else."""
    known = _words_for(subject)
    hit, left = 0, []
    for word in _WORD.findall(wanted):
        if _HAN.match(word):
            rest = word
            for name in known:
                rest = rest.replace(name, " ") if _HAN.match(name) else rest
            hit += len(word) - len(rest.replace(" ", ""))
            left.append(rest)
        elif word in known or word.rstrip("s") in known:
            hit += _ENGLISH_WORD
        else:
            left.append(word)
    return float(hit) if hit and hit > 2 * sum(map(_foreign, left)) else 0.0


def _foreign(word: str) -> int:
    """How much of what is left of the person's words is neither an aspect nor 'reviews' and the like."""
    if not word.strip():
        return 0
    if not _HAN.search(word):
        return 0 if word in _FILLER or _is_aspect(word) else _ENGLISH_WORD
    return len(_FILLER_ZH.sub("", _without_aspects(word)).replace(" ", ""))


def _words_for(subject: str) -> list[str]:
    words = f"{subject} {' '.join(NAMES.get(subject, ()))} {_MORE.get(subject, '')}".lower()
    known = {word for word in _WORD.findall(words) if word not in _FILLER}
    return sorted(known, key=len, reverse=True)


def _is_aspect(word: str) -> bool:
    return any(word in aspect.words["en"] for aspect in aspects().values())


def _without_aspects(text: str) -> str:
    for aspect in aspects().values():
        for word in (aspect.name_zh, *aspect.words["zh"]):
            text = text.replace(word, "")
    return text
