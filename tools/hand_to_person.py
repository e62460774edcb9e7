"""Reaching a person: a ticket with the conversation so far."""

from typing import Annotated

from pydantic import Field

from shopwright.knowledge.audit import record
from shopwright.knowledge.conversations import Conversations
from shopwright.tools.base import Example, ToolContext, ToolResult, shop_tool
from shopwright.tools.wording import say

Reason = Annotated[
    str, Field(description="What the shopper needs, in one short sentence.", min_length=1, max_length=120)
]


@shop_tool(
    roles=("shopper",),
    changes=True,
    examples=(
        Example(
            "I want to talk to a human",
            "我要人工客服",
            {"reason": "wants to talk to a person"},
            {"reason": "要求人工客服"},
        ),
        Example(
            "This is useless, get me a manager, my refund never came",
            "没用，叫你们经理来，我的退款一直没到",
            {"reason": "refund has not arrived"},
            {"reason": "退款一直没有到账"},
        ),
    ),
)
def hand_to_person(context: ToolContext, reason: Reason) -> ToolResult:
    """Hand the conversation to a person of the shop, when asked for one or when nothing else helps."""
    language = context.language
    ticket = Conversations(context.shop.engine).open_ticket(
        context.conversation_id, context.customer_id, reason, list(context.transcript)
    )
    record(context.shop.engine, context.actor, context.role, "ticket.open", str(ticket), {"reason": reason})
    headline = say(
        language,
        f"I have passed this conversation to our team as ticket {ticket}. Someone from our team will read it as soon as they can.",
        f"已把这次对话转给我们的客服，工单号{ticket}。工作人员会尽快查看。",
    )
    return ToolResult(
        text=headline,
        headline=headline,
        memory=say(language, f"ticket {ticket} is open", f"工单{ticket}已建立"),
        data={"ticket_id": ticket, "reason": reason},
    )
