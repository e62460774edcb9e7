"""The doctor looks at everything, raises at nothing, and leaves no trace."""

import re
import socket
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.doctor import Check, examine
from shopwright.knowledge.machine import cpu_cores, free_disk, memory, port_is_free
from shopwright.knowledge.saved import saving
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import IndexOutbox, Product
from shopwright.knowledge.users import Users


def looked(settings: Settings) -> dict[str, Check]:
    return {check.key: check for check in examine(settings)}


def fill(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Product(id=1, name="Milk", department="GROCERY"))
        session.commit()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", port=0)


@pytest.fixture
def shop(settings: Settings) -> Settings:
    engine = open_database(settings.database)
    migrate(engine)
    fill(engine)
    engine.dispose()
    return settings


def test_an_empty_machine_is_told_what_to_do_in_both_languages(settings: Settings) -> None:
    checks = looked(settings)
    for key in ("model", "database", "fitted", "index"):
        assert checks[key].status == "missing"
        assert "shopwright" in checks[key].remedy
        assert re.search(r"[\u4e00-\u9fff]", checks[key].remedy_zh)
    assert checks["python"].status == "ok"
    assert not settings.data_dir.exists()


def test_every_remedy_has_both_languages(settings: Settings) -> None:
    for check in examine(settings):
        assert bool(check.remedy) == bool(check.remedy_zh)
        assert check.found
        assert check.found_zh


def test_a_shop_is_counted(shop: Settings) -> None:
    found = looked(shop)["database"]
    assert found.status == "ok"
    assert "1 products" in found.found


@pytest.mark.postgres
def test_postgres_is_counted(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=postgres_url, port=0)
    assert "empty" in looked(settings)["database"].found
    engine = open_database(postgres_url)
    migrate(engine)
    fill(engine)
    engine.dispose()
    assert "1 products" in looked(settings)["database"].found


def test_an_unreachable_database_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://ann:topsecret@127.0.0.1:1/shop?connect_timeout=2"
    found = looked(Settings(data_dir=tmp_path, database_url=url, port=0))["database"]
    assert found.status == "missing"
    assert "SHOPWRIGHT_DATABASE_URL" in found.remedy
    assert "topsecret" not in str(found)


def test_an_old_revision_is_sent_to_init(shop: Settings) -> None:
    engine = open_database(shop.database)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    engine.dispose()
    found = looked(shop)["database"]
    assert found.status == "missing"
    assert "migrates" in found.remedy


@pytest.mark.parametrize("url", ["no url", "sqlite:////dev/null/x.db", "mysql://x"])
def test_nonsense_is_reported_not_raised(tmp_path: Path, url: str) -> None:
    found = looked(Settings(data_dir=tmp_path, database_url=url, port=0))["database"]
    assert found.status in ("warn", "missing")
    assert found.remedy


def test_a_file_that_is_no_database_is_reported(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "shop.db").write_text("not a database" * 100)
    assert looked(settings)["database"].status in ("warn", "missing")


def test_fitted_models_and_damaged_ones_are_told_apart(settings: Settings) -> None:
    with saving(settings.models_dir / "forecast", fingerprint="x", config={}, libraries=["numpy"]):
        pass
    assert looked(settings)["fitted"].status == "ok"
    (settings.models_dir / "sentiment").mkdir()
    found = looked(settings)["fitted"]
    assert found.status == "missing"
    assert "forecast" in found.found
    assert "damaged: sentiment" in found.found


def test_the_index_says_what_it_has_still_to_take_in(shop: Settings) -> None:
    (shop.index_dir / "saved").mkdir(parents=True)
    (shop.index_dir / "saved" / "stamp.json").write_text("{}")
    assert looked(shop)["index"].status == "ok"
    engine = open_database(shop.database)
    with Session(engine) as session:
        session.add(IndexOutbox(kind="product", ref="1"))
        session.commit()
    engine.dispose()
    found = looked(shop)["index"]
    assert (found.status, "1 changes" in found.found) == ("warn", True)


def test_users_are_counted_and_disabled_ones_are_not(shop: Settings) -> None:
    engine = open_database(shop.database)
    users = Users(engine)
    assert looked(shop)["users"].status == "warn"
    users.add("ann")
    assert looked(shop)["users"].found == "1 can sign in"
    users.disable("ann")
    assert looked(shop)["users"].status == "warn"
    engine.dispose()


def test_engines_say_what_they_lack(settings: Settings, tmp_path: Path) -> None:
    lacking = settings.model_copy(update={"engine": "remote"})
    assert looked(lacking)["engine"].status == "missing"
    complete = lacking.model_copy(update={"remote_url": "http://127.0.0.1:1/v1", "remote_model": "m"})
    assert looked(complete)["engine"].status == "ok"
    assert looked(complete)["model"].status == "ok"
    own = tmp_path / "own.gguf"
    own.write_bytes(b"GGUF")
    assert "your own" in looked(settings.model_copy(update={"model_path": own}))["model"].found


def test_a_busy_port_is_seen(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert looked(settings.model_copy(update={"port": port}))["port"].status == "warn"
    assert port_is_free("127.0.0.1", port)


def test_the_machine_is_measured() -> None:
    total, available = memory()
    assert total >= available > 0
    assert cpu_cores() >= 1
    assert free_disk(Path("/no/such/folder")) > 0
