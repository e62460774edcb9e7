"""The bench of the tools on a small real shop: what it measures, and what it says where it cannot."""

import importlib.util
import sys
from pathlib import Path

import pytest

from shopwright.evals.benches.timing import milliseconds, percentile
from shopwright.evals.benches.tools import TARGETS, measure_tools, report
from shopwright.evals.benches.tools_filters import varied_filters
from shopwright.evals.errors import EvalError
from shopwright.knowledge.database import migrate
from shopwright.knowledge.recommend_fit import fit_recommender
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats

_spec = importlib.util.spec_from_file_location(
    "small_shop_for_benches", Path(__file__).parents[1] / "knowledge" / "small_shop.py"
)
assert _spec is not None
assert _spec.loader is not None
small_shop = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = small_shop
_spec.loader.exec_module(small_shop)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    small_shop.make_small_shop(shop.engine)
    refresh_stats(shop.engine)
    return shop


def test_filters_are_varied_and_every_one_runs(shop: Shop) -> None:
    filters = varied_filters(shop)
    assert len(filters) >= 40
    assert len({one.name for one in filters}) == len(filters)
    sizes = {one.name: shop.segments.report(one.filter).size for one in filters}
    assert sizes["everyone"] == 61
    assert 0 < sizes["bought largest category"] < 61
    assert len(set(sizes.values())) > 10


def test_what_can_be_measured_is_and_the_rest_is_explained(shop: Shop) -> None:
    fit_recommender(shop)
    found = measure_tools(shop, rounds=1, customers=5)
    assert set(TARGETS) <= set(found)
    assert found["segment_p95_ms"] > 0
    assert found["recommend_p95_ms"] > 0
    assert found["reviews_per_second"] is None
    assert "fit sentiment" in found["skipped"]["reviews"]
    assert "fit campaigns" in found["skipped"]["forecasts"]
    assert found["shop"]["customer"] == 61
    assert "not measured" in report(found)


def test_an_empty_shop_is_refused_with_the_way_out(tmp_path: Path) -> None:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    with pytest.raises(EvalError, match="shopwright init"):
        measure_tools(shop)


def test_percentiles() -> None:
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2.0
    assert percentile([1.0, 2.0], 0.95) == pytest.approx(1.95)
    assert milliseconds([0.003], "x") == {"x_p95_ms": 3.0, "x_p50_ms": 3.0, "x_longest_ms": 3.0}
