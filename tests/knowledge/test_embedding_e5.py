"""A small file of the packed kind: read as written, computed as a plain transformer does, never by company."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopwright.knowledge.embedding_e5 import LAYERS, E5Embedder
from shopwright.knowledge.embedding_e5_file import PackedFile, WeightsError

WIDTH, INNER, HEADS, PLACES = 64, 96, 2, 128
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁que", "ry", ":", "a", "b", "c", "好", "▁a"]
EPSILON = 1e-12


def _block(rng: np.random.Generator, rows: int, columns: int) -> bytes:
    blocks = np.zeros(rows * columns // 32, dtype=[("scale", "<f2"), ("codes", "u1", 16)])
    blocks["scale"] = rng.uniform(0.005, 0.02, len(blocks))
    blocks["codes"] = rng.integers(0, 256, (len(blocks), 16))
    return blocks.tobytes()


def _tensors(rng: np.random.Generator) -> dict[str, tuple[int, int, bytes]]:
    found: dict[str, tuple[int, int, bytes]] = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        found[name] = (1, rows * columns, _block(rng, rows, columns))

    def vector(name: str, size: int, centre: float = 0.0) -> None:
        found[name] = (0, size, (rng.normal(0, 0.1, size) + centre).astype("<f4").tobytes())

    matrix("emb.word", len(PIECES), WIDTH)
    vector("emb.pos", PLACES * WIDTH)
    vector("emb.type", WIDTH)
    vector("emb.ln.w", WIDTH, 1.0)
    vector("emb.ln.b", WIDTH)
    for layer in range(max(LAYERS)):
        for part in ("q", "k", "v", "ao"):
            matrix(f"l{layer}.{part}.w", WIDTH, WIDTH)
            vector(f"l{layer}.{part}.b", WIDTH)
        matrix(f"l{layer}.fi.w", INNER, WIDTH)
        vector(f"l{layer}.fi.b", INNER)
        matrix(f"l{layer}.fo.w", WIDTH, INNER)
        vector(f"l{layer}.fo.b", WIDTH)
        for norm in ("aln", "oln"):
            vector(f"l{layer}.{norm}.w", WIDTH, 1.0)
            vector(f"l{layer}.{norm}.b", WIDTH)
    return found


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with random weights and a vocabulary of thirteen pieces."""
    return write_packed(tmp_path_factory.mktemp("weights") / "small.bin")


def write_packed(path: Path) -> Path:
    """Write such a file."""
    pieces = [piece.encode() for piece in PIECES]
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, WIDTH, max(LAYERS), HEADS, INNER, len(PIECES), PLACES, 1, EPSILON, 32
    )
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, pieces)))
    head += np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    head += np.linspace(0, -5, len(pieces)).astype("<f4").tobytes() + b"".join(pieces)
    characters = struct.pack("<IBI", 9, 1, 32) + struct.pack("<IB", 1, 0)
    head += struct.pack("<iI", 2, len(characters)) + characters
    tensors = _tensors(np.random.default_rng(7))
    size = sum(2 + len(name) + 21 for name in tensors)
    directory, body, at = struct.pack("<i", len(tensors)), b"", len(head) + 4 + size
    for name, (kind, count, data) in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, count, at + len(body), len(data))
        body += data
    path.write_bytes(head + directory + body)
    return path


def _plain(file: PackedFile, ids: list[int]) -> list[np.ndarray]:
    """The means after each layer, in full precision (Devlin et al., BERT, 2019)."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt(centred.var(axis=1, keepdims=True) + EPSILON)
        return scaled * file.vector(f"{name}.w") + file.vector(f"{name}.b")

    def times(x: np.ndarray, name: str, columns: int) -> np.ndarray:
        return x @ file.matrix(f"{name}.w", columns).T + file.vector(f"{name}.b")

    x = file.matrix("emb.word", WIDTH)[ids] + file.vector("emb.pos").reshape(-1, WIDTH)[: len(ids)]
    x = norm(x + file.vector("emb.type"), "emb.ln")
    means = []
    for layer in (f"l{number}" for number in range(file.layers)):
        q, k, v = (
            times(x, f"{layer}.{part}", WIDTH).reshape(len(ids), HEADS, -1).swapaxes(0, 1) for part in "qkv"
        )
        scores = q @ k.swapaxes(1, 2) / math.sqrt(WIDTH / HEADS)
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        x = norm(
            x + times((shares @ v).swapaxes(0, 1).reshape(len(ids), -1), f"{layer}.ao", WIDTH), f"{layer}.aln"
        )
        wide = times(x, f"{layer}.fi", WIDTH)
        wide = 0.5 * wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        x = norm(x + times(wide, f"{layer}.fo", INNER), f"{layer}.oln")
        means.append(x.mean(axis=0))
    return means


def test_the_graph_computes_what_a_plain_transformer_does(packed: Path) -> None:
    file = PackedFile(packed)
    embedder = E5Embedder(packed, threads=1)
    ids = embedder._ids(["a b好"])[0]
    assert ids[0] == 0
    assert ids[-1] == 2
    means = _plain(file, ids)
    found = embedder.embed(["a b好"])[0].reshape(len(LAYERS), WIDTH)
    for vector, layer in zip(found, LAYERS, strict=True):
        expected = means[layer - 1] / np.linalg.norm(means[layer - 1])
        assert float(vector @ expected) > 0.995  # 8-bit integers, against full precision


def test_what_a_text_gives_does_not_depend_on_its_company(packed: Path) -> None:
    embedder = E5Embedder(packed, threads=2)
    alone = embedder.embed(["a b好"])
    together = embedder.embed(["c", "a b好", "b " * 300, "", "好"])
    assert np.abs(alone[0] - together[1]).max() < 1e-5
    assert embedder.embed([]).shape == (0, WIDTH * len(LAYERS))


def test_reading(packed: Path) -> None:
    file = PackedFile(packed)
    assert [piece for piece, _ in file.vocabulary()] == PIECES
    assert file.characters() == {9: " ", 1: ""}
    with pytest.raises(WeightsError, match="not a matrix"):
        file.matrix("emb.pos", WIDTH)


@pytest.mark.parametrize("content", [b"", b"E5S1", b"nonsense" * 100])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="fit sentiment"):
        PackedFile(path)
    with pytest.raises(WeightsError, match="fit sentiment"):
        E5Embedder(tmp_path / "missing.bin").embed(["a"])


@settings(deadline=None, max_examples=25)
@given(texts=st.lists(st.text(max_size=80), max_size=4))
def test_any_text_has_a_vector(packed: Path, texts: list[str]) -> None:
    found = E5Embedder(packed, threads=1).embed([*texts, "\ufdfa" * 60, "\ud83d"])
    assert found.shape[0] == len(texts) + 2
    assert np.isfinite(found).all()
