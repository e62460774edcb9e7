"""What the parts of the shop's knowledge hand to each other and to the tools."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Immutable value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProductHit(Frozen):
    """A product as search and recommendation return it."""

    product_id: int
    name: str
    name_zh: str
    product_type: str
    category: str
    category_zh: str
    department: str
    department_zh: str
    brand: str
    size: str
    price: float | None
    score: float = Field(description="Higher is better; comparable within one answer only.")


class Scope(Frozen):
    """A part of the assortment that words such as 'cat food' or '零食' mean."""

    query: str
    label: str
    label_zh: str
    departments: list[str] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list)
    product_types: list[str] = Field(default_factory=list)


class Passage(Frozen):
    """A policy or help passage found by search."""

    document_id: int
    slug: str
    language: str
    topic: str
    title: str
    text: str
    score: float


class SegmentInfo(Frozen):
    """A named segment: what a person and the model read of it."""

    key: str
    name: str
    name_zh: str
    description: str
    description_zh: str


Named = Literal[
    "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter", "this_year",
    "last_year",
]  # fmt: skip
Tier = Literal["high", "middle", "low"]


class Period(Frozen):
    """Days in a row, both ends included; exactly one way of saying which.

    `days` and `named` move along with the shop's last day; `start` and `end` stand still (one of them
    may be open). `before` means all time before the period instead of the period.
    """

    days: int | None = Field(default=None, ge=1, le=3650, description="The last N days.")
    named: Named | None = Field(default=None, description="A week, month, quarter or year of the calendar.")
    start: date | None = None
    end: date | None = None
    before: bool = False
    label: str = Field(default="", max_length=60, description="What the person called it: 'autumn 2017'.")
    label_zh: str = Field(default="", max_length=60)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Period:
        ways = [self.days is not None, self.named is not None, self.start is not None or self.end is not None]
        if sum(ways) != 1:
            raise ValueError("A period is the last N days, a named one, or has a first or a last day.")
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"The period ends ({self.end}) before it begins ({self.start}).")
        if self.before and self.start is None and self.end is not None:
            raise ValueError("Nothing lies before a period without a first day.")
        return self


class Purchase(Frozen):
    """What was bought, or was not, in a period. Cancelled orders never count.

    Without bounds: at least one such order, or none with `bought` False. Bounds are on the orders and
    the spend of the scope within the period; who has none of them passes an upper bound only.
    """

    bought: bool = True
    scope: Scope | None = Field(default=None, description="None: anything.")
    period: Period | None = Field(default=None, description="None: at any time.")
    spend_min: float | None = Field(default=None, ge=0)
    spend_max: float | None = Field(default=None, ge=0)
    orders_min: int | None = Field(default=None, ge=1)
    orders_max: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _not_bought_has_no_bounds(self) -> Purchase:
        if not self.bought and self.bounded:
            raise ValueError("What was not bought can have no bounds on orders or spend.")
        return self

    @property
    def bounded(self) -> bool:
        """Whether there is a bound on orders or spend."""
        return any(
            bound is not None for bound in (self.spend_min, self.spend_max, self.orders_min, self.orders_max)
        )


class CustomerFilter(Frozen):
    """Which customers: all conditions hold together; None means any. Ages and income in whole bands."""

    segment: str | None = None
    age_min: int | None = Field(default=None, ge=0, le=120)
    age_max: int | None = Field(default=None, ge=0, le=120)
    income_min: int | None = Field(default=None, ge=0)
    income_max: int | None = Field(default=None, ge=0)
    has_children: bool | None = None
    married: bool | None = None
    homeowner: bool | None = None
    household_size_min: int | None = Field(default=None, ge=1)
    inactive_days: int | None = Field(default=None, ge=1, description="No order in the last N days.")
    active_days: int | None = Field(default=None, ge=1, description="An order in the last N days.")
    spend_min: float | None = Field(default=None, ge=0)
    spend_max: float | None = Field(default=None, ge=0)
    orders_min: int | None = Field(default=None, ge=0)
    orders_max: int | None = Field(default=None, ge=0)
    uses_coupons: bool | None = None
    bought: Scope | None = Field(default=None, description="Bought something of this scope.")
    top: int | None = Field(default=None, ge=1, description="Only the N customers who spent most.")
    stage: str | None = Field(
        default=None, description="Lifecycle stage: new, active, loyal, at_risk, lapsed."
    )
    value: Tier | None = Field(default=None, description="By spend: the top 20%, the next 40%, the last 40%.")
    frequency: Tier | None = Field(
        default=None, description="By number of orders: the top 40%, the next 40%, the last 20%."
    )
    churn_min: float | None = Field(default=None, ge=0, le=1, description="Churn probability at least.")
    churn_max: float | None = Field(default=None, ge=0, le=1)
    predicted_min: float | None = Field(default=None, ge=0, description="Predicted spend, next 90 days.")
    predicted_max: float | None = Field(default=None, ge=0)
    cluster: int | None = Field(default=None, ge=0)
    tags: list[str] | None = Field(default=None, description="Has all of these interest tags.")
    joined: Period | None = Field(default=None, description="The first order lies in this period.")
    tenure_min_days: int | None = Field(default=None, ge=0, description="First order at least N days ago.")
    tenure_max_days: int | None = Field(default=None, ge=0)
    consent: bool | None = Field(default=None, description="Agreed to receive marketing.")
    purchases: list[Purchase] | None = Field(default=None, max_length=10)
    saved: SavedFilter | None = Field(default=None, description="Also in this saved segment.")

    @property
    def everyone(self) -> bool:
        """Whether there is no condition at all."""
        return not self.model_dump(exclude_none=True)


class SavedFilter(Frozen):
    """A saved segment within a filter: its name, and what it meant when it was named."""

    name: str = Field(min_length=1, max_length=60)
    filter: CustomerFilter


class Share(Frozen):
    """One bar of a breakdown."""

    name: str
    name_zh: str
    count: int
    share: float = Field(description="0..1 of the whole that the breakdown is of.")
    spend: float = 0.0


class SegmentReport(Frozen):
    """A segment in figures, as of the shop's last day."""

    filter: CustomerFilter
    size: int
    share: float
    customers_total: int
    spend_total: float
    spend_share: float
    spend_mean: float
    order_value_mean: float
    orders_mean: float
    recency_days_median: float
    ages: list[Share]
    top_categories: list[Share]
    categories_sampled: int | None = Field(
        default=None, description="Members that the top categories were estimated from; None: all of them."
    )
    as_of: date


class Recommendation(Frozen):
    """A product, and the true signal behind it."""

    product: ProductHit
    reason: str = Field(
        description="bought_before | due_again | buys_kind | similar_customers | bought_together | "
        "similar_text | popular | matches_text | on_promotion"
    )
    reason_text: str
    reason_text_zh: str
    signals: dict[str, float] = Field(
        default_factory=dict, description="What each family of signals added to the score, where it is known."
    )


class Interval(Frozen):
    """A point forecast with its 80% interval, and its 95% interval where that was worked out, too."""

    mid: float
    low: float
    high: float
    low95: float | None = None
    high95: float | None = None


class PastCampaign(Frozen):
    """How a past campaign went."""

    campaign_id: int
    campaign_type: str
    start_date: date
    end_date: date
    targeted: int
    redeemers: int
    rate: float


class CampaignForecast(Frozen):
    """What a campaign would bring, with honest intervals."""

    campaign_type: str
    audience: int
    days: int
    discount_percent: float | None
    rate: Interval = Field(description="Share of the audience that redeems, 0..1.")
    redeemers: Interval
    revenue: Interval | None = Field(description="Sales in the baskets with a redemption; None if unknown.")
    cost: Interval | None = Field(description="Discount given; None if unknown.")
    net: Interval | None = Field(default=None, description="Sales less discount; None if either is unknown.")
    roi: Interval | None = Field(default=None, description="Net over cost: 3 is 3 back for each 1 given.")
    past: list[PastCampaign]
    notes: list[str]
    notes_zh: list[str]


class Judgement(Frozen):
    """What the sentiment classifier says of one text."""

    label: str = Field(description="positive | negative")
    probability: float = Field(description="Of the label, 0.5..1.")
    language: str


class Quote(Frozen):
    """A review quoted word for word."""

    review_id: int
    subject: str
    language: str
    text: str
    label: str
    probability: float


class Aspect(Frozen):
    """How often an aspect is mentioned, and how."""

    key: str
    name: str
    name_zh: str
    positive: int
    negative: int


class ReviewReport(Frozen):
    """Reviews in figures and quotes."""

    subject: str | None
    subject_name: str
    subject_name_zh: str
    language: str | None
    aspect: str | None
    reviews: int = Field(description="Rows counted: whole reviews, or rated sentences where `note` says so.")
    positive: int
    negative: int
    positive_share: float
    note: str = Field(default="", description="What people should know of these counts; '' when nothing.")
    note_zh: str = ""
    by_subject: list[Share]
    aspects: list[Aspect]
    praise: list[Quote]
    complaints: list[Quote]
