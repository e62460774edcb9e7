"""The embedded engine: a GGUF model in this process, llama.cpp underneath, no network.

A tool call is decoded in two constrained steps: first which tool, or none (an enum), then its
arguments (the tool's schema, narrowed to what the request mentions). Prompts are laid out so that
the long part comes first and never changes; its KV cache stays in memory across turns and
conversations, and is saved to disk so that the first turn after a restart is warm too.
"""

import contextlib
import hashlib
import json
import logging
import os
import queue
import secrets
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, PrivateAttr

from shopwright.agent import grammar
from shopwright.agent.engines.base import EngineError
from shopwright.agent.grammar import Narrowed

log = logging.getLogger(__name__)

REPLY = "reply"
DONE = "ok"  # a tool message that says no more than this is left out of the prompt
TURN_END = "<|im_end|>"
PREFIX_FILES_KEPT = 8


class GgufChatModel(BaseChatModel):
    """A ChatML model (Qwen2.5 family) in GGUF form behind LangChain's chat model interface.

    Extra keyword arguments of `stream`/`invoke`: `narrowed` (tool name -> Narrowed), `numbers` (the
    only numbers that text may hold; None: any), `stop_event` (set it to end decoding within a token),
    `max_tokens`. `usage_metadata` and `response_metadata["timings"]` (seconds) are on the last chunk.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model_path: Path
    context: int = 4096
    slots: int = 4
    threads: int = 0
    cache_dir: Path | None = None
    max_tokens: int = 400
    repeat_penalty: float = 1.05

    _server: Any = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _api_key: str = PrivateAttr(default="")

    @property
    def _llm_type(self) -> str:
        return "gguf"

    def load(self) -> None:
        """Load the weights now rather than at the first request. Raises EngineError."""
        with self._lock:
            if self._server is None:
                self._server = self._start()

    def close(self) -> None:
        """Free the weights."""
        with self._lock:
            self._server = None

    def _start(self) -> Any:
        import xllamacpp

        with contextlib.suppress(OSError), self.model_path.open("rb") as file:
            if file.read(4) == b"GGUF":
                return self._open(xllamacpp)
        raise EngineError(
            f"{self.model_path} is missing or is not a GGUF model. Run `shopwright init --demo` to fetch the "
            "embedded model, or set SHOPWRIGHT_MODEL_PATH to a GGUF file."
        )

    def _open(self, xllamacpp: Any) -> Any:
        params = xllamacpp.CommonParams()
        params.model.path = str(self.model_path)
        params.n_ctx = self.context * self.slots
        params.n_parallel = self.slots
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self.threads or os.cpu_count() or 1
        params.cache_ram_mib = 1024
        params.verbosity = 0
        params.ui = False
        self._api_key = secrets.token_hex(16)
        params.api_keys = [self._api_key]
        if self.cache_dir:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            params.slot_save_path = f"{self.cache_dir}{os.sep}"
        try:
            return xllamacpp.Server(params)
        except Exception as error:
            raise EngineError(
                f"The model file {self.model_path} could not be loaded ({error}). It may be damaged: "
                "delete it and run `shopwright init --demo` again."
            ) from error

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
            raise EngineError("The embedded model ended without a word. Try again.")
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
        turn = _Turn(kwargs.get("stop_event"), kwargs.get("max_tokens") or self.max_tokens, stop or [])
        tools: list[dict[str, Any]] = kwargs.get("tools") or []
        prompt = render(messages, tools)
        if tools:
            name = kwargs.get("tool_choice") or self._choose(prompt, tools, turn)
            if name != REPLY:
                yield from self._call(prompt, name, tools, kwargs.get("narrowed") or {}, turn)
                yield turn.end()
                return
            prompt += f"{REPLY}\n"
        numbers: Sequence[str] | None = kwargs.get("numbers")
        rules = {} if numbers is None else {"grammar": grammar.grounded_text(numbers)}
        for piece in self._complete(prompt, turn, turn.max_tokens, **rules):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        yield turn.end()

    # Decoding

    def _choose(self, prompt: str, tools: Sequence[Mapping[str, Any]], turn: "_Turn") -> str:
        names = [tool["function"]["name"] for tool in tools] + [REPLY]
        name = "".join(self._complete(prompt, turn, 16, grammar=grammar.choice(names)))
        return name if name in names else REPLY

    def _call(
        self,
        prompt: str,
        name: str,
        tools: Sequence[Mapping[str, Any]],
        narrowed: Mapping[str, Narrowed],
        turn: "_Turn",
    ) -> Iterator[ChatGenerationChunk]:
        call_id = f"call_{secrets.token_hex(6)}"
        yield _call_chunk(name, "", call_id)
        schema = next(tool["function"]["parameters"] for tool in tools if tool["function"]["name"] == name)
        plan = narrowed.get(name) or grammar.narrow(schema, {})
        values: dict[str, Any] = {}
        if plan.open.get("properties"):
            text = "".join(
                self._complete(f"{prompt}{name} ", turn, 200, grammar=grammar.arguments(plan.open))
            )
            with contextlib.suppress(json.JSONDecodeError):
                values = json.loads(text)
        yield _call_chunk(None, json.dumps({**values, **plan.fixed}, ensure_ascii=False), call_id)

    def _complete(self, prompt: str, turn: "_Turn", limit: int, **extra: Any) -> Iterator[str]:
        """Text pieces as they are decoded. Raises EngineError when the server refuses the request."""
        self.load()
        request = {
            "prompt": prompt,
            "n_predict": limit,
            "temperature": 0.0,
            "repeat_penalty": 1.0
            if "grammar" in extra and 'root ::= "' in extra["grammar"]
            else self.repeat_penalty,
            "cache_prompt": True,
            "stream": True,
            "stop": [TURN_END, "<|im_start|>", *turn.stop],
            **extra,
        }
        pieces: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue()

        def receive(chunk: Any) -> bool:
            pieces.put(chunk)
            return turn.stopped()

        def work() -> None:
            try:
                self._server.handle_completions(request, receive)
            except Exception as error:  # noqa: BLE001  (handed to the waiting thread, which raises it)
                pieces.put(error)
            pieces.put(None)

        worker = threading.Thread(target=work, daemon=True, name="gguf-decode")
        worker.start()
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise EngineError(f"The embedded model failed: {piece}") from piece
                yield from turn.take(piece)
        finally:
            turn.closed = True
            worker.join()
            turn.closed = False

    # Saved prefixes

    def warm(
        self,
        prefixes: Sequence[tuple[Sequence[BaseMessage], Sequence[Any]]],
        progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Prefill each (messages, tools) prefix, or `only` one, from disk where it was saved before.

        Every prefix takes a slot of its own; prefixes beyond the number of slots are left cold.
        """
        self.load()
        for slot, (messages, tools) in enumerate(prefixes[: self.slots]):
            if only not in (None, slot):
                continue
            prompt = render(list(messages), [convert_to_openai_tool(tool) for tool in tools], open_turn=False)
            file = f"{self._fingerprint(prompt)}.kv"
            if not self._slot(slot, "restore", file):
                turn = _Turn(None, 1, [])
                for _ in self._complete(prompt, turn, 0, id_slot=slot):
                    pass
                self._slot(slot, "save", file)
            if progress:
                progress(slot + 1, min(len(prefixes), self.slots))
        self._prune()

    def _fingerprint(self, prompt: str) -> str:
        status = self.model_path.stat()
        key = f"{self.model_path.name}:{status.st_size}:{self.context}:{self.slots}:{prompt}"
        return hashlib.sha256(key.encode()).hexdigest()[:32]

    def _slot(self, slot: int, action: str, file: str) -> bool:
        if self.cache_dir is None or (action == "restore" and not (self.cache_dir / file).is_file()):
            return False
        request = urllib.request.Request(  # noqa: S310  (our own loopback address)
            f"{self._server.listening_address}/slots/{slot}?action={action}",
            data=json.dumps({"filename": file}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._api_key}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
                done = json.loads(response.read())
        except (OSError, ValueError) as error:
            log.warning("KV cache %s of slot %d failed: %s", action, slot, error)
            (self.cache_dir / file).unlink(missing_ok=True)
            return False
        return bool(done.get("n_restored" if action == "restore" else "n_saved", 0))

    def _prune(self) -> None:
        if self.cache_dir:
            files = sorted(self.cache_dir.glob("*.kv"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in files[PREFIX_FILES_KEPT:]:
                path.unlink(missing_ok=True)
            if shutil.disk_usage(self.cache_dir).free < 1 << 30:
                log.warning("Less than 1 GB free in %s", self.cache_dir)


class _Turn:
    """What one call of the model adds up: usage, timings, and whether it was stopped."""

    def __init__(self, stop_event: threading.Event | None, max_tokens: int, stop: Sequence[str]) -> None:
        self.max_tokens = max_tokens
        self.stop = list(stop)
        self.closed = False
        self._event = stop_event
        self._usage = {"prompt": 0, "cached": 0, "completion": 0}
        self._seconds = {"prefill": 0.0, "decode": 0.0}

    def stopped(self) -> bool:
        return self.closed or bool(self._event and self._event.is_set())

    def take(self, chunk: Mapping[str, Any]) -> Iterator[str]:
        """The text in a server chunk, if any, adding up what it says of usage and time."""
        if "choices" not in chunk:
            raise EngineError(f"The embedded model refused the request: {chunk.get('message') or chunk}")
        text = chunk["choices"][0].get("text") or ""
        if "timings" in chunk:
            timings = chunk["timings"]
            self._usage["prompt"] += timings["prompt_n"] + timings.get("cache_n", 0)
            self._usage["cached"] += timings.get("cache_n", 0)
            self._usage["completion"] += timings["predicted_n"]
            self._seconds["prefill"] += timings["prompt_ms"] / 1000
            self._seconds["decode"] += timings["predicted_ms"] / 1000
        if text:
            yield text

    def end(self) -> ChatGenerationChunk:
        """The last chunk, which carries usage and timings."""
        usage = self._usage
        message = AIMessageChunk(
            content="",
            usage_metadata={
                "input_tokens": usage["prompt"],
                "output_tokens": usage["completion"],
                "total_tokens": usage["prompt"] + usage["completion"],
                "input_token_details": {"cache_read": usage["cached"]},
            },
            response_metadata={"timings": dict(self._seconds)},
            chunk_position="last",
        )
        return ChatGenerationChunk(message=message)


def _call_chunk(name: str | None, args: str, call_id: str) -> ChatGenerationChunk:
    part = {
        "type": "tool_call_chunk",
        "name": name,
        "args": args,
        "id": call_id if name else None,
        "index": 0,
    }
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[part]))


# ChatML, written here because the GGUF file's own template doubles the braces of its tool calls


def render(
    messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]], *, open_turn: bool = True
) -> str:
    """The prompt for `messages`; with `open_turn` it ends where the assistant's words begin."""
    parts = []
    pending = list(messages)
    system = ""
    while pending and isinstance(pending[0], SystemMessage):
        system += ("\n\n" if system else "") + str(pending.pop(0).content)
    if tools:
        system += ("\n\n" if system else "") + describe(tools)
    if system:
        parts.append(_turn("system", system))
    for message in pending:
        if isinstance(message, AIMessage):
            parts.append(_turn("assistant", _assistant(message, bool(tools))))
        elif isinstance(message, ToolMessage):
            if message.content == DONE:
                continue
            parts.append(_turn("user", f"<result>\n{message.content}\n</result>"))
        else:
            parts.append(_turn("user", str(message.content)))
    return "".join(parts) + ("<|im_start|>assistant\n" if open_turn else "")


def _turn(role: str, text: str) -> str:
    return f"<|im_start|>{role}\n{text.replace('<|im_', '<| im_')}{TURN_END}\n"


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
