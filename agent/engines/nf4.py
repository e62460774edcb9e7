"""The main engine: any Hugging Face causal LM in 4 bits on a CUDA GPU, and on a CPU for its tests.

transformers runs the layers; what surrounds them is ours, since `generate` launches every kernel of every
token by itself and knows neither grammars, shared prefixes nor conversations that come and go: a static KV
cache (slot_cache), captured steps (stepper), continuous batching (runner), drafts from the prompt (lookup).
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from shopwright.agent.engines.base import DeviceError, EngineError, Prefix
from shopwright.agent.engines.chatml import TURN_END, TURN_START, dialogue, render
from shopwright.agent.engines.constrained import ConstrainedChatModel
from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.seats import Seat, Seats, shared

GRAMMARS_KEPT = 256
FEWEST_TOKENS = 1024


class Nf4ChatModel(ConstrainedChatModel):
    """A causal LM in NF4; see ConstrainedChatModel for what a call takes."""

    source: str
    """A hub id, a folder of safetensors, or a GGUF file."""
    adapter: str = ""
    """A LoRA adapter: a folder or a hub id."""
    device: str = "cuda"
    memory_gb: float = 0.0
    """The most memory of the GPU to take; 0: no limit."""
    cache_dir: Path | None = None
    compiled: bool = True
    """Compile decode steps on CUDA besides capturing them."""
    lookup: bool = True
    """Draft from the prompt."""

    _weights: Any = PrivateAttr(default=None)
    _runner: Any = PrivateAttr(default=None)
    _seats: Seats = PrivateAttr()
    _words: Any = PrivateAttr(default=None)
    _grammars: dict[str, Any] = PrivateAttr(default_factory=dict)
    _closed: bool = PrivateAttr(default=False)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _ends: frozenset[int] = PrivateAttr(default=frozenset())

    @property
    def _llm_type(self) -> str:
        return "nf4"

    @property
    def title(self) -> str:
        """nf4 and the model's name."""
        return f"nf4:{self._weights.title if self._weights else self.source}"

    @property
    def bytes_per_token(self) -> int | None:
        """Bytes of weights that a token reads, once they are loaded."""
        if self._weights is None:
            return None
        from shopwright.agent.engines.weights import bytes_a_token

        return bytes_a_token(self._weights.model)

    def load(self) -> None:
        """Load the weights and allocate the cache. Raises EngineError, OutOfMemoryError among them."""
        with self._lock:
            if self._closed:
                raise DeviceError("The model was closed.")
            if self._runner is None:
                self._open()

    def _open(self) -> None:
        try:
            import llguidance.hf
            import torch

            from shopwright.agent.engines import runner, weights
        except ImportError as error:
            raise EngineError(
                f"The nf4 engine needs the package {error.name}. "
                "Install it with: pip install 'shopwright[gpu]'"
            ) from error
        cuda = self.device.startswith("cuda")
        if cuda and not torch.cuda.is_available():
            raise EngineError(
                "The nf4 engine found no CUDA device. Set SHOPWRIGHT_ENGINE=gguf to answer on the CPU."
            )
        if cuda and self.memory_gb:
            total = torch.cuda.get_device_properties(self.device).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, self.memory_gb * 2**30 / total), self.device)
        if self._weights is None:
            self._weights = weights.load(
                self.source, device=self.device, adapter=self.adapter, cache_dir=self.cache_dir
            )
        tokenizer = self._weights.tokenizer
        self._ends = _ends(self._weights.model, tokenizer)
        self._words = llguidance.hf.from_tokenizer(
            tokenizer,
            n_vocab=self._weights.model.config.get_text_config().vocab_size,
            eos_token=sorted(self._ends),
        )
        text = self._weights.model.config.get_text_config()
        self.context = min(self.context, text.max_position_embeddings)
        self._seats = Seats(self.slots)
        self._runner = runner.Runner(
            self._weights.model,
            text.num_hidden_layers,
            self._words,
            self._ends,
            slots=self.slots,
            context=self.context,
            lookup=self.lookup,
            graphs=cuda,
            compiled=cuda and self.compiled,
        )

    def close(self) -> None:
        """Free the weights and the cache, for good: who still asks is told so, with a DeviceError."""
        with self._lock:
            self._closed = True
            if self._runner is not None:
                self._runner.close()
            self._runner = self._weights = None
            self._grammars.clear()

    def _loaded(self) -> tuple[Any, Any]:
        """Weights and runner. Raises DeviceError once the model was closed."""
        weights, runner = self._weights, self._runner
        if weights is None or runner is None:
            raise DeviceError("The model was closed.")
        return weights, runner

    def shrink(self) -> bool:
        """Give up half of the conversations' places in memory; False when only one is left."""
        if self.slots <= 1:
            return False
        with self._lock:
            self.slots = max(1, self.slots // 2)
            self._seats = Seats(self.slots)
            if self._runner is not None:
                self._runner.rebuild(self.slots)
        return True

    # Prompts

    def _render(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> str:
        self.load()
        weights, _ = self._loaded()
        if weights.model.config.model_type == "qwen2" or not weights.tokenizer.chat_template:
            return render(messages, tools)
        tokenizer = weights.tokenizer
        pairs = _merged(dialogue(messages, tools), _special(tokenizer))
        try:
            return str(_templated(tokenizer, pairs))
        except Exception:  # noqa: BLE001  (a template refuses what it does not know with errors of its own kind)
            return str(_templated(tokenizer, _without_system(pairs)))

    def prefix_text(self, prefix: Prefix) -> str:
        """The beginning that every prompt with these messages and tools has."""
        messages, tools = list(prefix[0]), [convert_to_openai_tool(tool) for tool in prefix[1]]
        one, other = (self._render([*messages, HumanMessage(word)], tools) for word in ("a", "b"))
        return one[: shared(one, other)]

    # Decoding

    @contextmanager
    def _lease(self, prompt: str) -> Iterator[Seat]:
        self.load()
        with self._seats.lease(prompt) as seat:
            yield seat

    def _complete(
        self, seat: Any, prompt: str, meter: Meter, limit: int, rule: str | None, penalty: float
    ) -> Iterator[str]:
        from shopwright.agent.engines.runner import Job

        weights, runner = self._loaded()
        tokens = weights.tokenizer(prompt, add_special_tokens=False)["input_ids"]
        job = Job(seat.number, tokens, limit, meter, self._matcher(rule), penalty)
        seat.text = prompt
        ended = _Ending(meter.stop)
        for piece in runner.complete(job):
            seat.text += piece
            if text := ended.take(piece):
                yield text
            if ended.found:
                return
        if text := ended.rest():
            yield text

    def _matcher(self, rule: str | None) -> Any:
        """A grammar's matcher; grammars are compiled once. Raises EngineError for one that cannot be."""
        if rule is None:
            return None
        if rule not in self._grammars:
            from llguidance import LLMatcher

            matcher = LLMatcher(self._words, rule.partition("\n")[2], log_level=0)
            if matcher.is_error():
                raise EngineError(f"A tool's arguments cannot be put into a grammar: {matcher.get_error()}")
            if len(self._grammars) >= GRAMMARS_KEPT:
                self._grammars.pop(next(iter(self._grammars)))
            self._grammars[rule] = matcher
        return self._grammars[rule].deep_copy()

    # Prefixes

    def warm(
        self,
        prefixes: Sequence[Prefix],
        progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Prefill each (messages, tools) prefix, or `only` one, for every slot to begin with."""
        self.load()
        weights, runner = self._loaded()
        runner.prepare()
        for number, prefix in enumerate(prefixes):
            if only not in (None, number):
                continue
            prompt = self.prefix_text(prefix)
            with self._seats.lease(prompt) as seat:
                for _ in self._complete(seat, prompt, Meter(None, 1), 0, None, 1.0):
                    pass
                tokens = weights.tokenizer(prompt, add_special_tokens=False)["input_ids"]
                runner.keep_prefix(seat.number, tokens)
            if progress:
                progress(number + 1, len(prefixes))


class _Ending:
    """Cuts text at the first of some endings; what may begin one is held back until that is known."""

    def __init__(self, endings: Sequence[str]) -> None:
        self._endings = [ending for ending in endings if ending]
        self._held = ""
        self.found = False

    def take(self, piece: str) -> str:
        if not self._endings:
            return piece
        self._held += piece
        places = [place for ending in self._endings if (place := self._held.find(ending)) >= 0]
        if places:
            self.found = True
            return self._held[: min(places)]
        keep = max(len(ending) for ending in self._endings) - 1
        cut = max(0, len(self._held) - keep)
        out, self._held = self._held[:cut], self._held[cut:]
        return out

    def rest(self) -> str:
        return self._held


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a turn: those that the model's authors name, and the marks of common templates."""
    named = getattr(model.generation_config, "eos_token_id", None)
    ends = {tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])}
    vocabulary = tokenizer.get_vocab()
    ends |= {
        vocabulary.get(mark)
        for mark in (TURN_END, TURN_START, "<|endoftext|>", "<|eot_id|>", "<end_of_turn>")
    }
    return frozenset(end for end in ends if end is not None)


def _templated(tokenizer: Any, pairs: Sequence[tuple[str, str]]) -> str:
    messages = [{"role": role, "content": text} for role, text in pairs]
    return str(
        tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    )


def _special(tokenizer: Any) -> list[str]:
    return sorted({str(token) for token in tokenizer.get_added_vocab()}, key=len, reverse=True)


def _merged(pairs: Sequence[tuple[str, str]], special: Sequence[str]) -> list[tuple[str, str]]:
    """Turns in strict alternation, as many templates demand, without the template's own marks in words."""
    merged: list[tuple[str, str]] = []
    for role, text in pairs:
        for mark in special:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        if merged and merged[-1][0] == role:
            merged[-1] = (role, f"{merged[-1][1]}\n\n{text}")
        else:
            merged.append((role, text))
    return merged


def _without_system(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The system's words at the head of the first user turn, for templates that know no system."""
    if not pairs or pairs[0][0] != "system":
        return list(pairs)
    return _merged([("user", pairs[0][1]), *pairs[1:]], [])
