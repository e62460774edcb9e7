"""What is expected of the demo shop's customers is better than the rules of thumb, and quick to ask."""

import time

import numpy as np
import pytest

from shopwright.knowledge.customer_backtest import backtest
from shopwright.knowledge.saved import read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter

pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def shop(demo_settings: Settings) -> Shop:
    return Shop(demo_settings)


def test_churn_and_value_beat_recency_and_the_last_90_days(shop: Shop) -> None:
    found = backtest(shop)
    assert found["churn_auc"] > 0.89
    assert found["churn_beats_recency_by"]["missing_auc"] > 0.2
    assert found["churn_auc_gain_interval95"][0] > 0
    assert found["churn_calibration_error"] < 0.02
    assert found["spend_beats_last_90_days_by"]["error"] > 0.05
    assert found["spend_beats_last_90_days_by"]["error_interval95"][0] > 0
    assert 0.76 < found["value_interval80_coverage"] < 0.86
    stages = {name: figures["stayed_away"] for name, figures in found["lifecycle_stayed_away"].items()}
    assert stages["loyal"] < stages["active"] < stages["at_risk"] < stages["lapsed"]


def test_clusters_are_stable_and_named(shop: Shop) -> None:
    figures = read_manifest(shop.model_dir("customers")).figures
    chosen = next(trial for trial in figures["k_tried"] if trial["k"] == figures["k"])
    assert chosen["stability"] > 0.6
    assert len({cluster.name for cluster in shop.customers.clusters()}) == figures["k"]


def test_the_outlook_of_a_group_takes_less_than_a_tenth_of_a_second(shop: Shop) -> None:
    filters = [CustomerFilter(segment=key) for key in shop.segments.keys()]  # noqa: SIM118 - no mapping
    filters += [CustomerFilter(), CustomerFilter(inactive_days=60)]
    shop.customers.outlook(CustomerFilter())
    seconds = []
    for chosen in filters:
        started = time.process_time()  # the machine may be busy with other work
        shop.customers.outlook(chosen)
        seconds.append(time.process_time() - started)
    assert np.percentile(seconds, 95) < 0.1
