"""Judging whether a text is praise or complaint, in Chinese and English."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shopwright.knowledge import saved
from shopwright.knowledge.sentiment_heads import (
    Features,
    Floats,
    Heads,
    count_grams,
    from_arrays,
    probability,
    to_arrays,
)
from shopwright.knowledge.sentiment_lexicon import FEATURES, Lexicon
from shopwright.knowledge.sentiment_text import has_words, language_of, normalise
from shopwright.knowledge.types import Judgement

Embed = Callable[[Sequence[str]], Floats]
_BATCH = 512
_EMBEDDED = 400  # characters of a text that are embedded; what follows changes little and costs much


@dataclass(frozen=True)
class SentimentClassifier:
    """Judges texts of any length and kind; never raises on a text."""

    heads: dict[str, Heads]
    lexica: dict[str, Lexicon]
    embed: Embed

    @classmethod
    def load(cls, path: Path, embed: Embed | None = None) -> "SentimentClassifier":
        """The classifier saved in the folder `path`. Raises SavedModelError when it is missing or damaged."""
        model = saved.load(path)
        with np.load(model.path("heads.npz"), allow_pickle=False) as arrays:
            heads = from_arrays(dict(arrays))
        valences = json.loads(model.path("valences.json").read_text(encoding="utf-8"))
        return cls(heads, {key: Lexicon(key, words) for key, words in valences.items()}, embed or embedder())

    def save(self, path: Path, fingerprint: str, config: dict[str, Any], figures: dict[str, Any]) -> None:
        """Keep the classifier in the folder `path`."""
        libraries = ("numpy", "jieba")
        with saved.saving(path, fingerprint=fingerprint, config=config, libraries=libraries) as draft:
            arrays: dict[str, Any] = to_arrays(self.heads)
            np.savez_compressed(draft.path("heads.npz"), **arrays)
            valences = {key: lexicon.valences for key, lexicon in self.lexica.items()}
            draft.path("valences.json").write_text(json.dumps(valences, ensure_ascii=False), encoding="utf-8")
            draft.figures.update(figures)

    def classify(self, texts: Sequence[str], *, quick: bool = False) -> list[Judgement]:
        """One judgement a text, in order; a text that says nothing gets 'positive' with probability 0.5."""
        return [
            Judgement(
                label="positive" if positive >= 0.5 else "negative",
                probability=max(positive, 1 - positive),
                language=language_of(normalise(text)),
            )
            for text, positive in zip(texts, self.positive(texts, quick=quick), strict=True)
        ]

    def positive(
        self,
        texts: Sequence[str],
        *,
        quick: bool = False,
        on_texts: Callable[[int], None] = lambda _done: None,
    ) -> list[float]:
        """The probability of 'positive' for each text, in order.

        `quick` leaves the embeddings out: some points less exact, many times as fast. Without it, texts of
        which the quick models are sure go without, too. `on_texts` is told how many are done.
        """
        result = np.full(len(texts), 0.5)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            self._judge(rows, [normalise(texts[at]) for at in rows], result, quick)
            on_texts(start + len(rows))
        return [float(value) for value in result]

    def _judge(self, rows: list[int], texts: list[str], result: Any, quick: bool) -> None:
        for language, heads in self.heads.items():
            lexicon = self.lexica[language]
            in_it = [at for at, text in enumerate(texts) if language_of(text) == language]
            mine = [at for at in in_it if _says(texts[at], lexicon)]
            if mine:
                odds = self._odds(heads, lexicon, [texts[at] for at in mine], quick)
                result[[rows[at] for at in mine]] = probability(odds)

    def _odds(self, heads: Heads, lexicon: Lexicon, texts: list[str], quick: bool) -> Floats:
        seen = read(lexicon, texts, None)
        scores = heads.models.score(seen, quick=True)
        odds = heads.blended(scores, seen.meaning, quick=True)
        unsure = np.flatnonzero(np.abs(odds) < heads.sure)
        if not quick and len(unsure):
            meaning = embedded([texts[at] for at in unsure], self.embed)
            scores = scores[unsure]
            scores[:, 2], scores[:, 3] = heads.models.meaning(meaning), heads.models.general(meaning)
            odds[unsure] = heads.blended(scores, meaning)
        return odds


def read(lexicon: Lexicon, texts: Sequence[str], embed: Embed | None) -> Features:
    """The features of normalised texts in the lexicon's language; no embeddings without `embed`."""
    figures = np.asarray([lexicon.features(text) for text in texts], dtype=np.float32).reshape(-1, FEATURES)
    meaning = np.zeros((len(texts), 0), np.float32) if embed is None else embedded(texts, embed)
    return Features(count_grams(texts, lexicon.language), figures, meaning)


def embedded(texts: Sequence[str], embed: Embed) -> Floats:
    """Embeddings of normalised texts; of a long one, of its beginning."""
    return np.asarray(embed([text[:_EMBEDDED] for text in texts]), dtype=np.float32)


def embedder() -> Embed:
    """The multilingual sentence embeddings that search uses too, opened when first used."""
    from shopwright.knowledge.embedding import shared_embedder

    return shared_embedder().embed


def _says(text: str, lexicon: Lexicon) -> bool:
    """Whether the text says anything: a word, or at least an emoji or emoticon with a valence."""
    return has_words(text) or any(token in lexicon.valences for token in lexicon.tokens(text))
