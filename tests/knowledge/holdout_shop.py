"""A generated shop whose truth is known: prices move sales, and a campaign with a random holdout does.

Units of every product move with the price to the power of ELASTICITY. Campaign 6 was sent to half of its
customers drawn by lot; who has an odd id spends EFFECT more in each of its weeks for it, others nothing.
"""

from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import insert
from sqlalchemy.engine import Engine

from shopwright.knowledge.columns import (
    CAMPAIGN,
    COUPON,
    CUSTOMER,
    LINES,
    ORDERS,
    PRODUCT,
    REDEMPTIONS,
    TARGETS,
)

FIRST = date(2024, 1, 1)  # a Monday
WEEKS, CUSTOMERS, PRODUCTS = 40, 500, 6
ELASTICITY, EFFECT = -2.0, 12.0
HELD = 6
KINDS = ("Spring mail", "App push")


def make_holdout_shop(engine: Engine, seed: int = 3, coupons: bool = True) -> None:
    """Write the shop; without `coupons`, no coupon says what its campaigns are good for."""
    random = np.random.default_rng(seed)
    people = range(1, CUSTOMERS + 1)
    campaigns = [
        {
            "id": n,
            "campaign_type": KINDS[n % 2],
            "name": "",
            "start_date": FIRST + timedelta(weeks=4 + 5 * n),
            "end_date": FIRST + timedelta(weeks=8 + 5 * n, days=-1),
        }
        for n in range(1, HELD + 1)
    ]
    targets = [
        {
            "campaign_id": one["id"],
            "customer_id": who,
            "holdout": bool(one["id"] == HELD and random.random() < 0.5),
        }
        for one in campaigns
        for who in people
    ]
    held = {row["customer_id"] for row in targets if row["holdout"]}
    redemptions = [
        {
            "customer_id": row["customer_id"],
            "campaign_id": row["campaign_id"],
            "coupon_id": 1,
            "redeemed_on": day,
        }
        for row in targets
        if not row["holdout"] and random.random() < (0.25 if int(str(row["customer_id"])) % 3 == 0 else 0.03)
        for day in [campaigns[int(str(row["campaign_id"])) - 1]["start_date"]]
    ]
    orders, lines = _purchases(
        random, held, campaigns[HELD - 1]["start_date"], campaigns[HELD - 1]["end_date"]
    )
    with engine.begin() as connection:
        connection.execute(
            insert(CUSTOMER), [{"id": who, "consent_marketing": who % 4 != 0} for who in people]
        )
        connection.execute(
            insert(PRODUCT),
            [
                {
                    "id": n,
                    "name": f"Tea {n}",
                    "department": "Drinks",
                    "category": "Tea",
                    "product_type": f"Kind {n}",
                    "brand": "",
                    "size": "",
                    "description": "",
                    "active": True,
                }
                for n in range(1, PRODUCTS + 1)
            ],
        )
        connection.execute(insert(CAMPAIGN), campaigns)
        connection.execute(insert(TARGETS), targets)
        connection.execute(insert(ORDERS), orders)
        connection.execute(insert(LINES), lines)
        connection.execute(insert(REDEMPTIONS), redemptions)
        if coupons:
            connection.execute(
                insert(COUPON),
                [
                    {"coupon_id": 1, "campaign_id": one["id"], "product_id": product}
                    for one in campaigns
                    for product in (1, 2)
                ],
            )


def _purchases(
    random: np.random.Generator, held: set[object], start: object, end: object
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    orders: list[dict[str, object]] = []
    lines: list[dict[str, object]] = []
    habit = random.gamma(4.0, 0.25, CUSTOMERS)
    for week in range(WEEKS):
        prices = 4.0 * np.exp(random.normal(0, 0.15, PRODUCTS))
        for who in range(1, CUSTOMERS + 1):
            units = random.poisson(0.5 * habit[who - 1] * (prices / 4.0) ** ELASTICITY)
            bought = np.flatnonzero(units)
            if not len(bought):
                continue
            day = FIRST + timedelta(weeks=week, days=int(random.integers(0, 7)))
            number = len(orders) + 1
            extra = 0.0
            if str(start) <= str(day) <= str(end) and who not in held and who % 2 == 1:
                extra = EFFECT
            amounts = [float(round(units[p] * prices[p], 2)) for p in bought]
            orders.append(
                {
                    "id": number,
                    "customer_id": who,
                    "ordered_at": datetime(day.year, day.month, day.day, 17),
                    "status": "completed",
                    "total": sum(amounts) + extra,
                }
            )
            with_coupon = random.random() < (0.3 if who % 3 == 0 else 0.02)
            lines += [
                {
                    "order_id": number,
                    "product_id": int(p) + 1,
                    "quantity": int(units[p]),
                    "amount": amount,
                    "retail_discount": 0.0,
                    "coupon_discount": 0.5 if with_coupon else 0.0,
                    "coupon_match_discount": 0.0,
                }
                for p, amount in zip(bought, amounts, strict=True)
            ]
    return orders, lines
