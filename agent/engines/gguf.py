"""The embedded engine: a GGUF model in this process, llama.cpp underneath, no network.

Prompts are laid out so that the long part comes first and never changes. Its KV cache stays in memory
across turns, is saved to disk so that the first turn after a restart is warm too, and is copied from there
to any other slot that needs it, so that several conversations do not evict each other's.
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

from pydantic import PrivateAttr

from shopwright.agent.engines.base import ContextOverflowError, EngineError, Prefix
from shopwright.agent.engines.chatml import TURN_END, TURN_START
from shopwright.agent.engines.constrained import ConstrainedChatModel
from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.seats import Seat, Seats, shared

log = logging.getLogger(__name__)

PREFIX_FILES_KEPT = 12
BATCH = 128
"""Tokens read at once: between two batches others get their next token, and stop is heard."""


class GgufChatModel(ConstrainedChatModel):
    """A ChatML model (Qwen2.5 family) in GGUF form; see ConstrainedChatModel for what a call takes."""

    model_path: Path
    threads: int = 0
    cache_dir: Path | None = None

    _server: Any = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _api_key: str = PrivateAttr(default="")
    _seats: Seats = PrivateAttr()
    _prefixes: list[str] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "gguf"

    @property
    def title(self) -> str:
        """gguf and the model file's name."""
        return f"gguf:{self.model_path.stem}"

    def load(self) -> None:
        """Load the weights now rather than at the first request. Raises EngineError."""
        with self._lock:
            if self._server is None:
                self._server = self._start()
                self._seats = Seats(self.slots)

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
        params.n_batch = params.n_ubatch = BATCH
        params.cache_ram_mib = 0  # which slot keeps what is decided here
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

    # Decoding

    @contextlib.contextmanager
    def _lease(self, prompt: str) -> Iterator[Seat]:
        self.load()
        with self._seats.lease(prompt) as seat:
            known = max((p for p in self._prefixes if prompt.startswith(p)), key=len, default="")
            if known and shared(seat.text, prompt) < len(known) and self._restore(seat.number, known):
                seat.text = known
            yield seat

    def _complete(
        self, seat: Any, prompt: str, meter: Meter, limit: int, rule: str | None, penalty: float
    ) -> Iterator[str]:
        request = {
            "prompt": prompt,
            "n_predict": limit,
            "temperature": 0.0,
            "repeat_penalty": penalty,
            "cache_prompt": True,
            "stream": True,
            "return_progress": True,  # a sign of life for every batch, and with it the chance to stop
            "id_slot": seat.number,
            "stop": [TURN_END, TURN_START, *meter.stop],
        }
        if rule is not None:
            request["grammar"] = rule
        seat.text = prompt
        pieces: queue.Queue[dict[str, Any] | Exception | None] = queue.Queue()

        def receive(chunk: Any) -> bool:
            pieces.put(chunk)
            return meter.stopped()

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
                if text := _read(piece, meter):
                    seat.text += text
                    yield text
        finally:
            meter.closed = True
            worker.join()
            meter.closed = False

    # Saved prefixes

    def warm(
        self,
        prefixes: Sequence[Prefix],
        progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Prefill each (messages, tools) prefix, or `only` one, from disk where it was saved before.

        Without a cache folder, prefixes beyond the number of slots are left cold.
        """
        self.load()
        for number, prefix in enumerate(prefixes):
            if only not in (None, number) or (number >= self.slots and self.cache_dir is None):
                continue
            prompt = self.prefix_text(prefix)
            with self._seats.lease(prompt, number % self.slots) as seat:
                if not self._restore(seat.number, prompt):
                    for _ in self._complete(seat, prompt, Meter(None, 1), 0, None, 1.0):
                        pass
                    self._save(seat.number, prompt)
                seat.text = prompt
            if prompt not in self._prefixes:
                self._prefixes.append(prompt)
            if progress:
                progress(number + 1, len(prefixes))
        self._prune()

    def _fingerprint(self, prompt: str) -> str:
        status = self.model_path.stat()
        key = f"{self.model_path.name}:{status.st_size}:{self.context}:{self.slots}:{prompt}"
        return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.kv"

    def _restore(self, slot: int, prompt: str) -> bool:
        file = self._fingerprint(prompt)
        if self.cache_dir is None or not (self.cache_dir / file).is_file():
            return False
        with contextlib.suppress(OSError):
            (self.cache_dir / file).touch()  # the files unused for longest are the ones to go
        return self._slot(slot, "restore", file)

    def _save(self, slot: int, prompt: str) -> None:
        """Under its own name only when it is whole: another process may read the same folder."""
        if self.cache_dir is None:
            return
        part = f"{secrets.token_hex(8)}.part"
        if self._slot(slot, "save", part):
            (self.cache_dir / part).replace(self.cache_dir / self._fingerprint(prompt))

    def _slot(self, slot: int, action: str, file: str) -> bool:
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
            if self.cache_dir:
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


def _read(chunk: Mapping[str, Any], meter: Meter) -> str:
    """The text in a server chunk, adding up what it says of usage and time. Raises EngineError."""
    if "choices" not in chunk:
        told = chunk.get("error") or chunk
        words = told.get("message") if isinstance(told, Mapping) else str(told)
        if "context size" in str(words) or "exceed_context_size" in str(told):
            raise ContextOverflowError(f"The request is longer than the model can read at once ({words}).")
        raise EngineError(f"The embedded model refused the request: {words or chunk}")
    if "timings" in chunk:
        timings = chunk["timings"]
        meter.add(
            prompt=timings["prompt_n"] + timings.get("cache_n", 0),
            cached=timings.get("cache_n", 0),
            completion=timings["predicted_n"],
            prefill_seconds=timings["prompt_ms"] / 1000,
            decode_seconds=timings["predicted_ms"] / 1000,
        )
    return str(chunk["choices"][0].get("text") or "")
