"""Conversations of two turns, by which the benches measure, and one turn asked to its end."""

from shopwright.agent.assistant import Assistant
from shopwright.agent.turn import Answer, Request
from shopwright.evals.running import answer_to
from shopwright.tools.base import Role

FOLLOW_UPS = (
    ("Hello", "How many customers are at risk?"),
    ("你好", "最近60天没下单的客户有多少？"),
    ("Who are our best customers?", "What should we recommend to them?"),
    ("买狗粮的客户有多少？", "给他们发B类优惠券，会有多少人用？"),
    ("What do the camera reviews complain about?", "And what is our returns policy?"),
    ("会员积分多久过期？", "给核心客户推荐三款商品"),
)


def ask(
    assistant: Assistant, role: Role, text: str, *, customer_id: int | None = None, conversation: str = ""
) -> Answer:
    """One turn, to its end."""
    request = Request(role=role, actor="bench", text=text, customer_id=customer_id, conversation=conversation)
    return answer_to(assistant.stream(request))
