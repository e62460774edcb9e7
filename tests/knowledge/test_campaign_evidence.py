"""What campaigns caused where a lot was drawn, whom to send to, and the backtest; on a shop whose truth is known."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from shopwright.knowledge.campaign_backtest import backtest
from shopwright.knowledge.campaign_history import Sent
from shopwright.knowledge.campaign_offer import Offer, effect
from shopwright.knowledge.campaign_ranking import rank_audience
from shopwright.knowledge.campaign_regression import fit_regression
from shopwright.knowledge.campaign_simulation import Luck, intervals, rate_curve, redeemers
from shopwright.knowledge.campaign_spread import Shift, Stretch, luck_of, stretch_of
from shopwright.knowledge.campaign_uplift import Trial, judge, measure_uplift
from shopwright.knowledge.campaign_uplift import effect as effect_of
from shopwright.knowledge.campaigns import CampaignRequest, fit_campaigns
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.types import CustomerFilter, PastCampaign

KEYS = (
    "redemption_auc",
    "redemption_auc_first_time",
    "rate_error_points",
    "interval80_coverage",
    "interval95_coverage",
)


def quiet(_step: str, _done: int, _total: int) -> None:
    """Nobody listens."""


@pytest.fixture
def known_shop(database: Engine, holdout_shop: Engine, small_shop_settings: Settings) -> Shop:
    refresh_stats(database)
    return Shop(small_shop_settings)


def trial(seed: int, truth: float, customers: int = 400) -> Trial:
    random = np.random.default_rng(seed)
    features = random.normal(size=(customers, 4))
    earlier = random.gamma(2.0, 20.0, customers)
    treated = random.random(customers) < 0.5
    spend = 0.8 * earlier + random.gamma(2.0, 10.0, customers) + treated * truth * (1 + features[:, 0])
    return Trial(Sent(1, "A", 1, 28), features, treated, spend, earlier)


def test_the_effect_is_found_with_the_certainty_that_is_claimed() -> None:
    held = {0.8: 0, 0.95: 0}
    for seed in range(60):
        found = effect_of(trial(seed, 6.0)).effect
        held[0.8] += found.low <= 6.0 <= found.high
        held[0.95] += (found.low95 or 0) <= 6.0 <= (found.high95 or 0)
    assert 38 <= held[0.8] <= 57
    assert held[0.95] >= 53


@given(seed=st.integers(0, 10_000), truth=st.floats(-20, 20))
@settings(max_examples=25, deadline=None)
def test_earlier_spend_narrows_the_effect_and_never_moves_it_far(seed: int, truth: float) -> None:
    one = trial(seed, truth, 200)
    found = effect_of(one).effect
    plain = one.spend[one.treated].mean() - one.spend[~one.treated].mean()
    width = found.high - found.low
    assert found.low <= found.mid <= found.high
    assert abs(found.mid - plain) < 8 * width


def test_a_good_order_of_customers_has_a_higher_qini_than_a_bad_one() -> None:
    one = trial(1, 30.0, 2000)
    good = judge(one.features[:, 0], one.treated, one.spend)
    bad = judge(-one.features[:, 0], one.treated, one.spend)
    same = judge(np.zeros(2000), one.treated, one.spend)
    assert good.qini > same.qini > bad.qini
    assert good.auuc > bad.auuc
    assert abs(same.qini) < good.qini / 3
    assert effect_of(one).qini == pytest.approx(good.qini, rel=0.35)


def test_a_holdout_is_read_from_the_shop(known_shop: Shop) -> None:
    found = measure_uplift(known_shop, quiet)
    assert found["holdout"] is True
    (one,) = found["campaigns"]
    assert one["campaign_id"] == 6
    assert one["treated"] + one["held_out"] == 500
    truth = 12.0 * 0.5 * 4 * 0.93  # half the customers, four weeks, an order in most of them
    assert one["effect"]["low95"] <= truth <= one["effect"]["high95"]
    assert one["effect"]["low95"] > 0


def test_the_backtest_has_its_keys_and_says_whether_there_is_a_holdout(known_shop: Shop) -> None:
    found = backtest(known_shop, quiet)
    json.dumps(found)
    assert all(found[key] is None or 0 <= found[key] <= 100 for key in KEYS)
    assert set(found["baselines"]) == {
        "logistic_regression",
        "lightgbm_untuned",
        "spend_90_days",
        "earlier_coupon_baskets",
        "rate_error_points",
    }
    assert found["redemption_auc"] > 0.7  # a third of the customers redeem eight times as often
    assert found["n"]["campaigns_forecast"] == len(found["campaigns"]) >= 4
    assert found["uplift"]["qini"] is not None
    assert found["rate_error_points"] < 5


def test_without_a_holdout_no_uplift_is_claimed(
    database: Engine, past_campaigns: object, small_shop_settings: Settings
) -> None:
    found = measure_uplift(Shop(small_shop_settings), quiet)
    assert (found["holdout"], found["qini"], found["auuc"]) == (False, None, None)
    assert "no uplift can be estimated" in found["why"]


def test_who_did_not_agree_or_brings_too_little_is_left_out(known_shop: Shop) -> None:
    fit_campaigns(known_shop)
    found = rank_audience(known_shop, campaign_type="app push", contact_cost=0.2)
    assert found.send + found.no_consent + found.unprofitable == found.scored == 500
    assert found.no_consent == 125
    assert all(one.consent and one.margin > 0 and one.customer_id % 4 for one in found.best)
    assert [one.margin for one in found.best] == sorted((one.margin for one in found.best), reverse=True)
    assert sum(one.customers for one in found.deciles) == 500
    assert sum(one.share_of_redeemers for one in found.deciles) == pytest.approx(1)
    assert sum(one.customer_id % 3 == 0 for one in found.best) >= 8
    costly = rank_audience(known_shop, campaign_type="app push", contact_cost=50.0)
    assert (costly.send, costly.best, costly.break_even) == (0, [], 1.0)
    assert any("holdout" in note for note in found.notes)


def test_a_small_audience_is_not_listed(known_shop: Shop) -> None:
    fit_campaigns(known_shop)
    found = rank_audience(known_shop, filter=CustomerFilter(top=2))
    assert (found.best, found.worst, found.deciles) == ([], [], [])
    assert any("not listed" in note for note in found.notes)


def test_many_forecasts_are_those_made_one_by_one(known_shop: Shop) -> None:
    fit_campaigns(known_shop)
    forecaster = known_shop.campaigns
    asked = [
        CampaignRequest(campaign_type=kind, audience=size, discount_percent=discount, days=days)
        for kind in ("spring mail", "App push", None)
        for size in (10, 300)
        for discount in (None, 30.0)
        for days in (None, 7)
    ]
    for request, found in zip(asked, forecaster.forecast_many(asked), strict=True):
        assert found == forecaster.forecast(**{k: v for k, v in dict(request).items() if k != "filter"})
        assert found.net is not None
        assert found.net.low <= found.net.mid <= found.net.high


def test_what_if_grows_with_the_audience_and_widens_with_the_discount(known_shop: Shop) -> None:
    fit_campaigns(known_shop)
    found = known_shop.campaigns.what_if(CampaignRequest(campaign_type="App push"))
    sizes = [one.audience for one in found.by_audience]
    assert sizes == sorted(sizes)
    assert [one.redeemers.mid for one in found.by_audience] == sorted(
        o.redeemers.mid for o in found.by_audience
    )
    deep, usual = found.by_discount[-1].rate, known_shop.campaigns.forecast(campaign_type="App push").rate
    assert (deep.high - deep.low) > (usual.high - usual.low)


def test_drivers_add_up_and_favour_who_redeemed(known_shop: Shop) -> None:
    fit_campaigns(known_shop)
    forecaster = known_shop.campaigns
    chosen = CustomerFilter(uses_coupons=True)
    found = forecaster.explain(filter=chosen, campaign_type="App push")
    places = forecaster.group(chosen).places
    odds = forecaster.log_odds("App push")
    assert sum(d.log_odds for d in found) == pytest.approx(odds[places].mean() - odds.mean(), abs=1e-3)
    assert all(d.name and d.name_zh and d.odds_ratio == pytest.approx(math.exp(d.log_odds)) for d in found)


def test_a_shop_without_coupons_is_forecast_all_the_same(
    database: Engine, couponless_shop: Engine, small_shop_settings: Settings
) -> None:
    shop = Shop(small_shop_settings)
    fit_campaigns(shop)
    assert 0 < shop.campaigns.forecast(audience=100).rate.mid < 1


@given(
    rate=st.floats(-5, 2),
    audience=st.integers(1, 5000),
    spread=st.floats(0, 2),
    freedom=st.integers(1, 50),
    centre=st.floats(-3, 3),
)
@settings(max_examples=60, deadline=None)
def test_counts_stay_within_the_audience(
    rate: float, audience: int, spread: float, freedom: int, centre: float
) -> None:
    counts = redeemers(rate_curve(np.array([rate])), audience, Luck(centre, spread, freedom))
    assert ((counts >= 0) & (counts <= audience)).all()
    (one,) = intervals(counts[None, :])
    assert (one.low95 or 0) <= one.low <= one.mid <= one.high <= (one.high95 or 0)


@given(st.floats(0, 0.9), st.floats(0, 100), st.floats(0, 5), st.floats(0, 3))
def test_a_deeper_offer_never_lowers_the_odds(depth: float, asked: float, slope: float, doubt: float) -> None:
    offer = Offer(depth, slope, doubt)
    shift, spread = effect(offer, asked)
    assert math.isfinite(shift)
    assert spread >= 0
    assert (shift >= -1e-9) == (asked / 100 >= depth - 1e-9) or slope * abs(shift) < 1e-6 or asked >= 90


def past(kind: str, number: int) -> PastCampaign:
    from datetime import date

    return PastCampaign(
        campaign_id=number,
        campaign_type=kind,
        start_date=date(2024, 1, 1),
        end_date=date(2024, 2, 1),
        targeted=100,
        redeemers=10,
        rate=0.1,
    )


def test_a_type_that_strays_more_gets_wider_intervals_and_checks_stretch_them() -> None:
    calm = [Shift(past("A", n), 0.02 * (-1) ** n, 0.1) for n in range(8)]
    wild = [Shift(past("B", n), 1.5 * (-1) ** n, 0.1) for n in range(8)]
    a, b = luck_of([*calm, *wild], "A"), luck_of([*calm, *wild], "B")
    assert a.spread < b.spread
    assert luck_of([], "C").spread > luck_of(calm, "A").spread
    narrow = Luck(0.0, 0.2, 20)
    assert stretch_of([(one, narrow) for one in wild]).spread > 1.2
    assert stretch_of([(one, narrow) for one in calm]).spread < 1
    assert stretch_of([]) == Stretch()


def test_types_are_partially_pooled() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(1010, 3))
    kinds = ["big"] * 1000 + ["tiny"] * 10
    redeemed = np.concatenate([random.random(1000) < 0.1, np.ones(10, dtype=bool)])
    model = fit_regression(features, kinds, redeemed)
    tiny = model.log_odds(np.zeros((1, 3)), "tiny")[0]
    assert model.log_odds(np.zeros((1, 3)), "big")[0] < tiny < 2.0
