"""Scores for every recommendable product: what a customer buys again, what goes with it, what sells.

A customer's own purchases fade with age as 1 / (1 + age / AGE_DAYS); products bought together with
them add their cosine, and what sells everywhere adds the share of customers who bought it lately. The
weights were set by backtest (see `recommend_backtest`): they lift NDCG@10 above own frequency alone.
Weighing popularity by its trend over the weeks before made it worse, so no trend is in the score.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.purchases import Purchases
from shopwright.knowledge.recommend_fit import Fitted

TOGETHER_WEIGHT = 0.5
POPULAR_WEIGHT = 0.5
LIFT_POWER = 0.5
LIFT_PRIOR = 20.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Scores:
    """Scores over the rows of `catalogue`, from what was `fitted`; places are rows of `fitted`'s arrays."""

    def __init__(self, catalogue: Catalogue, fitted: Fitted) -> None:
        self.catalogue = catalogue
        self.fitted = fitted
        self.rows = catalogue.rows(fitted.products)

    def for_customer(self, own: Purchases) -> tuple[Floats, Ints]:
        """A score for each row, and the place of the bought product that speaks most for it (-1: none)."""
        scores = self.popularity.copy()
        driver = np.full(len(scores), -1, dtype=np.int64)
        places = self.places(own.products)
        known = places >= 0
        if known.any():
            places, weights = places[known], np.log1p(own.weights[known])
            rows, cosines, source = self.beside(places)
            parts = TOGETHER_WEIGHT * cosines * (weights / np.sqrt(self.fitted.buyers[places]))[source]
            np.add.at(scores, rows, parts)
            order = np.argsort(parts, kind="stable")
            driver[rows[order]] = places[source[order]]
        own_rows = self.catalogue.rows(own.products)
        np.add.at(scores, own_rows[own_rows >= 0], own.weights[own_rows >= 0])
        return scores, driver

    def for_members(self, members: Ints) -> tuple[Floats, Floats, int]:
        """Scores for a group; the share of its active customers who bought each row; how many are active.

        Active: with an order in the last SEGMENT_DAYS days. The score is that share, drawn towards
        everyone's for small groups, times the square root of its lift over everyone's.
        """
        chosen = np.flatnonzero(np.isin(self.fitted.customers, members) & self._ordered)
        everyone = self._share_of_active
        share = np.asarray(self._lately[chosen].sum(axis=0)).ravel() / max(1, len(chosen))
        weight = len(chosen) / (len(chosen) + LIFT_PRIOR)
        drawn = weight * share + (1 - weight) * everyone
        lift = drawn / np.maximum(everyone, 1e-12)
        return self.spread(drawn * lift**LIFT_POWER), self.spread(share), len(chosen)

    def beside(self, places: Ints) -> tuple[Ints, Floats, Ints]:
        """Rows bought together with the products at `places`: row, cosine, index into `places`."""
        neighbours = self.fitted.neighbours[places]
        rows = np.where(neighbours >= 0, self.rows[neighbours], -1)
        known = rows >= 0
        return rows[known], self.fitted.cosines[places][known].astype(np.float64), np.nonzero(known)[0]

    def places(self, products: Ints) -> Ints:
        """The place of each product id; -1 where it was not sold in the fitted days."""
        ids = self.fitted.products
        if not len(ids):
            return np.full(len(products), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(ids, products), len(ids) - 1)
        return np.where(ids[places] == products, places, -1)

    def spread(self, values: NDArray[Any]) -> Floats:
        """Values by place, put on the rows of the catalogue; 0 elsewhere."""
        spread = np.zeros(len(self.catalogue.ids))
        known = self.rows >= 0
        spread[self.rows[known]] = values[known]
        return spread

    @cached_property
    def recent(self) -> Floats:
        """Customers who bought each row in the last RECENT_DAYS days."""
        return self.spread(self.fitted.recent)

    @cached_property
    def buyers(self) -> Floats:
        """Customers who bought each row in the last PAIR_DAYS days."""
        return self.spread(self.fitted.buyers)

    @cached_property
    def popularity(self) -> Floats:
        """The part of every score that says what sells."""
        return POPULAR_WEIGHT * self.recent / max(1, len(self.fitted.customers))

    @cached_property
    def everyone(self) -> Floats:
        """Share of all active customers who bought each row in the last SEGMENT_DAYS days."""
        return self.spread(self._share_of_active)

    @cached_property
    def _lately(self) -> csr_matrix:
        f = self.fitted
        shape = (len(f.customers), len(f.products))
        return csr_matrix((np.ones(len(f.indices)), f.indices, f.indptr), shape=shape)

    @cached_property
    def _ordered(self) -> NDArray[np.bool_]:
        ordered: NDArray[np.bool_] = np.diff(self.fitted.indptr) > 0
        return ordered

    @cached_property
    def active(self) -> int:
        """Customers with an order in the last SEGMENT_DAYS days."""
        return int(self._ordered.sum())

    @cached_property
    def _share_of_active(self) -> Floats:
        share: Floats = np.asarray(self._lately.sum(axis=0)).ravel() / max(1, self.active)
        return share
