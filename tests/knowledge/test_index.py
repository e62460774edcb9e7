"""The index keeps step with the database, resumes, and belongs to one process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import col, delete

from shopwright.knowledge.database import migrate, transaction
from shopwright.knowledge.embedding import shared_embedder
from shopwright.knowledge.index import IndexBusyError, apply_outbox, build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import IndexOutbox, Product
from shopwright.knowledge.vectors import VectorIndex, open_index

OWNER = """
import sys
from pathlib import Path
from shopwright.knowledge.vectors import open_index
index = open_index(Path(sys.argv[1]))
index.require()
print("owned", flush=True)
sys.stdin.read()
"""


def quiet(step: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Three products, not indexed."""
    made = Shop(Settings(data_dir=tmp_path))
    migrate(made.engine)
    with transaction(made.engine) as session:
        for number, name in enumerate(("Red pen", "Blue pen", "Desk lamp"), 1):
            session.add(Product(id=number, name=name, department="Office", category="Desk", price=1.0))
    yield made
    open_index(made.settings.index_dir).close()
    made.engine.dispose()


def test_a_second_build_finds_nothing_to_do(shop: Shop) -> None:
    first = build_index(shop, quiet)
    assert first["products"] == first["products_added"] == 3
    stamp = open_index(shop.settings.index_dir).stamp()
    again = build_index(shop, quiet)
    assert (again["products_added"], again["products_removed"], again["kinds_added"]) == (0, 0, 0)
    assert open_index(shop.settings.index_dir).stamp() == stamp


def test_changes_are_taken_in_and_gone_products_forgotten(shop: Shop) -> None:
    build_index(shop, quiet)
    with transaction(shop.engine) as session:
        session.exec(delete(Product).where(col(Product.id) == 3))
        session.add(Product(id=4, name="Green pen", department="Office", category="Desk", price=1.0))
        session.add_all([IndexOutbox(kind="product", ref="3"), IndexOutbox(kind="product", ref="4")])
    assert apply_outbox(shop) == 2
    names = [hit.name for hit in shop.products.search("lamp or pen", 10)]
    assert "Green pen" in names
    assert "Desk lamp" not in names


def test_an_interrupted_build_goes_on_where_it_stopped(shop: Shop) -> None:
    def interrupt(step: str, done: int, total: int) -> None:
        if "products" in step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(shop, interrupt)
    assert open_index(shop.settings.index_dir).stamp() == 0
    report = build_index(shop, quiet)
    assert report["kinds_added"] == 0
    assert report["products_added"] == 3
    assert shop.products.search("pen", 1)


def test_progress_is_reported_to_the_end(shop: Shop) -> None:
    steps: dict[str, list[tuple[int, int]]] = {}
    build_index(shop, lambda step, done, total: steps.setdefault(step, []).append((done, total)))
    assert all(reports[-1][0] == reports[-1][1] for reports in steps.values())
    assert set(steps) == {"indexing kinds of product", "indexing products"}


def test_beside_another_owner_one_can_search_but_not_write(shop: Shop) -> None:
    build_index(shop, quiet)
    folder = shop.settings.index_dir
    open_index(folder).close()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    try:
        assert owner.stdout.readline().strip() == "owned"
        assert shop.products.search("blue pen", 1)[0].product_id == 2
        with pytest.raises(IndexBusyError, match=f"process {owner.pid}"):
            build_index(shop, quiet)
    finally:
        owner.communicate("")
    assert build_index(shop, quiet)["products"] == 3


def test_chroma_and_the_saved_vectors_find_the_same(shop: Shop, tmp_path: Path) -> None:
    build_index(shop, quiet)
    index = open_index(shop.settings.index_dir)
    vector = shared_embedder().embed(["a pen to write with"])[0]
    exact = index._read_saved("products").nearest(vector, 3)
    found = index.nearest("products", vector, 3)
    assert list(found) == list(exact)
    assert np.allclose(list(found.values()), list(exact.values()), atol=2e-3)


def test_search_without_an_index_finds_exact_words(shop: Shop) -> None:
    assert shop.products.search("lamp", 1)[0].name == "Desk lamp"
    assert shop.products.search("illumination") == []
    assert shop.documents.search("returns") == []


def test_an_empty_shop_has_an_empty_index(tmp_path: Path) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    assert build_index(shop, quiet)["products"] == 0
    assert shop.products.search("anything") == []
    assert shop.products.resolve("anything") is None
    open_index(shop.settings.index_dir).close()


def test_one_folder_one_index(tmp_path: Path) -> None:
    assert open_index(tmp_path / "index") is open_index(tmp_path / "x" / ".." / "index")
    assert isinstance(open_index(tmp_path), VectorIndex)
