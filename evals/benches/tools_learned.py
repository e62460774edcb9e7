"""How many forecasts and reviews a second the learned models of the shop at hand do."""

import random
from typing import Any

from shopwright.evals.benches.timing import timed
from shopwright.knowledge import saved
from shopwright.knowledge.sentiment_classifier import SentimentClassifier
from shopwright.knowledge.shop import Shop

TEXTS, TEXTS_FAST = 1_500, 10_000


def measure_reviews(shop: Shop) -> dict[str, Any]:
    """Reviews a second of the default and of the fast classifier, and how good both are.

    Raises LookupError when there is no classifier, or no review to time it on.
    """
    folder = shop.model_dir("sentiment")
    classifier = SentimentClassifier.load(folder)
    texts = _texts(shop, TEXTS_FAST)
    classifier.positive(texts[:50])
    classifier.positive(texts[:50], quick=True)
    slow = timed(lambda: classifier.positive(texts[:TEXTS]))
    fast = timed(lambda: classifier.positive(texts, quick=True))
    return {
        "reviews_per_second": round(len(texts[:TEXTS]) / slow, 1),
        "reviews_per_second_fast": round(len(texts) / fast, 1),
        "reviews_timed": {"default": len(texts[:TEXTS]), "fast": len(texts)},
        "reviews_mean_characters": round(sum(map(len, texts)) / len(texts)),
        "reviews_quality": saved.read_manifest(folder).figures,
    }


def _texts(shop: Shop, count: int) -> list[str]:
    """Reviews drawn with a fixed seed, in any order."""
    with shop.engine.connect() as connection:
        texts: list[str] = list(connection.exec_driver_sql("SELECT text FROM review ORDER BY id").scalars())
    if not texts:
        raise LookupError("The shop has no reviews. Run `shopwright init --demo` or import some.")
    random.Random(7).shuffle(texts)  # noqa: S311 - which reviews are timed is no secret
    return texts[:count]


def measure_forecasts(shop: Shop) -> dict[str, Any]:
    """Forecasts of campaigns a second. Raises LookupError when no campaigns were fitted."""
    asked = 20
    shop.campaigns.forecast()
    return {
        "forecasts_per_second": round(
            asked / timed(lambda: [shop.campaigns.forecast() for _ in range(asked)]), 1
        )
    }
