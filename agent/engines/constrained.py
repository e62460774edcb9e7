"""A chat model that decodes under grammars, behind LangChain's interface; engines give it completion.

A tool call is decoded in constrained steps: first which tool, or none (an enum), then its arguments (the
tool's schema, narrowed to what the request mentions). The same grammars bind the numbers of free text.
"""

import contextlib
import itertools
import json
import secrets
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict

from shopwright.agent import grammar
from shopwright.agent.engines.base import Decoding, EngineError, Prefix
from shopwright.agent.engines.chatml import REPLY, render
from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.text_calls import calls_in, may_be_call
from shopwright.agent.grammar import Narrowed

LONGEST_CALL = 400  # tokens of a call's arguments


class ConstrainedChatModel(BaseChatModel):
    """What every engine that decodes here has in common.

    Extra keyword arguments of `stream`/`invoke`: `narrowed` (tool name -> Narrowed), `numbers` (the
    only numbers that text may hold; None: any), `among` (one of these tools is called: no reply in words),
    `stop_event` (set it to end decoding within a token),
    `max_tokens`. `usage_metadata` and `response_metadata["timings"]` (seconds) are on the last chunk.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    context: int = 4096
    """Tokens of one conversation, its answer included."""
    slots: int = 4
    """Conversations whose KV cache is kept at the same time."""
    max_tokens: int = 400
    repeat_penalty: float = 1.05
    decoding: Decoding = Decoding()

    # What an engine provides

    @property
    @abstractmethod
    def title(self) -> str:
        """Engine and model, as an Answer reports them."""

    @property
    def bytes_per_token(self) -> int | None:
        """Bytes of weights that a token reads, once they are loaded; None where the engine cannot tell."""
        return None

    @abstractmethod
    def load(self) -> None:
        """Load the weights now rather than at the first request. Raises EngineError."""

    @abstractmethod
    def close(self) -> None:
        """Free the weights."""

    @abstractmethod
    def warm(
        self,
        prefixes: Sequence[Prefix],
        progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Prefill each (messages, tools) prefix, or `only` one of them."""

    @abstractmethod
    def _lease(self, prompt: str) -> contextlib.AbstractContextManager[Any]:
        """Room in the KV cache for one conversation's call, held until the call ends."""

    @abstractmethod
    def _complete(
        self, seat: Any, prompt: str, meter: Meter, limit: int, rule: str | None, penalty: float
    ) -> Iterator[str]:
        """Pieces of text that continue `prompt`, at most `limit` tokens, within grammar `rule`."""

    def _render(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> str:
        return render(messages, tools)

    def prefix_text(self, prefix: Prefix) -> str:
        """The beginning that every prompt with these messages and tools has."""
        messages, tools = prefix
        return render(list(messages), [convert_to_openai_tool(tool) for tool in tools], open_turn=False)

    # LangChain's face

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Offer tools. `tool_choice` names the one to call; None lets the model choose one or none."""
        schemas = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=schemas, tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: AIMessageChunk | None = None
        for chunk in self._stream(messages, stop, run_manager, **kwargs):
            piece = chunk.message
            if isinstance(piece, AIMessageChunk):
                whole = piece if whole is None else whole + piece
        if whole is None:
            raise EngineError("The model ended without a word. Try again.")
        message = AIMessage(
            content=whole.content,
            tool_calls=whole.tool_calls,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        meter = Meter(kwargs.get("stop_event"), kwargs.get("max_tokens") or self.max_tokens, stop or [])
        tools: list[dict[str, Any]] = kwargs.get("tools") or []
        prompt = self._render(messages, tools)
        numbers: Sequence[str] | None = kwargs.get("numbers") if self.decoding.grammar else None
        with self._lease(prompt) as seat:
            if tools:
                caller = _Caller(self, seat, prompt, tools, kwargs.get("narrowed") or {}, meter)
                caller.among = list(kwargs.get("among") or ())
                pieces = caller.run(kwargs.get("tool_choice"), numbers)
            else:
                pieces = map(_words, self._write(seat, prompt, numbers, meter))
            for message in pieces:
                chunk = ChatGenerationChunk(message=message)
                if run_manager and message.text:
                    run_manager.on_llm_new_token(message.text, chunk=chunk)
                yield chunk
        yield ChatGenerationChunk(message=meter.end())

    def _write(self, seat: Any, prompt: str, numbers: Sequence[str] | None, meter: Meter) -> Iterator[str]:
        rule = None if numbers is None else grammar.grounded_text(numbers)
        yield from self._complete(seat, prompt, meter, meter.max_tokens, rule, self.repeat_penalty)


class _Caller:
    """Decodes one answer to a prompt that offers tools: a call, or words."""

    def __init__(
        self,
        model: ConstrainedChatModel,
        seat: Any,
        prompt: str,
        tools: Sequence[Mapping[str, Any]],
        narrowed: Mapping[str, Narrowed],
        meter: Meter,
    ) -> None:
        self.model, self.seat, self.prompt, self.meter = model, seat, prompt, meter
        self.among: list[str] = []
        self.schemas = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in tools}
        self.plans = {
            name: narrowed.get(name) or grammar.narrow(schema, {}) for name, schema in self.schemas.items()
        }
        self.call_id = f"call_{secrets.token_hex(6)}"

    def run(self, forced: str | None, numbers: Sequence[str] | None) -> Iterator[AIMessageChunk]:
        if not self.model.decoding.grammar:
            yield from self._lenient()
        elif forced or self.model.decoding.choose_step or (self.among and REPLY not in self.among):
            name = forced or self._choose()
            if name == REPLY:
                words = self.model._write(self.seat, f"{self.prompt}{REPLY}\n", numbers, self.meter)
                yield from map(_words, words)
            else:
                yield self._named(name)
                yield self._filled(name, self._arguments(name))
        else:
            yield from self._one_pass(numbers)

    def _complete(self, prompt: str, limit: int, rule: str | None, penalty: float = 1.0) -> Iterator[str]:
        return self.model._complete(self.seat, prompt, self.meter, limit, rule, penalty)

    # In two steps

    def _choose(self) -> str:
        names = self.among or [*self.schemas, REPLY]
        name = "".join(self._complete(self.prompt, 24, grammar.choice(names)))
        return name if name in names else self.among[0] if self.among else REPLY

    def _arguments(self, name: str) -> str:
        plan = self.plans[name]
        if not plan.open.get("properties"):
            return ""
        return "".join(self._complete(f"{self.prompt}{name} ", LONGEST_CALL, grammar.arguments(plan.open)))

    # In one: the grammar holds every tool with its arguments

    def _one_pass(self, numbers: Sequence[str] | None) -> Iterator[AIMessageChunk]:
        plans = {name: plan.open for name, plan in self.plans.items() if not self.among or name in self.among}
        rule = grammar.calls(plans, REPLY, numbers)
        limit = max(self.meter.max_tokens, LONGEST_CALL)
        yield from self._read(self._complete(self.prompt, limit, rule))

    # Without a grammar: what the model writes, read as kindly as possible

    def _lenient(self) -> Iterator[AIMessageChunk]:
        limit = max(self.meter.max_tokens, LONGEST_CALL)
        pieces = self._complete(self.prompt, limit, None)
        held = ""
        for piece in pieces:
            held += piece
            if not may_be_call(held):
                yield from self._read(itertools.chain([held], pieces))
                return
        found = [call for call in calls_in(held, self.schemas) if call[0] in self.schemas]
        if found:
            yield self._named(found[0][0])
            yield self._filled(found[0][0], json.dumps(found[0][1], ensure_ascii=False))
        else:
            yield _words(held)

    def _read(self, pieces: Iterator[str]) -> Iterator[AIMessageChunk]:
        """A call from a line `name {...}`, or the words after `reply`."""
        head, name = "", ""
        for piece in pieces:
            if name == REPLY:
                yield _words(piece)
                continue
            head += piece
            if not name and (found := self._name(head)):
                name = found
                if name == REPLY:
                    yield _words(head.removeprefix(REPLY).lstrip())
                else:
                    yield self._named(name)
        if name and name != REPLY:
            yield self._filled(name, head[len(name) :])
        elif not name and head.removeprefix(REPLY).strip():
            yield _words(head.removeprefix(REPLY).strip())

    def _name(self, head: str) -> str:
        """Which answer a beginning is, once that is sure; empty until then."""
        for name in self.schemas:
            if head.startswith(name) and head[len(name) : len(name) + 1] in (" ", "{", "\n"):
                return name if len(head) > len(name) else ""
        undecided = any(start.startswith(head) for start in (*self.schemas, f"{REPLY}\n"))
        return "" if undecided else REPLY

    # What a call becomes

    def _named(self, name: str) -> AIMessageChunk:
        return _call_chunk(name, "", self.call_id)

    def _filled(self, name: str, text: str) -> AIMessageChunk:
        values: dict[str, Any] = {}
        with contextlib.suppress(json.JSONDecodeError):
            read = json.loads(text or "{}")
            values = read if isinstance(read, dict) else {}
        values = {**grammar.without_idle_nulls(self.schemas[name], values), **self.plans[name].fixed}
        return _call_chunk(None, json.dumps(values, ensure_ascii=False), self.call_id)


def _words(text: str) -> AIMessageChunk:
    return AIMessageChunk(content=text)


def _call_chunk(name: str | None, args: str, call_id: str) -> AIMessageChunk:
    part = {
        "type": "tool_call_chunk",
        "name": name,
        "args": args,
        "id": call_id if name else None,
        "index": 0,
    }
    return AIMessageChunk(content="", tool_call_chunks=[part])
