"""Prompts as text: ChatML, written here because GGUF files' own templates are sometimes damaged.

A tool call is written as one line, the tool's name and its arguments as JSON; small models read and write
it more surely than the JSON envelopes of the templates.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

REPLY = "reply"
DONE = "ok"  # a tool message that says no more than this is left out of the prompt
TURN_END = "<|im_end|>"
TURN_START = "<|im_start|>"


def dialogue(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The (role, text) pairs that a model reads: tools described in the system's words, calls as lines."""
    pairs: list[tuple[str, str]] = []
    pending = list(messages)
    system = []
    while pending and isinstance(pending[0], SystemMessage):
        system.append(str(pending.pop(0).content))
    if tools:
        system.append(describe(tools))
    if system:
        pairs.append(("system", "\n\n".join(system)))
    for message in pending:
        if isinstance(message, AIMessage):
            pairs.append(("assistant", _assistant(message, bool(tools))))
        elif isinstance(message, ToolMessage):
            if message.content != DONE:
                pairs.append(("user", f"<result>\n{message.content}\n</result>"))
        else:
            pairs.append(("user", str(message.content)))
    return pairs


def render(
    messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]], *, open_turn: bool = True
) -> str:
    """The ChatML prompt; with `open_turn` it ends where the assistant's words begin."""
    turns = "".join(
        f"{TURN_START}{role}\n{text.replace('<|im_', '<| im_')}{TURN_END}\n"
        for role, text in dialogue(messages, tools)
    )
    return turns + (f"{TURN_START}assistant\n" if open_turn else "")


def _assistant(message: AIMessage, with_tools: bool) -> str:
    if message.tool_calls:
        call = message.tool_calls[0]
        return f"{call['name']} {json.dumps(call['args'], ensure_ascii=False, separators=(',', ':'))}"
    return f"{REPLY}\n{message.content}" if with_tools else str(message.content)


def describe(tools: Sequence[Mapping[str, Any]]) -> str:
    """The tools as the model reads them: one line a tool, then one an argument that it may fill."""
    lines = [
        "Answer with one line first: a tool's name and its arguments as JSON, "
        f"or the word {REPLY} when no tool is needed.",
        "Tools:",
    ]
    explained: dict[str, str] = {}
    for tool in tools:
        function = tool["function"]
        lines.append(f"- {function['name']}: {function.get('description', '').strip()}")
        for name, spec in function.get("parameters", {}).get("properties", {}).items():
            if "x-mention" not in spec:
                lines.append(
                    f"    {name}: {spec.get('description', '')}{_values(spec, function['name'], explained)}"
                )
    lines.append(f"- {REPLY}: greetings, thanks, questions about yourself, and anything outside the shop.")
    return "\n".join(lines)


def _values(spec: Mapping[str, Any], tool: str, explained: dict[str, str]) -> str:
    """An enum's values and what they mean; a long list is spelled out for the first tool only."""
    meaning = spec.get("x-meanings") or dict.fromkeys(spec.get("enum", ()), "")
    if not meaning:
        return ""
    text = "; ".join(f"{value} = {told}" if told else str(value) for value, told in meaning.items())
    first = explained.setdefault(text, tool)
    return f" One of: {text}" if first == tool else f" As for {first}."
