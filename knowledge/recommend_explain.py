"""Which signal speaks most for a product, put in words with its figures.

A blend tells what each family of signals adds to a product's score. The families are asked from the strongest
on, and the first that has a figure a person can check gives the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge import names
from shopwright.knowledge import recommend_reasons as reasons
from shopwright.knowledge.recommend_items import HALF, RECENT_DAYS
from shopwright.knowledge.recommend_learned import Learned
from shopwright.knowledge.recommend_offers import LATELY
from shopwright.knowledge.recommend_pairs import PAIR_DAYS
from shopwright.knowledge.recommend_reasons import Names, Reason
from shopwright.knowledge.recommend_signals import FAMILIES, Customer, expected_gap

Floats = NDArray[np.float64]

LEAST_SHARE = 0.05
DUE = (0.6, 3.0)  # times the usual gap: between these a purchase is due


@dataclass(frozen=True)
class Explainer:
    """Words a customer's reasons; `named` looks up names by catalogue row, `until` ends the history."""

    learned: Learned
    customer: Customer
    named: Callable[[Iterable[int]], dict[int, Names]]
    until: datetime

    def reason(self, row: int, contributions: Floats) -> Reason:
        """The reason for the product at `row`, to whose score the families add `contributions`."""
        ways: dict[str, Callable[[int], Reason | None]] = {
            "repeat": self._bought, "timing": self._due, "habit": self._habit, "together": self._together,
            "content": self._text, "popular": self._popular, "offer": self._offer,
        }  # fmt: skip
        for place in np.argsort(-contributions, kind="stable"):
            way = ways.get(FAMILIES[place])
            if contributions[place] <= 0 or way is None:
                continue
            found = way(row)
            if found is not None:
                return found
        return self._bought(row) or self._cold(row) or sold(self.learned, row)

    def _day(self, age: float) -> str:
        return f"{self.until - timedelta(days=age):%Y-%m-%d}"

    def _bought(self, row: int) -> Reason | None:
        own = self.customer.products
        found, bought = own.at(np.array([row], dtype=np.int64))
        if not bought[0]:
            return None
        place = int(found[0])
        return reasons.bought_before(int(own.orders[place]), self._day(float(own.newest[place])))

    def _due(self, row: int) -> Reason | None:
        own = self.customer.products
        found, bought = own.at(np.array([row], dtype=np.int64))
        if not bought[0]:
            return None
        place = int(found[0])
        orders, newest, oldest = (float(v[place]) for v in (own.orders, own.newest, own.oldest))
        if orders < 3:
            return self._bought(row)
        usual = self.learned.items.gap[[row]]
        gap = float(expected_gap(np.array([orders]), np.array([newest]), np.array([oldest]), usual)[0])
        if not DUE[0] <= newest / gap <= DUE[1]:
            return self._bought(row)
        between = (oldest - newest) / (orders - 1)
        return reasons.due_again(int(orders), self._day(newest), between, newest)

    def _habit(self, row: int) -> Reason | None:
        c, kinds = self.learned.catalogue, self.customer.kinds
        found, bought = kinds.at(c.types[[row]])
        if not bought[0]:
            return None
        place, kind = int(found[0]), str(c.type_names[int(c.types[row])])
        name = names.product_type(kind, "")
        return reasons.buys_kind(
            (name.en.lower(), name.zh), int(kinds.orders[place]), self._day(float(kinds.newest[place]))
        )

    def _together(self, row: int) -> Reason | None:
        own = self.customer.products
        if not len(own.items):
            return None
        together = self.learned.together
        rows, parts, source = together.beside(own.items, np.sqrt(own.faded[:, 1]))
        here = np.flatnonzero((rows == row) & (source != row))
        if len(here):
            best = int(source[here[np.argmax(parts[here])]])
            both, buyers = together.counts(best, row)
            return reasons.bought_with(
                both, buyers, self.named([best])[best], PAIR_DAYS // 7, self.learned.until
            )
        vectors = self.learned.factors.items
        near = (vectors[own.items] @ vectors[row]) * (1 + own.faded[:, 1])
        near[own.items == row] = -1
        best = int(np.argmax(near))
        if near[best] <= 0:
            return None
        place = int(own.items[best])
        return reasons.alike_taste(self.named([place])[place], int(own.orders[best]))

    def _text(self, row: int) -> Reason | None:
        content, own, faces = self.learned.content, self.customer.products, self.learned.catalogue.faces
        if content is None or not len(own.items) or not content.vectors[faces[row]].any():
            return None
        near = (content.vectors[faces[own.items]] @ content.vectors[faces[row]]) * np.log1p(own.faded[:, 1])
        near[own.items == row] = -1
        best = int(np.argmax(near))
        if near[best] <= 0:
            return None
        place = int(own.items[best])
        recent = self.learned.counted is not None and self.learned.counted.recent[row] > 0
        said = sold(self.learned, row) if recent else None
        if said is None and self.learned.items.buyers[row]:
            return None
        return reasons.reads_alike(self.named([place])[place], int(own.orders[best]), said)

    def _popular(self, row: int) -> Reason | None:
        return self._cold(row) or sold(self.learned, row)

    def _cold(self, row: int) -> Reason | None:
        """A product never sold has its figures from another one, which is named."""
        other = int(self.learned.lookalikes[row])
        if other < 0:
            return None
        buyers = round(float(self.learned.items.recent[other]))
        return reasons.new_like(self.named([other])[other], buyers, RECENT_DAYS, self.learned.until)

    def _offer(self, row: int) -> Reason | None:
        return offered(self.learned, row)


def offered(learned: Learned, row: int) -> Reason | None:
    """What stands out about its price or place in the stores now; None when nothing does."""
    now, usual = float(learned.items.discount[row]), float(learned.items.usual_discount[row])
    if now - usual >= LEAST_SHARE:
        return reasons.reduced(now, usual, HALF, learned.until)
    display, mailer = float(learned.offers.display[row]), float(learned.offers.mailer[row])
    if display + mailer >= 1:
        return reasons.on_display(display, mailer, LATELY)
    return None


def sold(learned: Learned, row: int) -> Reason:
    """How many bought it lately, and before where that is fewer by a fifth."""
    counted = learned.counted
    recent = round(float((counted.recent if counted else learned.items.recent)[row]))
    before = round(float((counted.before if counted else learned.items.before)[row]))
    if before >= 10 and recent >= 1.2 * before:
        return reasons.rising(recent, before, RECENT_DAYS, learned.until)
    return reasons.popular(recent, RECENT_DAYS, learned.until)
