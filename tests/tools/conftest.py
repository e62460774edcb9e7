"""The small shop of the knowledge tests, counted, for tools that need a shop with customers."""

import importlib.util
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from shopwright.knowledge.segment_past import refresh_past
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats


@pytest.fixture
def counted_shop(database: Engine, database_url: str, tmp_path: Path) -> Shop:
    """Sixty-one customers and a year of orders, with statistics; no model is fitted."""
    path = Path(__file__).parents[1] / "knowledge" / "small_shop.py"
    spec = importlib.util.spec_from_file_location("shop_tests_small_shop_for_tools", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.make_small_shop(database)
    refresh_stats(database)
    refresh_past(database)
    return Shop(Settings(data_dir=tmp_path, database_url=database_url))
