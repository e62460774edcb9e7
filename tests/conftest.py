"""Fixtures that every room's tests share: empty databases, on SQLite and on a real PostgreSQL."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.settings import Settings


def _sibling(name: str) -> ModuleType:
    """Tests are no package (pytest's importlib mode), so a helper file beside this one is loaded by path."""
    spec = importlib.util.spec_from_file_location(f"shop_tests_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[object]:
    """A temporary PostgreSQL server for the whole run; mark its users `postgres`."""
    with _sibling("postgres").running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: object) -> str:
    """The SQLAlchemy URL of a fresh, empty PostgreSQL database."""
    url: str = postgres_server.new_database()  # type: ignore[attr-defined]
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shop.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    """A migrated, empty database; once on SQLite and once on PostgreSQL."""
    engine = open_database(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def demo_settings() -> Settings:
    """The settings of the demo shop that `shopwright init --demo` made; mark its users `demo`. Read only."""
    settings = Settings()
    if not settings.database_url and not (settings.data_dir / "shop.db").exists():
        pytest.skip(f"there is no demo shop in {settings.data_dir}: run `shopwright init --demo` first")
    return settings
