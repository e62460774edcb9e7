"""What is strange is told from what is familiar; quick and full judgements mix as they should; figures add up."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.knowledge.saved import SavedModelError
from shopwright.knowledge.sentiment import SentimentClassifier
from shopwright.knowledge.sentiment_backtest import CHECKED, calibration_error, wilson
from shopwright.knowledge.sentiment_embedding import Embedding, cache_file, named_embedding
from shopwright.knowledge.sentiment_examples import read_examples, related
from shopwright.knowledge.sentiment_familiar import DIMENSIONS, fit_familiarity
from shopwright.knowledge.sentiment_heads import PARTS, blend, fit_blend
from shopwright.knowledge.settings import Settings

RNG = np.random.default_rng(3)


def test_far_from_every_subject_is_strange() -> None:
    subjects = np.repeat(["tea", "hats"], 1200)
    centres = np.where(subjects == "tea", 2.0, -2.0)[:, None]
    texts = (RNG.normal(size=(2400, DIMENSIONS)) + centres * (np.arange(DIMENSIONS) < 5)).astype(np.float32)
    familiar = fit_familiarity(texts, subjects)
    assert familiar(texts).mean() > 0.65
    away = RNG.normal(size=(50, DIMENSIONS)) * 1.6
    assert familiar(away.astype(np.float32)).mean() < 0.1


def test_too_few_texts_leave_everything_familiar() -> None:
    few = RNG.normal(size=(30, DIMENSIONS)).astype(np.float32)
    familiar = fit_familiarity(few, np.repeat(["a", "b"], 15))
    assert (familiar(few * 100) == 1).all()


def test_a_misleading_model_gets_no_weight() -> None:
    labels = RNG.integers(0, 2, 500)
    scores = RNG.normal(size=(500, len(PARTS))).astype(np.float32)
    scores[:, 1] += 2 * (labels - 0.5)
    scores[:, 0] -= labels
    weights = fit_blend(scores, labels, np.ones(500, np.float32), ("words", "lexicon"))
    assert weights[0] == 0
    assert weights[1] > 0
    assert ((blend(scores, weights) > 0) == labels).mean() > 0.7


def test_where_the_quick_blend_is_sure_nothing_is_embedded(sentiment: SentimentClassifier) -> None:
    asked: list[str] = []

    def embed(texts: object) -> object:
        asked.extend(texts)  # type: ignore[call-overload]
        return sentiment.embed(texts)  # type: ignore[arg-type]

    texts = ["味道很好，非常喜欢", "okay I guess"]
    quick = sentiment.positive(texts, quick=True)
    from dataclasses import replace

    bold = {key: replace(heads, sure=0.0) for key, heads in sentiment.heads.items()}
    assert SentimentClassifier(bold, sentiment.lexica, embed).positive(texts) == pytest.approx(quick)  # type: ignore[arg-type]
    assert asked == []
    shy = {key: replace(heads, sure=float("inf")) for key, heads in sentiment.heads.items()}
    SentimentClassifier(shy, sentiment.lexica, embed).positive(texts)  # type: ignore[arg-type]
    assert len(asked) == 2


def test_own_examples_are_whole_and_apart() -> None:
    examples = read_examples()
    assert {(one.language, one.label) for one in examples} == {("zh", 0), ("zh", 1), ("en", 0), ("en", 1)}
    assert len({one.text for one in examples}) == len(examples) > 200
    assert all(one.group == -1 for one in examples)
    trades = {one.subject for one in examples}
    assert all(name in trades for name in [*related("hotel"), *related("book"), *related("laptop")])
    unseen = (Path(__file__).parent / "unseen_reviews.tsv").read_text(encoding="utf-8")
    assert not any(one.text in unseen for one in examples)


def test_checked_labels_name_lines_by_reference_only() -> None:
    with CHECKED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["ref"] for row in rows}) == len(rows) == 240
    assert {row["label"] for row in rows} == {"0", "1", ""}


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=80))
def test_calibration_error_is_a_share(rows: list[tuple[float, int]]) -> None:
    chance, labels = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert 0 <= calibration_error(chance, labels) <= 1


@given(st.integers(1, 500), st.floats(0, 1))
def test_intervals_hold_the_share(count: int, share: float) -> None:
    low, high = wilson(share, count)
    assert -1e-4 <= low <= share + 1e-4
    assert share - 1e-4 <= high <= 1 + 1e-4


def test_gone_weights_say_what_to_do(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(SavedModelError, match="fit sentiment"):
        named_embedding("multilingual-e5-small", settings)
    other: Embedding = named_embedding("use-multilingual-v3", settings)
    assert cache_file(other.name, settings).name == "review-embeddings-use-multilingual-v3.npz"
