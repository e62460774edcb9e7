"""What a deeper or shallower offer is taken to do to the response: learned from prices, not from campaigns.

Past campaigns of a type have much the same depth, and who got which was not drawn by lot, so campaigns
cannot tell what depth does. What the shop's data do tell is how sales of products move with their price.
The odds of redeeming are assumed to move as sales would: multiplied by the price ratio to the power of
the elasticity. The assumption is as uncertain as elasticities differ between products, and at least
LEAST_DOUBT; intervals are widened by it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, select
from sqlalchemy.engine import Connection

from shopwright.knowledge.columns import CAMPAIGN, LINES, ORDERS, REDEMPTIONS

USUAL_DEPTH = 0.2  # where no coupon shows one
ELASTICITY = 1.5  # where no product shows one
LEAST_DOUBT = 0.75
DEEPEST = 0.9

Floats = NDArray[np.float64]


class Offer(NamedTuple):
    """A type's usual depth (share of the shelf price), and the response assumed: odds ~ price^-elasticity."""

    depth: float = USUAL_DEPTH
    elasticity: float = ELASTICITY
    doubt: float = 1.0
    learned: bool = False


def effect(offer: Offer, discount_percent: float) -> tuple[float, float]:
    """Shift of the log-odds for a discount instead of the usual offer, and the shift's standard deviation."""
    asked = min(discount_percent / 100, DEEPEST)
    ratio = float(np.log((1 - asked) / (1 - min(offer.depth, DEEPEST))))
    return -offer.elasticity * ratio, offer.doubt * abs(ratio)


def usual_depths(connection: Connection) -> dict[str, float]:
    """Share of the shelf price that coupons took off on days of redemption, by campaign type."""
    days = (
        select(REDEMPTIONS.c.campaign_id, REDEMPTIONS.c.customer_id, REDEMPTIONS.c.redeemed_on)
        .distinct()
        .subquery()
    )
    given = LINES.c.coupon_discount + LINES.c.coupon_match_discount
    query = (
        select(CAMPAIGN.c.campaign_type, func.sum(given), func.sum(LINES.c.amount + given))
        .join(days, days.c.campaign_id == CAMPAIGN.c.id)
        .join(
            ORDERS,
            and_(
                ORDERS.c.customer_id == days.c.customer_id,
                func.date(ORDERS.c.ordered_at) == days.c.redeemed_on,
            ),
        )
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(LINES.c.coupon_discount > 0, ORDERS.c.status != "cancelled")
        .group_by(CAMPAIGN.c.campaign_type)
    )
    return {
        row[0]: float(min(DEEPEST, row[1] / row[2]))
        for row in connection.execute(query)
        if row[2] and row[2] > 0
    }
