"""How well each product answers a query: meaning, words and popularity in one score."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.assortment import Assortment, text_key
from shopwright.knowledge.embedding import shared_embedder
from shopwright.knowledge.vectors import VectorIndex
from shopwright.knowledge.words import has_chinese

Scores = NDArray[np.float64]
# Weights beside the cosine similarity, which runs from about .3 (unrelated) to .9 (the same).
# Chosen on evals/cases/search_dev.jsonl, where hit@5 is flat around them.
WORDS = 0.10
KIND_POPULARITY = 0.10
PRODUCT_POPULARITY = 0.05
# Subtracted for every further product of a type, so that ten hits are not ten sizes of one thing.
REPEAT = 0.06
# Nothing is found when no text is as similar as this, or, if no text shares a word with the query, as that.
RELEVANT, RELEVANT_ALONE = 0.42, 0.66
RELEVANT_ALONE_ZH = 0.56  # a Chinese query shares pairs of characters less often
KIND_TEXTS, ENTRY_TEXTS, POOL = 300, 200, 500


class Ranker:
    """Scores all products of an assortment for a query."""

    def __init__(self, assortment: Assortment, index: VectorIndex) -> None:
        self._assortment, self._index = assortment, index
        self._lexicon = assortment.lexicon()
        self._kind_rows = _by_key(assortment.kind_texts())
        self._entry_rows = _by_key(assortment.entry_texts())
        kinds = assortment.kind[assortment.entry]
        self._popularity = KIND_POPULARITY * _log_share(assortment.kind_orders())[kinds]
        self._popularity += PRODUCT_POPULARITY * _log_share(assortment.orders)

    def scores(self, query: str) -> Scores | None:
        """A score per product, shape [n]; None when nothing in the shop has to do with the query."""
        held = self._assortment
        vector = shared_embedder().embed([query])[0]
        kind_near = self._index.nearest("kinds", vector, KIND_TEXTS)
        entry_near = self._index.nearest("products", vector, ENTRY_TEXTS)
        shared = self._lexicon.cover(query)
        best = max([*kind_near.values(), *entry_near.values()], default=0.0)
        alone = RELEVANT_ALONE_ZH if has_chinese(query) else RELEVANT_ALONE
        if not len(held.ids) or best < (RELEVANT if shared.any() else alone):
            return self._literal(shared)
        kinds = _spread(kind_near, self._kind_rows, len(held.kinds))
        entries = _spread(entry_near, self._entry_rows, len(held.entries))
        similar = np.maximum(kinds[held.kind], entries)
        found: Scores = (similar + WORDS * shared)[held.entry] + self._popularity
        return found

    def _literal(self, shared: NDArray[np.float32]) -> Scores | None:
        """Scores by words alone, where they hold the whole query: a brand, or an index not built yet."""
        if shared.max(initial=0.0) < 0.99:
            return None
        rows: Scores = shared.astype(np.float64)[self._assortment.entry]
        return np.where(rows >= 0.99, rows + self._popularity, 0.0)

    def pick(self, scores: Scores, allowed: NDArray[np.bool_], k: int) -> list[tuple[int, float]]:
        """The k best rows with their scores: one row an entry, types mixed, best first."""
        rows = np.flatnonzero(allowed)
        pool = rows[np.argsort(-scores[rows], kind="stable")]
        left = [(row, self._type(row)) for row in self._first_of_each_entry(pool, max(POOL, 5 * k))]
        taken: Counter[str] = Counter()
        picked: list[tuple[int, float]] = []
        while left and len(picked) < k:
            score, place = max(
                (float(scores[row]) - REPEAT * taken[kind], -at) for at, (row, kind) in enumerate(left)
            )
            row, kind = left.pop(-place)
            taken[kind] += 1
            picked.append((row, score))
        return picked

    def _type(self, row: int) -> str:
        kind = self._assortment.kinds[int(self._assortment.kind[self._assortment.entry[row]])]
        return kind.product_type or kind.category

    def _first_of_each_entry(self, rows: Iterable[int], count: int) -> list[int]:
        """Rows without those that a person could not tell from an earlier one."""
        firsts: dict[int, int] = {}
        for row in rows:
            firsts.setdefault(int(self._assortment.entry[row]), int(row))
            if len(firsts) == count:
                break
        return list(firsts.values())


def _by_key(texts: Mapping[str, Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    return {text_key(text): np.array(rows, dtype=np.int64) for text, rows in texts.items()}


def _spread(near: Mapping[str, float], rows: Mapping[str, NDArray[np.int64]], size: int) -> Scores:
    """Each row's best similarity; rows that are not near get that of the farthest that is."""
    found = np.full(size, min(near.values(), default=0.0))
    for key, similarity in near.items():
        places = rows.get(key)
        if places is not None:
            found[places] = np.maximum(found[places], similarity)
    return found


def _log_share(counts: Scores) -> Scores:
    """Counts on a logarithmic scale, 0..1."""
    scaled = np.log1p(counts)
    share: Scores = scaled / max(float(scaled.max(initial=0.0)), 1.0)
    return share
