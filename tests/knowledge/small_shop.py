"""A small shop for tests of what is learned from orders: sixty customers, a year, made from a fixed seed."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.engine import Engine

from shopwright.knowledge.database import transaction
from shopwright.knowledge.tables import (
    Campaign,
    CampaignTarget,
    Customer,
    Order,
    OrderLine,
    Product,
    Redemption,
)

LAST = datetime(2024, 12, 31, 20, 0)
BANDS = ((19, 24), (25, 34), (35, 44), (45, 54), (55, 64), (65, None))
# department, category, product type; DELI MEAT stands in two departments.
KINDS = (
    ("DAIRY", "MILK", "FLUID MILK"),
    ("DAIRY", "CHEESE", "SHREDDED CHEESE"),
    ("PET", "CAT FOOD", "DRY CAT FOOD"),
    ("PET", "CAT FOOD", "WET CAT FOOD"),
    ("MEAT", "DELI MEAT", "HAM"),
    ("DELI", "DELI MEAT", "SLICED HAM"),
)


@dataclass
class SmallShop:
    """What was written, so that tests can work out by hand what must be found."""

    customers: list[Customer] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    lines: list[OrderLine] = field(default_factory=list)


def make_small_shop(engine: Engine) -> SmallShop:
    """Write the shop. Customer 61 never ordered; product 24 is inactive and product 23 has no price."""
    chance = random.Random(5)  # noqa: S311 - test data, no secret
    shop = SmallShop(customers=_customers(chance), products=_products())
    number = 0
    for customer in shop.customers[:-1]:
        liked = chance.sample(shop.products, 6)
        last = LAST - timedelta(days=chance.choice((0, 1, 3, 10, 30, 59, 60, 61, 120, 200)))
        for place in range(chance.randint(1, 12)):
            number += 1
            at = max(datetime(2024, 1, 1), last - timedelta(days=place * chance.randint(3, 20)))
            basket = [
                OrderLine(
                    order_id=number,
                    product_id=product.id,
                    quantity=1,
                    amount=round(chance.uniform(1, 20), 2),
                    coupon_discount=chance.choice((0.0, 0.0, 0.0, 0.5)),
                )
                for product in chance.sample(liked, 3)
            ]
            shop.lines += basket
            shop.orders.append(
                Order(
                    id=number,
                    customer_id=customer.id,
                    ordered_at=at,
                    status="cancelled" if place == 5 else "completed",
                    total=round(sum(line.amount for line in basket), 2),
                )
            )
    shop.orders[0].ordered_at = LAST
    _write(engine, shop.customers, shop.products)
    _write(engine, shop.orders)
    _write(engine, shop.lines)
    return shop


def add_campaigns(engine: Engine, shop: SmallShop, types: str = "ABABAB") -> None:
    """A campaign a type given, all ended; who has an even id redeems a third of the time, others seldom."""
    chance = random.Random(9)  # noqa: S311 - test data, no secret
    campaigns, targets, redemptions = [], [], []
    for number, kind in enumerate(types, 1):
        start = date(2024, 3, 1) + timedelta(days=35 * number)
        end = start + timedelta(days=27 if kind == "A" else 34)
        campaigns.append(Campaign(id=number, campaign_type=kind, start_date=start, end_date=end))
        for customer in shop.customers[:-1]:
            targets.append(CampaignTarget(campaign_id=number, customer_id=customer.id))
            if chance.random() < (0.3 if customer.id % 2 == 0 else 0.05):
                on = next(
                    (o.ordered_at.date() for o in shop.orders if o.customer_id == customer.id),
                    start,
                )
                redemptions.append(
                    Redemption(customer_id=customer.id, campaign_id=number, coupon_id=1, redeemed_on=on)
                )
    _write(engine, campaigns)
    _write(engine, targets, redemptions)


def _customers(chance: random.Random) -> list[Customer]:
    found = []
    for number in range(1, 62):
        known = chance.random() < 0.7
        band = chance.choice(BANDS)
        income = chance.choice(((0, 14999), (35000, 49999), (50000, 74999), (250000, None)))
        found.append(
            Customer(
                id=number,
                age_min=band[0] if known else None,
                age_max=band[1] if known else None,
                income_min=income[0] if known else None,
                income_max=income[1] if known else None,
                home_ownership=chance.choice(("homeowner", "renter", None)),
                marital_status=chance.choice(("married", "unmarried", None)),
                household_size=chance.choice((1, 2, 3, 5)) if known else None,
                kids_count=chance.choice((0, 0, 1, 3)) if known else None,
            )
        )
    return found


def _products() -> list[Product]:
    return [
        Product(
            id=number,
            name=f"{kind.title()} {number}",
            department=department,
            category=category,
            product_type=kind,
            brand="Private" if number % 2 else "Acme",
            price=None if number == 23 else 1.0 + number,
            active=number != 24,
        )
        for number in range(1, 25)
        for department, category, kind in [KINDS[number % len(KINDS)]]
    ]


def _write(engine: Engine, *groups: list[object]) -> None:
    with transaction(engine) as session:
        for group in groups:
            session.add_all(group)
