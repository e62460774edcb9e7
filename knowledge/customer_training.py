"""What the customer models learn from: the same customers at several past days, and what they did next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import ORDERS, STATS
from shopwright.knowledge.customer_features import (
    CHURN_DAYS,
    VALUE_DAYS,
    Measures,
    measure,
    outcomes,
    sampled_days,
    typical_gap,
)
from shopwright.knowledge.customer_model import Aside, CustomerModel, Example, ModelConfig, fit_model

STEP_DAYS = 14
MIN_HISTORY = 28  # days of orders before the first cut
MIN_CUSTOMERS, MIN_OUTCOMES = 50, 20
MAX_CUTS = 26
FIFTHS = 5
MAX_ROWS = 200_000
"""Customers times cuts that are learned from; a larger shop is learned from a sample of its customers."""


@dataclass(frozen=True)
class Span:
    """The shop's records: the day of the first order (day 0), and the number of days up to the last."""

    first: date
    days: int
    customers: int

    @classmethod
    def of(cls, connection: Connection) -> Span:
        """Raises LookupError where the shop has too little to learn from; the text says what it takes."""
        at = ORDERS.c.ordered_at
        first, last = connection.execute(
            select(func.min(at), func.max(at)).where(ORDERS.c.status != "cancelled")
        ).one()
        customers = connection.execute(select(func.count()).select_from(STATS)).scalar_one()
        if first is None:
            raise LookupError("The shop has no orders yet, so nothing can be learned of its customers.")
        span = cls(_day(first), (_day(last) - _day(first)).days + 1, customers)
        least = MIN_HISTORY + VALUE_DAYS + STEP_DAYS
        if span.days < least or customers < MIN_CUSTOMERS:
            raise LookupError(
                "There is too little to learn churn and value of customers from: it takes "
                f"{MIN_CUSTOMERS} customers with an order and {least} days from the first order to the last; "
                f"found {customers} customers and {span.days} days. Segments, scores and lifecycle stages "
                "work without; import more history for the rest."
            )
        return span

    def cuts(self, until: int) -> list[int]:
        """The days to learn from when nothing from day `until` on is known, last first."""
        return list(range(until - CHURN_DAYS, MIN_HISTORY - 1, -STEP_DAYS))[:MAX_CUTS]

    def one_in(self) -> int:
        """One customer in so many is learned from."""
        return max(1, math.ceil(self.customers * len(self.cuts(self.days)) / MAX_ROWS))


@dataclass
class Past:
    """Reads examples of sampled customers, each day once; open for as long as `reading` is."""

    span: Span
    one_in: int
    _connection: Connection
    _days: Table
    _measured: dict[int, Measures] = field(default_factory=dict)

    def before(self, cut: int) -> Measures:
        """Everybody with an order before the day, and what their orders say."""
        if cut not in self._measured:
            self._measured[cut] = measure(self._connection, self._days, cut)
        return self._measured[cut]

    def example(self, cut: int, until: int) -> Example:
        """Everybody with an order before the day, and what they did before day `until`."""
        before = self.before(cut)
        after = outcomes(self._connection, self._days, before)
        return Example(before, after, cut + CHURN_DAYS <= until, cut + VALUE_DAYS <= until)

    def examples(self, until: int) -> list[Example]:
        """All examples whose outcome was known on day `until`."""
        return [self.example(cut, until) for cut in self.span.cuts(until) if len(self.before(cut).ids)]


@contextmanager
def reading(connection: Connection, span: Span) -> Iterator[Past]:
    """The shop's past, as far as the sample reaches."""
    with sampled_days(connection, span.first, span.one_in()) as days:
        yield Past(span, span.one_in(), connection, days)


@dataclass(frozen=True)
class Learned:
    """A fitted model, and how far customers outside their fold were from what it said."""

    model: CustomerModel
    shared_error: float
    aside: Aside
    rows: int


def learn(examples: Sequence[Example], config: ModelConfig | None = None) -> Learned:
    """Fit churn and value. Raises LookupError where too few stayed away, came back or spent."""
    churned = np.concatenate([e.after.churned for e in examples if e.churn_known] or [np.empty(0, bool)])
    spent = np.concatenate([e.after.spend for e in examples if e.value_known] or [np.empty(0)])
    fewest = min(int(churned.sum()), int((~churned).sum()), int((spent > 0).sum()))
    if fewest < MIN_OUTCOMES:
        raise LookupError(
            "There is too little to learn churn and value of customers from: in the past it takes "
            f"{MIN_OUTCOMES} times that a customer stayed away for {CHURN_DAYS} days and as many that one "
            f"came back; found {int(churned.sum())} and {int((~churned).sum())}. Segments, scores and "
            "lifecycle stages work without."
        )
    model, aside = fit_model(examples, typical_gap(examples[0].before), config)
    return Learned(model, _shared_error(aside, model.state.mean), aside, len(churned))


def _shared_error(aside: Aside, mean: tuple[float, float]) -> float:
    """How far the totals of groups are off beyond what their members' own errors explain, as a share.

    The root mean square over the past days and fifths of the customers by value. Never below 3%: the past
    days overlap, and the model has seen all of them, only not these customers.
    """
    said = mean[0] + mean[1] * aside.value
    beyond = []
    for cut in np.unique(aside.value_cut):
        day = np.flatnonzero(aside.value_cut == cut)
        for group in np.array_split(day[np.argsort(said[day], kind="stable")], FIFTHS):
            error, total = aside.spend[group] - said[group], max(1e-9, float(said[group].sum()))
            beyond.append((error.sum() ** 2 - (error**2).sum()) / total**2)
    return float(np.sqrt(max(0.03**2, np.mean(beyond))))


def _day(moment: datetime) -> date:
    return moment.date()
