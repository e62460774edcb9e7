"""What is bought together: item-based collaborative filtering (Sarwar et al., WWW 2001).

Two products are near when the same customers buy them: the cosine between their sets of buyers, shrunk
towards 0 where few bought both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shopwright.knowledge.fetch import Progress

PAIR_DAYS = 182
MIN_BUYERS = 5
MIN_BOTH = 5
NEIGHBOURS = 40
SHRINK = 10.0
BLOCK = 500

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Together:
    """Position r is the catalogue row rows[r] (ascending), bought by buyers[r] customers in PAIR_DAYS days.

    `neighbours`: shape (r, NEIGHBOURS), catalogue rows, best first, -1 where there are fewer; `cosines` and
    `both` (customers who bought both) in the same shape.
    """

    rows: Ints
    buyers: Ints
    neighbours: Ints
    cosines: NDArray[np.float32]
    both: Ints

    def places(self, rows: Ints) -> Ints:
        """The position of each catalogue row; -1 where too few bought it."""
        if not len(self.rows):
            return np.full(len(rows), -1, dtype=np.int64)
        found = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[found] == rows, found, -1)

    def beside(self, rows: Ints, weights: Floats) -> tuple[Ints, Floats, Ints]:
        """What goes with `rows`, each with a weight: neighbour, weighted cosine, the row it goes with."""
        places = self.places(rows)
        known = places >= 0
        places, rows, weights = places[known], rows[known], weights[known]
        neighbours = self.neighbours[places]
        some = neighbours >= 0
        parts = (self.cosines[places] * weights[:, None])[some].astype(np.float64)
        return neighbours[some], parts, np.repeat(rows, NEIGHBOURS)[some.ravel()]

    def counts(self, row: int, neighbour: int) -> tuple[int, int]:
        """How many bought both, and how many bought `row`. Raises LookupError when they are no neighbours."""
        place = int(self.places(np.array([row], dtype=np.int64))[0])
        columns = np.flatnonzero(self.neighbours[place] == neighbour) if place >= 0 else np.empty(0, np.int64)
        if not len(columns):
            raise LookupError(f"{neighbour} is no neighbour of {row}")
        return int(self.both[place, columns[0]]), int(self.buyers[place])


def fit_together(
    users: Ints, rows: Ints, count: int, progress: Progress = lambda _step, _done, _total: None
) -> Together:
    """From the pairs of customer and catalogue row (each once) of the last PAIR_DAYS days."""
    per_row = np.bincount(rows, minlength=1)
    known = np.flatnonzero(per_row >= MIN_BUYERS)
    place = np.full(len(per_row), -1)
    place[known] = np.arange(len(known))
    kept = place[rows] >= 0
    shape = (count, len(known))
    bought = csr_matrix((np.ones(int(kept.sum()), np.float32), (users[kept], place[rows[kept]])), shape=shape)
    buyers, by_product = per_row[known].astype(np.float64), bought.T.tocsr()
    neighbours = np.full((len(known), NEIGHBOURS), -1, dtype=np.int64)
    cosines = np.zeros((len(known), NEIGHBOURS), dtype=np.float32)
    both = np.zeros((len(known), NEIGHBOURS), dtype=np.int64)
    for start in range(0, len(known), BLOCK):
        progress("recommender: products bought together", start, len(known))
        shared = (by_product[start : start + BLOCK] @ bought).tocsr()
        for offset in range(shared.shape[0]):
            row = start + offset
            span = slice(shared.indptr[offset], shared.indptr[offset + 1])
            counts = shared.data[span]
            enough = np.flatnonzero((counts >= MIN_BOTH) & (shared.indices[span] != row))
            others, counts = shared.indices[span][enough], counts[enough]
            scores = counts / np.sqrt(buyers[row] * buyers[others]) * counts / (counts + SHRINK)
            best = _best(scores, others)
            neighbours[row, : len(best)] = known[others[best]]
            cosines[row, : len(best)] = scores[best]
            both[row, : len(best)] = counts[best]
    progress("recommender: products bought together", len(known), len(known))
    return Together(known, per_row[known], neighbours, cosines, both)


def _best(scores: Floats, ids: Ints) -> Ints:
    """Positions of the NEIGHBOURS highest scores, best first; equal scores go by id."""
    candidates = np.arange(len(scores))
    if len(scores) > NEIGHBOURS:
        candidates = np.flatnonzero(scores >= np.partition(scores, -NEIGHBOURS)[-NEIGHBOURS])
    return candidates[np.lexsort((ids[candidates], -scores[candidates]))][:NEIGHBOURS]
