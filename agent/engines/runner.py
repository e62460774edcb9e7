"""Continuous batching: one thread that steps all conversations at once; they join and leave as they come.

Greedy decoding, under a grammar where there is one. Tokens that the grammar leaves no choice about cost no
step of their own, and drafts looked up in the prompt are checked several at a time.
"""

import codecs
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from shopwright.agent.engines.base import ContextOverflowError, DeviceError, EngineError, OutOfMemoryError
from shopwright.agent.engines.lookup import Hunch, draft
from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.slot_cache import SlotCache
from shopwright.agent.engines.stepper import WIDTHS, Stepper

CHUNK = 512
"""Tokens of a prompt that are prefilled before the other conversations get their next step."""
RECENT = 64
"""Tokens that the repetition penalty looks back on, as in llama.cpp."""


@dataclass
class Job:
    """One completion: its prompt and what has become of it."""

    slot: int
    tokens: list[int]
    limit: int
    meter: Meter
    matcher: Any = None
    penalty: float = 1.0
    prompt: int = 0
    cached: int = 0
    held: int = 0
    """Tokens whose keys and values stand in the slot."""
    decoded: int = 0
    over: bool = False
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0
    pieces: "queue.Queue[str | Exception | None]" = field(default_factory=queue.Queue)
    utf8: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))
    hunch: Hunch = field(default_factory=Hunch)

    @property
    def pending(self) -> list[int]:
        """Known tokens that the model has not read yet."""
        return self.tokens[self.held :]


class Runner:
    """Owns the slot cache and the thread that fills it."""

    def __init__(self, model: Any, layers: int, words: Any, ends: frozenset[int], **options: Any) -> None:
        """`words` turns tokens into bytes (decode_bytes); `ends` are the tokens that end a turn."""
        self.model, self.layers, self.words, self.ends = model, layers, words, ends
        self.slots: int = options["slots"]
        self.context: int = options["context"]
        self.lookup: bool = options.get("lookup", True)
        self._graphs: bool = options.get("graphs", False)
        self._compiled: bool = options.get("compiled", False)
        self._inbox: queue.Queue[Job | Callable[[], None] | None] = queue.Queue()
        self._active: list[Job] = []
        self._prefixes: list[tuple[list[int], Any]] = []
        self._closing = threading.Lock()
        self._closed = False
        self._build()
        self._thread = threading.Thread(target=self._run, daemon=True, name="nf4-decode")
        self._thread.start()

    def _build(self) -> None:
        self.cache = SlotCache(self.layers, self.slots, self.context + max(WIDTHS))
        self.stepper = Stepper(self.model, self.cache, graphs=self._graphs, compiled=self._compiled)
        self._in_slot: list[list[int]] = [[] for _ in range(self.slots)]

    # For other threads

    def complete(self, job: Job) -> Iterator[str]:
        """Pieces of text as they are decoded. Raises EngineError."""
        job.prompt = len(job.tokens)
        if job.prompt + 1 > self.context:
            raise ContextOverflowError(
                f"The request has {job.prompt:,} tokens; the model reads {self.context:,} at once."
            )
        self._put(job)
        try:
            while (piece := job.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            job.over = True
            job.meter.add(
                prompt=job.prompt,
                cached=job.cached,
                completion=job.decoded,
                prefill_seconds=job.prefill_seconds,
                decode_seconds=job.decode_seconds,
            )

    def keep_prefix(self, slot: int, tokens: list[int]) -> None:
        """Keep the keys and values of a prompt that stands in a slot, for every slot to begin with."""
        self._call(lambda: self._keep(slot, tokens))

    def prepare(self) -> None:
        """Get the steps of decoding ready. Raises OutOfMemoryError, DeviceError."""
        self._call(lambda: self.stepper.prepare())

    def rebuild(self, slots: int) -> None:
        """Free the cache and make a smaller one. Raises OutOfMemoryError when not even that fits."""

        def smaller() -> None:
            self.slots = slots
            self._prefixes.clear()
            del self.cache, self.stepper
            _empty_device_cache()
            self._build()

        self._call(smaller)

    def close(self) -> None:
        """End the thread; conversations under way, and those that ask later, end with an error."""
        with self._closing:
            self._closed = True
            self._inbox.put(None)
        self._thread.join(timeout=30)

    def _put(self, item: Job | Callable[[], None]) -> None:
        with self._closing:  # nothing may stand in line behind the end
            if self._closed:
                raise _gone()
            self._inbox.put(item)

    def _call(self, work: Callable[[], None]) -> None:
        done: queue.Queue[Exception | None] = queue.Queue()

        def task() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  (handed to the thread that asked)
                done.put(explained(error))
            else:
                done.put(None)

        self._put(task)
        if error := done.get():
            raise error

    # The thread

    def _run(self) -> None:
        while self._take():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  (the conversations under way get it; the thread lives on)
                for job in self._active:
                    job.pieces.put(explained(error))
                    job.over = True
                self._in_slot = [[] for _ in range(self.slots)]
            self._active = [job for job in self._active if not job.over]

    def _take(self) -> bool:
        """New work; waits for it only when there is nothing to do. False: the end."""
        while True:
            try:
                item = self._inbox.get(block=not self._active)
            except queue.Empty:
                return True
            if item is None:
                for job in self._active:
                    job.pieces.put(_gone())
                return False
            if not isinstance(item, Job):
                item()
                continue
            try:
                self._begin(item)
            except Exception as error:  # noqa: BLE001  (its conversation gets it; the thread lives on)
                item.pieces.put(explained(error))

    def _begin(self, job: Job) -> None:
        if job.slot >= self.slots:
            job.pieces.put(OutOfMemoryError("The conversation's place in memory was given up. Ask again."))
            return
        held = _common(self._in_slot[job.slot], job.tokens)
        saved, best = None, held
        for tokens, kept in self._prefixes:
            if _common(tokens, job.tokens) > best:
                saved, best = kept, _common(tokens, job.tokens)
        if saved is not None:
            self.cache.copy_in(job.slot, saved, best)
        job.held = job.cached = min(best, job.prompt - 1)
        self._in_slot[job.slot] = job.tokens[: job.held]
        self._active.append(job)

    def _keep(self, slot: int, tokens: list[int]) -> None:
        length = _common(self._in_slot[slot], tokens)
        known = any(_common(kept, tokens) == length == len(kept) for kept, _ in self._prefixes)
        if length and not known:
            self._prefixes.append((tokens[:length], self.cache.copy_out(slot, length)))

    def _step(self) -> None:
        for job in self._active:
            if job.over or job.meter.stopped():
                self._finish(job)
        going = [job for job in self._active if not job.over]
        reading = [job for job in going if len(job.pending) > max(WIDTHS)]
        for job in reading:
            self._read(job)
        writing = [job for job in going if job not in reading]
        if writing:
            self._write(writing)

    def _read(self, job: Job) -> None:
        started = time.perf_counter()
        chunk = job.pending[:CHUNK]
        logits = self.stepper.prefill(job.slot, chunk, job.held)
        job.held += len(chunk)
        if not job.pending:
            if job.limit:
                self._choose(job, logits[0], [])
            else:
                self._finish(job)
        elif logits.is_cuda:
            torch.cuda.synchronize()
        job.prefill_seconds += time.perf_counter() - started
        self._in_slot[job.slot] = job.tokens[: job.held]

    def _write(self, jobs: list[Job]) -> None:
        started = time.perf_counter()
        drafts = self._drafts(jobs[0]) if len(jobs) == 1 else []
        width = max(len(job.pending) for job in jobs) + len(drafts)
        width = next(w for w in WIDTHS if w >= width)
        start, count = self._window([job.slot for job in jobs])
        rows = {job.slot: job.pending + drafts for job in jobs}
        lengths = {slot: len(self._in_slot[slot]) for slot in range(start, start + count)}
        lengths.update({job.slot: job.held for job in jobs})
        tokens, positions = [], []
        for slot in range(start, start + count):
            row = rows.get(slot, [])
            # What fills a row up is written behind its last token, where later tokens overwrite it.
            tokens.append(row + [0] * (width - len(row)))
            first = min(lengths[slot], self.cache.length - width)
            positions.append(list(range(first, first + width)))
        logits = self.stepper.decode(start, tokens, positions)
        for job in jobs:
            known = len(job.pending)
            first_row = known - 1
            fed = job.tokens[job.held :]
            accepted = self._choose(job, logits[job.slot - start][first_row : known + len(drafts)], drafts)
            job.held += len(fed) + accepted
            self._in_slot[job.slot] = job.tokens[: job.held]
            seconds = time.perf_counter() - started
            if job.decoded > 1 or job.prefill_seconds:
                job.decode_seconds += seconds
            else:
                job.prefill_seconds += seconds
            if drafts:
                job.hunch.learn(accepted)

    def _window(self, slots: list[int]) -> tuple[int, int]:
        """The rows to step: just the one, or a power of two of them, so that few shapes are captured."""
        count = 1
        while count < max(slots) - min(slots) + 1:
            count *= 2
        count = min(count, self.slots)
        return min(min(slots), self.slots - count), count

    def _drafts(self, job: Job) -> list[int]:
        room = max(WIDTHS) - len(job.pending)
        if not self.lookup or room < 1 or not job.hunch.ready():
            return []
        return draft(job.tokens, min(room, job.limit - job.decoded))

    # Choosing tokens

    def _choose(self, job: Job, logits: torch.Tensor, drafts: list[int]) -> int:
        """Take tokens from the logits (1 + drafts, vocabulary) while the drafts come true; how many did."""
        logits = self._penalised(job, logits, drafts)
        likeliest = logits.argmax(-1).tolist()
        for place, token in enumerate(likeliest):
            if job.matcher is not None and not job.matcher.validate_tokens([token]):
                token = self._allowed(job, logits[place])
            if not self._append(job, token):
                return place
            if place == len(drafts) or drafts[place] != token:
                self._append_forced(job)
                return place
        return len(drafts)

    def _penalised(self, job: Job, logits: torch.Tensor, drafts: list[int]) -> torch.Tensor:
        if job.penalty == 1.0:
            return logits
        logits = logits.float().clone()
        for place in range(logits.shape[0]):
            seen = sorted({*(job.tokens + drafts[:place])[-RECENT:]})
            index = torch.tensor(seen, device=logits.device)
            scores = logits[place, index]
            logits[place, index] = torch.where(scores > 0, scores / job.penalty, scores * job.penalty)
        return logits

    def _allowed(self, job: Job, scores: torch.Tensor) -> int:
        """The likeliest token that the grammar allows."""
        bits = torch.frombuffer(bytearray(job.matcher.compute_logit_bias()), dtype=torch.uint8)
        allowed = torch.nn.functional.pad(bits, (0, max(0, scores.shape[0] - len(bits))))[: scores.shape[0]]
        return int(scores.masked_fill(allowed.to(scores.device) == 0, float("-inf")).argmax())

    def _append(self, job: Job, token: int) -> bool:
        """Add a token to the answer; whether the answer goes on."""
        if job.matcher is not None and not job.matcher.consume_token(token):
            self._finish(job)
            return False
        if token in self.ends:
            self._finish(job)
            return False
        job.tokens.append(token)
        job.decoded += 1
        if text := job.utf8.decode(self.words.decode_bytes([token])):
            job.pieces.put(text)
        full = len(job.tokens) >= self.context
        if job.decoded >= job.limit or full or (job.matcher is not None and job.matcher.is_stopped()):
            self._finish(job)
            return False
        return True

    def _append_forced(self, job: Job) -> None:
        """What the grammar leaves no choice about, as much as the next step can read at once."""
        if job.matcher is None:
            return
        for token in job.matcher.compute_ff_tokens()[: max(WIDTHS) - 1]:
            if not self._append(job, token):
                return

    def _finish(self, job: Job) -> None:
        if not job.over:
            if rest := job.utf8.decode(b"", final=True):
                job.pieces.put(rest)
            job.over = True
            job.pieces.put(None)


def explained(error: Exception) -> Exception:
    """A sentence for what a device can do wrong; EngineErrors as they are."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return OutOfMemoryError("The memory of the GPU does not hold the conversation beside the model.")
    if isinstance(error, torch.AcceleratorError):
        return DeviceError(f"The GPU failed: {str(error).splitlines()[0]}")
    return EngineError(f"The model failed ({type(error).__name__}: {error}). Try again.")


def _gone() -> DeviceError:
    return DeviceError("The model was closed while it was answering.")


def _empty_device_cache() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _common(one: list[int], other: list[int]) -> int:
    """Tokens at the beginning that two lists have in common."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))
