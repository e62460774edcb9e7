"""What products say of themselves: the text vectors of the search index, made short.

The index holds a vector of 512 numbers a distinct product text (see `vectors`). Their principal components
keep what tells this shop's texts from one another; a customer's taste in texts is the mean of what the
customer bought. A product that nobody bought yet has a text all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from shopwright.knowledge.catalogue import Catalogue, text_keys
from shopwright.knowledge.vectors import VectorIndex

COMPONENTS = 64
ALIKE = 5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Content:
    """`vectors`: shape (faces, COMPONENTS), of length 1; zero for a face whose text is not in the index."""

    vectors: Singles

    def taste(self, faces: Ints, weights: Floats) -> Singles:
        """The direction of what was bought, of length 1 (or 0): shape (COMPONENTS,)."""
        return _unit(weights.astype(np.float32) @ self.vectors[faces])

    def alike(self, face: int, among: Ints) -> tuple[Ints, Floats]:
        """Positions in `among` (faces) of the ALIKE nearest texts with a positive cosine, best first."""
        cosines = self.vectors[among] @ self.vectors[face]
        best = np.argsort(-cosines, kind="stable")[:ALIKE]
        best = best[cosines[best] > 0]
        return best, cosines[best].astype(np.float64)


def read_content(engine: Engine, catalogue: Catalogue, index: VectorIndex) -> Content | None:
    """The vectors of the catalogue's faces as the index last saved them; None when there is no index yet."""
    keys, held = index.held("products")
    if not len(keys) or not len(catalogue.ids):
        return None
    faces, first = np.unique(catalogue.faces, return_index=True)
    place = {str(key): at for at, key in enumerate(keys)}
    texts = text_keys(engine, catalogue.ids[np.sort(first)])
    at = np.array([place.get(text, -1) for text in texts], dtype=np.int64)
    vectors = np.zeros((len(faces), held.shape[1]), dtype=np.float32)
    vectors[at >= 0] = held[at[at >= 0]]
    return Content(_unit(_shortened(vectors)))


def _shortened(vectors: Singles) -> Singles:
    known: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
    if not known.any():
        return vectors[:, :COMPONENTS]
    centred = np.where(known[:, None], vectors - vectors[known].mean(axis=0), 0).astype(np.float32)
    values, axes = np.linalg.eigh(centred.T @ centred)
    short: Singles = centred @ axes[:, np.argsort(-values)[:COMPONENTS]]
    return short


def _unit(vectors: Singles) -> Singles:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Singles = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit
