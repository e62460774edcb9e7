"""`bench scale`: the same measurements on a generated shop in PostgreSQL, with plans and fits.

Fits run one after another, each in a process of its own, whose peak of resident memory is theirs alone;
what PostgreSQL itself takes is bounded by its own settings, which stand beside the figures.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from shopwright.evals.benches.apart import run_apart
from shopwright.evals.benches.engine import peak_rss
from shopwright.evals.benches.timing import timed
from shopwright.evals.benches.tools import filters_of, measure_recommendations, measure_segments, shop_size
from shopwright.evals.bigshop import connected, make_big_shop, postgres_address
from shopwright.evals.bigshop_plan import BigShop
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Steps
from shopwright.evals.surroundings import read_kept
from shopwright.knowledge.database import migrate
from shopwright.knowledge.plans import watched
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

Told = Callable[[str, int, int], None]
FITS = {
    "statistics": ("stats", "refresh_stats"),
    "history": ("segment_past", "refresh_past"),
    "recommender": ("recommend_fit", "fit_recommender"),
    "customers": ("customer_fit", "fit_customers"),
    "campaigns": ("campaign_fit", "fit_campaigns"),
    "patterns": ("patterns", "fit_patterns"),
}
"""What is fitted, in the order in which one builds on another: module and function in `knowledge`."""
IN_DATABASE = ("statistics", "history")
EXPLAINED = 6
SERVER = (
    "server_version",
    "shared_buffers",
    "work_mem",
    "maintenance_work_mem",
    "effective_cache_size",
    "max_parallel_workers_per_gather",
    "random_page_cost",
    "jit",
    "fsync",
)
COUNTED = (
    "Segments: each filter's whole report, {rounds} rounds after one that does not count; the 95th "
    "percentile is over all of them. Recommendations: ten products with reasons for each of {customers} "
    "customers drawn with a fixed seed. Fits: wall seconds and peak resident memory of a process that does "
    "only that."
)


def measure_scale(
    settings: Settings,
    url: str,
    plan: BigShop,
    *,
    rounds: int,
    customers: int,
    fits: Sequence[str] = tuple(FITS),
    models: Path | None = None,
    earlier: Path | None = None,
) -> dict[str, Any]:
    """Generate the shop where there is none yet, fit, and measure; the figures of `bench scale`.

    Fitted models are kept in the folder `models`, else in one that is deleted at the end. What is not fitted
    now keeps its figures from the file `earlier`, where that is of the same shop. Raises EvalError for a
    database that is not PostgreSQL, is not reached, or holds another shop.
    """
    postgres_address(url)
    with connected(url), ExitStack() as stack:
        folder = models or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shopwright-scale-")))
        own = settings.model_copy(update={"database_url": url, "data_dir": folder})
        shop = Shop(own)
        migrate(shop.engine)
        generated = _generate(url, plan)
        before = kept(earlier, plan)
        fitted = before.get("fits", {}) | {name: fit_apart(own, name) for name in fits}
        filters = filters_of(shop)
        segments, by_filter = measure_segments(shop, filters, rounds)
        slowest = [one for name in by_filter for one in filters if one.name == name][:EXPLAINED]
        return {
            "customers": plan.customers,
            "lines": plan.lines,
            "seed": plan.seed,
            **segments,
            **_recommendations(shop, customers),
            "fits": fitted,
            "generated_seconds": generated or before.get("generated_seconds"),
            "segment_longest_ms": by_filter,
            "plans": {one.name: explained(shop, one.filter) for one in slowest},
            "shop": shop_size(shop),
            "database": database_facts(url),
            "counted": COUNTED.format(rounds=rounds, customers=customers),
        }


def _generate(url: str, plan: BigShop) -> float | None:
    """Seconds that the generation took; None where the shop was there already."""
    began = time.monotonic()
    with Steps() as told:
        made = make_big_shop(url, plan, told)
    return round(time.monotonic() - began, 1) if made else None


def kept(path: Path | None, plan: BigShop) -> dict[str, Any]:
    """Figures of the same shop that were kept before; nothing where there are none."""
    if path is None or not path.is_file():
        return {}
    found = read_kept(path)
    same = isinstance(found, dict) and [found.get(name) for name in ("customers", "lines", "seed")] == [
        plan.customers, plan.lines, plan.seed,
    ]  # fmt: skip
    return found if same else {}


def _recommendations(shop: Shop, customers: int) -> dict[str, Any]:
    try:
        return measure_recommendations(shop, customers)
    except LookupError as error:
        return {"recommend_p95_ms": None, "recommend_skipped": str(error)}


def fit_apart(settings: Settings, name: str) -> dict[str, Any]:
    """Seconds, peak memory and spilled bytes of one fit in a process of its own."""
    before = spilled(settings.database)
    found = run_apart(fit, settings, name)
    return {**found, "server_spilled_gib": round((spilled(settings.database) - before) / 2**30, 2)}


def fit(settings: Settings, name: str) -> dict[str, Any]:
    """Fit one of FITS and say how long it took and the most memory this process had resident."""
    module, function = FITS[name]
    run = getattr(import_module(f"shopwright.knowledge.{module}"), function)
    shop = Shop(settings)
    try:
        with Steps() as told:
            seconds = timed(lambda: run(shop.engine if name in IN_DATABASE else shop, told))
    except LookupError as error:
        return {"skipped": str(error)}
    return {"seconds": round(seconds, 1), "peak_rss_mib": round((peak_rss() or 0) / 2**20)}


def explained(shop: Shop, filter: Any) -> list[dict[str, Any]]:
    """The statements of one report: milliseconds and how each table is read."""
    with watched(shop.engine) as ran:
        shop.segments.report(filter)
    return [
        {"ms": round(1000 * one.seconds, 1), "starts": " ".join(one.sql.split())[:60], "reads": one.reads}
        for one in ran
        if one.reads
    ]


def spilled(url: str) -> int:
    """Bytes that the server has written to temporary files for this database so far."""
    with connected(url, autocommit=True) as connection:
        row = connection.execute("SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()")
        return int((row.fetchone() or (0,))[0] or 0)


def database_facts(url: str) -> dict[str, Any]:
    """The server's settings that matter, and the gibibytes of the database and of its largest tables."""
    sizes = (
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = "
        "current_schema()::regnamespace ORDER BY 2 DESC LIMIT 6"
    )
    with connected(url) as connection:
        settings = {}
        for name in SERVER:
            settings[name] = (connection.execute("SELECT current_setting(%s)", [name]).fetchone() or ("",))[0]
        whole = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        tables = {name: round(size / 2**30, 2) for name, size in connection.execute(sizes).fetchall()}
    return {
        "settings": settings,
        "size_gib": round((whole or (0,))[0] / 2**30, 2),
        "tables_with_indexes_gib": tables,
    }


def check_fits(names: Sequence[str]) -> None:
    """Raises EvalError for a name that is none of FITS."""
    for name in names:
        if name not in FITS:
            raise EvalError(f"There is no fit '{name}' to measure. Choose among {', '.join(FITS)}.")


def report(found: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = [
        f"{found['shop']['customer']:,} customers, {found['shop']['order_line']:,} lines, "
        f"{found['database']['size_gib']} GiB",
        f"segments         p95 {found['segment_p95_ms']:,.0f} ms, median {found['segment_p50_ms']:,.0f} ms",
    ]
    if found["recommend_p95_ms"] is not None:
        lines.append(f"recommendations  p95 {found['recommend_p95_ms']:,.1f} ms")
    for name, one in found["fits"].items():
        told = one.get("skipped") or f"{one['seconds']:,.0f} s, peak {one['peak_rss_mib']:,} MiB"
        lines.append(f"fit {name:12} {told}")
    for name, statements in found["plans"].items():
        lines.append(f"slow: {name}")
        lines += [f"  {one['ms']:8.1f} ms  {'; '.join(one['reads'])}" for one in statements]
    return "\n".join(lines)
