"""Forecasts of campaigns: how many would redeem, what their baskets bring and what the discounts cost."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge import campaign_notes as notes
from shopwright.knowledge import saved
from shopwright.knowledge.campaign_fit import NAME, fit_campaigns
from shopwright.knowledge.campaign_model import CampaignFit, TypeFit
from shopwright.knowledge.campaign_offer import effect
from shopwright.knowledge.campaign_simulation import (
    Luck,
    amounts,
    intervals,
    rate_curve,
    redeemers,
    smoothed,
)
from shopwright.knowledge.campaign_themes import drivers
from shopwright.knowledge.campaign_types import CampaignRequest, Driver, WhatIf
from shopwright.knowledge.types import CampaignForecast, CustomerFilter, Interval

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["CampaignForecaster", "CampaignRequest", "CampaignType", "ForecastError", "fit_campaigns"]

Floats = NDArray[np.float64]
DISCOUNTS = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0)
SIZES = (0.1, 0.25, 0.5, 0.75, 1.0)


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


class Group(NamedTuple):
    """The customers of a filter: how many there are, and where the scored ones stand among all scored."""

    members: int
    places: NDArray[np.int64]


class CampaignForecaster:
    """Forecasts campaigns to groups of customers. Every method raises SavedModelError when not fitted."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @cached_property
    def _saved(self) -> saved.SavedModel:
        return saved.load(self._shop.model_dir(NAME))

    @cached_property
    def fit(self) -> CampaignFit:
        """What was learned of types of campaigns."""
        return CampaignFit.model_validate_json(self._saved.path("model.json").read_bytes())

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        with np.load(self._saved.path("customers.npz"), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("customers", "log_odds", "themes")}

    @property
    def customers(self) -> NDArray[np.int64]:
        """Ids of the customers that were scored, ascending."""
        return self._arrays["customers"].astype(np.int64, copy=False)

    def log_odds(self, kind: str) -> Floats:
        """Log-odds of every scored customer to redeem a campaign of type `kind` started now."""
        found: Floats = self._arrays["log_odds"][self._place(kind)].astype(np.float64)
        return found

    def themes(self, kind: str) -> Floats:
        """What each theme adds to a customer's log-odds, shape (customers, themes)."""
        found: Floats = self._arrays["themes"][self._place(kind)].astype(np.float64)
        return found

    def types(self) -> list[CampaignType]:
        """The types that past campaigns have, most campaigns first; rates are of campaigns that ended."""
        kinds = sorted(self.fit.types, key=lambda kind: (-len(kind.past), kind.key))
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
        request = CampaignRequest(
            filter=filter,
            campaign_type=campaign_type,
            audience=audience,
            discount_percent=discount_percent,
            days=days,
        )
        return self.forecast_many([request])[0]

    def forecast_many(self, requests: Sequence[CampaignRequest]) -> list[CampaignForecast]:
        """Many forecasts, in the order of the requests; errors as `forecast`.

        What requests share is worked out once: a filter is asked of the database once, and the curve of
        rates of a filter and type is drawn once. After that a forecast costs under a millisecond.
        """
        groups: dict[str, Group] = {}
        curves: dict[tuple[str, str], tuple[Floats, Floats]] = {}
        found = []
        for request in requests:
            kind = self.kind(request.campaign_type)
            key = "" if request.filter is None else request.filter.model_dump_json()
            if key not in groups:
                groups[key] = self.group(request.filter)
            group = groups[key]
            _check(request, group)
            if (key, kind.key) not in curves:
                curves[key, kind.key] = rate_curve(self.log_odds(kind.key)[group.places])
            found.append(self._forecast(request, kind, group, curves[key, kind.key]))
        return found

    def explain(
        self, *, filter: CustomerFilter | None = None, campaign_type: str | None = None
    ) -> list[Driver]:
        """Why this audience is more or less likely to redeem than all customers, strongest first; exact.

        The log-odds are a sum over features; each driver is the sum of one theme's, averaged over the
        audience, less the same over everyone.
        """
        kind, group = self.kind(campaign_type), self.group(filter)
        added = self.themes(kind.key)
        if not len(group.places):
            return []
        return drivers(self.fit.themes, added[group.places].mean(axis=0) - added.mean(axis=0))

    def what_if(self, request: CampaignRequest) -> WhatIf:
        """The campaign with other discounts, and sent to other shares of its audience."""
        base = self.forecast_many([request])[0]
        sizes = sorted({max(1, round(base.audience * share)) for share in SIZES})
        with_discount = [request.model_copy(update={"discount_percent": one}) for one in DISCOUNTS]
        with_size = [request.model_copy(update={"audience": one}) for one in sizes]
        found = self.forecast_many([*with_discount, *with_size])
        return WhatIf(by_discount=found[: len(DISCOUNTS)], by_audience=found[len(DISCOUNTS) :])

    def kind(self, asked: str | None) -> TypeFit:
        """The type asked for, or the one with the most past campaigns. Raises ForecastError if unknown."""
        known = {kind.key.casefold(): kind for kind in self.fit.types}
        if asked is None:
            return known[self.types()[0].key.casefold()]
        word = asked.strip().casefold()
        short = word.removeprefix("type").removesuffix("类").strip()
        if word not in known and short not in known:
            names = ", ".join(kind.key for kind in self.fit.types)
            raise ForecastError(
                f"There is no campaign type '{asked}'. Types of past campaigns: {names}.",
                f"没有“{asked}”类活动。以往活动的类型有：{names}。",
            )
        return known.get(word) or known[short]

    def group(self, filter: CustomerFilter | None) -> Group:
        """The customers whom a filter means."""
        customers = self.customers
        if filter is None:
            return Group(len(customers), np.arange(len(customers)))
        members = np.array(self._shop.segments.members(filter), dtype=np.int64)
        return Group(len(members), np.flatnonzero(np.isin(customers, members)))

    def _forecast(
        self, request: CampaignRequest, kind: TypeFit, group: Group, curve: tuple[Floats, Floats]
    ) -> CampaignForecast:
        size = group.members if request.audience is None else request.audience
        if request.filter is not None:
            size = min(size, group.members)
        counts = redeemers(curve, size, _luck(kind, request))
        sales = None if kind.revenue is None else amounts(kind.revenue, counts)
        cost = _cost(kind, counts, sales, request.discount_percent)
        rows = [smoothed(counts, size)]
        if sales is not None:
            rows.append(sales)
        if cost is not None:
            rows.append(cost)
        if sales is not None and cost is not None:
            rows += [sales - cost, (sales - cost) / np.maximum(cost, 1e-9)]
        one = intervals(np.array(rows))
        both = sales is not None and cost is not None
        said = _notes(self.fit, kind, request, group, size)
        return CampaignForecast.model_construct(
            campaign_type=kind.key,
            audience=size,
            days=request.days or kind.days,
            discount_percent=request.discount_percent,
            rate=_scaled(one[0], size),
            redeemers=one[0],
            revenue=None if sales is None else one[1],
            cost=None if cost is None else one[-3 if both else -1],
            net=one[-2] if both else None,
            roi=one[-1] if both and cost is not None and np.median(cost) > 0 else None,
            past=kind.past,
            notes=[en for en, _ in said],
            notes_zh=[zh for _, zh in said],
        )

    def _place(self, kind: str) -> int:
        return [one.key for one in self.fit.types].index(kind)


def _luck(kind: TypeFit, request: CampaignRequest) -> Luck:
    """The type's luck, moved and widened by what is asked beyond the usual."""
    centre, variance = kind.luck.centre, kind.luck.spread**2
    if request.discount_percent is not None:
        shift, doubt = effect(kind.offer, request.discount_percent)
        centre, variance = centre + shift, variance + doubt**2
    if request.days is not None and request.days < kind.days and len(kind.timing) > 1:
        usual = kind.timing[min(kind.days, len(kind.timing)) - 1]
        share = max(0.02, kind.timing[min(request.days, len(kind.timing)) - 1] / max(usual, 1e-9))
        centre, variance = centre + float(np.log(share)), variance + (0.25 * np.log(share)) ** 2
    return kind.luck._replace(centre=centre, spread=float(np.sqrt(variance)))


def _notes(
    fit: CampaignFit, kind: TypeFit, request: CampaignRequest, group: Group, size: int
) -> list[notes.Note]:
    said = [notes.not_causal(), notes.how_sure(fit, kind)]
    if request.campaign_type is None:
        said.append(notes.type_chosen(kind))
    if request.discount_percent is not None:
        said.append(notes.discount_assumed(request.discount_percent, kind))
    if request.days is not None and request.days != kind.days:
        shorter = request.days < kind.days and len(kind.timing) > 1
        said.append((notes.days_fewer if shorter else notes.days_not_learned)(request.days, kind.days))
    if request.audience is not None and request.audience > size:
        said.append(notes.capped(request.audience, size))
    elif request.audience is not None and size != group.members:
        said.append(notes.average_customer(size, group.members))
    if len(group.places) < group.members:
        said.append(notes.sampled(len(group.places), group.members))
    return said


def _check(request: CampaignRequest, group: Group) -> None:
    if not len(group.places) or (request.audience is not None and request.audience < 1):
        raise ForecastError(
            "The audience is empty: no customer matches. Loosen a condition or give an audience above 0.",
            "没有符合条件的客户，受众为空。请放宽条件，或给出大于 0 的人数。",
        )
    if request.days is not None and request.days < 1:
        raise ForecastError("A campaign runs at least 1 day.", "活动至少持续 1 天。")
    if request.discount_percent is not None and not 0 <= request.discount_percent <= 100:
        raise ForecastError("A discount is between 0 and 100 percent.", "折扣应在 0% 到 100% 之间。")


def _cost(
    kind: TypeFit, counts: Floats, sales: Floats | None, discount_percent: float | None
) -> Floats | None:
    if discount_percent is not None:
        return None if sales is None else sales * discount_percent / 100
    return None if kind.cost is None else amounts(kind.cost, counts)


def _scaled(found: Interval, size: int) -> Interval:
    """Counts as shares of the audience."""
    return Interval.model_construct(
        mid=found.mid / size,
        low=found.low / size,
        high=found.high / size,
        low95=None if found.low95 is None else found.low95 / size,
        high95=None if found.high95 is None else found.high95 / size,
    )
