"""Sentence vectors: one space for both languages, and no text that breaks them."""

import numpy as np
import pytest

from shopwright.knowledge.embedding import shared_embedder
from shopwright.knowledge.words import Lexicon, latin_words, spoken, words


def test_vectors_are_unit_and_meet_across_languages() -> None:
    vectors = shared_embedder().embed(["cat food", "猫粮", "light bulb"])
    assert vectors.shape == (3, 512)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x07", "\ud800", "\u200b"])
def test_a_text_with_nothing_in_it_is_zero(text: str) -> None:
    assert not shared_embedder().embed([text]).any()


def test_long_and_odd_texts_have_finite_vectors() -> None:
    odd = ["x" * 20_000, "猫" * 20_000, "\ufdfa" * 50, "🎉" * 100, "a\x00b"]
    assert np.isfinite(shared_embedder().embed(odd)).all()


def test_no_texts_no_vectors() -> None:
    assert shared_embedder().embed([]).shape == (0, 512)


def test_words_in_both_languages() -> None:
    assert latin_words("What are the cookies for my dogs?") == ["cooky", "dog"]
    assert words("12-oz Cookies") == ["12oz", "12", "oz", "cooky"]
    assert words("猫罐头") == ["猫罐", "罐头"]
    assert "2l" in words("2升可乐")


@pytest.mark.parametrize(
    ("text", "kept"), [("🎉 cat\x00food 🎉", "cat food"), ("🎉!!", ""), ("猫粮👍", "猫粮")]
)
def test_symbols_are_not_spoken(text: str, kept: str) -> None:
    assert spoken(text) == kept


def test_rare_words_cover_more_of_a_query() -> None:
    lexicon = Lexicon([words("cat food"), words("dog food"), words("fish food")])
    cover = lexicon.cover("cat food")
    assert cover[0] == pytest.approx(1)
    assert 0 < cover[1] < 0.5
    assert not lexicon.cover("bicycle").any()
    assert len(Lexicon([]).cover("cat")) == 0
