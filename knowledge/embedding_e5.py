"""Sentence vectors from multilingual-e5-small, for judging opinions: slower and more exact than search's.

The means of the tokens after two late layers stand side by side; for opinions the last but one says more
than the last alone. Texts run in batches of like length, two at a time.
"""

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from shopwright.knowledge.embedding_e5_file import Floats, PackedFile, unpack
from shopwright.knowledge.embedding_e5_graph import build

LAYERS = (11, 12)
LONGEST = 128  # tokens; what follows adds time and little meaning
PREFIX = "query: "  # what the model was trained to expect before a text
_BATCH = 200  # tokens in one run: small enough to stay in a core's cache
_MOST = 1000  # characters tokenised
_SPACES = re.compile("  +")
Ids = list[int]


class E5Embedder:
    """Turns texts into vectors; the weights load at the first call. Safe to share between threads."""

    name = "multilingual-e5-small"

    def __init__(self, weights: Path, *, threads: int = 0) -> None:
        """`weights` is the packed file; `threads` 0 means one a core, two at most.

        Raises WeightsError at the first call when the file is missing or damaged.
        """
        self._path = weights
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Vectors of the texts, shape [n, 2 * 384]: both layers' means, each of length 1."""
        with self._lock:
            _ = self._packed, self._tokenizer, self._session
        found = np.zeros((len(texts), self._packed.width * len(LAYERS)), dtype=np.float32)
        ids = self._ids(texts)
        with ThreadPoolExecutor(self._threads) as pool:
            for rows, vectors in zip(*self._runs(ids, pool), strict=True):
                found[rows] = vectors
        return found

    def _runs(self, ids: list[Ids], pool: ThreadPoolExecutor) -> tuple[list[list[int]], Iterator[Floats]]:
        batches = list(_batches(ids))
        return batches, pool.map(lambda rows: self._run([ids[row] for row in rows]), batches)

    def _run(self, ids: list[Ids]) -> Floats:
        longest = max(map(len, ids))
        padded = np.full((len(ids), longest), self._packed.pad, dtype=np.int64)
        kept = np.zeros((len(ids), longest), dtype=np.float32)
        for row, one in enumerate(ids):
            padded[row, : len(one)], kept[row, : len(one)] = one, 1
        words = unpack(self._packed.word_blocks[padded]) + self._places[:longest]
        means = self._session.run(None, {"words": words, "kept": kept})
        unit = [mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9) for mean in means]
        return np.asarray(np.hstack(unit), dtype=np.float32)

    def _ids(self, texts: Sequence[str]) -> list[Ids]:
        table, packed = self._characters, self._packed
        sound = (text[:_MOST].encode("utf-8", "ignore").decode("utf-8") for text in texts)
        plain = [_SPACES.sub(" ", (PREFIX + text).translate(table)) for text in sound]
        found = self._tokenizer.encode_batch(plain, add_special_tokens=False)
        return [[packed.begin, *one.ids[: LONGEST - 2], packed.end] for one in found]

    @cached_property
    def _packed(self) -> PackedFile:
        return PackedFile(self._path)

    @cached_property
    def _characters(self) -> dict[int, str]:
        return self._packed.characters()

    @cached_property
    def _places(self) -> Floats:
        """Position embeddings with the one token type's, shape [positions, width]."""
        places = self._packed.vector("emb.pos").reshape(-1, self._packed.width)
        return np.asarray(places + self._packed.vector("emb.type")[: self._packed.width], dtype=np.float32)

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer, models, pre_tokenizers

        unigram = models.Unigram(self._packed.vocabulary(), unk_id=self._packed.unknown, byte_fallback=False)
        tokenizer = Tokenizer(unigram)
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # batches run side by side instead
        options.log_severity_level = 3
        model = build(self._packed, LAYERS)
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def shared_e5(weights: Path) -> E5Embedder:
    """The process's one embedder of the file, so that its weights are in memory once."""
    return _opened(weights.resolve())


@cache
def _opened(weights: Path) -> E5Embedder:
    return E5Embedder(weights)


def centred(vectors: Floats, centre: Floats) -> Floats:
    """Vectors from the centre, each layer's of length 1, so that products are cosines' means."""
    moved = (vectors - centre).reshape(len(vectors), len(LAYERS), -1)
    moved /= np.maximum(np.linalg.norm(moved, axis=2, keepdims=True), 1e-9)
    unit: Floats = (moved / np.sqrt(len(LAYERS))).reshape(len(vectors), -1).astype(np.float32)
    return unit


def _batches(ids: list[Ids]) -> Iterator[list[int]]:
    """Rows of texts of like length, at most _BATCH tokens with the padding, or one text."""
    rows: list[int] = []
    for row in sorted(range(len(ids)), key=lambda at: len(ids[at])):
        if rows and (len(rows) + 1) * len(ids[row]) > _BATCH:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows
