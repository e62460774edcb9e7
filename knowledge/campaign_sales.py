"""What a redeemer's baskets bring and cost: sales in baskets with a redemption, and the discounts in them."""

from collections import defaultdict
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CAMPAIGN, LINES, ORDERS, REDEMPTIONS


class Sales(BaseModel):
    """An amount per redeemer, in the shop's currency, over past campaigns.

    `log_mean` and `log_spread` are mean and standard deviation of the logarithm of campaigns' means,
    weighted by redeemers; `within` is a single redeemer's standard deviation over the mean.
    """

    model_config = ConfigDict(frozen=True)
    log_mean: float
    log_spread: float
    within: float
    campaigns: int
    redeemers: int


def sales_per_redeemer(connection: Connection) -> dict[str, tuple[Sales | None, Sales | None]]:
    """Revenue and discount per redeemer by campaign type.

    A redemption's baskets are the customer's orders of that day with a coupon; redemptions without such
    an order are left out, and None stands where a type has none at all.
    """
    amounts: dict[str, dict[int, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for kind, campaign, _customer, revenue, discount in connection.execute(_query()):
        amounts[kind][campaign].append((revenue, discount))
    return {
        kind: (
            _summary([[pair[0] for pair in pairs] for pairs in campaigns.values()]),
            _summary([[pair[1] for pair in pairs] for pairs in campaigns.values()]),
        )
        for kind, campaigns in amounts.items()
    }


def _query() -> Any:
    """Type, campaign, customer, sum of the baskets, sum of their discounts."""
    days = select(REDEMPTIONS.c.campaign_id, REDEMPTIONS.c.customer_id, REDEMPTIONS.c.redeemed_on)
    day = days.distinct().subquery("day").c
    discounts = (
        select(
            LINES.c.order_id,
            func.sum(LINES.c.coupon_discount + LINES.c.coupon_match_discount).label("discount"),
        )
        .group_by(LINES.c.order_id)
        .having(func.sum(LINES.c.coupon_discount) > 0)
        .subquery("discounts")
    )
    return (
        select(
            CAMPAIGN.c.campaign_type,
            day.campaign_id,
            day.customer_id,
            func.sum(ORDERS.c.total),
            func.sum(discounts.c.discount),
        )
        .join(CAMPAIGN, CAMPAIGN.c.id == day.campaign_id)
        .join(
            ORDERS,
            and_(ORDERS.c.customer_id == day.customer_id, func.date(ORDERS.c.ordered_at) == day.redeemed_on),
        )
        .join(discounts, discounts.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.status != "cancelled")
        .group_by(CAMPAIGN.c.campaign_type, day.campaign_id, day.customer_id)
    )


def _summary(campaigns: list[list[float]]) -> Sales | None:
    kept = [values for values in campaigns if np.mean(values) > 0]
    if not kept:
        return None
    means = np.array([np.mean(values) for values in kept])
    weights = np.array([len(values) for values in kept], dtype=np.float64)
    # Campaigns' means of skewed amounts are averaged as logarithms, yet the whole must equal the mean.
    log_mean = float(np.log(np.average(means, weights=weights)))
    spread = np.sqrt(np.average((np.log(means) - log_mean) ** 2, weights=weights))
    everyone = np.concatenate([np.array(values) for values in kept])
    return Sales(
        log_mean=log_mean,
        log_spread=float(spread),
        within=float(everyone.std() / everyone.mean()),
        campaigns=len(kept),
        redeemers=int(weights.sum()),
    )
