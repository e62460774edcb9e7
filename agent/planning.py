"""From a request to what each tool may be called with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shopwright.agent.grammar import Narrowed, narrow
from shopwright.agent.history import Turn
from shopwright.agent.mentions import Mentions, pointed_at, read, refers_back
from shopwright.tools.base import ShopTool


@dataclass(frozen=True)
class Plan:
    """A call that is ready to be made."""

    tool: ShopTool
    arguments: dict[str, Any]
    call_id: str


AUDIENCE = frozenset(
    ("age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner", "uses_coupons",
     "inactive_days", "active_days", "spend_min", "spend_max", "orders_min", "orders_max", "top")
)  # fmt: skip


def openai_schema(tool: ShopTool, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as engines take it."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": dict(schema)},
    }


def plan_for(schema: Mapping[str, Any], text: str, history: Sequence[Turn]) -> Narrowed:
    """A tool's arguments narrowed to what the request mentions or points back at."""
    mentions = read(text)
    _point_back(mentions, text, history)
    narrowed = narrow(schema, mentions)
    if refers_back(text):
        carried = _carried(schema, history, narrowed)
        if carried:
            open_part = {
                key: value for key, value in narrowed.open.get("properties", {}).items() if key not in carried
            }
            return Narrowed(
                fixed={**narrowed.fixed, **carried},
                open={
                    **narrowed.open,
                    "properties": open_part,
                    "required": [n for n in narrowed.open["required"] if n in open_part],
                },
            )
    return narrowed


def _point_back(mentions: Mentions, text: str, history: Sequence[Turn]) -> None:
    shown = next((turn.products for turn in reversed(history) if turn.products), [])
    if "product_id" not in mentions:
        meant = pointed_at(text, shown)
        if meant is not None:
            mentions["product_id"] = [meant]


def _carried(schema: Mapping[str, Any], history: Sequence[Turn], narrowed: Narrowed) -> dict[str, Any]:
    """The last named audience, for 'them' and '这些客户', unless the request names one itself."""
    last = next((turn for turn in reversed(history) if turn.audience), None)
    if last is None or AUDIENCE & set(narrowed.fixed):
        return {}
    return {key: value for key, value in last.audience.items() if key in schema.get("properties", {})}
