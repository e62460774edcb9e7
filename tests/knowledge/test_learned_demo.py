"""What is learned from the demo shop is quick to ask and better than the simplest rules."""

import pytest

from shopwright.knowledge.saved import read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def shop(demo_settings: Settings) -> Shop:
    return Shop(demo_settings)


def test_what_counts_was_learned_from_the_demo_shop(shop: Shop) -> None:
    figures = read_manifest(shop.model_dir("recommender")).figures
    assert figures["blend"] == "learned"
    assert figures["shares_of_gain"]["all"]["repeat"] > figures["shares_of_gain"]["new"]["repeat"]
    reasons = {item.reason for item in shop.recommender.for_customer(1, 20, mode="discover")}
    assert "bought_before" not in reasons


def test_the_campaign_model_ranks_customers_of_later_campaigns(shop: Shop) -> None:
    figures = read_manifest(shop.model_dir("campaigns")).figures
    assert figures["holdout_auc"] > 0.8
    covered, checked = map(int, figures["covered_by_80_percent_intervals"].split(" of "))
    assert covered / checked >= 0.75
