"""A generated shop in a real PostgreSQL, small; the same code makes the big ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shopwright.evals.benches.growth import exponent, growth, table
from shopwright.evals.benches.scale import check_fits, measure_scale, report
from shopwright.evals.bigshop import connected, definitions, make_big_shop, postgres_address
from shopwright.evals.bigshop_orders import orders_a_day
from shopwright.evals.bigshop_plan import BigShop
from shopwright.evals.errors import EvalError
from shopwright.evals.surroundings import keep
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter

PLAN = BigShop(customers=150, lines=6_000)


def ask(url: str, query: str) -> Any:
    with connected(url) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row and len(row) == 1 else row


@pytest.fixture
def empty(postgres_url: str) -> str:
    engine = open_database(postgres_url)
    migrate(engine)
    engine.dispose()
    return postgres_url


@pytest.mark.postgres
def test_the_shop_is_as_planned_and_its_parts_agree(empty: str) -> None:
    with connected(empty) as connection:
        before = [definition.on.as_string(connection) for definition in definitions(connection, "order_line")]
    assert make_big_shop(empty, PLAN)
    assert ask(empty, "SELECT count(*) FROM customer") == 150
    assert ask(empty, "SELECT count(*) FROM orders") == PLAN.orders
    assert ask(empty, "SELECT count(*) FROM order_line") == pytest.approx(6_000, rel=0.1)
    # Totals are the sums of the lines; lines lie in orders of customers and products that there are.
    joined = (
        "SELECT count(*) FROM orders JOIN order_line ON order_id = orders.id "
        "JOIN product ON product.id = product_id JOIN customer ON customer.id = customer_id"
    )
    assert ask(empty, joined) == ask(empty, "SELECT count(*) FROM order_line")
    wrong = (
        "SELECT count(*) FROM (SELECT order_id FROM orders JOIN order_line ON order_id = orders.id "
        "GROUP BY order_id, total HAVING abs(sum(amount) - total) > 0.01) AS w"
    )
    assert ask(empty, wrong) == 0
    first, last = ask(empty, "SELECT min(ordered_at)::date, max(ordered_at)::date FROM orders")
    assert first == PLAN.first_day
    assert (last - first).days == PLAN.days - 1
    assert ask(empty, "SELECT count(*) FROM redemption") > 0
    with connected(empty) as connection:
        after = [definition.on.as_string(connection) for definition in definitions(connection, "order_line")]
    assert sorted(after) == sorted(before)
    # A line can be added afterwards: its number goes on.
    with connected(empty) as connection:
        connection.execute(
            "INSERT INTO order_line (order_id, product_id, quantity, amount, retail_discount, coupon_discount, "
            "coupon_match_discount) VALUES (1, 1, 1, 1, 0, 0, 0)"
        )


@pytest.mark.postgres
def test_the_same_plan_gives_the_same_shop(postgres_server: Any) -> None:
    def made(plan: BigShop) -> Any:
        url = postgres_server.new_database()
        engine = open_database(url)
        migrate(engine)
        engine.dispose()
        make_big_shop(url, plan)
        query = "SELECT sum(amount), sum(product_id * order_id), sum(hashtext(o.ordered_at::text)) FROM order_line"
        return ask(url, f"{query} JOIN orders AS o ON o.id = order_id")

    assert made(PLAN) == made(PLAN)
    assert made(PLAN) != made(replace(PLAN, seed=2))


@pytest.mark.postgres
def test_a_database_that_holds_something_else_is_refused(empty: str, postgres_server: Any) -> None:
    assert make_big_shop(empty, PLAN)
    assert not make_big_shop(empty, PLAN)
    with pytest.raises(EvalError, match="another generated shop"):
        make_big_shop(empty, replace(PLAN, lines=7_000))
    with connected(empty) as connection:
        connection.execute(
            "UPDATE snapshot SET details = '{\"state\": \"begun\"}' WHERE name = 'generated shop'"
        )
    with pytest.raises(EvalError, match="interrupted"):
        make_big_shop(empty, PLAN)

    theirs = postgres_server.new_database()
    engine = open_database(theirs)
    migrate(engine)
    engine.dispose()
    with connected(theirs) as connection:
        connection.execute("INSERT INTO customer (id, consent_marketing) VALUES (1, false)")
    with pytest.raises(EvalError, match="not generated here"):
        make_big_shop(theirs, PLAN)
    assert ask(theirs, "SELECT count(*) FROM customer") == 1


def test_only_postgresql_is_taken() -> None:
    assert postgres_address("postgresql+psycopg://a@/b?host=c") == "postgresql://a@/b?host=c"
    with pytest.raises(EvalError, match="PostgreSQL"):
        postgres_address("sqlite:///shop.db")
    with (
        pytest.raises(EvalError, match="cannot be reached"),
        connected("postgresql://nobody@127.0.0.1:1/none"),
    ):
        pass
    with pytest.raises(EvalError, match="no fit 'tarot'"):
        check_fits(["tarot"])


@pytest.mark.parametrize("lines", [10, 999, 123_456])
def test_every_order_has_its_day(lines: int) -> None:
    counts = orders_a_day(BigShop(10, lines))
    assert counts.min() >= 0
    assert counts.sum() == BigShop(10, lines).orders


@pytest.mark.postgres
def test_a_generated_shop_is_measured(postgres_url: str, tmp_path: Path) -> None:
    found = measure_scale(
        Settings(data_dir=tmp_path / "mine"),
        postgres_url,
        PLAN,
        rounds=1,
        customers=3,
        fits=["statistics", "recommender"],
        models=tmp_path / "models",
    )
    assert found["segment_p95_ms"] >= found["segment_p50_ms"] > 0
    assert found["recommend_p95_ms"] > 0
    assert all(one["peak_rss_mib"] > 0 for one in found["fits"].values())
    assert any("customer" in read for one in next(iter(found["plans"].values())) for read in one["reads"])
    assert not (tmp_path / "mine").exists()
    told = report(found)
    assert "150 customers" in told
    assert str(tmp_path) not in str(found)

    again = measure_scale(
        Settings(data_dir=tmp_path / "mine"), postgres_url, PLAN, rounds=1, customers=1, fits=[]
    )
    assert again["generated_seconds"] is None
    assert "fit recommender" in again["recommend_skipped"]
    keep(tmp_path / "small.json", found)
    keep(tmp_path / "large.json", {**found, "lines": 60_000, "segment_p95_ms": 10 * found["segment_p95_ms"]})
    grown = growth([tmp_path / "large.json", tmp_path / "small.json"])
    assert grown["lines"] == [6_000, 60_000]
    assert grown["exponents"]["Segment report, p95 (ms)"] == 1.0
    assert "| 150 customers, 6k lines |" in table(grown)


@pytest.mark.postgres
def test_top_categories_of_very_many_members_are_estimated_and_it_says_so(empty: str, tmp_path: Path) -> None:
    make_big_shop(empty, BigShop(customers=24_000, lines=60_000))
    shop = Shop(Settings(data_dir=tmp_path, database_url=empty))
    refresh_stats(shop.engine)
    found = shop.segments.report(CustomerFilter())
    assert found.size == 24_000
    assert found.categories_sampled == pytest.approx(10_000, rel=0.1)
    bought = "SELECT count(DISTINCT customer_id), sum(spend) FROM customer_category GROUP BY category ORDER BY 2 DESC"
    count, spend = ask(empty, bought)
    assert found.top_categories[0].count == pytest.approx(count, rel=0.1)
    assert found.top_categories[0].spend == pytest.approx(spend, rel=0.1)
    assert found.top_categories[0].share == pytest.approx(count / 24_000, abs=0.02)
    few = shop.segments.report(CustomerFilter(top=5_000))
    assert few.categories_sampled is None


def test_growth_needs_figures_of_two_sizes(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    keep(other, {"engine": "x"})
    with pytest.raises(EvalError, match="at least two"):
        growth([other])
    with pytest.raises(EvalError, match="holds no figures"):
        growth([other, other])
    assert exponent([1, 100], [5.0, 5.0]) == 0
    assert exponent([1, 100], [None, 5.0]) is None
