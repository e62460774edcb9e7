"""Search over products, in English and Chinese, by meaning and by words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlmodel import col, select

from shopwright.knowledge import names
from shopwright.knowledge.assortment import Assortment, entry_of
from shopwright.knowledge.embedding import MAX_CHARACTERS
from shopwright.knowledge.passages import DocumentSearch
from shopwright.knowledge.ranking import Ranker
from shopwright.knowledge.scopes import ScopeFinder
from shopwright.knowledge.tables import Product
from shopwright.knowledge.types import ProductHit, Scope
from shopwright.knowledge.vectors import open_index
from shopwright.knowledge.words import spoken

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["DocumentSearch", "ProductSearch"]

_ID = re.compile(
    r"(?:product|item|sku|id|no\.?|number|商品|产品|编号|货号)?\s*[#:：]?\s*(\d{1,18})", re.IGNORECASE
)
MAX_READ = 5000  # characters of a query that are looked at at all
ID_SCORE = 2.0  # above any other score


@dataclass(frozen=True)
class _State:
    """What search holds in memory, as of one state of the index."""

    stamp: int
    assortment: Assortment
    ranker: Ranker
    scopes: ScopeFinder


class ProductSearch:
    """Products by words in either language. The first search loads the assortment (about a second).

    The index decides nothing about the facts: names, prices and what is sold come from SQL.
    """

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._loading = Lock()
        self._state: _State | None = None

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        department: str | None = None,
        min_price: float | None = None,
        max_price: float | None = None,
        brand: str | None = None,
        categories: Sequence[str] | None = None,
    ) -> list[ProductHit]:
        """The k products that answer the query best and meet every condition, best first.

        Only products that are sold and have a price. Of products that a person could not tell apart the
        one bought most stands for all. A query that has nothing to do with the assortment finds nothing.
        """
        words = spoken(query[:MAX_READ])[:MAX_CHARACTERS]
        if not words or k < 1:
            return []
        state = self._loaded()
        held = state.assortment
        allowed = _allowed(held, department, categories, brand)
        allowed &= (held.prices >= (min_price or 0.0)) & (
            held.prices <= (np.inf if max_price is None else max_price)
        )
        numbered = _ID.fullmatch(words)
        if numbered:
            rows = np.flatnonzero((held.ids == int(numbered[1])) & allowed)
            if len(rows):
                return [self._hit(held, int(rows[0]), ID_SCORE)]
        scores = state.ranker.scores(words)
        if scores is None:
            return []
        return [self._hit(held, row, score) for row, score in state.ranker.pick(scores, allowed, k)]

    def by_ids(self, ids: Sequence[int]) -> list[ProductHit]:
        """The products with these ids in the order given; ids that the shop does not have are left out."""
        with self._shop.session() as session:
            found = {
                row.id: row for row in session.exec(select(Product).where(col(Product.id).in_(list(ids))))
            }
        return [_as_hit(found[product_id]) for product_id in ids if product_id in found]

    def get(self, product_id: int) -> ProductHit | None:
        """The product with this id, sold or not; None when the shop does not have it."""
        with self._shop.session() as session:
            row = session.get(Product, product_id)
        return None if row is None else _as_hit(row)

    def labelled_texts(self, *, source_only: bool = False) -> list[tuple[str, str]]:
        """Product type and text of everything sold: what a baseline may index.

        The text holds our names and words in both languages, or the shop's own words only.
        """
        held = self._loaded().assortment
        ours = [" ".join(kind.texts()) for kind in held.kinds]
        labelled = []
        for row, entry in zip(held.kind, held.entries, strict=True):
            kind = entry.kind
            levels = f"{kind.product_type} {kind.category} {kind.department}"
            own = f"{entry.name} {entry.brand} {entry.size} {levels}"
            labelled.append((kind.product_type, own if source_only else f"{entry.text} {ours[int(row)]}"))
        return labelled

    def resolve(self, text: str) -> Scope | None:
        """The part of the assortment that the words mean, in either language; None when nothing is close.

        It is meant as a filter, so it answers only when it is sure.
        """
        words = spoken(text[:MAX_READ])[:MAX_CHARACTERS]
        return self._loaded().scopes.find(words) if words else None

    def mentioned(self, text: str) -> Scope | None:
        """The part of the assortment that is named somewhere in the words; None when none is."""
        words = spoken(text[:MAX_READ])[:MAX_CHARACTERS]
        return self._loaded().scopes.mentioned(words) if words else None

    def _loaded(self) -> _State:
        """The state in memory, loaded again when the index has been brought up to date since."""
        index = open_index(self._shop.settings.index_dir)
        stamp = index.stamp()
        with self._loading:
            if self._state is None or self._state.stamp != stamp:
                assortment = Assortment(self._shop.engine)
                ranker = Ranker(assortment, index)
                self._state = _State(stamp, assortment, ranker, ScopeFinder(assortment, index))
            return self._state

    @staticmethod
    def _hit(held: Assortment, row: int, score: float) -> ProductHit:
        entry = held.entries[int(held.entry[row])]
        return entry.hit(int(held.ids[row]), float(held.prices[row]), round(score, 4))


def _allowed(
    held: Assortment, department: str | None, categories: Sequence[str] | None, brand: str | None
) -> NDArray[np.bool_]:
    """Which products are of the department (by its own name or a readable one), categories and brand."""
    if department is None and categories is None and brand is None:
        return np.ones(len(held.ids), dtype=bool)
    wanted = None if department is None else department.casefold()
    chosen = None if categories is None else set(categories)
    fits = [
        (wanted is None or wanted in _department_words(entry.kind.department))
        and (chosen is None or entry.kind.category in chosen)
        and (brand is None or entry.brand.casefold() == brand.casefold())
        for entry in held.entries
    ]
    return np.array(fits, dtype=bool)[held.entry]


def _department_words(department: str) -> set[str]:
    return {name.casefold() for name in (department, *names.department_names(department))}


def _as_hit(row: Product) -> ProductHit:
    columns = (row.department, row.category, row.product_type, row.name, row.brand, row.size, row.description)
    return entry_of(columns).hit(row.id, row.price, 0.0)
