"""`bench tools`: how fast segments, recommendations, forecasts and reviews are on the shop at hand."""

import random
from collections.abc import Callable
from typing import Any

from shopwright.evals.benches.timing import milliseconds, timed
from shopwright.evals.benches.tools_filters import Named, varied_filters
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Progress
from shopwright.knowledge.shop import Shop

CUSTOMERS = 200
ROUNDS = 3
TARGETS = {
    "segment_p95_ms": "under 100",
    "recommend_p95_ms": "under 50",
    "forecasts_per_second": "at least 1000",
    "reviews_per_second": "at least 300",
    "reviews_per_second_fast": "at least 4000",
}
COUNTED = (
    "Segments: each filter's whole report (members, figures, ages, top categories), {rounds} rounds after "
    "one that does not count; the 95th percentile is over all of them. Recommendations: ten products with "
    "reasons for each of {customers} customers drawn with a fixed seed. Forecasts and reviews: per second "
    "of one call with many."
)


def measure_tools(shop: Shop, rounds: int = ROUNDS, customers: int = CUSTOMERS) -> dict[str, Any]:
    """The figures of `bench tools`; what the shop cannot do is None, and `skipped` says why.

    Raises EvalError when the shop has no customers or statistics.
    """
    filters = filters_of(shop)
    segments, by_filter = measure_segments(shop, filters, rounds)
    found, skipped = _measured(shop, customers)
    return {
        **segments,
        **found,
        "filters": len(filters),
        "slowest_filters_ms": dict(list(by_filter.items())[:5]),
        "targets": TARGETS,
        "counted": COUNTED.format(rounds=rounds, customers=customers),
        "skipped": skipped,
        "shop": shop_size(shop),
    }


def filters_of(shop: Shop) -> list[Named]:
    """The filters to time. Raises EvalError when the shop is not set up."""
    try:
        shop.segments.overview()
    except LookupError as error:
        raise EvalError(str(error)) from error
    return varied_filters(shop)


def measure_segments(
    shop: Shop, filters: list[Named], rounds: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Percentiles over all filters and rounds, and each filter's longest in milliseconds, slowest first."""
    progress = Progress("segments", (rounds + 1) * len(filters))
    taken: dict[str, list[float]] = {one.name: [] for one in filters}
    for turn in range(rounds + 1):
        for one in filters:
            seconds = timed(lambda one=one: shop.segments.report(one.filter))  # type: ignore[misc]
            progress.step()
            if turn:
                taken[one.name].append(seconds)
    longest = {name: round(1000 * max(each), 1) for name, each in taken.items()}
    slowest = dict(sorted(longest.items(), key=lambda item: -item[1]))
    return milliseconds((seconds for each in taken.values() for seconds in each), "segment"), slowest


def measure_recommendations(shop: Shop, customers: int) -> dict[str, float]:
    """Percentiles of ten recommendations for so many customers. Raises LookupError when not fitted."""
    ids = sample_customers(shop, customers)
    shop.recommender.for_customer(ids[0])
    progress = Progress("recommendations", len(ids))
    taken = []
    for customer in ids:
        taken.append(timed(lambda customer=customer: shop.recommender.for_customer(customer)))  # type: ignore[misc]
        progress.step()
    return milliseconds(taken, "recommend")


def sample_customers(shop: Shop, count: int) -> list[int]:
    """Ids of customers drawn with a fixed seed, evenly over the range of ids."""
    chance = random.Random(7)  # noqa: S311 - which customers are timed is no secret
    query = "SELECT id FROM customer WHERE id >= {} ORDER BY id LIMIT 1"
    with shop.engine.connect() as connection:
        low, high = connection.exec_driver_sql("SELECT min(id), max(id) FROM customer").one()
        if low is None:
            raise EvalError("The shop has no customers. Run `shopwright init --demo` or `shopwright import`.")
        return [
            connection.exec_driver_sql(query.format(chance.randint(low, high))).scalar_one()
            for _ in range(count)
        ]


def shop_size(shop: Shop) -> dict[str, int]:
    """Rows of the tables that matter."""
    tables = ("customer", "product", "orders", "order_line", "review")
    with shop.engine.connect() as connection:
        return {
            # The table is one of our own names.
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
            for table in tables
        }


def _measured(shop: Shop, customers: int) -> tuple[dict[str, Any], dict[str, str]]:
    """What learned models give, and why some of them give nothing."""
    from shopwright.evals.benches.tools_learned import measure_forecasts, measure_reviews

    found: dict[str, Any] = dict.fromkeys(TARGETS)
    del found["segment_p95_ms"]
    skipped: dict[str, str] = {}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "recommendations": lambda: measure_recommendations(shop, customers),
        "forecasts": lambda: measure_forecasts(shop),
        "reviews": lambda: measure_reviews(shop),
    }
    for name, measure in parts.items():
        try:
            found |= measure()
        except LookupError as error:
            skipped[name] = str(error)
    return found, skipped


def report(found: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = [f"{name:24} {_shown(found[name]):>10}   (target: {TARGETS[name]})" for name in TARGETS]
    slowest = ", ".join(f"{name} {value:.0f} ms" for name, value in found["slowest_filters_ms"].items())
    lines.append(f"slowest of {found['filters']} filters: {slowest}")
    lines += [f"{name}: not measured. {why}" for name, why in found["skipped"].items()]
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
