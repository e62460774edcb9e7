"""Embeddings are made once, kept between runs, and no more of them than the limit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shopwright.knowledge.embedding_cache import EmbeddingCache, Floats


class Counted:
    """Embeds a text as its length, and counts the texts it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.asked += len(texts)
        return np.asarray([[len(text), 1] for text in texts], dtype=np.float32)


def test_each_text_once_and_kept(tmp_path: Path) -> None:
    path, embed = tmp_path / "cache" / "vectors.npz", Counted()
    cache = EmbeddingCache(path, embed)
    assert cache(["a", "bb", "a"]).tolist() == [[1, 1], [2, 1], [1, 1]]
    cache.save()
    again = EmbeddingCache(path, embed)
    assert again(["bb", "ccc"]).tolist() == [[2, 1], [3, 1]]
    assert embed.asked == 3


@pytest.mark.parametrize("limit", [0, 1])
def test_beyond_the_limit_nothing_is_kept(tmp_path: Path, limit: int) -> None:
    embed = Counted()
    cache = EmbeddingCache(tmp_path / "vectors.npz", embed, limit=limit)
    assert cache(["a", "bb"]).tolist() == cache(["a", "bb"]).tolist()
    assert embed.asked == 4


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    path, embed = tmp_path / "vectors.npz", Counted()
    path.write_bytes(b"no zip")
    cache = EmbeddingCache(path, embed)
    cache(["a"])
    cache.save()
    assert EmbeddingCache(path, embed)(["a"]).tolist() == [[1, 1]]
    assert embed.asked == 1
