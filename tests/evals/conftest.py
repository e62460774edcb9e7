"""A small counted shop for the harness to copy, on SQLite and on PostgreSQL, and a scripted assistant over it."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.segment_past import refresh_past
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.stats import refresh_stats


def _small_shop() -> ModuleType:
    path = Path(__file__).parents[1] / "knowledge" / "small_shop.py"
    spec = importlib.util.spec_from_file_location("shop_tests_small_shop_for_evals", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def fill(engine: Engine) -> None:
    """Sixty-one customers and a year of orders, with statistics; no model is fitted."""
    _small_shop().make_small_shop(engine)
    refresh_stats(engine)
    refresh_past(engine)


@pytest.fixture
def any_shop(database: Engine, database_url: str, tmp_path: Path) -> Settings:
    """The small shop, once on SQLite and once on PostgreSQL; nothing is connected to it."""
    fill(database)
    database.dispose()
    url = "" if database_url.endswith("shop.db") else database_url
    return Settings(data_dir=tmp_path, database_url=url)


@pytest.fixture
def small_shop(tmp_path: Path) -> Settings:
    """The small shop on SQLite."""
    settings = Settings(data_dir=tmp_path / "shop", database_url="")
    engine = open_database(settings.database)
    migrate(engine)
    fill(engine)
    engine.dispose()
    return settings


@pytest.fixture
def suite_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a suite's file and returns its path."""

    def write(text: str, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
