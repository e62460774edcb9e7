"""The simple rules that recommendations must beat: what sells, what was bought most, what neighbours buy.

Each ranks the same items as the recommender, from the same orders before the cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from shopwright.knowledge.recommend_items import Items, pair
from shopwright.knowledge.recommend_lines import Lines

NEIGHBOURS = 300

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Baselines:
    """Over the items `known` (positions in what `codes` gives for a row), which alone may be recommended."""

    lines: Lines
    codes: Ints
    items: Items
    known: Ints
    day: float

    def scores(self, user: int) -> dict[str, Floats]:
        """A score for each of `known`, by rule, for the customer at place `user` of the lines.

        `own_frequency` counts order lines; `own_orders` counts orders and settles ties by what sells, which
        is the strongest rule found. User-kNN adds up the purchases of the NEIGHBOURS customers with the
        highest cosine between sets of items ever bought.
        """
        sold = self.items.recent[self.known]
        ties = sold / (1 + sold.max(initial=0.0))
        part = slice(int(self.lines.starts[user]), int(self.lines.starts[user + 1]))
        bought = self.codes[self.lines.rows[part]]
        counts = np.bincount(bought, minlength=len(self.items.buyers)).astype(np.float64)[self.known]
        return {
            "popularity_28_days": sold,
            "own_frequency": counts,
            "own_orders": np.asarray(self._orders[user].todense()).ravel() + ties,
            "user_knn": self._neighbours(user),
        }

    @cached_property
    def _orders(self) -> csr_matrix:
        pairs = pair(self.lines, self.codes, self.day)
        shape = (len(self.lines.customers), len(self.items.buyers))
        return csr_matrix((pairs.orders, (pairs.users, pairs.items)), shape=shape)[:, self.known].tocsr()

    @cached_property
    def _sets(self) -> tuple[csr_matrix, csr_matrix]:
        """Who bought what, and the same with rows of length 1."""
        sets = self._orders.copy()
        sets.data[:] = 1.0
        lengths = np.sqrt(np.asarray(sets.sum(axis=1)).ravel())
        return sets, (diags(1 / np.maximum(lengths, 1)) @ sets).tocsr()

    def _neighbours(self, user: int) -> Floats:
        sets, unit = self._sets
        cosines = np.asarray((unit @ unit[user].T).todense()).ravel()
        cosines[user] = 0.0
        near = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        weights = csr_matrix((cosines[near], (np.zeros(len(near), np.int64), near)), shape=(1, sets.shape[0]))
        return np.asarray((weights @ sets).todense()).ravel()
