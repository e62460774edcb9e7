"""How many forecasts and reviews a second the learned models of the shop at hand do."""

import random
from itertools import product
from typing import Any

from shopwright.evals.benches.timing import timed
from shopwright.knowledge import saved
from shopwright.knowledge.campaign_types import CampaignRequest
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter

TEXTS, TEXTS_FAST = 1_500, 10_000


def measure_reviews(shop: Shop) -> dict[str, Any]:
    """Reviews a second of the default and of the fast classifier, and how good both are.

    Raises LookupError when there is no classifier, or no review to time it on.
    """
    from shopwright.knowledge.sentiment import open_classifier

    classifier = open_classifier(shop.settings, keep=False)
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
        "reviews_quality": saved.read_manifest(shop.model_dir("sentiment")).figures,
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
    """Forecasts of campaigns a second, of a batch that varies everything: group, type, size, discount, days.

    Raises LookupError when no campaigns were fitted.
    """
    kinds = [kind.key for kind in shop.campaigns.types()]
    groups = [None, *(CustomerFilter(segment=info.key) for info in SEGMENTS), CustomerFilter(active_days=30)]
    groups = [group for group in groups if group is None or shop.segments.size(group)]
    asked = [
        CampaignRequest(filter=group, campaign_type=kind, audience=size, discount_percent=percent, days=days)
        for group, kind, size, percent, days in product(
            groups, kinds, (None, 50, 500), (None, 5.0, 10.0, 15.0, 20.0, 30.0), (7, 14, 30)
        )
    ]
    shop.campaigns.forecast_many(asked[:1])
    seconds = timed(lambda: shop.campaigns.forecast_many(asked))
    return {"forecasts_per_second": round(len(asked) / seconds, 1), "forecasts_timed": len(asked)}
