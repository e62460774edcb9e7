"""Our own labelled sentences (sentiment_examples.tsv): everyday trades that the fetched collections lack.

Written for this purpose, many without an opinion word ('washed once and it fits a doll'); they teach the
models what complaint and praise look like in shops of food, clothes, care, toys and service.
"""

from pathlib import Path

from shopwright.knowledge.review_data import PRODUCTS, Labelled

EXAMPLES = Path(__file__).parent / "sentiment_examples.tsv"
_WEIGHT = 10.0  # a few hundred sentences beside tens of thousands
_PREFIX = "example: "
_RELATED = {"hotel": ("hotel",), "book": ("book",), "laptop": ("phone", "electronics")} | {
    name: ("phone", "electronics") for _, name in PRODUCTS
}


def read_examples() -> list[Labelled]:
    """The sentences, only to be trained on (group -1)."""
    found = []
    for number, line in enumerate(EXAMPLES.read_text(encoding="utf-8").splitlines()):
        language, trade, label, text = line.split("\t")
        found.append(
            Labelled(f"example {number}", text, int(label), language, _PREFIX + trade, -1, weight=_WEIGHT)
        )
    return found


def related(subject: str) -> list[str]:
    """The trades among the examples that are `subject`'s own, so that leaving it out leaves them out too."""
    return [_PREFIX + trade for trade in _RELATED.get(subject, ())]
