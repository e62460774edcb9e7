"""Product recommendations for a customer, a group of customers, a text, or beside a product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from shopwright.knowledge import recommend_reasons as reasons
from shopwright.knowledge import saved
from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.purchases import purchases
from shopwright.knowledge.recommend_fit import (
    NAME,
    PAIR_DAYS,
    RECENT_DAYS,
    SEGMENT_DAYS,
    Fitted,
    fit_recommender,
)
from shopwright.knowledge.recommend_reasons import Names, Reason
from shopwright.knowledge.recommend_scores import Floats, Scores
from shopwright.knowledge.types import CustomerFilter, ProductHit, Recommendation, Scope

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["Recommender", "fit_recommender", "pick"]

PER_TYPE = 2


class Recommender:
    """Recommends products that are active and have a price; at most PER_TYPE of one product type.

    Within a scope the limit gives way where keeping it would leave places empty. Every method raises
    SavedModelError (a LookupError) when the recommender has not been fitted.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @cached_property
    def _scores(self) -> Scores:
        fitted = Fitted.read(saved.load(self._shop.model_dir(NAME)).path("arrays.npz"))
        return Scores(Catalogue(self._shop.engine), fitted)

    def for_customer(
        self, customer_id: int, k: int = 10, *, scope: Scope | None = None, new_only: bool = False
    ) -> list[Recommendation]:
        """The k best products for a customer, best first; `new_only`: none that was bought before.

        A customer without orders gets what sells best. Raises LookupError for an unknown customer.
        """
        known = self._scores
        own = purchases(self._shop.engine, customer_id)
        scores, driver = known.for_customer(own)
        places = {int(row): place for place, row in enumerate(known.catalogue.rows(own.products)) if row >= 0}
        if new_only:
            scores[list(places)] = 0.0

        picked = pick(known.catalogue, scores, k, scope)
        sold = known.popularity
        together = {
            row: int(driver[row]) for row in picked if row not in places and scores[row] > 2 * sold[row]
        }
        names = self._names(together.values())

        def why(row: int) -> Reason:
            if row in places:
                place = places[row]
                return reasons.bought_before(int(own.orders[place]), f"{own.last[place]:%Y-%m-%d}")
            if row in together:
                return self._bought_with(together[row], row, names[together[row]])
            return self._popular(row)

        return self._present(picked, scores, why)

    def for_filter(
        self, filter: CustomerFilter, k: int = 10, *, scope: Scope | None = None
    ) -> list[Recommendation]:
        """What a group of customers buys more than others do, weighed with how many of them buy it.

        What sells best where the group ordered little lately; empty when nobody matches. Raises
        LookupError for an unknown segment, as `Segments.report` does.
        """
        known = self._scores
        members = np.array(self._shop.segments.members(filter), dtype=np.int64)
        if not len(members):
            return []
        scores, shares, active = known.for_members(members)

        def why(row: int) -> Reason:
            share, everyone = float(shares[row]), float(known.everyone[row])
            if share <= everyone:
                return reasons.popular(round(everyone * known.active), SEGMENT_DAYS, known.fitted.day)
            return reasons.popular_in_group(share, everyone, active, SEGMENT_DAYS // 7, known.fitted.day)

        return self._present(pick(known.catalogue, scores, k, scope), scores, why)

    def for_text(self, text: str, k: int = 10) -> list[Recommendation]:
        """The products that the words mean, in the order of the search."""
        known = self._scores
        hits = self._shop.products.search(text, 2 * k)
        rows = known.catalogue.rows(np.array([hit.product_id for hit in hits], dtype=np.int64))
        found = [(hit, int(row)) for hit, row in zip(hits, rows, strict=True) if row >= 0][:k]
        return [_recommendation(hit, reasons.matches(text.strip(), self._sold(row))) for hit, row in found]

    def similar(self, product_id: int, k: int = 10) -> list[Recommendation]:
        """What buyers of a product also buy; products that read alike where too few bought it.

        Raises LookupError for an unknown product.
        """
        known = self._scores
        hit = self._shop.products.get(product_id)
        if hit is None:
            raise LookupError(f"There is no product {product_id} in this shop.")
        places = known.places(np.array([product_id], dtype=np.int64))
        rows, cosines, _ = known.beside(places[places >= 0])
        if not len(rows):
            alike = self.for_text(hit.name, k + 1)
            return [found for found in alike if found.product.product_id != product_id][:k]
        scores = np.zeros(len(known.catalogue.ids))
        np.add.at(scores, rows, cosines)
        place, name = int(places[0]), (hit.name, hit.name_zh)
        picked = pick(known.catalogue, scores, k)
        return self._present(picked, scores, lambda row: self._bought_with(place, row, name))

    def _names(self, places: Iterable[int]) -> dict[int, Names]:
        """Names of fitted products by place."""
        ids = {int(self._scores.fitted.products[place]): place for place in places}
        hits = self._shop.products.by_ids(list(ids))
        return {ids[hit.product_id]: (hit.name, hit.name_zh) for hit in hits}

    def _bought_with(self, place: int, row: int, name: Names) -> Reason:
        known, fitted = self._scores, self._scores.fitted
        neighbours = fitted.neighbours[place]
        column = int(np.flatnonzero((neighbours >= 0) & (known.rows[neighbours] == row))[0])
        both, buyers = int(fitted.both[place, column]), int(fitted.buyers[place])
        return reasons.bought_with(both, buyers, name, PAIR_DAYS // 7, fitted.day)

    def _sold(self, row: int) -> Reason | None:
        """How many bought it lately, or in the longer time; None when nobody did."""
        longer = int(self._scores.buyers[row])
        if self._scores.recent[row]:
            return self._popular(row)
        return reasons.popular(longer, PAIR_DAYS, self._scores.fitted.day) if longer else None

    def _popular(self, row: int) -> Reason:
        return reasons.popular(int(self._scores.recent[row]), RECENT_DAYS, self._scores.fitted.day)

    def _present(
        self, picked: Sequence[int], scores: Floats, why: Callable[[int], Reason]
    ) -> list[Recommendation]:
        rows = {int(self._scores.catalogue.ids[row]): row for row in picked}
        found = [(rows[hit.product_id], hit) for hit in self._shop.products.by_ids(list(rows))]
        return [
            _recommendation(hit.model_copy(update={"score": round(float(scores[row]), 4)}), why(row))
            for row, hit in found
        ]


def pick(
    catalogue: Catalogue, scores: Floats, k: int, scope: Scope | None = None, *, varied: bool = True
) -> list[int]:
    """The k best rows with a score above 0, best first; equal scores go by id.

    `varied`: at most PER_TYPE of a product type, and of products that a person could not tell apart only
    the best. Within a scope, more of a type fill what would stay empty.
    """
    if scope is not None:
        scores = np.where(catalogue.in_scope(scope), scores, 0.0)
    if not varied:
        return _descending(scores, k)[:k]
    chosen: list[int] = []
    passed_over: list[int] = []
    taken: Counter[int] = Counter()
    faces: set[int] = set()
    for row in _descending(scores, max(50 * k, 500)):
        kind, face = int(catalogue.types[row]), int(catalogue.faces[row])
        if face in faces:
            continue
        faces.add(face)
        (chosen if taken[kind] < PER_TYPE else passed_over).append(row)
        taken[kind] += 1
        if len(chosen) == k:
            return chosen
    fill = passed_over[: k - len(chosen)] if scope is not None else []
    return sorted(chosen + fill, key=lambda row: (-scores[row], row))


def _descending(scores: Floats, count: int) -> list[int]:
    """Rows with a score above 0, highest first, `count` of them or a few more; equal scores by row."""
    rows = np.flatnonzero(scores > 0)
    if len(rows) > count:
        bar = np.partition(scores[rows], -count)[-count]
        rows = rows[scores[rows] >= bar]
    ordered: list[int] = rows[np.lexsort((rows, -scores[rows]))].tolist()
    return ordered


def _recommendation(hit: ProductHit, reason: Reason) -> Recommendation:
    return Recommendation(
        product=hit, reason=reason.kind, reason_text=reason.text, reason_text_zh=reason.text_zh
    )
