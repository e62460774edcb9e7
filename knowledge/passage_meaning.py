"""How near a question is to each help passage, by multilingual-e5-small, and how sure that is.

A passage is near when one of its texts is, in either language, and when it is as a whole. How near means
something only beside how near the question is to what no help page answers (data/asides.txt): the weather,
a wish for a product, a question about customers. The difference separates far better than nearness alone.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event

import numpy as np

from shopwright.knowledge.documents import passage_texts
from shopwright.knowledge.embedding import Floats
from shopwright.knowledge.embedding_cache import EmbeddingCache
from shopwright.knowledge.embedding_e5 import E5Embedder, centred, shared_e5
from shopwright.knowledge.embedding_e5_file import WeightsError
from shopwright.knowledge.fetch import embedding_file
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import Document

ASIDES = Path(__file__).parent / "data" / "asides.txt"
FEW = 48  # texts that may be embedded while somebody waits: under a second
MOST = 12  # sentences of a question that are looked at
WHOLE = 200  # a longer question says too much at once: its sentences are looked at, not the whole
AWAY = 0.75  # how much nearness to an aside counts against a passage
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+|[;；\n]+")
_ASKS = re.compile(
    r"[?？]|[吗么呢]|怎[么样]|如何|多[少久大远]|几[点天个张]|什么|哪|能不能|可不可以|是不是|能否|"
    r"\b(?:how|what|when|where|who|which|why|can i|could i|may i|do you|do i|is there|are there)\b",
    re.IGNORECASE,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Meaning:
    """The passages' vectors in memory, as of one state of the documents."""

    slugs: list[str]
    _embedder: E5Embedder
    _centre: Floats
    _asides: Floats
    _parts: list[list[Floats]]  # by slug and language: title, sentences, questions
    _wholes: list[list[Floats]]  # by slug and language: the passage in one

    def scores(self, question: str) -> Floats:
        """How much nearer each passage is than what no passage answers, shape [slugs]; about -1..1."""
        asked = self._centred(self._embedder.embed(pieces(question)))
        away = (asked @ self._asides.T).max(axis=1)
        near = np.array(
            [
                [(_best(parts, one) + _best(wholes, one)) / 2 for one in asked]
                for parts, wholes in zip(self._parts, self._wholes, strict=True)
            ]
        ).reshape(-1, len(asked))
        best: Floats = (near - AWAY * away).max(axis=1).astype(np.float32)
        return best

    def nearness(self, question: str, texts: Sequence[str]) -> Floats:
        """How near each of the texts is to the question or a sentence of it, shape [texts], -1..1."""
        asked = self._centred(self._embedder.embed(pieces(question)))
        near: Floats = (self._centred(self._embedder.embed(texts)) @ asked.T).max(axis=1)
        return near

    def _centred(self, vectors: Floats) -> Floats:
        return centred(vectors, self._centre)


class MeaningCache:
    """Makes a `Meaning`, with the vectors of all texts kept in the cache folder."""

    def __init__(self, settings: Settings) -> None:
        self._weights = embedding_file(settings)
        self._path = settings.cache_dir / f"passage-embeddings-{E5Embedder.name}.npz"

    @property
    def possible(self) -> bool:
        """Whether the model's file is there."""
        return self._weights.is_file()

    def missing(self, documents: Sequence[Document]) -> int:
        """How many of the texts have no vector yet."""
        return self._cache().missing(_texts(documents))

    def keep(self, documents: Sequence[Document], over: Event | None = None) -> None:
        """Embed what is missing and keep it, until `over` is set; nothing without the model's sound file."""
        if documents and self.possible:
            try:
                self._vectors(documents, over)
            except WeightsError as error:
                log.warning("Help passages were not embedded: %s", error)

    def make(self, documents: Sequence[Document]) -> Meaning:
        """The passages' meaning. Raises WeightsError when the model's file is damaged."""
        vectors = self._vectors(documents)
        shipped = vectors(asides())
        own = [text for document in documents for text in passage_texts(document)]
        centre = (shipped.mean(axis=0) + vectors(own).mean(axis=0)) / 2
        slugs = sorted({document.slug for document in documents})
        versions = [[document for document in documents if document.slug == slug] for slug in slugs]
        return Meaning(
            slugs,
            shared_e5(self._weights),
            centre,
            centred(shipped, centre),
            [[centred(vectors(passage_texts(one)), centre) for one in ones] for ones in versions],
            [[centred(vectors([_whole(one)]), centre) for one in ones] for ones in versions],
        )

    def _vectors(self, documents: Sequence[Document], over: Event | None = None) -> EmbeddingCache:
        vectors = self._cache()
        texts = _texts(documents)
        for start in range(0, len(texts), FEW):
            if over is not None and over.is_set():
                break
            vectors(texts[start : start + FEW])
        try:
            vectors.save()
        except OSError as error:
            log.warning("The vectors of the help passages could not be kept: %s", error)
        return vectors

    def _cache(self) -> EmbeddingCache:
        return EmbeddingCache(self._path, shared_e5(self._weights).embed)


@cache
def asides() -> tuple[str, ...]:
    """What people say that no help page answers, in both languages."""
    return tuple(line for line in ASIDES.read_text(encoding="utf-8").splitlines() if line)


def pieces(question: str) -> list[str]:
    """What to look up: the question and its sentences; of a long one the sentences that ask something."""
    sentences = [part.strip() for part in SENTENCE_END.split(question) if part.strip()]
    if len(sentences) < 2:
        return [question]
    asking = [at for at, part in enumerate(sentences) if _ASKS.search(part)][-MOST:]
    found = [sentences[at] for at in asking] or sentences[-MOST:]
    if len(question) <= WHOLE:
        return list(dict.fromkeys([question, *found]))
    return list(dict.fromkeys([*found, *(" ".join(sentences[max(0, at - 1) : at + 1]) for at in asking)]))


def _best(versions: list[Floats], asked: Floats) -> float:
    """The nearest text in any language, and the nearest in each, half and half."""
    nearest = [float((vectors @ asked).max()) for vectors in versions]
    return (max(nearest) + sum(nearest) / len(nearest)) / 2


def _whole(document: Document) -> str:
    return f"{document.title}: {document.text}"


def _texts(documents: Sequence[Document]) -> list[str]:
    own = [text for document in documents for text in (*passage_texts(document), _whole(document))]
    return [*asides(), *own]
