"""Taste as a vector: implicit alternating least squares (Hu, Koren and Volinsky, ICDM 2008).

Item factors are fitted on the customers whose lines were read. A customer's own vector is not stored:
it is solved for from what the customer bought, exactly as the fitting does ('fold-in'), so that a million
customers cost nothing and a purchase of today counts today.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shopwright.knowledge.recommend_items import Pairs

FACTORS = 64
REGULARIZATION = 30.0
ROUNDS = 12
MIN_BUYERS = 5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Factors:
    """`items`: shape (items, FACTORS); zero for an item with fewer than MIN_BUYERS buyers."""

    items: Singles

    @cached_property
    def _gram(self) -> Singles:
        gram: Singles = self.items.T @ self.items
        return gram + REGULARIZATION * np.eye(gram.shape[0], dtype=np.float32)

    @cached_property
    def _known(self) -> Ints:
        return np.flatnonzero(self.items.any(axis=1))

    @cached_property
    def _vectors(self) -> Singles:
        return self.items[self._known]

    def liking(self, taste: Singles) -> Floats:
        """How much a taste is for each item: about 1 for what is sure to be bought, 0 for unknown items."""
        found = np.zeros(len(self.items))
        found[self._known] = self._vectors @ taste
        return found

    def taste(self, items: Ints, weights: Floats) -> Singles:
        """The vector of a customer who bought `items`, each with confidence 1 + weight; shape (FACTORS,)."""
        vectors = self.items[items]
        known = vectors.any(axis=1)
        vectors, extra = vectors[known], weights[known].astype(np.float32)
        left = self._gram + (vectors.T * extra) @ vectors
        taste: Singles = np.linalg.solve(left, vectors.T @ (1 + extra))
        return taste


def fit_factors(pairs: Pairs, users: int, count: int) -> Factors:
    """Factors of `count` items from the pairs of `users` customers; confidence 1 + fresh orders."""
    buyers = np.bincount(pairs.items, minlength=count)
    kept = buyers[pairs.items] >= MIN_BUYERS
    size = min(FACTORS, max(1, min(users, int((buyers >= MIN_BUYERS).sum())) - 1))
    if not kept.any():
        return Factors(np.zeros((count, size), dtype=np.float32))
    weights = (1 + pairs.fresh[kept]).astype(np.float32)
    bought = csr_matrix((weights, (pairs.users[kept], pairs.items[kept])), shape=(users, count))
    model = _als(size)
    model.fit(bought, show_progress=False)
    return Factors(np.nan_to_num(np.asarray(model.item_factors, dtype=np.float32)))


def _als(size: int):  # type: ignore[no-untyped-def]  # the library has no types
    logging.getLogger("implicit").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on the threads of the machine's BLAS
        from implicit.als import AlternatingLeastSquares

        return AlternatingLeastSquares(
            factors=size, regularization=REGULARIZATION, alpha=1.0, iterations=ROUNDS,
            num_threads=1, random_state=0, use_gpu=False,
        )  # fmt: skip
