"""The products that may be recommended: sold or offered, with a price. Held in memory as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.engine import Engine, Row

from shopwright.knowledge.columns import PRODUCT
from shopwright.knowledge.types import Scope

LABELS = ("department", "category", "product_type")


class Catalogue:
    """Recommendable products in the order of their ids; rows are positions in `ids`."""

    def __init__(self, engine: Engine) -> None:
        c = PRODUCT.c
        query = (
            select(c.id, *(c[label] for label in LABELS), c.name, c.brand, c.size)
            .where(c.active, c.price.is_not(None))
            .order_by(c.id)
        )
        with engine.connect() as connection:
            rows: Sequence[Row[Any]] = [*connection.execute(query)]
        self.ids: NDArray[np.int64] = np.array([row[0] for row in rows], dtype=np.int64)
        self._labels = [_Labels(rows, place) for place in range(1, len(LABELS) + 1)]
        self.types = self._labels[-1].codes
        # Products that a person could not tell apart have the same face.
        faces: dict[tuple[str, ...], int] = {}
        self.faces: NDArray[np.int64] = np.array(
            [faces.setdefault(tuple(row[1:]), len(faces)) for row in rows], dtype=np.int64
        )
        self._rows_in_scope = lru_cache(maxsize=64)(self._find)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each id; -1 where the product may not be recommended."""
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
    """One label of every product, as small integers."""

    def __init__(self, rows: Sequence[Row[Any]], place: int) -> None:
        self._code: dict[str, int] = {}
        codes = [self._code.setdefault(row[place], len(self._code)) for row in rows]
        self.codes: NDArray[np.int64] = np.array(codes, dtype=np.int64)

    def among(self, names: tuple[str, ...]) -> NDArray[np.bool_]:
        wanted = [self._code[name] for name in names if name in self._code]
        return np.isin(self.codes, np.array(wanted, dtype=np.int64))
