"""Choosing reviews that stand for the others: sure, central, of middle length, each saying something else.

Central means made of pieces that many of the candidates share (as in SumBasic, Nenkova and Vanderwende,
2005).
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from shopwright.knowledge.types import Quote

_IDEAL = {"en": 110, "zh": 40}  # characters
_CENTRAL = 0.8  # worth of being wholly central, beside certainty's 0.5 to 1
_ALIKE = 0.4  # share of common three-character pieces from which two texts count as the same


def pick_quotes(rows: Sequence[Any], good: bool, limit: int) -> list[Quote]:
    """At most `limit` quotes from rows of (id, source, source_ref, subject, language, text, probability).

    No two come from one review or say nearly the same, word for word.
    """
    shared = Counter(piece for row in rows for piece in _pieces(row[-2]))
    ranked = sorted(rows, key=lambda row: (-_worth(row, good, shared), row[0]))
    chosen: list[Quote] = []
    origins: set[tuple[str, str]] = set()
    pieces: list[set[str]] = []
    for key, source, ref, subject, language, text, probability in ranked:
        if len(chosen) >= limit:
            break
        origin, mine = (source, ref.split("_")[0]), _pieces(text)
        if origin in origins or any(_share(mine, other) > _ALIKE for other in pieces):
            continue
        origins.add(origin)
        pieces.append(mine)
        chosen.append(
            Quote(
                review_id=key,
                subject=subject,
                language=language,
                text=text,
                label="positive" if good else "negative",
                probability=probability if good else 1 - probability,
            )
        )
    return chosen


def _worth(row: Any, good: bool, shared: Counter[str]) -> float:
    *_, language, text, probability = row
    ideal = _IDEAL.get(language, 80)
    sure = probability if good else 1 - probability
    length = 0.15 * abs(len(text) - ideal) / ideal
    return float(sure + _CENTRAL * _centrality(text, shared) - length)


def _centrality(text: str, shared: Counter[str]) -> float:
    """How common the pieces of a text are among all candidates, 0 to 1."""
    pieces = _pieces(text)
    most = math.log1p(max(shared.values()))
    return sum(math.log(max(shared[piece], 1)) for piece in pieces) / (len(pieces) * most)


def _pieces(text: str) -> set[str]:
    squeezed = re.sub(r"\W+", "", text.lower())
    return {squeezed[at : at + 3] for at in range(max(1, len(squeezed) - 2))}


def _share(one: Iterable[str], other: Iterable[str]) -> float:
    first, second = set(one), set(other)
    return len(first & second) / max(1, min(len(first), len(second)))
