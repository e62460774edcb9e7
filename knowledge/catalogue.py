"""The shop's products as arrays: which may be recommended, and what kind each one is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.engine import Engine

from shopwright.knowledge.assortment import entry_of, text_key
from shopwright.knowledge.columns import PRODUCT
from shopwright.knowledge.types import Scope

LABELS = ("department", "category", "product_type")

Ints = NDArray[np.int64]


class Catalogue:
    """Every product in the order of its id; rows are positions in `ids`.

    `offered`: active and with a price, so that it may be recommended. `types`, `categories`, `departments`,
    `brands`, `sizes`, `faces`: a small integer a row; products that a person could not tell apart have the
    same face. A product without a type counts as its category's type, or its department's.
    """

    def __init__(self, engine: Engine) -> None:
        c = PRODUCT.c
        columns = [c[name] for name in (*LABELS, "name", "brand", "size")]
        with engine.connect() as connection:
            found = connection.execute(select(c.id, c.price, c.active, *columns).order_by(c.id))
            rows: list[tuple[Any, ...]] = [tuple(row) for row in found]
        self.ids: Ints = np.array([row[0] for row in rows], dtype=np.int64)
        prices = [np.nan if row[1] is None else row[1] for row in rows]
        self.prices: NDArray[np.float64] = np.array(prices, dtype=np.float64)
        active = np.array([row[2] for row in rows], dtype=np.bool_)
        self.offered: NDArray[np.bool_] = active & ~np.isnan(self.prices)
        self._labels = [_Labels([row[place] for row in rows]) for place in range(3, 6)]
        self.departments, self.categories = self._labels[0].codes, self._labels[1].codes
        kinds = _Labels([row[5] or row[4] or row[3] for row in rows])
        self.types, self.type_names = kinds.codes, kinds.names
        self.brands = _Labels([row[7] for row in rows]).codes
        self.sizes = _Labels([row[8] for row in rows]).codes
        self.faces = _Labels([tuple(row[3:]) for row in rows]).codes
        self._rows_in_scope = lru_cache(maxsize=64)(self._find)

    def rows(self, ids: Ints) -> Ints:
        """The row of each product id; -1 where the shop has no such product."""
        if not len(self.ids):
            return np.full(len(ids), -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[places] == ids, places, -1)

    def in_scope(self, scope: Scope) -> NDArray[np.bool_]:
        """Which rows belong to any of the scope's departments, categories or product types."""
        return self._rows_in_scope(
            tuple(scope.departments), tuple(scope.categories), tuple(scope.product_types)
        )

    def _find(self, *wanted: tuple[str, ...]) -> NDArray[np.bool_]:
        found = np.zeros(len(self.ids), dtype=bool)
        for labels, names in zip(self._labels, wanted, strict=True):
            found |= labels.among(names)
        return found


class _Labels:
    """One label of every product, as small integers in the order in which labels are first met."""

    def __init__(self, labels: Sequence[Any]) -> None:
        self._code: dict[Any, int] = {}
        codes = [self._code.setdefault(label, len(self._code)) for label in labels]
        self.codes: Ints = np.array(codes, dtype=np.int64)

    @property
    def names(self) -> list[Any]:
        """The label of each code."""
        return list(self._code)

    def among(self, names: tuple[str, ...]) -> NDArray[np.bool_]:
        wanted = [self._code[name] for name in names if name in self._code]
        return np.isin(self.codes, np.array(wanted, dtype=np.int64))


def text_keys(engine: Engine, ids: Ints) -> list[str]:
    """The key in the vector index of each product's text, in the order of `ids` (sorted)."""
    c = PRODUCT.c
    columns = [c[name] for name in (*LABELS, "name", "brand", "size", "description")]
    with engine.connect() as connection:
        rows = connection.execute(select(c.id, *columns).order_by(c.id)).all()
    keys: dict[tuple[str, ...], str] = {}
    found = {}
    for row in rows:
        columns_of = tuple(row[1:])
        if columns_of not in keys:
            keys[columns_of] = text_key(entry_of(columns_of).text)
        found[row[0]] = keys[columns_of]
    return [found.get(int(product), "") for product in ids]
