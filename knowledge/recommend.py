"""Product recommendations for a customer, a group of customers, a basket, a text, or beside a product."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge import recommend_reasons as reasons
from shopwright.knowledge import saved
from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.recommend_blend import Blend, load_blend
from shopwright.knowledge.recommend_candidates import candidates
from shopwright.knowledge.recommend_content import read_content
from shopwright.knowledge.recommend_explain import Explainer, offered, sold
from shopwright.knowledge.recommend_fit import NAME, fit_recommender
from shopwright.knowledge.recommend_groups import GROUP_DAYS, Groups, Shares, load_groups
from shopwright.knowledge.recommend_learned import Learned, borrow, load
from shopwright.knowledge.recommend_lines import read_history
from shopwright.knowledge.recommend_pairs import PAIR_DAYS
from shopwright.knowledge.recommend_peers import peers
from shopwright.knowledge.recommend_picking import DIVERSITY, Floats, pick
from shopwright.knowledge.recommend_reasons import Names, Reason
from shopwright.knowledge.recommend_signals import FAMILIES, look_at, product_signals
from shopwright.knowledge.types import CustomerFilter, ProductHit, Recommendation, Scope
from shopwright.knowledge.vectors import open_index

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["DIVERSITY", "Mode", "Recommender", "fit_recommender", "pick"]

Mode = Literal["all", "buy_again", "discover"]
BASKET_SALES = 0.02
NAMES_HELD = 20_000
GROUP_POWER, STRANGER_POWER = 1.5, 0.6

Ints = NDArray[np.int64]


class _Known:
    """What was fitted, on the shop's catalogue as it is now."""

    def __init__(self, shop: Shop) -> None:
        model = saved.load(shop.model_dir(NAME))
        self.catalogue = Catalogue(shop.engine)
        content = read_content(shop.engine, self.catalogue, open_index(shop.settings.index_dir))
        self.learned: Learned = borrow(load(model.path("arrays.npz"), self.catalogue, content))
        self.groups: Groups = load_groups(model.path("groups.npz"), self.catalogue)
        self.blend: Blend = load_blend(model.folder)
        self.names: dict[int, Names] = {}


class Recommender:
    """Recommends products that are active and have a price.

    `diversity` (0..1) limits how many are of one type, see `recommend_picking.pick`; within a scope the limit
    gives way where keeping it would leave places empty. A recommendation's `signals` say what each family of
    signals added to its score. Every method raises SavedModelError (a LookupError) when nothing was fitted.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @cached_property
    def _known(self) -> _Known:
        return _Known(self._shop)

    def for_customer(
        self,
        customer_id: int,
        k: int = 10,
        *,
        scope: Scope | None = None,
        new_only: bool = False,
        mode: Mode = "all",
        diversity: float = DIVERSITY,
    ) -> list[Recommendation]:
        """The k best products for a customer, best first; each score is higher for what is likelier bought.

        `mode`: `buy_again` only what was bought before, `discover` (or `new_only`) only what was not. A
        customer without orders gets what customers of the same age, household and income buy more than
        others do, or what sells best. Raises LookupError for an unknown customer.
        """
        known, learned = self._known, self._known.learned
        mode = "discover" if new_only else mode
        until = self._shop.today
        history = read_history(self._shop.engine, known.catalogue, customer_id, until)
        if not len(history.rows) and mode != "buy_again":
            return self._for_stranger(customer_id, k, scope, diversity)
        customer = look_at(learned, history)
        allowed = known.catalogue.offered.copy()
        if scope is not None:
            allowed &= known.catalogue.in_scope(scope)
        if mode != "all":
            before = np.isin(np.arange(len(allowed)), customer.products.items)
            allowed &= before if mode == "buy_again" else ~before
        rows = candidates(learned, customer, allowed)
        if not len(rows):
            return []
        signals = product_signals(learned, customer, rows)
        target = "new" if mode == "discover" else "all"
        scores = np.zeros(len(allowed))
        scores[rows] = known.blend.scores(signals, target)
        picked = pick(known.catalogue, scores, k, scope, diversity=diversity)
        places = np.searchsorted(rows, picked)
        parts = known.blend.contributions(signals._replace(table=signals.table[places]), target)
        explainer = Explainer(learned, customer, self._names, until)
        by_row = dict(zip(picked, parts, strict=True))
        return self._present(picked, scores, lambda row: explainer.reason(row, by_row[row]), by_row)

    def for_filter(
        self,
        filter: CustomerFilter,
        k: int = 10,
        *,
        scope: Scope | None = None,
        diversity: float = DIVERSITY,
    ) -> list[Recommendation]:
        """What a group of customers buys more than others do, weighed with how many of them buy it.

        What sells best where the group ordered little lately; empty when nobody matches. Raises
        LookupError for an unknown segment, as `Segments.report` does.
        """
        members = np.array(self._shop.segments.members(filter), dtype=np.int64)
        return self._for_members(members, k, scope, diversity, GROUP_POWER) if len(members) else []

    def for_basket(
        self,
        products: Sequence[int],
        k: int = 10,
        *,
        scope: Scope | None = None,
        diversity: float = DIVERSITY,
    ) -> list[Recommendation]:
        """What goes with the products in a basket, none of them again.

        The sum of the cosines between the orders that hold each, then between their customers, then what
        sells. Raises LookupError when the shop has none of the products.
        """
        known, learned = self._known, self._known.learned
        basket = np.unique(known.catalogue.rows(np.array(products, dtype=np.int64)))
        basket = basket[basket >= 0]
        if not len(basket):
            raise LookupError(
                "None of these products is in this shop. Give product ids as they stand in its data."
            )
        scores = basket_scores(learned, basket)
        scores[~known.catalogue.offered] = 0.0
        picked = pick(known.catalogue, scores, k, scope, diversity=diversity)

        def why(row: int) -> Reason:
            return self._in_basket(basket, row) or sold(learned, row)

        return self._present(picked, scores, why)

    def for_text(self, text: str, k: int = 10) -> list[Recommendation]:
        """The products that the words mean, in the order of the search."""
        known = self._known
        hits = self._shop.products.search(text, 2 * k)
        rows = known.catalogue.rows(np.array([hit.product_id for hit in hits], dtype=np.int64))
        found = [
            (hit, int(row))
            for hit, row in zip(hits, rows, strict=True)
            if row >= 0 and known.catalogue.offered[row]
        ]
        return [
            _recommendation(hit, reasons.matches(text.strip(), self._sold(row))) for hit, row in found[:k]
        ]

    def similar(self, product_id: int, k: int = 10, *, diversity: float = DIVERSITY) -> list[Recommendation]:
        """What buyers of a product also buy; products that read alike where too few bought it.

        Raises LookupError for an unknown product.
        """
        known, learned = self._known, self._known.learned
        hit = self._shop.products.get(product_id)
        if hit is None:
            raise LookupError(f"There is no product {product_id} in this shop.")
        row = known.catalogue.rows(np.array([product_id], dtype=np.int64))
        rows, cosines, _ = learned.together.beside(row[row >= 0], np.ones(1))
        if not len(rows):
            alike = self.for_text(hit.name, k + 1)
            return [found for found in alike if found.product.product_id != product_id][:k]
        scores = np.zeros(len(known.catalogue.ids))
        np.add.at(scores, rows, cosines)
        scores[~known.catalogue.offered] = 0.0
        name = (hit.name, hit.name_zh)

        def why(other: int) -> Reason:
            both, buyers = learned.together.counts(int(row[0]), other)
            return reasons.bought_with(both, buyers, name, PAIR_DAYS // 7, learned.until)

        return self._present(pick(known.catalogue, scores, k, diversity=diversity), scores, why)

    def _for_stranger(
        self, customer_id: int, k: int, scope: Scope | None, diversity: float
    ) -> list[Recommendation]:
        """For a customer who never ordered: what customers like this one buy, as far as demographics tell."""
        known, learned = self._known, self._known.learned
        alike = peers(self._shop, customer_id, known.groups.customers)
        if alike is not None:
            return self._for_members(alike, k, scope, diversity, STRANGER_POWER)
        scores = learned.items.recent * known.catalogue.offered.astype(np.float64)
        picked = pick(known.catalogue, scores, k, scope, diversity=diversity)
        return self._present(picked, scores, lambda row: sold(learned, row))

    def _for_members(
        self,
        members: Ints,
        k: int,
        scope: Scope | None,
        diversity: float,
        power: float,
    ) -> list[Recommendation]:
        known, learned = self._known, self._known.learned
        found = known.groups.shares(self._shop.engine, known.catalogue, members)
        everyone = known.groups.everyone
        scores = np.where(known.catalogue.offered, group_scores(known.groups, learned, found, power), 0.0)

        def why(row: int) -> Reason:
            share, of_all = float(found.shares[row]), float(everyone[row])
            if share <= of_all or found.active < self._shop.settings.k_anonymity:
                buyers = round(of_all * len(known.groups.customers))
                if known.groups.sampled:
                    return offered(learned, row) or sold(learned, row)
                return reasons.popular(buyers, GROUP_DAYS, learned.until)
            return reasons.popular_in_group(share, of_all, found.active, GROUP_DAYS // 7, learned.until)

        return self._present(pick(known.catalogue, scores, k, scope, diversity=diversity), scores, why)

    def _in_basket(self, basket: Ints, row: int) -> Reason | None:
        """The product of the basket that speaks most for `row`."""
        learned, ones = self._known.learned, np.ones(len(basket))
        for together, word in (
            (learned.baskets, reasons.in_baskets),
            (learned.together, reasons.bought_with),
        ):
            if together is None:
                continue
            rows, parts, source = together.beside(basket, ones)
            here = np.flatnonzero(rows == row)
            if len(here):
                best = int(source[here[np.argmax(parts[here])]])
                both, whole = together.counts(best, row)
                return word(both, whole, self._names([best])[best], PAIR_DAYS // 7, learned.until)
        return None

    def _names(self, rows: Iterable[int]) -> dict[int, Names]:
        """Names of products by catalogue row."""
        held, wanted = self._known.names, list(rows)
        ids = {int(self._known.catalogue.ids[row]): row for row in wanted if row not in held}
        hits = self._shop.products.by_ids(list(ids)) if ids else []
        found = {ids[hit.product_id]: (hit.name, hit.name_zh) for hit in hits}
        if len(held) < NAMES_HELD:
            held.update(found)
        return {row: found[row] if row in found else held[row] for row in wanted}

    def _sold(self, row: int) -> Reason | None:
        """How many bought it lately, or in the longer time; None when nobody did."""
        learned = self._known.learned
        counted = learned.counted
        if counted is None:
            return None
        if counted.recent[row]:
            return reasons.popular(round(float(counted.recent[row])), 28, learned.until)
        longer = round(float(counted.longer[row]))
        return reasons.popular(longer, PAIR_DAYS, learned.until) if longer else None

    def _present(
        self,
        picked: Sequence[int],
        scores: Floats,
        why: Callable[[int], Reason],
        parts: dict[int, Floats] | None = None,
    ) -> list[Recommendation]:
        rows = {int(self._known.catalogue.ids[row]): row for row in picked}
        found = [(rows[hit.product_id], hit) for hit in self._shop.products.by_ids(list(rows))]
        return [
            _recommendation(
                hit.model_copy(update={"score": round(float(scores[row]), 4)}),
                why(row),
                {} if parts is None else _signals(parts[row]),
            )
            for row, hit in found
        ]


def group_scores(groups: Groups, learned: Learned, found: Shares, power: float) -> Floats:
    """What sells lately times how much more the group buys it: recent share of customers x lift ** power.

    A power of 1 estimates what the group will buy; a higher one favours what sets it apart. What nobody
    bought in the last 28 days counts a tenth of its share of the longer time.
    """
    active = max(1, len(groups.customers))
    return np.asarray((learned.items.recent / active + 0.1 * groups.everyone) * found.lifts**power)


def basket_scores(learned: Learned, basket: Ints) -> Floats:
    """How well each row goes with the rows of a basket; 0 for those and where nothing speaks for it."""
    count = len(learned.catalogue.ids)
    scores = BASKET_SALES * learned.items.recent / max(1.0, float(learned.items.recent.max(initial=0)))
    for together, weight in ((learned.baskets, 1.0), (learned.together, 0.3)):
        if together is not None:
            rows, parts, _ = together.beside(basket, np.full(len(basket), weight))
            scores = scores + np.bincount(rows, parts, minlength=count)
    scores[basket] = 0.0
    return scores


def _signals(parts: Floats) -> dict[str, float]:
    return {
        name: round(float(part), 3) for name, part in zip(FAMILIES, parts, strict=True) if abs(part) >= 5e-4
    }


def _recommendation(
    hit: ProductHit, reason: Reason, signals: dict[str, float] | None = None
) -> Recommendation:
    return Recommendation(
        product=hit,
        reason=reason.kind,
        reason_text=reason.text,
        reason_text_zh=reason.text_zh,
        signals=signals or {},
    )
