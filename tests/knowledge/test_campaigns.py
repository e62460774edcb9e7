"""Forecasts are finite, honest about what they rest on, and refuse what cannot be forecast."""

import math
from typing import Any

import numpy as np
import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.campaign_features import FEATURES
from shopwright.knowledge.campaign_fit import read_material
from shopwright.knowledge.campaign_model import Pairs
from shopwright.knowledge.campaign_simulation import Luck, interval, rate_curve, redeemers, sigmoid, smoothed
from shopwright.knowledge.campaigns import CampaignForecaster, ForecastError, fit_campaigns
from shopwright.knowledge.saved import SavedModelError, read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Campaign, CampaignTarget, Redemption
from shopwright.knowledge.types import CampaignForecast, CustomerFilter


@pytest.fixture
def shop(database: Engine, past_campaigns: Any, small_shop_settings: Settings) -> Shop:
    refresh_stats(database)
    return Shop(small_shop_settings)


@pytest.fixture
def forecaster(shop: Shop) -> CampaignForecaster:
    fit_campaigns(shop)
    return shop.campaigns


def check(forecast: CampaignForecast) -> None:
    found = [forecast.rate, forecast.redeemers, forecast.revenue, forecast.cost]
    for one in found:
        assert one is not None
        assert all(map(math.isfinite, (one.low, one.mid, one.high)))
        assert one.low95 is not None
        assert one.high95 is not None
        assert 0 <= one.low95 <= one.low <= one.mid <= one.high <= one.high95
    assert forecast.redeemers.high <= forecast.audience
    assert forecast.rate.mid * forecast.audience == pytest.approx(forecast.redeemers.mid)
    assert len(forecast.notes) == len(forecast.notes_zh) >= 2
    assert "not at random" in forecast.notes[0]
    assert "并非随机" in forecast.notes_zh[0]


def test_types_are_those_of_past_campaigns(forecaster: CampaignForecaster, shop: Shop) -> None:
    with shop.session() as session:
        kind = {row.id: row.campaign_type for row in session.exec(select(Campaign))}
        sent = [kind[row.campaign_id] for row in session.exec(select(CampaignTarget))]
        pairs = {(row.campaign_id, row.customer_id) for row in session.exec(select(Redemption))}
    redeemed = [kind[campaign] for campaign, _ in pairs]
    types = forecaster.types()
    assert [(row.key, row.name, row.name_zh, row.campaigns) for row in types] == [
        ("A", "Type A", "A 类", 3),
        ("B", "Type B", "B 类", 3),
    ]
    for row in types:
        assert row.past_rate == pytest.approx(redeemed.count(row.key) / sent.count(row.key))


def test_a_forecast_for_a_group(forecaster: CampaignForecaster, shop: Shop) -> None:
    chosen = CustomerFilter(active_days=120)
    forecast = forecaster.forecast(filter=chosen, campaign_type="B")
    check(forecast)
    assert forecast.audience == len(shop.segments.members(chosen))
    assert (forecast.campaign_type, forecast.days) == ("B", 35)
    assert [row.campaign_id for row in forecast.past] == [6, 4, 2]
    assert all(row.rate == row.redeemers / row.targeted for row in forecast.past)


def test_a_size_alone_scales_the_average_customer(forecaster: CampaignForecaster) -> None:
    forecast = forecaster.forecast(audience=5000, campaign_type="type a")
    check(forecast)
    assert (forecast.audience, forecast.campaign_type) == (5000, "A")
    assert any("average of the 61" in note for note in forecast.notes)
    everyone = forecaster.forecast(campaign_type="A")
    assert forecast.rate.mid == pytest.approx(everyone.rate.mid, abs=0.03)


def test_a_group_is_never_larger_than_it_is(forecaster: CampaignForecaster, shop: Shop) -> None:
    chosen = CustomerFilter(homeowner=True)
    members = len(shop.segments.members(chosen))
    forecast = forecaster.forecast(filter=chosen, audience=members + 100)
    assert forecast.audience == members
    assert any(f"only {members} match" in note for note in forecast.notes)


def test_a_discount_sets_the_cost_and_says_what_is_not_known(forecaster: CampaignForecaster) -> None:
    forecast = forecaster.forecast(campaign_type="A", discount_percent=20)
    check(forecast)
    assert forecast.revenue is not None
    assert forecast.cost is not None
    assert forecast.cost.mid == pytest.approx(forecast.revenue.mid * 0.2)
    deeper = forecaster.forecast(campaign_type="A", discount_percent=45)
    assert deeper.rate.mid > forecast.rate.mid
    assert deeper.rate.high - deeper.rate.low > forecast.rate.high - forecast.rate.low
    assert any("20%" in note and "could not be learned" in note for note in forecast.notes)


def test_what_was_not_given_is_chosen_and_said(forecaster: CampaignForecaster) -> None:
    forecast = forecaster.forecast(days=5)
    assert (forecast.campaign_type, forecast.days) == ("A", 5)
    assert any("No campaign type was given" in note for note in forecast.notes)
    assert any("28 days (median)" in note and "5 days" in note for note in forecast.notes)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"audience": 0}, "audience is empty"),
    ({"audience": -3}, "audience is empty"),
    ({"filter": CustomerFilter(age_min=60, age_max=30)}, "audience is empty"),
    ({"campaign_type": "Z"}, r"no campaign type 'Z'.*A, B"),
    ({"days": 0}, "at least 1 day"),
    ({"discount_percent": 120.0}, "between 0 and 100"),
]


def test_what_cannot_be_forecast_is_refused(forecaster: CampaignForecaster) -> None:
    for asked, said in REFUSED:
        with pytest.raises(ForecastError, match=said) as refused:
            forecaster.forecast(**asked)
        assert isinstance(refused.value, ValueError)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)


def known_before(shop: Shop, campaign: int) -> Pairs:
    pairs = read_material(shop, lambda *_: None, planned=False).pairs
    rows = pairs.of([campaign])
    return Pairs(pairs.campaign[rows], pairs.customer[rows], pairs.features[rows], pairs.redeemed[rows])


def test_features_look_at_nothing_after_the_start(shop: Shop, past_campaigns: Any) -> None:
    before = known_before(shop, 3)
    with Session(shop.engine) as session:
        start = session.get_one(Campaign, 3).start_date
        for order in past_campaigns.orders:
            if order.ordered_at.date() >= start:
                row = session.merge(order)
                row.total = 10_000.0
        for redemption in session.exec(
            select(Redemption).where(Redemption.redeemed_on >= start, Redemption.campaign_id == 3)
        ):
            session.delete(redemption)
        session.commit()
    after = known_before(shop, 3)
    assert before.features.shape == (60, len(FEATURES))
    assert np.array_equal(before.features, after.features)
    assert np.isfinite(before.features).all()
    assert before.redeemed.any()


def test_the_manifest_says_how_good_it_is(forecaster: CampaignForecaster, shop: Shop) -> None:
    figures = read_manifest(shop.model_dir("campaigns")).figures
    assert 0 <= figures["rate_error_points"] <= 100
    assert figures["campaigns"] == 6
    assert figures["targeted"] == 360


def test_too_few_campaigns_are_told(database: Engine, small_shop: Any, small_shop_settings: Settings) -> None:
    with pytest.raises(LookupError, match="too little to learn"):
        fit_campaigns(Shop(small_shop_settings))
    with pytest.raises(SavedModelError, match="shopwright fit campaigns"):
        Shop(small_shop_settings).campaigns.types()


def test_draws_hold_the_binomial_and_the_shift() -> None:
    curve = rate_curve(np.full(400, -2.0))
    narrow, wide = (
        interval(smoothed(redeemers(curve, 400, Luck(0.0, spread, 10)), 400)) for spread in (0.0, 0.5)
    )
    expected = 400 * float(sigmoid(np.array([-2.0]))[0])
    assert narrow.mid == pytest.approx(expected, abs=1.5)
    deviation = math.sqrt(expected * (1 - expected / 400))
    assert narrow.high - narrow.low == pytest.approx(2 * 1.2816 * deviation, rel=0.1)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (narrow.low95 or 0) < narrow.low
    assert interval(np.array([3.0, 3.0])).mid == 3.0
