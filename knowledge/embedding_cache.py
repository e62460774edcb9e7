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

    The file may be deleted at any time; one that cannot be read is ignored and replaced.
    """

    def __init__(self, path: Path, embed: Callable[[Sequence[str]], Floats]) -> None:
        self._path, self._embed = path, embed
        self._known = _read(path)
        self._grown = False

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Embeddings of the texts, shape (n, d)."""
        keys = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            found = self._embed(list(missing.values())).astype(np.float16)
            self._known.update(zip(missing, found, strict=True))
            self._grown = True
        return np.asarray([self._known[key] for key in keys], dtype=np.float32)

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


def _read(path: Path) -> dict[bytes, NDArray[np.float16]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keys, vectors = arrays["keys"], arrays["vectors"]
            return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}
