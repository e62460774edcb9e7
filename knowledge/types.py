"""What the parts of the shop's knowledge hand to each other and to the tools."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


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
    as_of: date


class Recommendation(Frozen):
    """A product, and the true signal behind it."""

    product: ProductHit
    reason: str = Field(
        description="bought_before | similar_customers | popular | matches_text | on_promotion"
    )
    reason_text: str
    reason_text_zh: str


class Interval(Frozen):
    """A point forecast with its 80% interval."""

    mid: float
    low: float
    high: float


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
