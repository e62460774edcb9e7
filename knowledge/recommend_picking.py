"""Choosing k of many scored products so that they are not all of a kind."""

from __future__ import annotations

from collections import Counter
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.types import Scope

DIVERSITY = 0.5

Floats = NDArray[np.float64]


def per_kind(diversity: float) -> float:
    """How many products of one type may be among those chosen: 1 at 1.0, 2 at 0.5, 4 at 0.33, any at 0."""
    return inf if diversity <= 0.1 else ceil(round(2 ** (1 / diversity - 1), 6))


def pick(
    catalogue: Catalogue,
    scores: Floats,
    k: int,
    scope: Scope | None = None,
    *,
    diversity: float = DIVERSITY,
) -> list[int]:
    """The k best rows with a score above 0, best first; equal scores go by id.

    `diversity` (0..1): at most `per_kind(diversity)` of a product type; from 0.7 on, also at most twice as
    many of a category. Of products that a person could not tell apart only the best is chosen, except at 0.
    Where keeping these limits would leave places of a scope empty, more of a type fill them.
    """
    if scope is not None:
        scores = np.where(catalogue.in_scope(scope), scores, 0.0)
    if diversity <= 0:
        return _descending(scores, k)[:k]
    most = per_kind(diversity)
    of_category = 2 * most if diversity >= 0.7 else inf
    chosen: list[int] = []
    passed_over: list[int] = []
    kinds: Counter[int] = Counter()
    categories: Counter[int] = Counter()
    faces: set[int] = set()
    for row in _descending(scores, max(50 * k, 500)):
        kind, category, face = (
            int(labels[row]) for labels in (catalogue.types, catalogue.categories, catalogue.faces)
        )
        if face in faces:
            continue
        faces.add(face)
        fits = kinds[kind] < most and categories[category] < of_category
        (chosen if fits else passed_over).append(row)
        kinds[kind] += 1
        categories[category] += fits
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
