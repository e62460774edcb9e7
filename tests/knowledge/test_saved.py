"""Saved models: what is loaded is what was saved, or a clear error."""

from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from shopwright.knowledge.saved import SavedModelError, load, read_manifest, saving, shop_fingerprint
from shopwright.knowledge.tables import Customer


def save(model: Path, text: str) -> None:
    with saving(model, fingerprint="abc", config={"depth": 3}, libraries=["numpy"]) as draft:
        draft.path("weights.json").write_text(text)
        draft.figures["auc"] = 0.8


def test_what_is_loaded_is_what_was_saved(tmp_path: Path) -> None:
    save(tmp_path / "toy", "first")
    found = load(tmp_path / "toy")
    assert found.path("weights.json").read_text() == "first"
    assert (found.manifest.name, found.manifest.config, found.manifest.figures) == (
        "toy",
        {"depth": 3},
        {"auc": 0.8},
    )
    assert set(found.manifest.versions) == {"numpy"}


def test_a_second_save_replaces_the_first_whole(tmp_path: Path) -> None:
    save(tmp_path / "toy", "first")
    save(tmp_path / "toy", "second")
    assert load(tmp_path / "toy").path("weights.json").read_text() == "second"
    assert len(list((tmp_path / "toy").iterdir())) == 2


def fail_to_save(model: Path) -> None:
    with saving(model, fingerprint="", config={}, libraries=[]) as draft:
        draft.path("weights.json").write_text("half")
        raise RuntimeError


def test_a_failed_save_leaves_the_old_model(tmp_path: Path) -> None:
    save(tmp_path / "toy", "first")
    with pytest.raises(RuntimeError):
        fail_to_save(tmp_path / "toy")
    assert load(tmp_path / "toy").path("weights.json").read_text() == "first"
    assert len(list((tmp_path / "toy").iterdir())) == 2


def test_a_missing_model_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match="shopwright fit toy"):
        load(tmp_path / "toy")


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_a_damaged_file_names_the_file_and_the_remedy(tmp_path: Path, damage: str) -> None:
    save(tmp_path / "toy", "first")
    path = load(tmp_path / "toy").path("weights.json")
    path.write_text("other") if damage == "change" else path.unlink()
    with pytest.raises(SavedModelError, match=r"weights\.json.*shopwright fit toy"):
        load(tmp_path / "toy")


def test_a_damaged_manifest_names_the_remedy(tmp_path: Path) -> None:
    save(tmp_path / "toy", "first")
    (tmp_path / "toy" / "manifest.json").write_text("{")
    with pytest.raises(SavedModelError, match="shopwright fit toy"):
        read_manifest(tmp_path / "toy")


def test_fingerprint_changes_with_the_data_only(database: Engine, small_shop: object) -> None:
    before = shop_fingerprint(database)
    assert shop_fingerprint(database) == before
    with Session(database) as session:
        session.add(Customer(id=999))
        session.commit()
    assert shop_fingerprint(database) != before
