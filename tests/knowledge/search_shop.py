"""A dozen products as the demo shop has them and two with names of their own, ordered unequally often."""

from datetime import datetime

from sqlalchemy.engine import Engine

from shopwright.knowledge.database import transaction
from shopwright.knowledge.tables import Customer, Order, OrderLine, Product

# id, name, department, category, type, brand, size, price, orders
PRODUCTS = (
    (101, "Dry cat food, 3.5 lb", "GROCERY", "CAT FOOD", "DRY CAT FOOD (CAT CHOW/FRISKIE", "National", "3.5 LB", 4.5, 9),
    (102, "Dry cat food, 18 lb", "GROCERY", "CAT FOOD", "DRY CAT FOOD (CAT CHOW/FRISKIE", "Private", "18 LB", 11.0, 2),
    (103, "Dry cat food, 18 lb", "GROCERY", "CAT FOOD", "DRY CAT FOOD (CAT CHOW/FRISKIE", "Private", "18 LB", 10.0, 1),
    (104, "Canned cat food, 5.5 oz", "GROCERY", "CAT FOOD", "CANNED CAT FOOD (9 LIVES/FRISK", "National", "5.5 OZ", 0.4, 7),
    (105, "Oven cleaner, 16 oz", "GROCERY", "HOUSEHOLD CLEANG NEEDS", "OVEN CLEANERS", "National", "16 OZ", 3.0, 1),
    (106, "Shampoo, 15 oz", "DRUG GM", "HAIR CARE PRODUCTS", "SHAMPOO", "National", "15 OZ", 5.0, 5),
    (107, "Premium, 16 oz", "MEAT-PCKGD", "BACON", "PREMIUM", "National", "16 OZ", 6.0, 3),
    (108, "Premium, 56 oz", "GROCERY", "ICE CREAM/MILK/SHERBTS", "PREMIUM", "National", "56 OZ", 5.5, 8),
    (109, "Potato chips, 12 oz", "GROCERY", "BAG SNACKS", "POTATO CHIPS", "National", "12 OZ", 3.2, 12),
    (110, "Baby diapers, 40 ct", "DRUG GM", "DIAPERS & DISPOSABLES", "BABY DIAPERS", "National", "40 CT", 12.0, 4),
    (111, "Spaghetti, 1 lb", "GROCERY", "DRY NOODLES/PASTA", "SPAGHETTI DRY", "Private", "1 LB", 1.1, 6),
    (112, "Bananas", "PRODUCE", "TROPICAL FRUIT", "BANANAS", "National", "", 0.9, 20),
    (201, "Pegasus trail running shoe", "Sport", "Shoes", "", "Nike", "42", 120.0, 0),
    (202, "Yoga mat, cork", "Sport", "Yoga", "", "Manduka", "", 60.0, 0),
    (301, "Never sold soda", "GROCERY", "SOFT DRINKS", "ENERGY DRINK", "National", "", None, 0),
)  # fmt: skip


def make_search_shop(engine: Engine) -> None:
    """Write the products; product 302 is sold no more."""
    with transaction(engine) as session:
        session.add(Customer(id=1))
        session.add(Order(id=1, customer_id=1, ordered_at=datetime(2024, 5, 1, 12), total=1.0))
        for number, name, department, category, kind, brand, size, price, _ in PRODUCTS:
            session.add(
                Product(
                    id=number, name=name, department=department, category=category, product_type=kind,
                    brand=brand, size=size, price=price,
                )
            )  # fmt: skip
        session.add(
            Product(id=302, name="Butter", department="GROCERY", category="BUTTER", product_type="BUTTER",
                    brand="National", size="1 LB", price=3.0, active=False)
        )  # fmt: skip
        session.flush()
        for number, *_, orders in PRODUCTS:
            session.add_all(
                OrderLine(order_id=1, product_id=number, quantity=1, amount=1.0) for _ in range(orders)
            )
