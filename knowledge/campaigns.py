"""Forecasts of campaigns: how many would redeem, what their baskets bring and what the discounts cost."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge import campaign_notes as notes
from shopwright.knowledge import saved
from shopwright.knowledge.campaign_fit import NAME, fit_campaigns
from shopwright.knowledge.campaign_model import CampaignFit, TypeFit
from shopwright.knowledge.campaign_simulation import amounts, interval, redeemers
from shopwright.knowledge.types import CampaignForecast, CustomerFilter, Interval

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["CampaignForecaster", "CampaignType", "ForecastError", "fit_campaigns"]

Floats = NDArray[np.float64]


class ForecastError(ValueError):
    """A forecast that cannot be made as asked; `zh` says the same in Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


class CampaignType(NamedTuple):
    """A type of campaign: its key and names, and how past campaigns of it went."""

    key: str
    name: str
    name_zh: str
    past_rate: float
    campaigns: int


class CampaignForecaster:
    """Forecasts campaigns to groups of customers. Every method raises SavedModelError when not fitted."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @cached_property
    def _saved(self) -> saved.SavedModel:
        return saved.load(self._shop.model_dir(NAME))

    @cached_property
    def _fit(self) -> CampaignFit:
        return CampaignFit.model_validate_json(self._saved.path("model.json").read_bytes())

    @cached_property
    def _customers(self) -> tuple[NDArray[np.int64], Floats]:
        """Ids and features of every customer, as of the shop's last day."""
        with np.load(self._saved.path("customers.npz"), allow_pickle=False) as arrays:
            return arrays["customers"], arrays["features"]

    def types(self) -> list[CampaignType]:
        """The types that past campaigns have, most campaigns first; rates are of campaigns that ended."""
        kinds = sorted(self._fit.types, key=lambda kind: (-len(kind.past), kind.key))
        return [
            CampaignType(kind.key, f"Type {kind.key}", f"{kind.key} 类", kind.rate, len(kind.past))
            for kind in kinds
        ]

    def forecast(
        self,
        *,
        filter: CustomerFilter | None = None,
        campaign_type: str | None = None,
        audience: int | None = None,
        discount_percent: float | None = None,
        days: int | None = None,
    ) -> CampaignForecast:
        """What a campaign would bring, sent to the customers of `filter`, to `audience` of them, or to all.

        `days` defaults to the type's median, `campaign_type` to the type with the most past campaigns.
        Raises ForecastError (a ValueError) for an empty audience or an unknown type, and LookupError for
        an unknown segment.
        """
        kind = self._kind(campaign_type)
        features = self._features(filter)
        size = len(features) if audience is None else audience
        if filter is not None:
            size = min(size, len(features))
        _check(size, len(features), days, discount_percent)
        log_odds = self._fit.log_odds(features, kind.key)
        counts = redeemers(log_odds, size, kind.spread, self._fit.freedom)
        found = interval(counts)
        sales = None if kind.revenue is None else amounts(kind.revenue, counts)
        said = [notes.not_causal(), notes.how_sure(self._fit, kind)]
        if campaign_type is None:
            said.append(notes.type_chosen(kind))
        if discount_percent is not None:
            said.append(notes.discount_not_learned(discount_percent))
        if days is not None and days != kind.days:
            said.append(notes.days_not_learned(days, kind.days))
        if audience is not None and audience > size:
            said.append(notes.capped(audience, size))
        elif audience is not None and size != len(features):
            said.append(notes.average_customer(size, len(features)))
        return CampaignForecast(
            campaign_type=kind.key,
            audience=size,
            days=days or kind.days,
            discount_percent=discount_percent,
            rate=Interval(mid=found.mid / size, low=found.low / size, high=found.high / size),
            redeemers=found,
            revenue=None if sales is None else interval(sales),
            cost=_cost(kind, counts, sales, discount_percent),
            past=kind.past,
            notes=[en for en, _ in said],
            notes_zh=[zh for _, zh in said],
        )

    def _kind(self, asked: str | None) -> TypeFit:
        known = {kind.key.casefold(): kind for kind in self._fit.types}
        if asked is None:
            return known[self.types()[0].key.casefold()]
        word = asked.strip().casefold().removeprefix("type").removesuffix("类").strip()
        if word not in known:
            names = ", ".join(kind.key for kind in self._fit.types)
            raise ForecastError(
                f"There is no campaign type '{asked}'. Types of past campaigns: {names}.",
                f"没有“{asked}”类活动。以往活动的类型有：{names}。",
            )
        return known[word]

    def _features(self, filter: CustomerFilter | None) -> Floats:
        customers, features = self._customers
        if filter is None:
            return features
        members = self._shop.segments.members(filter)
        chosen: Floats = features[np.isin(customers, np.array(members, dtype=np.int64))]
        return chosen


def _check(size: int, members: int, days: int | None, discount_percent: float | None) -> None:
    if size < 1 or members < 1:
        raise ForecastError(
            "The audience is empty: no customer matches. Loosen a condition or give an audience above 0.",
            "没有符合条件的客户，受众为空。请放宽条件，或给出大于 0 的人数。",
        )
    if days is not None and days < 1:
        raise ForecastError("A campaign runs at least 1 day.", "活动至少持续 1 天。")
    if discount_percent is not None and not 0 <= discount_percent <= 100:
        raise ForecastError("A discount is between 0 and 100 percent.", "折扣应在 0% 到 100% 之间。")


def _cost(
    kind: TypeFit, counts: Floats, sales: Floats | None, discount_percent: float | None
) -> Interval | None:
    if discount_percent is not None:
        return None if sales is None else interval(sales * discount_percent / 100)
    return None if kind.cost is None else interval(amounts(kind.cost, counts))
