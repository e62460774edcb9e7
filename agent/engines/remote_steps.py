"""Choosing a tool and filling its arguments in requests of their own, each bound to a JSON schema.

The tools are written into the system prompt and every step into the conversation, because servers refuse
`tools` together with `response_format`. All steps of a request, and of later ones, begin with the same text,
which the server's prefix cache keeps.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

from shopwright.agent.engines.remote_tools import Offer

REPLY = "reply"
DONE = "ok"  # a tool message that says no more than this is left out
SAY = "Now your reply, as plain text."
INTRODUCTION = (
    'For each message first name the one tool that it needs, as {"tool": "<name>"}, or {"tool": "reply"} '
    "where no tool is needed. Then you are asked for that tool's arguments, as JSON, or for your reply.\n"
    "Tools:"
)

Message = dict[str, str]


def conversation(messages: Sequence[BaseMessage], offers: Mapping[str, Offer]) -> list[Message]:
    """The messages with the tools in the system prompt and each earlier call as the steps that led to it."""
    system = [str(m.content) for m in messages if isinstance(m, SystemMessage)]
    turns = [Message(role="system", content="\n\n".join([*system, describe(offers.values())]))]
    for message in messages:
        if isinstance(message, AIMessage):
            turns += _own(message)
        elif isinstance(message, ToolMessage):
            if message.content != DONE:
                turns.append(_user(f"Result:\n{message.content}"))
        elif not isinstance(message, SystemMessage):
            turns.append(_user(str(message.content)))
    return _merged(turns)


def chosen(name: str) -> Message:
    """The choice of a tool as the model writes it."""
    return _assistant(json.dumps({"tool": name}, ensure_ascii=False))


def ask_arguments(name: str, complaint: str = "") -> Message:
    """The request for a tool's arguments; after a failed try it says what was wrong."""
    wrong = f" The last ones cannot be used: {complaint[:200]}." if complaint else ""
    return _user(f"Now the arguments of {name}, as JSON.{wrong}")


def ask_reply() -> Message:
    """The request for a reply in words."""
    return _user(SAY)


def choice_format(offers: Mapping[str, Offer], *, reply: bool = True) -> dict[str, Any]:
    """What binds a choice: one of the tools, or, where a `reply` will do, none."""
    tool = {"enum": [*offers, REPLY] if reply else [*offers]}
    return as_format(
        {"type": "object", "properties": {"tool": tool}, "required": ["tool"], "additionalProperties": False}
    )


def as_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`response_format` for a JSON schema, as OpenAI, vLLM, llama-server and Ollama take it."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}


def choice_in(text: str, offers: Mapping[str, Offer]) -> str:
    """The tool that a text chooses; a text that names none is a wish to reply."""
    try:
        tool = json.loads(text)["tool"]
    except (ValueError, TypeError, KeyError, RecursionError):
        tool = next((name for name in offers if name in text), REPLY)
    return tool if tool in offers else REPLY


def describe(offers: Any) -> str:
    """The tools as the model reads them: one line a tool, then one an argument."""
    lines = [INTRODUCTION]
    for offer in offers:
        lines.append(f"- {offer.name}: {offer.description}")
        lines += [
            f"    {name}: {_argument(spec)}".rstrip()
            for name, spec in offer.shown.get("properties", {}).items()
        ]
    lines.append(f"- {REPLY}: greetings, thanks, questions about yourself, and anything outside the tools.")
    return "\n".join(lines)


def _argument(spec: Mapping[str, Any]) -> str:
    text = str(spec.get("description", ""))
    values = next((option["enum"] for option in (spec, *spec.get("anyOf", ())) if "enum" in option), ())
    return text if not values or "One of:" in text else f"{text} One of: {', '.join(map(str, values))}"


def _own(message: AIMessage) -> list[Message]:
    if not message.tool_calls:
        return [chosen(REPLY), ask_reply(), _assistant(str(message.content))]
    call = message.tool_calls[0]
    return [
        chosen(call["name"]),
        ask_arguments(call["name"]),
        _assistant(json.dumps(call["args"], ensure_ascii=False)),
    ]


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def _assistant(text: str) -> Message:
    return Message(role="assistant", content=text)


def _merged(turns: Sequence[Message]) -> list[Message]:
    """Neighbours of one role in one message: many chat templates take strictly alternating roles only."""
    merged: list[Message] = []
    for turn in turns:
        if merged and merged[-1]["role"] == turn["role"]:
            merged[-1] = {**turn, "content": f"{merged[-1]['content']}\n\n{turn['content']}"}
        else:
            merged.append(turn)
    return merged
