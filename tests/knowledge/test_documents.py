"""The help passages: both languages, the same facts, and into the database once."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.documents import HelpFile, load_documents, passage_texts, read_help
from shopwright.knowledge.tables import Document, IndexOutbox

MONTHS = {"January": "1", "December": "12"}


def by_slug() -> dict[str, dict[str, HelpFile]]:
    found: defaultdict[str, dict[str, HelpFile]] = defaultdict(dict)
    for file in read_help():
        found[file.slug][file.language] = file
    return found


def numbers(text: str) -> set[str]:
    for month, number in MONTHS.items():
        text = text.replace(month, number)
    return set(re.findall(r"\d+(?:[.:]\d+)?", text))


@pytest.mark.parametrize("slug", sorted(by_slug()))
def test_both_languages_state_the_same_figures(slug: str) -> None:
    versions = by_slug()[slug]
    assert set(versions) == {"en", "zh"}
    assert numbers(versions["en"].text) == numbers(versions["zh"].text)
    assert versions["en"].topic == versions["zh"].topic


def test_there_are_about_thirty_passages_of_quotable_length() -> None:
    assert len(by_slug()) >= 30
    for file in read_help():
        assert 40 <= len(file.text) <= 700, file.slug
        assert len(file.asked) >= 2, file.slug


def test_loading_again_changes_nothing(database: Engine) -> None:
    count = load_documents(database)
    assert load_documents(database) == count
    with Session(database) as session:
        assert len(session.exec(select(Document)).all()) == count
        assert len(session.exec(select(IndexOutbox)).all()) == count


def test_a_changed_passage_goes_to_the_outbox(database: Engine) -> None:
    load_documents(database)
    with transaction(database) as session:
        changed = session.exec(select(Document)).first()
        assert changed is not None
        changed.text = "old"
        session.add(changed)
    load_documents(database)
    with Session(database) as session:
        refs = [row.ref for row in session.exec(select(IndexOutbox))]
        assert refs.count(str(changed.id)) == 2
        restored = session.get(Document, changed.id)
        assert restored is not None
        assert restored.text != "old"


def test_a_shops_own_text_is_found_by_itself_alone() -> None:
    own = Document(slug="returns", language="en", title="Returns", text="No returns. Ever!")
    assert passage_texts(own) == ["Returns", "No returns.", "Ever!"]


@pytest.mark.parametrize("content", ["no front matter", "---\ntitle: x\n---\ntext"])
def test_a_file_that_is_no_passage_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.en.md").write_text(content)
    with pytest.raises(ValueError, match=r"x\.en\.md"):
        read_help(tmp_path)
