"""What the campaign analyses hand to the tools, beside the forecast itself."""

from typing import Any

from pydantic import Field

from shopwright.knowledge.types import CampaignForecast, CustomerFilter, Frozen, Interval


class CampaignRequest(Frozen):
    """A campaign to forecast: as the arguments of `CampaignForecaster.forecast`."""

    filter: CustomerFilter | None = None
    campaign_type: str | None = None
    audience: int | None = None
    discount_percent: float | None = None
    days: int | None = None


class Driver(Frozen):
    """What one kind of knowledge adds to the odds of redeeming, beside the average customer; exact."""

    key: str
    name: str
    name_zh: str
    log_odds: float

    @property
    def odds_ratio(self) -> float:
        """By what the odds are multiplied."""
        return float(2.718281828459045**self.log_odds)


class WhatIf(Frozen):
    """The same campaign with other discounts and other audience sizes."""

    by_discount: list[CampaignForecast]
    by_audience: list[CampaignForecast]


class RankedCustomer(Frozen):
    """A customer and what sending to them is expected to bring; ids are the shop's pseudonymous ones."""

    customer_id: int
    probability: float = Field(description="Of redeeming, 0..1.")
    margin: float = Field(description="Expected gross margin less discount and cost of contact.")
    consent: bool
    drivers: list[Driver]


class AudienceRanking(Frozen):
    """Whom to send to and whom not, by expected margin."""

    campaign_type: str
    audience: int
    scored: int
    send: int = Field(description="Customers with consent and an expected margin above 0.")
    no_consent: int
    unprofitable: int = Field(description="Customers with consent whose expected margin is not above 0.")
    break_even: float = Field(description="Probability at which margin covers discount and contact.")
    margin_share: float
    contact_cost: float
    best: list[RankedCustomer]
    worst: list[RankedCustomer]
    deciles: list["Decile"]
    notes: list[str]
    notes_zh: list[str]


class Decile(Frozen):
    """A tenth of the audience, most likely redeemers first."""

    customers: int
    probability: float
    share_of_redeemers: float
    margin: float


class Uplift(Frozen):
    """What a randomised holdout says of a past campaign's effect on sales, during its days."""

    campaign_id: int
    treated: int
    held_out: int
    effect: Interval = Field(description="Spend a customer more (less) than without the campaign.")
    share: float | None = Field(description="The effect over the held-out customers' spend; None if 0.")
    qini: float | None = Field(description="Qini coefficient of the uplift model; None with too few.")
    auuc: float | None = Field(description="Area under the uplift curve, per customer; None with too few.")


class Ranking(Frozen):
    """An uplift model's order of customers, judged on customers that it did not see."""

    qini: float
    auuc: float
    curve: list[tuple[float, float]]
    details: dict[str, Any] = Field(default_factory=dict)
