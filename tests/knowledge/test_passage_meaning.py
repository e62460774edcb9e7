"""Help passages read with an embedding of their own: kept between runs, made meanwhile, done without."""

import importlib.util
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.knowledge.database import migrate, transaction
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.fetch import EMBEDDING_FILE
from shopwright.knowledge.fetch_sources import E5_SMALL
from shopwright.knowledge.index import build_index
from shopwright.knowledge.passage_meaning import MOST, MeaningCache, asides, pieces
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Document
from shopwright.knowledge.vectors import open_index

RETURNS = Document(slug="returns", language="en", topic="returns", title="Returns", text="Ask us. Ever!")


def _write_packed(path: Path) -> None:
    spec = importlib.util.spec_from_file_location("e5_tests", Path(__file__).parent / "test_embedding_e5.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_packed(path)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with the help passages and nothing else, not indexed."""
    made = Shop(Settings(data_dir=tmp_path))
    migrate(made.engine)
    load_documents(made.engine)
    yield made
    made.close()
    open_index(made.settings.index_dir).close()


@pytest.fixture
def weights(shop: Shop) -> Path:
    """Where the model's file belongs, with random weights in it."""
    path = shop.settings.downloads / E5_SMALL.name / EMBEDDING_FILE
    path.parent.mkdir(parents=True)
    _write_packed(path)
    return path


def _build(shop: Shop) -> None:
    build_index(shop, lambda step, done, total: None)


def test_indexing_keeps_the_vectors_and_the_first_search_has_them(shop: Shop, weights: Path) -> None:
    _build(shop)
    documents = shop.documents._documents()
    assert MeaningCache(shop.settings).missing(documents) == 0
    meaning = shop.documents._loaded().meaning
    assert meaning is not None
    assert meaning.slugs == sorted({document.slug for document in documents})
    assert meaning.scores("a b").shape == (len(meaning.slugs),)
    assert meaning.nearness("a b", ["a", "b", "c"]).shape == (3,)


def test_without_kept_vectors_search_answers_at_once_and_makes_them_meanwhile(
    shop: Shop, weights: Path
) -> None:
    _build(shop)
    for path in shop.settings.cache_dir.glob("passage-*"):
        path.unlink()
    assert shop.documents._loaded().meaning is None
    assert shop.documents.search("When are you open?", 1)[0].slug == "opening-hours"
    until = time.monotonic() + 120
    while shop.documents._loaded().meaning is None and time.monotonic() < until:
        time.sleep(0.05)
    assert shop.documents._loaded().meaning is not None


def test_a_changed_passage_is_read_anew(shop: Shop, weights: Path) -> None:
    _build(shop)
    shop.documents.search("a", 1)
    with transaction(shop.engine) as session:
        session.add(Document(slug="new", language="en", topic="store", title="abc", text="a b. b c!"))
    _build(shop)
    meaning = shop.documents._loaded().meaning
    assert meaning is not None
    assert "new" in meaning.slugs


def test_a_damaged_file_is_done_without(shop: Shop, weights: Path) -> None:
    weights.write_bytes(b"nothing of the kind")
    _build(shop)
    shop.documents.prepare()
    assert shop.documents._loaded().meaning is None
    assert shop.documents.search("When are you open?", 1)[0].slug == "opening-hours"


def test_what_is_prepared_ends_with_the_shop(shop: Shop, weights: Path) -> None:
    _build(shop)
    for path in shop.settings.cache_dir.glob("passage-*"):
        path.unlink()
    shop.documents.prepare()
    shop.close()
    assert not [thread for thread in threading.enumerate() if "help passages" in thread.name]
    shop.documents.prepare()  # after the end nothing begins
    assert not [thread for thread in threading.enumerate() if "help passages" in thread.name]


def test_a_shop_without_a_database_is_said_in_the_log_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(Settings(data_dir=tmp_path / "none", database_url=""))
    shop.documents.prepare()
    for _ in range(200):
        if caplog.records:
            break
        time.sleep(0.05)
    shop.close()
    assert "could not be made ready beforehand" in caplog.text


def test_without_the_end_everything_missing_is_embedded(shop: Shop, weights: Path) -> None:
    _build(shop)
    for path in shop.settings.cache_dir.glob("passage-*"):
        path.unlink()
    documents = shop.documents._documents()
    over = threading.Event()
    over.set()
    MeaningCache(shop.settings).keep(documents, over)
    assert MeaningCache(shop.settings).missing(documents) > 0
    MeaningCache(shop.settings).keep(documents, threading.Event())
    assert MeaningCache(shop.settings).missing(documents) == 0


def test_certainty_without_the_model(shop: Shop) -> None:
    _build(shop)
    assert shop.documents.certain("Do my points expire?", "en")
    for text in ("", "🎉", "What is the capital of Portugal?", "讲个笑话"):
        assert not shop.documents.certain(text, "en")


def test_a_second_wording_only_brings_passages_nearer(shop: Shop) -> None:
    _build(shop)
    alone = shop.documents.search("Do my points expire?", 3)
    beside = {p.slug: p.score for p in shop.documents.search("Do my points expire?", 9, beside="gift card")}
    assert all(beside[passage.slug] >= passage.score for passage in alone)


def test_a_passage_in_one_language_alone_has_a_meaning(shop: Shop, weights: Path) -> None:
    scores = MeaningCache(shop.settings).make([RETURNS]).scores("a b c")
    assert scores.shape == (1,)
    assert np.isfinite(scores).all()


def test_of_a_long_request_the_sentences_that_ask_are_looked_up() -> None:
    tale = "My husband hurt his knee last week. " * 8
    found = pieces(f"{tale}How much is delivery? Thanks a lot.")
    assert found[0] == "How much is delivery?"
    assert all("delivery" in piece for piece in found)
    assert pieces("Is parking free?") == ["Is parking free?"]
    assert pieces("周日几点关门？停车收费吗？")[1:] == ["周日几点关门？", "停车收费吗？"]


@given(st.text(min_size=1, max_size=600))
def test_pieces_are_few_and_never_none(text: str) -> None:
    found = pieces(text)
    assert 1 <= len(found) <= 2 * MOST + 1


def test_asides_are_in_both_languages_and_no_two_the_same() -> None:
    assert len(asides()) == len(set(asides())) > 100
    assert sum(text.isascii() for text in asides()) > 50 < sum(not text.isascii() for text in asides())
