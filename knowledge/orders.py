"""A customer's own orders."""

from datetime import datetime

from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from shopwright.knowledge.names import type_names
from shopwright.knowledge.tables import Order, OrderLine, Product
from shopwright.knowledge.types import Frozen


class LineInfo(Frozen):
    """One line of an order; `names` are English and Chinese."""

    product_id: int
    names: tuple[str, str]
    quantity: int
    amount: float


class OrderInfo(Frozen):
    """One order with its lines, largest amount first."""

    order_id: int
    ordered_at: datetime
    status: str
    total: float
    items: int
    lines: list[LineInfo]


class Orders:
    """Reads orders. Every read names the customer, so that nobody sees another's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_customer(
        self, customer_id: int, *, order_id: int | None = None, limit: int = 3
    ) -> list[OrderInfo]:
        """The customer's latest orders, newest first, or the one with `order_id` if it is theirs."""
        query = select(Order).where(Order.customer_id == customer_id)
        if order_id is not None:
            query = query.where(Order.id == order_id)
        with Session(self._engine) as session:
            orders = session.exec(query.order_by(col(Order.ordered_at).desc()).limit(limit)).all()
            return [self._info(session, order) for order in orders]

    def _info(self, session: Session, order: Order) -> OrderInfo:
        rows = session.exec(
            select(OrderLine, Product)
            .join(Product, col(Product.id) == OrderLine.product_id)
            .where(OrderLine.order_id == order.id)
            .order_by(col(OrderLine.amount).desc())
        ).all()
        lines = [
            LineInfo(
                product_id=product.id,
                names=(product.name, type_names(product.product_type)[1] or product.name),
                quantity=line.quantity,
                amount=round(line.amount, 2),
            )
            for line, product in rows
        ]
        return OrderInfo(
            order_id=order.id,
            ordered_at=order.ordered_at,
            status=order.status,
            total=round(order.total, 2),
            items=sum(line.quantity for line in lines),
            lines=lines,
        )
