"""Which sentence embedding the sentiment models read with.

multilingual-e5-small where its weights can be fetched; else the one that search uses, which comes with the
installation and is less exact. A fitted classifier remembers which it was, and is always read with it.
"""

from dataclasses import dataclass
from pathlib import Path

from shopwright.knowledge.embedding import Embedder, shared_embedder
from shopwright.knowledge.embedding_cache import EmbeddingCache
from shopwright.knowledge.embedding_e5 import E5Embedder, shared_e5
from shopwright.knowledge.fetch import FetchError, Progress, embedding_file, fetch_embedding
from shopwright.knowledge.saved import SavedModelError
from shopwright.knowledge.sentiment_classifier import Embed
from shopwright.knowledge.settings import Settings


@dataclass(frozen=True)
class Embedding:
    """An embedding by its name; `notice` says why it is not the better one, empty when it is."""

    name: str
    embed: Embed
    notice: str = ""


def best_embedding(settings: Settings, progress: Progress) -> Embedding:
    """multilingual-e5-small, fetched when missing; the search's embedding and a notice where it cannot be."""
    try:
        weights = fetch_embedding(settings, progress)
    except FetchError as error:
        notice = (
            f"multilingual-e5-small could not be fetched, so reviews are judged with {Embedder.name}, which "
            f"is some points less exact. Run `shopwright fit sentiment` again when it can be. ({error})"
        )
        return Embedding(Embedder.name, shared_embedder().embed, notice)
    return Embedding(E5Embedder.name, shared_e5(weights).embed)


def named_embedding(name: str, settings: Settings) -> Embedding:
    """The embedding that a classifier was fitted with. Raises SavedModelError when its weights are gone."""
    if name != E5Embedder.name:
        return Embedding(Embedder.name, shared_embedder().embed)
    weights = embedding_file(settings)
    if not weights.is_file():
        raise SavedModelError(
            f"The sentiment models need {weights}, which is missing. Run `shopwright fit sentiment`, which "
            "fetches it again."
        )
    return Embedding(name, shared_e5(weights).embed)


def cached(embedding: Embedding, settings: Settings) -> EmbeddingCache:
    """The embedding with what it gave kept between runs: fitting and scoring read the same reviews."""
    return EmbeddingCache(cache_file(embedding.name, settings), embedding.embed)


def cache_file(name: str, settings: Settings) -> Path:
    """Where embeddings of reviews are kept."""
    return settings.cache_dir / f"review-embeddings-{name}.npz"
