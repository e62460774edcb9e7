"""The GPU engine with the CPU engine behind it: a turn is answered, whatever the GPU does."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.engines.base import DeviceError, Engine, EngineError, Notice, OutOfMemoryError, Prefix
from shopwright.agent.engines.nf4 import Nf4ChatModel
from shopwright.agent.grammar import Narrowed

log = logging.getLogger(__name__)

MEMORY: Notice = {
    "en": "The GPU's memory ran out, so the smaller model on the CPU answers, more slowly. "
    "Free GPU memory and restart to go back.",
    "zh": "显存不足，已改由CPU上的小模型回答，速度会慢一些。释放显存并重启后即可恢复。",
}
FAILED: Notice = {
    "en": "The GPU failed, so the smaller model on the CPU answers, more slowly. Restart to go back.",
    "zh": "GPU出现故障，已改由CPU上的小模型回答，速度会慢一些。重启后即可恢复。",
}


class FallbackEngine:
    """Answers with `primary`; out of memory it shrinks and tries again; after that `spare` takes over."""

    def __init__(self, primary: Engine, model: Nf4ChatModel, spare: Callable[[], Engine]) -> None:
        """`model` is what `primary` runs; `spare` opens the engine that takes over."""
        self._engine, self._model, self._open_spare = primary, model, spare
        self._notice: Notice | None = None
        self._prefixes: list[Prefix] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The engine that answers now, and its model."""
        return self._engine.name

    @property
    def bytes_per_token(self) -> int | None:
        """Bytes of weights that a token reads; None where the engine cannot tell."""
        return getattr(self._engine, "bytes_per_token", None)

    def stream(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[dict[str, Any]] = (),
        narrowed: Mapping[str, Narrowed] | None = None,
        numbers: Sequence[str] | None = None,
        among: Sequence[str] = (),
        stop_event: threading.Event | None = None,
        max_tokens: int = 400,
    ) -> Iterator[AIMessageChunk]:
        """Stream one call; see Engine. The first chunk carries a notice once the spare has taken over."""
        while True:
            engine, begun = self._engine, False
            try:
                if self._notice:
                    yield AIMessageChunk(content="", response_metadata={"notice": dict(self._notice)})
                for chunk in engine.stream(
                    messages,
                    tools=tools,
                    narrowed=narrowed,
                    numbers=numbers,
                    among=among,
                    stop_event=stop_event,
                    max_tokens=max_tokens,
                ):
                    begun = begun or bool(chunk.text or chunk.tool_call_chunks)
                    yield chunk
                return
            except DeviceError as error:
                self._recover(engine, error)
                if begun:
                    raise EngineError(
                        f"{error} The answer ends here; please ask again.",
                        zh="显卡出了问题，回答到此中断，请再问一次。",
                    ) from error

    def warm(
        self,
        prefixes: Sequence[Prefix],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Get ready for prompts that begin with these prefixes."""
        self._prefixes = list(prefixes)
        while True:
            engine = self._engine
            try:
                engine.warm(prefixes, on_progress, only=only)
                return
            except DeviceError as error:
                self._recover(engine, error)

    def close(self) -> None:
        """Free what the engine holds."""
        self._engine.close()

    def _recover(self, failed: Engine, error: DeviceError) -> None:
        """Make room on the device, or go over to the spare. Raises `error` when the spare failed too."""
        with self._lock:
            if failed is not self._engine:
                return  # another conversation has seen to it
            if self._notice:
                raise error
            if isinstance(error, OutOfMemoryError) and self._shrink():
                return
            log.warning("%s The embedded model on the CPU takes over.", error)
            self._notice = MEMORY if isinstance(error, OutOfMemoryError) else FAILED
            failed.close()
            self._engine = self._open_spare()
        threading.Thread(target=self._warm_spare, daemon=True, name="warm-spare").start()

    def _warm_spare(self) -> None:
        try:
            self._engine.warm(self._prefixes)
        except EngineError as error:
            log.warning("The embedded model could not be warmed: %s", error)

    def _shrink(self) -> bool:
        try:
            shrunk = self._model.shrink()
        except DeviceError:
            return False
        if shrunk:
            log.warning("Out of GPU memory: %d conversations at a time from now on.", self._model.slots)
        return shrunk
