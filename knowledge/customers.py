"""What is expected of customers: lifecycle, churn, spend over the next 90 days, clusters, interests.

Sums and means are worked out in the database, over the rows that the last fit wrote. The interval of a
group's spend has two parts: the errors of its members, which even out, and the error that all share (a
season, a price rise), which does not; how large that one is was measured in the backtest of the fit.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field
from sqlalchemy import Select, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge import saved
from shopwright.knowledge.columns import INSIGHT, STATS, TAGS
from shopwright.knowledge.customer_types import (
    LIFECYCLES,
    ClusterInfo,
    ClusterShare,
    CustomerOutlook,
    GroupOutlook,
    LifecycleShare,
    TagShare,
)
from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.names import category_names
from shopwright.knowledge.types import CustomerFilter, Frozen, Interval, SegmentInfo

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

NAME = "customers"
Z80 = 1.2816  # a normal 80% interval reaches so many standard deviations to each side
TOP_TAGS = 8
MIN_TAGGED = 3  # members that must carry a tag before it says something of their group


class CustomerFacts(Frozen):
    """What the fit found out about the shop's customers as a whole."""

    as_of: str = Field(description="The last day that the fit knew, ISO date.")
    customers: int
    mean_start: float = Field(description="Mean spend of a customer: this, plus the slope times `value_90`.")
    mean_slope: float
    shared_error: float = Field(description="How far totals were off in the past, as a share.")
    clusters: list[ClusterInfo]
    tags: dict[str, int] = Field(description="How many customers carry each interest tag.")


class Customers:
    """What the fitted model says of customers and groups of them.

    Lifecycle stages come from the statistics and need no model. The other methods raise SavedModelError
    (a LookupError) when the model has not been fitted; `fitted` tells.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._stages = {info.key: info for info in LIFECYCLES}

    @property
    def fitted(self) -> bool:
        """Whether churn, value, clusters and tags are known."""
        return (self._shop.model_dir(NAME) / saved.MANIFEST).is_file()

    def lifecycles(self) -> list[SegmentInfo]:
        """The lifecycle stages, in the order of a customer's life."""
        return list(LIFECYCLES)

    def clusters(self) -> list[ClusterInfo]:
        """The clusters, largest first."""
        return self._facts.clusters

    def tags(self, limit: int = 50) -> list[TagShare]:
        """The interest tags of the shop's customers, most carried first."""
        facts = self._facts
        ranked = sorted(facts.tags.items(), key=lambda item: (-item[1], item[0]))[:limit]
        return [_tag(category, count, count / max(1, facts.customers), 1.0) for category, count in ranked]

    def insight(self, customer_id: int) -> CustomerOutlook | None:
        """What the model says of one customer; None for one without orders, or unknown to the last fit."""
        facts = self._facts
        query = (
            select(INSIGHT, STATS.c.lifecycle, STATS.c.gap_days)
            .outerjoin(STATS, STATS.c.customer_id == INSIGHT.c.customer_id)
            .where(INSIGHT.c.customer_id == customer_id)
        )
        carried = (
            select(TAGS.c.category, TAGS.c.spend_share, TAGS.c.lift)
            .where(TAGS.c.customer_id == customer_id)
            .order_by(TAGS.c.lift.desc(), TAGS.c.category)
        )
        with self._shop.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
            tags = [_tag(category, 1, share, lift) for category, share, lift in connection.execute(carried)]
        if row is None:
            return None
        clusters = {cluster.number: cluster for cluster in facts.clusters}
        return CustomerOutlook(
            customer_id=customer_id,
            lifecycle=self._stages.get(row["lifecycle"] or ""),
            gap_days=row["gap_days"] or 0.0,
            churn_probability=row["churn_probability"],
            value_90=Interval(mid=row["value_90"], low=row["value_90_low"], high=row["value_90_high"]),
            cluster=clusters.get(row["cluster"]),
            tags=tags,
        )

    def lifecycle_of(self, connection: Connection, members: Select[Any]) -> list[LifecycleShare]:
        """The lifecycle stages of the customers whose ids `members` selects; needs no fitted model.

        Stages in the order of a customer's life, those without anybody left out; shares are of the
        members who ever ordered.
        """
        query = (
            select(STATS.c.lifecycle, func.count())
            .where(STATS.c.customer_id.in_(members))
            .group_by(STATS.c.lifecycle)
        )
        counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
        total = sum(counts.values())
        return [
            LifecycleShare(stage=info, count=counts[info.key], share=counts[info.key] / total)
            for info in LIFECYCLES
            if info.key in counts
        ]

    def outlook(self, filter: CustomerFilter) -> GroupOutlook:
        """What the model says of the customers that match; zeros and empty lists where nobody does."""
        chosen = select_members(filter, Moment(self._shop.today.date())).subquery()
        with self._shop.engine.connect() as connection:
            return self.outlook_of(connection, select(chosen.c.id))

    def outlook_of(self, connection: Connection, members: Select[Any]) -> GroupOutlook:
        """The same for the customers whose ids `members` selects, such as those of a temporary table."""
        facts = self._facts
        i = INSIGHT.c
        spread = (i.value_90_high - i.value_90_low) / (2 * Z80)
        sums = select(
            func.count(),
            func.coalesce(func.sum(i.churn_probability), 0.0),
            func.coalesce(func.sum(i.value_90), 0.0),
            func.coalesce(func.sum(spread * spread), 0.0),
        ).where(i.customer_id.in_(members))
        customers, churners, value, variance = connection.execute(sums).one()
        # One customer's value is a median; a sum takes the means, which lie above.
        value = facts.mean_start * customers + facts.mean_slope * value
        half = Z80 * (variance + (facts.shared_error * value) ** 2) ** 0.5
        return GroupOutlook(
            customers=customers,
            lifecycle=self.lifecycle_of(connection, members),
            churn_mean=churners / max(1, customers),
            churners=churners,
            value_90=Interval(mid=value, low=max(0.0, value - half), high=value + half),
            value_90_mean=value / max(1, customers),
            clusters=_clusters(connection, members, customers, facts),
            tags=_top_tags(connection, members, customers, facts),
        )

    @cached_property
    def _facts(self) -> CustomerFacts:
        model = saved.load(self._shop.model_dir(NAME))
        return CustomerFacts.model_validate_json(model.path("facts.json").read_bytes())


def _clusters(
    connection: Connection, members: Select[Any], customers: int, facts: CustomerFacts
) -> list[ClusterShare]:
    """Largest share of the group first."""
    query = (
        select(INSIGHT.c.cluster, func.count())
        .where(INSIGHT.c.customer_id.in_(members))
        .group_by(INSIGHT.c.cluster)
        .order_by(func.count().desc(), INSIGHT.c.cluster)
    )
    known = {cluster.number: cluster for cluster in facts.clusters}
    return [
        ClusterShare(
            cluster=known[number],
            count=count,
            share=count / customers,
            lift=(count / customers) / (known[number].size / facts.customers),
        )
        for number, count in connection.execute(query)
        if number in known
    ]


def _top_tags(
    connection: Connection, members: Select[Any], customers: int, facts: CustomerFacts
) -> list[TagShare]:
    """The tags that stand out most in the group: by its share of carriers above the shop's."""
    query = (
        select(TAGS.c.category, func.count())
        .where(TAGS.c.customer_id.in_(members))
        .group_by(TAGS.c.category)
        .having(func.count() >= MIN_TAGGED)
    )
    found = [
        _tag(category, count, count / customers, count * facts.customers / (customers * facts.tags[category]))
        for category, count in connection.execute(query)
        if facts.tags.get(category)
    ]
    whole = {tag.category: facts.tags[tag.category] / facts.customers for tag in found}
    return sorted(found, key=lambda tag: (whole[tag.category] - tag.share, -tag.count, tag.category))[
        :TOP_TAGS
    ]


def _tag(category: str, count: int, share: float, lift: float) -> TagShare:
    name, name_zh = category_names(category)
    return TagShare(category=category, name=name, name_zh=name_zh, count=count, share=share, lift=lift)
