"""A shopper's own orders; whose they are comes from the session."""

from typing import Annotated

from shopwright.knowledge.orders import OrderInfo, Orders
from shopwright.tools.base import (
    Example,
    Table,
    ToolContext,
    ToolError,
    ToolResult,
    View,
    mentioned,
    shop_tool,
)
from shopwright.tools.wording import money, say, whole

OrderId = Annotated[int | None, mentioned("order_id", "Order number.", ge=0)]
STATUS = {
    "placed": ("placed", "已下单"),
    "shipped": ("on its way", "配送中"),
    "completed": ("completed", "已完成"),
    "cancelled": ("cancelled", "已取消"),
}


@shop_tool(
    roles=("shopper",),
    examples=(
        Example("Where is my order?", "我的订单到哪了？"),
        Example(
            "What did I buy in order 40012345678?", "订单40012345678里买了什么？", {"order_id": 40012345678}
        ),
    ),
)
def order_status(context: ToolContext, order_id: OrderId = None) -> ToolResult:
    """The shopper's own orders: state, date, total, what was in it."""
    language = context.language
    if context.customer_id is None:
        please = say(
            language,
            "To see orders, please sign in on the shop's page first. I can only show your own orders.",
            "查询订单请先在商店页面登录。我只能显示您本人的订单。",
        )
        return ToolResult(text=please, headline=please, data={"orders": []})
    orders = Orders(context.shop.engine)
    found = orders.of_customer(context.customer_id, order_id=order_id, limit=1 if order_id else 3)
    if not found:
        if order_id is None:
            none = say(language, "There are no orders on your account yet.", "您的账户还没有订单。")
            return ToolResult(text=none, headline=none, data={"orders": []})
        raise ToolError(
            say(
                language,
                f"There is no order {order_id} on your account. Check the number on your receipt.",
                f"您的账户里没有订单{order_id}。请核对小票上的订单号。",
            )
        )
    return _result(context, found)


def _result(context: ToolContext, found: list[OrderInfo]) -> ToolResult:
    language = context.language
    lines = [_sentence(context, order) for order in found]
    views: list[View] = [
        Table(
            title=say(language, f"Order {order.order_id}", f"订单{order.order_id}"),
            columns=[
                say(language, "Product", "商品"),
                say(language, "Quantity", "数量"),
                say(language, "Amount", "金额"),
            ],
            rows=[
                [say(language, *line.names), line.quantity, money(context, line.amount)]
                for line in order.lines
            ],
        )
        for order in found
    ]
    return ToolResult(
        text="\n".join(lines),
        headline="\n".join([say(language, "Your own orders:", "您本人的订单："), "", *lines]),
        memory=say(language, "shown orders: ", "已展示订单：")
        + ", ".join(str(order.order_id) for order in found),
        data={"orders": [order.model_dump(mode="json") for order in found]},
        views=views,
    )


def _sentence(context: ToolContext, order: OrderInfo) -> str:
    language = context.language
    names = say(language, ", ", "、").join(say(language, *line.names) for line in order.lines[:3])
    kinds = len(order.lines)
    among = kinds > 3
    state = say(language, *STATUS.get(order.status, (order.status, order.status)))
    return say(
        language,
        f"- Order {order.order_id} of {order.ordered_at:%Y-%m-%d}: {state}, {money(context, order.total)}, "
        f"{whole(order.items)} items of {kinds} products{', among them' if among else ':'} {names}.",
        f"- 订单{order.order_id}（{order.ordered_at:%Y-%m-%d}）：{state}，{money(context, order.total)}，"
        f"{kinds}种商品共{whole(order.items)}件{'，其中有' if among else '：'}{names}。",
    )
