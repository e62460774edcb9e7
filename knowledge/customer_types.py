"""What the customer model hands to segments and tools."""

from pydantic import Field

from shopwright.knowledge.types import Frozen, Interval, SegmentInfo

LIFECYCLES = tuple(
    SegmentInfo(key=key, name=name, name_zh=name_zh, description=description, description_zh=description_zh)
    for key, name, name_zh, description, description_zh in (
        (
            "new",
            "New",
            "新客",
            "First order lately, and no visit overdue yet.",
            "首次下单不久，目前还没有明显该来未来。",
        ),
        (
            "active",
            "Active",
            "活跃",
            "Keep to their own rhythm of buying.",
            "按自己的节奏正常购买。",
        ),
        (
            "loyal",
            "Loyal",
            "忠诚",
            "Customers for long, at least as often here as the typical customer, and in rhythm.",
            "老客户，购买间隔不长于一般客户，且节奏正常。",
        ),
        (
            "at_risk",
            "At risk",
            "有流失风险",
            "Away for three times their own usual gap between visits.",
            "离上次购买已超过自己平常间隔的三倍。",
        ),
        (
            "lapsed",
            "Lapsed",
            "已流失",
            "Away for eight times their own usual gap between visits, or for a year.",
            "离上次购买已超过自己平常间隔的八倍，或已满一年。",
        ),
    )
)
"""Lifecycle stages, in the order of a customer's life; the rules stand in stats.py."""


class ClusterInfo(Frozen):
    """A cluster of customers that buy alike, named after what sets it apart."""

    number: int
    name: str
    name_zh: str
    size: int = Field(description="Customers in it when the model was fitted.")
    features: list[str] = Field(description="What deviates most from the shop's mean, e.g. 'frequency +1.2'.")


class TagShare(Frozen):
    """An interest tag among a group of customers."""

    category: str
    name: str
    name_zh: str
    count: int = Field(description="Customers of the group with the tag.")
    share: float = Field(description="Of the group, 0..1.")
    lift: float = Field(description="That share over the share of all customers who carry the tag.")


class CustomerOutlook(Frozen):
    """What the model says of one customer."""

    customer_id: int
    lifecycle: SegmentInfo | None
    gap_days: float = Field(description="Days expected between two visits.")
    churn_probability: float = Field(description="Of no order in the next 60 days, 0..1.")
    value_90: Interval = Field(description="Spend over the next 90 days, 80% interval.")
    cluster: ClusterInfo | None
    tags: list[TagShare] = Field(
        description="`count` 1, `share` of the customer's spend, `lift` over the shop."
    )


class LifecycleShare(Frozen):
    """A lifecycle stage among a group of customers."""

    stage: SegmentInfo
    count: int
    share: float


class ClusterShare(Frozen):
    """A cluster among a group of customers; `lift` is its share here over its share in the shop."""

    cluster: ClusterInfo
    count: int
    share: float
    lift: float


class GroupOutlook(Frozen):
    """What the model says of a group of customers, as of the day it was fitted."""

    customers: int = Field(description="Members of whom the model knows something: those with an order.")
    lifecycle: list[LifecycleShare]
    churn_mean: float = Field(description="Mean probability of no order in the next 60 days.")
    churners: float = Field(description="Members expected to place no order in the next 60 days.")
    value_90: Interval = Field(description="Spend of all members over the next 90 days, 80% interval.")
    value_90_mean: float = Field(description="The same a member.")
    clusters: list[ClusterShare]
    tags: list[TagShare]
