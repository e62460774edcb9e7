"""What the demo shop's front page shows: popular products by department, and customers to try it as."""

import re
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select

from shopwright.knowledge.names import BRANDS_ZH, department_names, product_type, size_zh
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Customer, Order, OrderLine, Product, Snapshot
from shopwright.knowledge.types import Frozen

POPULAR_DAYS = 28
# Sold in the demo shop, but nothing to put in a window.
NOT_SHOWN = re.compile(r"cigar|tobacco|smok|烟", re.IGNORECASE)


class ShelfProduct(Frozen):
    """A product as it stands on a shelf; `price` in the shop's currency."""

    product_id: int
    name: str
    name_zh: str
    product_type: str
    category: str
    size: str
    size_zh: str
    price: float


class Shelf(Frozen):
    """A department and what sells best there."""

    department: str
    name: str
    name_zh: str
    products: list[ShelfProduct]


class DemoCustomer(Frozen):
    """A customer of the demo shop whom a visitor may play."""

    customer_id: int
    name: str
    last_order_at: datetime


def popular_shelves(shop: Shop, departments: int = 8, products: int = 6) -> list[Shelf]:
    """The departments that sold most lines in the shop's last four weeks, with their best sellers.

    Each shelf shows different kinds of products. Empty when the shop has no orders.
    """
    with shop.session() as session:
        latest = session.exec(select(func.max(Order.ordered_at))).one()
        if latest is None:
            return []
        recent = select(Order.id).where(col(Order.ordered_at) > latest - timedelta(days=POPULAR_DAYS))
        sold = (
            # As a list of ids: joined, SQLite walks all lines by product, which takes 300 times as long.
            select(OrderLine.product_id, func.count().label("lines"))
            .where(col(OrderLine.order_id).in_(recent))
            .group_by(col(OrderLine.product_id))
            .subquery()
        )
        rows = session.exec(
            select(Product, sold.c.lines)
            .join(sold, sold.c.product_id == Product.id)
            .where(col(Product.price).is_not(None), col(Product.active))
            .order_by(sold.c.lines.desc(), col(Product.id))
        ).all()
    by_department: dict[str, list[tuple[Product, int]]] = {}
    for product, lines in rows:
        by_department.setdefault(product.department, []).append((product, lines))
    ranked = sorted(by_department.items(), key=lambda item: -sum(lines for _, lines in item[1]))
    shelves = [_shelf(name, [p for p, _ in sellers], products) for name, sellers in ranked]
    return [shelf for shelf in shelves if len(shelf.products) >= min(3, products)][:departments]


def _shelf(department: str, sellers: list[Product], count: int) -> Shelf:
    kinds: dict[str, Product] = {}
    for product in sellers:
        if NOT_SHOWN.search(f"{product.category} {product.product_type}"):
            continue
        kinds.setdefault(product.product_type or product.name, product)
        if len(kinds) == count:
            break
    english, chinese = department_names(department)
    shown = [_on_shelf(product) for product in kinds.values()]
    return Shelf(department=department, name=english, name_zh=chinese, products=shown)


def _on_shelf(product: Product) -> ShelfProduct:
    kind = product_type(product.product_type, product.category)
    made_up = kind.known and product.brand in BRANDS_ZH
    return ShelfProduct(
        product_id=product.id,
        name=kind.en if made_up else product.name,
        name_zh=kind.zh if made_up else product.name,
        product_type=product.product_type,
        category=product.category,
        size=product.size.lower(),
        size_zh=size_zh(product.size),
        price=product.price or 0.0,
    )


def demo_customers(shop: Shop, count: int = 4) -> list[DemoCustomer]:
    """The demo shop's customers with the newest orders; empty for a shop that is not the demo's.

    Playing a customer is offered for simulated people only: a shop of one's own vouches for its
    visitors itself, with a signed token.
    """
    with shop.session() as session:
        if session.get(Snapshot, "demo:customer") is None:
            return []
        last = func.max(Order.ordered_at).label("last")
        rows = session.exec(
            select(Customer, last)
            .join(Order, col(Order.customer_id) == Customer.id)
            .where(col(Customer.email).is_(None))
            .group_by(col(Customer.id))
            .order_by(last.desc(), col(Customer.id))
            .limit(count)
        ).all()
    return [
        DemoCustomer(customer_id=c.id, name=c.name or str(c.id), last_order_at=moment) for c, moment in rows
    ]
