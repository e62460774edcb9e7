"""What earlier turns leave for later ones."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from shopwright.agent.engines.base import Notice
from shopwright.agent.grammar import left_open
from shopwright.agent.mentions import read
from shopwright.agent.prompts import call_messages, shorten
from shopwright.knowledge.conversations import StoredMessage

LEAST_ROOM = 600
EVIDENCE_LINES, EVIDENCE_CHARACTERS = 6, 120
HAN = re.compile(r"[\u3400-\u9fff]")
AUDIENCE_KEYS = (
    "segment", "bought", "age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner",
    "uses_coupons", "inactive_days", "active_days", "spend_min", "spend_max", "orders_min", "orders_max", "top",
    "conditions",
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
        said = self.arguments.get("group") or self.arguments
        return {key: said[key] for key in AUDIENCE_KEYS if key in said}


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


@dataclass(frozen=True)
class Past:
    """Earlier turns as the planner reads them."""

    messages: list[BaseMessage]
    left_out: int
    """Whole turns that the context has no room for; what their tools found is kept."""


def planner_history(
    turns: Sequence[Turn], schemas: Mapping[str, Mapping[str, Any]], room: int = LEAST_ROOM
) -> Past:
    """Each turn's call and its gist, not the whole answers; `room` is in tokens.

    When the turns outgrow the room, the oldest are left out until half of it is free again: the rest then
    stays as it is for some turns, and so does its KV cache.
    """
    kept: list[list[BaseMessage]] = []
    first = 0
    for turn in turns:
        kept.append(_as_read(turn, schemas))
        if _tokens(kept[first:]) > room:
            while first < len(kept) - 1 and _tokens(kept[first:]) > room // 2:
                first += 1
    found = [f"- {turn.memory[:EVIDENCE_CHARACTERS]}" for turn in turns[:first] if turn.memory]
    evidence: list[BaseMessage] = []
    if found:
        lines = "\n".join(found[-EVIDENCE_LINES:])
        evidence = [HumanMessage("What have we found so far?"), AIMessage(lines)]
    return Past([*evidence, *(message for messages in kept[first:] for message in messages)], first)


def trimmed(turns: int) -> Notice:
    """That a conversation has outgrown what the model reads."""
    return {
        "en": f"This conversation is longer than the model reads at once: the first {turns} "
        f"question{'s' if turns > 1 else ''} and their answers are left out from now on. "
        "What the tools found in them is kept.",
        "zh": f"对话超出了模型一次能读取的长度：最早的{turns}轮问答此后不再读取，其中工具查到的结果仍然保留。",
    }


def _tokens(kept: Iterable[list[BaseMessage]]) -> int:
    """About how many tokens messages take: one a Chinese character, one for three others, some around each."""
    texts = [str(message.content) for messages in kept for message in messages]
    return sum(12 + len(text) // 3 + 2 * len(HAN.findall(text)) // 3 for text in texts)


def _as_read(turn: Turn, schemas: Mapping[str, Mapping[str, Any]]) -> list[BaseMessage]:
    text = shorten(turn.text, 300)
    if turn.tool in schemas:
        shown = left_open(schemas[turn.tool], read(turn.text), turn.arguments)
        return call_messages(text, turn.tool, shown, turn.memory[:200] or "ok")
    return [HumanMessage(text), AIMessage(turn.answer[:200])] if turn.answer else []
