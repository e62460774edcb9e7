"""One call of an engine by plain words, measured: for whoever wants no messages of LangChain's."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from shopwright.agent.engines.base import Engine

Said = tuple[str, str]
"""Who (user, system or assistant), and what."""


@dataclass(frozen=True)
class Called:
    """A message of the assistant that called tools: id, name and arguments of each call, and any words."""

    calls: Sequence[tuple[str, str, dict[str, Any]]]
    text: str = ""


@dataclass(frozen=True)
class Returned:
    """What the tool returned to the call with this id."""

    id: str
    text: str


Message = Said | Called | Returned

KINDS: Mapping[str, type[BaseMessage]] = {
    "user": HumanMessage,
    "system": SystemMessage,
    "assistant": AIMessage,
}


@dataclass(frozen=True)
class Reply:
    """What an engine answered, how long it took, and what it counted (0 where it does not count)."""

    text: str = ""
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    unreadable: bool = False
    """There was a call whose arguments are no JSON object."""
    first_seconds: float = 0.0
    """To the first word or the first sign of a call."""
    seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0

    @property
    def decode(self) -> float:
        """Tokens a second after the first one."""
        spent = self.decode_seconds or self.seconds - self.first_seconds
        return (self.output_tokens - 1) / spent if spent > 0 and self.output_tokens > 1 else 0.0

    @property
    def prefill(self) -> float:
        """Prompt tokens a second, of those that were not in the cache."""
        spent = self.prefill_seconds or self.first_seconds
        return (self.prompt_tokens - self.cached_tokens) / spent if spent > 0 else 0.0


def as_messages(said: Sequence[Message]) -> list[BaseMessage]:
    """Messages as engines take them. Raises KeyError for an unknown speaker."""
    return [_message(one) for one in said]


def _message(one: Message) -> BaseMessage:
    if isinstance(one, Called):
        calls = [
            {"name": name, "args": arguments, "id": id_, "type": "tool_call"}
            for id_, name, arguments in one.calls
        ]
        return AIMessage(one.text, tool_calls=calls)
    if isinstance(one, Returned):
        return ToolMessage(one.text, tool_call_id=one.id)
    who, text = one
    return KINDS[who](text)


def ask_engine(
    engine: Engine,
    said: Sequence[Message],
    *,
    tools: Sequence[dict[str, Any]] = (),
    among: Sequence[str] = (),
    max_tokens: int,
) -> Reply:
    """One call, to its end; with `among` it is a call of one of these tools. Raises EngineError."""
    started = time.perf_counter()
    first = 0.0
    whole = AIMessageChunk(content="")
    for chunk in engine.stream(as_messages(said), tools=tools, among=among, max_tokens=max_tokens):
        if not first and (chunk.text or chunk.tool_call_chunks):
            first = time.perf_counter() - started
        whole = whole + chunk
    seconds = time.perf_counter() - started
    used: Any = whole.usage_metadata or {}
    timings = whole.response_metadata.get("timings", {})
    return Reply(
        text=str(whole.text),
        calls=[(call["name"], call["args"]) for call in whole.tool_calls],
        unreadable=bool(whole.invalid_tool_calls),
        first_seconds=first or seconds,
        seconds=seconds,
        prompt_tokens=used.get("input_tokens", 0),
        cached_tokens=(used.get("input_token_details") or {}).get("cache_read", 0),
        output_tokens=used.get("output_tokens", 0),
        prefill_seconds=timings.get("prefill", 0.0),
        decode_seconds=timings.get("decode", 0.0),
    )
