"""Which products are looked at for a customer: a thousand or so that some signal speaks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.recommend_learned import Learned
from shopwright.knowledge.recommend_signals import Customer

SMALL = 1500  # a catalogue of up to so many is looked at whole
BY_TASTE, BY_PAIRS, BY_SALES, BY_TEXT = 250, 150, 200, 40
KINDS, OF_A_KIND = 60, 8
IN_SCOPE = 1200

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def candidates(learned: Learned, customer: Customer, allowed: Flags) -> Ints:
    """Rows among `allowed` (a flag a row), ascending: what was bought, and each signal's best others.

    Taste, pairs, sales, the best sold of the kinds bought most, and texts that are alike.
    """
    some = np.flatnonzero(allowed)
    if len(some) <= SMALL:
        return some
    if len(some) <= len(allowed) // 4:  # a scope: its best sold ones stand for all signals
        some = some[np.argsort(-learned.items.recent[some], kind="stable")][:IN_SCOPE]
    parts = [
        customer.products.items,
        _best(customer.taste, BY_TASTE),
        _best(customer.together, BY_PAIRS),
        learned.best_sold[:BY_SALES],
        _of_kinds(learned, customer),
        _by_text(learned, customer),
    ]
    if len(some) <= IN_SCOPE:
        parts.append(some)
    rows = np.unique(np.concatenate(parts))
    kept: Ints = rows[allowed[rows]]
    return kept


def _best(values: Floats, count: int) -> Ints:
    """Positions of the `count` highest values above 0."""
    best = np.argpartition(-values, min(count, len(values) - 1))[:count]
    return best[values[best] > 0]


def _of_kinds(learned: Learned, customer: Customer) -> Ints:
    """The best sold products of the types that the customer buys most or is likeliest to."""
    liking = 0.05 * customer.kind_taste
    liking[customer.kinds.items] += customer.kinds.faded[:, 1]
    order, starts = learned.by_kind
    kinds = np.argsort(-liking, kind="stable")[:KINDS]
    spans = [order[starts[kind] : min(starts[kind] + OF_A_KIND, starts[kind + 1])] for kind in kinds]
    return np.concatenate(spans) if spans else np.empty(0, np.int64)


def _by_text(learned: Learned, customer: Customer) -> Ints:
    """Products never sold whose text is nearest to what was bought."""
    cold = np.flatnonzero(learned.lookalikes >= 0)
    if customer.text is None or learned.content is None or not len(cold):
        return np.empty(0, np.int64)
    alike = learned.content.vectors[learned.catalogue.faces[cold]] @ customer.text
    return cold[np.argsort(-alike, kind="stable")[:BY_TEXT]]
