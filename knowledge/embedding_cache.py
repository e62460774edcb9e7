"""Embeddings kept between runs: fitting and scoring read the same reviews, and embedding takes longest."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class EmbeddingCache:
    """Embeds like `embed`, but each text once; `save` keeps what was seen in `path`, in half precision.

    The file may be deleted at any time; one that cannot be read is ignored and replaced. Beyond `limit`
    texts nothing more is kept, so that a shop with millions of reviews needs no more memory.
    """

    def __init__(self, path: Path, embed: Callable[[Sequence[str]], Floats], *, limit: int = 100_000) -> None:
        self._path, self._embed, self._limit = path, embed, limit
        self._known = _read(path)
        self._grown = False

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Embeddings of the texts, shape (n, d)."""
        keys = [_key(text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        found: dict[bytes, NDArray[np.float16]] = {}
        if missing:
            vectors = self._embed(list(missing.values())).astype(np.float16)
            found = dict(zip(missing, vectors, strict=True))
            if len(self._known) + len(found) <= self._limit:
                self._known |= found
                self._grown = True
        kept = [self._known[key] if key in self._known else found[key] for key in keys]
        return np.asarray(kept, dtype=np.float32)

    def missing(self, texts: Sequence[str]) -> int:
        """How many of the texts would have to be embedded."""
        return len({_key(text) for text in texts} - self._known.keys())

    def save(self) -> None:
        """Keep what was seen, replacing the file in one step."""
        if not self._grown:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        staged = self._path.with_suffix(".partial.npz")
        keys = np.frombuffer(b"".join(self._known), dtype=np.uint8).reshape(-1, 16)
        np.savez(staged, keys=keys, vectors=np.stack(list(self._known.values())))
        os.replace(staged, self._path)
        self._grown = False


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _read(path: Path) -> dict[bytes, NDArray[np.float16]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keys, vectors = arrays["keys"], arrays["vectors"]
            return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}
