"""A small shop whose customers have rhythms: some come every week, some rarely, some stop for good."""

import random
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from shopwright.knowledge.database import transaction
from shopwright.knowledge.stats import refresh_stats
from shopwright.knowledge.tables import Customer, Order, OrderLine, Product

FIRST = datetime(2024, 1, 1, 9, 0)
KINDS = (
    ("DAIRY", "MILK", "FLUID MILK"),
    ("BAKERY", "BREAD", "LOAF"),
    ("PET", "CAT FOOD", "DRY CAT FOOD"),
    ("PET", "CAT LITTER", "LITTER"),
    ("BABY", "DIAPERS", "DIAPERS"),
    ("BABY", "BABY FOOD", "JARS"),
)
MILK, BREAD, FOOD, LITTER, DIAPERS, JARS = range(1, 7)


def make_rhythm_shop(engine: Engine, customers: int = 90, days: int = 360, seed: int = 3) -> None:
    """Customer ids by thirds: weekly, monthly, and weekly until they stop somewhere in the year.

    Every fourth customer has a cat: food and litter share baskets. Every fifth starts to buy diapers in the
    year's middle and buys jars ten days after that.
    """
    chance = random.Random(seed)  # noqa: S311 - test data, no secret
    orders: list[Order] = []
    lines: list[OrderLine] = []
    for customer in range(1, customers + 1):
        gap = 30 if customer % 3 == 1 else 7
        stops = chance.randint(60, days) if customer % 3 == 2 else days
        spends = chance.uniform(5, 40)
        day = chance.uniform(0, gap)
        start = days // 3 + customer % 60
        while day < stops:
            held = {MILK} if chance.random() < 0.7 else {BREAD}
            if customer % 4 == 0 and chance.random() < 0.6:
                held |= {FOOD, LITTER} if chance.random() < 0.8 else {FOOD}
            if customer % 5 == 0 and day >= start:
                held.add(DIAPERS)
            if customer % 5 == 0 and day >= start + 10:
                held.add(JARS)
            number = len(orders) + 1
            amounts = {product: round(spends * chance.uniform(0.5, 1.5), 2) for product in sorted(held)}
            orders.append(
                Order(
                    id=number,
                    customer_id=customer,
                    ordered_at=FIRST + timedelta(days=day),
                    total=round(sum(amounts.values()), 2),
                )
            )
            lines += [
                OrderLine(order_id=number, product_id=product, quantity=1, amount=amount)
                for product, amount in amounts.items()
            ]
            day += max(1.0, chance.gauss(gap, gap / 5))
    products = [
        Product(id=n, name=kind, department=department, category=category, product_type=kind, price=2.0)
        for n, (department, category, kind) in enumerate(KINDS, 1)
    ]
    people = [Customer(id=n) for n in range(1, customers + 1)]
    for group in ([*people, *products], orders, lines):
        with transaction(engine) as session:
            session.add_all(group)
    refresh_stats(engine)
