"""What is said of segments beside their report: outlook, history, drift, overlap, members."""

from datetime import date, datetime

from pydantic import Field

from shopwright.knowledge.customer_types import GroupOutlook, LifecycleShare
from shopwright.knowledge.types import CustomerFilter, Frozen, Interval, SegmentReport


class SegmentDetail(Frozen):
    """A segment's report with what is expected of its members."""

    report: SegmentReport
    lifecycle: list[LifecycleShare]
    outlook: GroupOutlook | None = Field(description="None: the customer model has not been fitted.")


class MemberRow(Frozen):
    """One member as it may be shown: a pseudonym, bands and rounded figures, no name and no id."""

    pseudonym: str
    stage: str = Field(description="Lifecycle stage; '' where there is no order.")
    recency_days: int | None
    orders: int
    spend: float = Field(description="Rounded to two digits that count.")


class SegmentPreview(Frozen):
    """The first members of a segment, highest spend first; none below the k-anonymity threshold."""

    size: int | None = Field(description="None: below the threshold.")
    threshold: int
    members: list[MemberRow]


class SizePoint(Frozen):
    """How large a segment was at the end of a day; None: fewer than the k-anonymity threshold."""

    as_of: date
    size: int | None


class SizeForecast(Frozen):
    """How large a segment has been at month ends, and will be at the next one.

    `next_size` has an 80% interval, from the errors that the same forecast made at earlier month ends.
    """

    history: list[SizePoint] = Field(description="Oldest first; the last is today.")
    next_as_of: date
    next_size: Interval | None = Field(description="None: too little history.")
    errors: int = Field(description="Earlier forecasts that the interval is from.")


class MixShift(Frozen):
    """A lifecycle stage's share among the members, then and now, 0..1."""

    key: str
    name: str
    name_zh: str
    before: float
    now: float


class Drift(Frozen):
    """What changed in a segment since an earlier day; both days worked out from the orders.

    A count is None where it is kept back: somebody, but fewer than the k-anonymity threshold.
    """

    since: date
    size_before: int | None
    size_now: int | None
    entered: int | None
    left: int | None
    left_lapsed: int | None = Field(description="Of those who left, how many are at risk or lapsed today.")
    mix: list[MixShift] = Field(description="Empty where either size is small.")


class Overlap(Frozen):
    """How much of a segment another one shares."""

    key: str = Field(description="Key of a named segment, or the name of a saved one.")
    name: str
    name_zh: str
    saved: bool
    size: int = Field(description="Of the other segment.")
    both: int
    jaccard: float = Field(description="Members of both over members of either, 0..1.")
    share: float = Field(description="Part of this segment that is in the other, 0..1.")


class SavedInfo(Frozen):
    """A segment that somebody saved."""

    name: str
    filter: CustomerFilter
    owner: str
    created_at: datetime
    updated_at: datetime


class CategoryPair(Frozen):
    """Which part of each of two segments has bought of a category, 0..1."""

    name: str
    name_zh: str
    first: float
    second: float


class Comparison(Frozen):
    """Two segments side by side."""

    first: SegmentDetail
    second: SegmentDetail
    overlap: Overlap = Field(description="Of the first with the second.")
    categories: list[CategoryPair]


class PersonaShare(Frozen):
    """How common something is among the members beside all customers, each where it is known, 0..1."""

    key: str = Field(description="with_children | married | homeowner | coupons | weekend | evening")
    members: float
    shop: float
    known: int = Field(description="Members of whom it is known.")


class Persona(Frozen):
    """A segment in the figures of a typical member."""

    detail: SegmentDetail
    shares: list[PersonaShare]
    household_size: float | None = Field(description="Mean of the members of whom it is known.")
    days: list[float] = Field(description="Share of orders by weekday, Monday first; [] where unknown.")
    hours: list[float] = Field(description="Share of orders by hour of the day, 0 to 23; [] where unknown.")
    order_value_shop: float = Field(description="Value of an order in the whole shop.")
    gap_days: float | None = Field(description="Days between two visits, mean of the expected ones.")
    orders_read: int = Field(description="Orders that days and hours are counted from.")
