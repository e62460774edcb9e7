"""One call of the remote engine's `stream`: which requests it takes, and what the answers come to."""

import json
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk as create_tool_call_chunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta

from shopwright.agent.engines import remote_steps as steps
from shopwright.agent.engines.remote_deltas import Call, pieces
from shopwright.agent.engines.remote_server import Complete, ModelServer
from shopwright.agent.engines.remote_tools import InvalidCallError, Offer

ARGUMENT_TOKENS = 256
CHOICE_TOKENS = 48


@dataclass
class RemoteTurn:
    """One request to the server, or several.

    `grammar` binds what is asked for in steps, and calls that are asked for again, to JSON schemas.
    """

    server: ModelServer
    model: str
    messages: list[BaseMessage]
    offers: dict[str, Offer]
    stop: threading.Event | None
    max_tokens: int
    grammar: bool = True
    among: tuple[str, ...] = ()
    done: list[Complete] = field(default_factory=list)

    def at_once(self) -> Iterator[AIMessageChunk]:
        """The server's own way, with the tools in the request. An unusable call is asked for again."""
        tools = [offer.as_tool() for offer in self._choices().values()]
        request: dict[str, Any] = {"tools": tools} if tools else {}
        if tools and self.among:
            request["tool_choice"] = "auto" if steps.REPLY in self.among else "required"
        call: Call | None = None
        for piece in pieces(
            self._ask(convert_to_openai_messages(self.messages), self.max_tokens, **request), self.offers
        ):
            if isinstance(piece, Call):
                call = piece
                if call.name in self.offers:
                    yield _call_chunk(call.name)
            else:
                yield AIMessageChunk(content=piece)
        if call is None or self._stopped():
            return
        if call.name not in self.offers:
            yield from self.in_steps()
            return
        offer = self.offers[call.name]
        try:
            arguments = offer.arguments(call.arguments)
        except InvalidCallError as error:
            yield from self._fill(self._conversation(), offer, str(error), tries=1)
        else:
            yield _call_chunk(None, arguments)

    def _choices(self) -> dict[str, Offer]:
        """The tools that may be chosen."""
        return {name: offer for name, offer in self.offers.items() if not self.among or name in self.among}

    def in_steps(self) -> Iterator[AIMessageChunk]:
        """The tool, or none, in one request; its arguments, or the reply, in the next."""
        so_far = self._conversation()
        text = self._written(
            so_far,
            CHOICE_TOKENS,
            steps.choice_format(self._choices(), reply=not self.among or steps.REPLY in self.among),
        )
        if self._stopped():
            return
        name = steps.choice_in(text, self.offers)
        if name in self.offers:
            yield _call_chunk(name)
            yield from self._fill(so_far, self.offers[name])
            return
        for piece in pieces(
            self._ask([*so_far, steps.chosen(steps.REPLY), steps.ask_reply()], self.max_tokens), ()
        ):
            if isinstance(piece, str):
                yield AIMessageChunk(content=piece)

    def _fill(
        self, so_far: list[steps.Message], offer: Offer, complaint: str = "", tries: int = 2
    ) -> Iterator[AIMessageChunk]:
        """The chosen tool's arguments. Raises InvalidCallError when the last try cannot be used either."""
        if not offer.bound.get("properties"):
            yield _call_chunk(None, dict(offer.fixed))
            return
        for left in reversed(range(tries)):
            asked = [*so_far, steps.chosen(offer.name), steps.ask_arguments(offer.name, complaint)]
            text = self._written(asked, ARGUMENT_TOKENS, steps.as_format(offer.bound))
            if self._stopped():
                return
            try:
                yield _call_chunk(None, offer.arguments(text))
                return
            except InvalidCallError as error:
                complaint = str(error)
                if not left:
                    raise

    def _conversation(self) -> list[steps.Message]:
        return steps.conversation(self.messages, self.offers)

    def _written(self, messages: list[Any], limit: int, response_format: dict[str, Any]) -> str:
        extra = {"response_format": response_format} if self.grammar else {}
        return "".join(delta.content or "" for delta in self._ask(messages, limit, **extra))

    def _ask(self, messages: Any, limit: int, **extra: Any) -> Iterator[ChoiceDelta]:
        request = {
            "model": self.model,
            "messages": messages,
            "max_tokens": limit,
            "temperature": 0.0,
            **extra,
        }
        for item in self.server.ask(request, self.stop):
            if isinstance(item, Complete):
                self.done.append(item)
            else:
                yield item

    def _stopped(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    def end(self) -> AIMessageChunk:
        """The last chunk: seconds, and tokens where the server told them for every request."""
        seconds = {
            "prefill": sum(one.prefill for one in self.done),
            "decode": sum(one.decode for one in self.done),
        }
        return AIMessageChunk(
            content="",
            usage_metadata=_usage(self.done),
            response_metadata={"timings": seconds},
            chunk_position="last",
        )


def _usage(done: Sequence[Complete]) -> UsageMetadata | None:
    told = [one.usage for one in done if one.usage is not None]
    if not told or len(told) < len(done):
        return None
    asked, wrote = (
        sum(used.prompt_tokens or 0 for used in told),
        sum(used.completion_tokens or 0 for used in told),
    )
    usage = UsageMetadata(input_tokens=asked, output_tokens=wrote, total_tokens=asked + wrote)
    cached = [
        used.prompt_tokens_details.cached_tokens
        for used in told
        if used.prompt_tokens_details and used.prompt_tokens_details.cached_tokens is not None
    ]
    if cached:
        usage["input_token_details"] = {"cache_read": sum(cached)}
    return usage


def _call_chunk(name: str | None, arguments: Mapping[str, Any] | None = None) -> AIMessageChunk:
    """A call's name, or its arguments, as one piece."""
    part = create_tool_call_chunk(
        name=name,
        args="" if arguments is None else json.dumps(arguments, ensure_ascii=False),
        id=f"call_{secrets.token_hex(6)}" if name else None,
        index=0,
    )
    return AIMessageChunk(content="", tool_call_chunks=[part])
