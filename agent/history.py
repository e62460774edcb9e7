"""What earlier turns leave for later ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from shopwright.agent.grammar import left_open
from shopwright.agent.mentions import read
from shopwright.agent.prompts import call_messages, shorten
from shopwright.knowledge.conversations import StoredMessage

TURNS_KEPT = 6
HISTORY_CHARACTERS = 1000  # at worst a token each; the fixed part of the prompt takes 1,800 of 4,096
AUDIENCE_KEYS = (
    "segment", "bought", "age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner",
    "uses_coupons", "inactive_days", "active_days", "spend_min", "spend_max", "orders_min", "orders_max", "top",
)  # fmt: skip


@dataclass
class Turn:
    """An earlier turn: what was asked, called and answered."""

    text: str
    answer: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    memory: str = ""
    products: list[int] = field(default_factory=list)

    @property
    def audience(self) -> dict[str, Any]:
        """Which customers the turn was about."""
        return {key: self.arguments[key] for key in AUDIENCE_KEYS if key in self.arguments}


def recall(messages: Iterable[StoredMessage]) -> list[Turn]:
    """The turns of a stored conversation, oldest first."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "user":
            turns.append(Turn(message.text))
        elif turns:
            turns[-1].answer = message.text
            steps = [step for step in (message.answer or {}).get("steps", []) if step.get("status") == "done"]
            if steps:
                _learn(turns[-1], steps[-1])
    return turns


def _learn(turn: Turn, step: dict[str, Any]) -> None:
    result = step.get("result") or {}
    turn.tool, turn.arguments, turn.memory = step["tool"], step.get("arguments", {}), step.get("memory", "")
    products = [item.get("product", item) for item in result.get("products", [])]
    if isinstance(result.get("product"), dict):
        products.append(result["product"])
    turn.products = [item["product_id"] for item in products if "product_id" in item]


def planner_history(turns: Sequence[Turn], schemas: Mapping[str, Mapping[str, Any]]) -> list[BaseMessage]:
    """Earlier turns as the planner reads them: each call and its gist, not the whole answers.

    The latest whole turns are kept, as many as fit the room that the context leaves for them.
    """
    kept: list[list[BaseMessage]] = []
    room = HISTORY_CHARACTERS
    for turn in reversed(turns[-TURNS_KEPT:]):
        messages = _as_read(turn, schemas)
        room -= sum(len(str(message.content)) + 40 for message in messages)
        if room < 0:
            break
        kept.append(messages)
    return [message for messages in reversed(kept) for message in messages]


def _as_read(turn: Turn, schemas: Mapping[str, Mapping[str, Any]]) -> list[BaseMessage]:
    text = shorten(turn.text, 300)
    if turn.tool in schemas:
        shown = left_open(schemas[turn.tool], read(turn.text), turn.arguments)
        return call_messages(text, turn.tool, shown, turn.memory[:200] or "ok")
    return [HumanMessage(text), AIMessage(turn.answer[:200])] if turn.answer else []
