"""Fitting the customer models on the shop's past, and writing down what they say of every customer.

Learned is from a sample where the shop is large (customer_training.MAX_ROWS); everybody is then scored in
ranges of ids, so that memory stays the same whatever the number of customers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge import saved
from shopwright.knowledge.bulk import bulk_insert
from shopwright.knowledge.columns import CATEGORIES, INSIGHT, ORDERS, STATS
from shopwright.knowledge.customer_clusters import DEPARTMENTS, Clusters, describe, fit_clusters
from shopwright.knowledge.customer_features import Floats, Ints, Measures, customer_days, measure
from shopwright.knowledge.customer_model import CustomerModel, ModelConfig
from shopwright.knowledge.customer_tags import write_tags
from shopwright.knowledge.customer_training import STEP_DAYS, Learned, Span, learn, reading
from shopwright.knowledge.customers import NAME, CustomerFacts
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.rebuilding import rebuilt
from shopwright.knowledge.stats import refresh_stats

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

RANGE = 20_000
"""Customers that are scored at once."""
COLUMNS = ("customer_id", "churn_probability", "value_90", "value_90_low", "value_90_high", "cluster")


def fit_customers(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> None:
    """Fit churn, value and clusters, save them, and fill CustomerInsight and CustomerTag.

    Raises LookupError where the shop has too little history or too few customers; nothing is changed then.
    """
    config = ModelConfig()
    with shop.engine.connect() as connection:
        counted = connection.execute(select(STATS.c.customer_id).limit(1)).first() is not None
    if not counted:
        refresh_stats(shop.engine, progress)
    with shop.engine.connect() as connection:
        span = Span.of(connection)
        with reading(connection, span) as past:
            progress("customers: past days", 0, 3)
            examples = past.examples(span.days)
            now, one_in = past.before(span.days), past.one_in
        progress("customers: past days", 1, 3)
        learned = learn(examples, config)
        progress("customers: past days", 2, 3)
        departments = _departments(connection)
        clusters = fit_clusters(now, _mix(connection, now.ids, departments), departments, config.seed)
        progress("customers: past days", 3, 3)
    fingerprint = saved.shop_fingerprint(shop.engine)
    libraries = ["lightgbm", "scikit-learn", "numpy", "scipy"]
    settings = {**config.model_dump(), "step_days": STEP_DAYS, "sampled_one_in": one_in}
    with saved.saving(
        shop.model_dir(NAME), fingerprint=fingerprint, config=settings, libraries=libraries
    ) as draft:
        learned.model.write(draft.folder)
        draft.path("clusters.json").write_text(clusters.model_dump_json(), encoding="utf-8")
        with shop.engine.begin() as connection:
            sizes = _write_insights(connection, span, learned.model, clusters, progress)
            tags = write_tags(connection)
            facts = CustomerFacts(
                as_of=(span.first + timedelta(days=span.days - 1)).isoformat(),
                customers=sum(sizes.values()),
                mean_start=learned.model.state.mean[0],
                mean_slope=learned.model.state.mean[1],
                shared_error=learned.shared_error,
                clusters=describe(clusters, [sizes[number] for number in range(1, clusters.k + 1)]),
                tags=tags,
            )
            draft.path("facts.json").write_text(facts.model_dump_json(), encoding="utf-8")
            draft.figures.update(_figures(learned, clusters, facts))


def _figures(learned: Learned, clusters: Clusters, facts: CustomerFacts) -> dict[str, Any]:
    aside = learned.aside
    return {
        "customers": facts.customers,
        "examples": learned.rows,
        "churn_rate": round(float(aside.churned.mean()), 4),
        "spend_error_of_customers_not_seen": round(
            float(np.abs(aside.spend - aside.value).mean() / max(1e-9, aside.spend.mean())), 4
        ),
        "shared_error": round(facts.shared_error, 4),
        "k": clusters.k,
        "k_tried": [trial.model_dump() for trial in clusters.trials],
        "churn_by": learned.model.importance("churn"),
        "tags": len(facts.tags),
    }


def _write_insights(
    connection: Connection, span: Span, model: CustomerModel, clusters: Clusters, progress: Progress
) -> Counter[int]:
    """Score everybody; returns the sizes of the clusters."""
    sizes: Counter[int] = Counter()
    starts = _range_starts(connection)
    with rebuilt(connection, INSIGHT) as fresh:
        for done, (low, high) in enumerate(zip(starts, [*starts[1:], None], strict=True)):
            progress("customers: scoring", done, len(starts))
            before = _everybody(connection, span, low, high)
            numbers = clusters(before, _mix(connection, before.ids, clusters.departments))
            sizes.update(numbers.tolist())
            bulk_insert(connection, fresh, COLUMNS, _rows(before, model, numbers))
    progress("customers: scoring", len(starts), len(starts))
    return sizes


def _rows(before: Measures, model: CustomerModel, numbers: Ints) -> Iterator[tuple[Any, ...]]:
    said = model(before)
    columns = (before.ids, said.churn, said.value, said.low, said.high, numbers)
    return zip(*(column.tolist() for column in columns), strict=True)


def _everybody(connection: Connection, span: Span, low: int, high: int | None) -> Measures:
    days = customer_days(connection.dialect.name, span.first, _between(ORDERS.c.customer_id, low, high))
    return measure(connection, days.subquery("customer_day"), span.days)


def _between(customer: Any, low: int, high: int | None) -> tuple[ColumnElement[bool], ...]:
    return (customer >= low,) if high is None else (customer >= low, customer < high)


def _range_starts(connection: Connection) -> list[int]:
    """The first id of each range of RANGE customers."""
    place = func.row_number().over(order_by=STATS.c.customer_id)
    numbered = select(STATS.c.customer_id, place.label("place")).subquery()
    query = select(numbered.c.customer_id).where((numbered.c.place - 1) % RANGE == 0)
    return list(connection.execute(query.order_by(numbered.c.customer_id)).scalars())


def _departments(connection: Connection) -> list[str]:
    """Those that sell most."""
    c = CATEGORIES.c
    query = (
        select(c.department)
        .where(c.department != "")
        .group_by(c.department)
        .order_by(func.sum(c.spend).desc(), c.department)
        .limit(DEPARTMENTS)
    )
    return list(connection.execute(query).scalars())


def _mix(connection: Connection, customers: Ints, departments: list[str]) -> Floats:
    """The customers' spend by department, the rest last: (n, len(departments) + 1)."""
    mix = np.zeros((len(customers), len(departments) + 1))
    if not len(customers):
        return mix
    c = CATEGORIES.c
    sums = [func.sum(case((c.department == name, c.spend), else_=0.0)) for name in departments]
    query = (
        select(c.customer_id, func.sum(c.spend), *sums)
        .where(c.customer_id.between(int(customers[0]), int(customers[-1])))
        .group_by(c.customer_id)
    )
    place = {customer: at for at, customer in enumerate(customers.tolist())}
    for customer, total, *parts in connection.execute(query):
        if customer in place:
            known = [float(part or 0.0) for part in parts]
            mix[place[customer]] = [*known, float(total or 0.0) - sum(known)]
    return mix
