"""The labelled collections are read without repeats or contradictions, and imported once."""

import io
import tarfile
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.review_data import (
    ARCHIVE,
    chinese_subjects,
    import_folders,
    import_reviews,
    read_chinese,
    read_english,
    read_general,
    vader_lexicon,
)
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Review

SILENT: Progress = lambda _step, _done, _total: None  # noqa: E731


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    zh, en = tmp_path / "zh", tmp_path / "en"
    zh.mkdir()
    en.mkdir()
    (zh / "pos.txt").write_text("酒店很好\n书很好看\n酒店很好\n两边都有\n\n", encoding="utf-8")
    (zh / "neg.txt").write_text("酒店很差\n两边都有\n酒店很差\n房间太小\n", encoding="utf-8")
    members = {
        "amazonReviewSnippets_GroundTruth.txt": "1_1\t-0.9\tno picture.\r\n1_2\t0\tit is black.\r\n99_1\t2.5\tlovely camera!\r\n",
        "movieReviewSnippets_GroundTruth.txt": "1\t2.2\tA joy.\r\n2\t0.1\tA film.\r\n",
        "tweets_GroundTruth.txt": "1\t-2.5\tsad day\r\n",
        "nytEditorialSnippets_GroundTruth.txt": "1_1\t0.4\tOn Dec. 19.\r\n",
        "vader_sentiment_lexicon.txt": "good\t1.9\t0.9\t[2, 1]\nbad\t-2.5\t0.6\t[-3]\n",
    }
    with tarfile.open(en / ARCHIVE, "w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(f"hutto_ICWSM_2014/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return zh, en


def test_chinese_without_repeats_and_contradictions(folders: tuple[Path, Path]) -> None:
    read = {(one.text, one.label) for one in read_chinese(folders[0])}
    assert read == {("酒店很好", 1), ("书很好看", 1), ("酒店很差", 0), ("房间太小", 0)}


def test_english_labels_are_signs_and_products_known(folders: tuple[Path, Path]) -> None:
    read = read_english(folders[1])
    assert [(one.label, one.subject, one.group) for one in read] == [
        (0, "Apex DVD player", 1), (None, "Apex DVD player", 1), (1, "Canon G3 camera", 99),
    ]  # fmt: skip
    assert [one.text for one in read_general(folders[1])] == ["A joy.", "sad day"]
    assert vader_lexicon(folders[1]) == {"good": 1.9, "bad": -2.5}


def test_import_counts_and_again(database: Engine, folders: tuple[Path, Path]) -> None:
    counts = import_folders(database, *folders, SILENT)
    assert counts == {
        "zh_lines": 8, "zh_repeats": 2, "zh_contradictions": 2, "zh_imported": 4, "en_sentences": 3,
        "en_reviews": 2, "en_imported": 3, "imported": 7,
    }  # fmt: skip
    with Session(database) as session:
        first = [(one.id, one.source_ref) for one in session.exec(select(Review).order_by(Review.source_ref))]
    assert import_folders(database, *folders, SILENT) == counts
    with Session(database) as session:
        again = [(one.id, one.source_ref) for one in session.exec(select(Review).order_by(Review.source_ref))]
    assert first == again


def test_import_leaves_the_shops_own_reviews(database: Engine, folders: tuple[Path, Path]) -> None:
    with Session(database) as session:
        session.add(Review(source="shop", source_ref="r1", language="en", text="Fine."))
        session.commit()
    import_folders(database, *folders, SILENT)
    (folders[0] / "pos.txt").write_text("新的好评\n", encoding="utf-8")
    import_folders(database, *folders, SILENT)
    with Session(database) as session:
        texts = set(session.exec(select(Review.text)))
    assert "Fine." in texts
    assert "新的好评" in texts
    assert "酒店很好" not in texts


def test_subjects_follow_their_neighbours() -> None:
    texts = (
        ["酒店前台热情"] * 40
        + ["不错"]
        + ["酒店早餐好"] * 40
        + ["这本书的作者"] * 40
        + ["还行"]
        + ["小说好看"] * 40
    )
    subjects = chinese_subjects(texts)
    assert subjects[40] == "hotel"
    assert subjects[121] == "book"
    assert chinese_subjects(["不错", "还行"]) == ["", ""]
    assert chinese_subjects([]) == []


@pytest.mark.demo
def test_the_collections_in_full(demo_settings: Settings) -> None:
    counts = import_reviews(Shop(demo_settings).engine, demo_settings, SILENT)
    assert counts["zh_imported"] == 17_363
    assert counts["zh_contradictions"] == 94
    assert (counts["en_sentences"], counts["en_reviews"]) == (3_708, 300)
