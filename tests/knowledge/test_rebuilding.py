"""Derived tables are filled anew without losing their indexes, and all at once or not at all."""

from typing import Any

import pytest
from sqlalchemy import func, insert, inspect, select
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import STATS
from shopwright.knowledge.plans import watched
from shopwright.knowledge.rebuilding import rebuilt
from shopwright.knowledge.segments import Segments
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter


def shape(engine: Engine) -> Any:
    """Indexes and keys of the statistics."""
    told = inspect(engine)
    indexes = sorted((index["name"], tuple(index["column_names"])) for index in told.get_indexes(STATS.name))
    keys = [key["constrained_columns"] for key in told.get_foreign_keys(STATS.name)]
    return indexes, keys, told.get_pk_constraint(STATS.name)["constrained_columns"]


def test_the_table_keeps_its_shape_and_gets_new_rows(database: Engine, small_shop: Any) -> None:
    before = shape(database)
    assert refresh_stats(database) == refresh_stats(database) > 50
    assert shape(database) == before
    with database.begin() as connection, rebuilt(connection, STATS) as fresh:
        rows = select(*STATS.c).where(STATS.c.customer_id == 1)
        if fresh is not STATS:
            connection.execute(insert(fresh).from_select([c.name for c in STATS.c], rows))
    with database.connect() as connection:
        left = connection.execute(select(func.count()).select_from(STATS)).scalar_one()
    assert left == (1 if database.dialect.name == "postgresql" else 0)


def test_what_fails_leaves_the_old_rows(database: Engine, small_shop: Any) -> None:
    count = refresh_stats(database)
    with (
        pytest.raises(ZeroDivisionError),
        database.begin() as connection,
        rebuilt(connection, STATS),
    ):
        _ = 1 / 0
    with database.connect() as connection:
        assert connection.execute(select(func.count()).select_from(STATS)).scalar_one() == count
    assert refresh_stats(database) == count


def test_plans_tell_how_tables_are_read(
    database: Engine, small_shop: Any, small_shop_settings: Settings
) -> None:
    refresh_stats(database)
    shop = Shop(small_shop_settings)
    with watched(shop.engine) as ran:
        size = Segments(shop).report(CustomerFilter(active_days=30)).size
    reads = " ".join(read for one in ran for read in one.reads)
    assert "customer_stats" in reads
    assert all(one.seconds >= 0 for one in ran)
    assert Segments(shop).report(CustomerFilter(active_days=30)).size == size
