"""Loading the assistant in the background, so that pages answer from the first second."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

from shopwright.agent.turn import Event, Request

log = logging.getLogger(__name__)

State = Literal["warming", "ready", "failed"]


class Answering(Protocol):
    """What the pages need of the assistant."""

    def stream(self, request: Request, *, stop: threading.Event | None = None) -> Iterator[Event]:
        """Answer a request, event by event; setting `stop` ends it early."""
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class Warmup:
    """The assistant, or the way to it. `start` begins loading; `wait` gives it when it is there."""

    def __init__(self, load: Callable[[], Answering]) -> None:
        self._load = load
        self._assistant: Answering | None = None
        self._over = threading.Event()
        self._begun = threading.Lock()

    def start(self) -> None:
        """Begin to load in a thread of its own; does nothing the second time."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._run, name="assistant-warmup", daemon=True).start()

    @property
    def state(self) -> State:
        """Where loading stands."""
        if not self._over.is_set():
            return "warming"
        return "ready" if self._assistant is not None else "failed"

    def wait(self, seconds: float) -> Answering | None:
        """The assistant, after at most `seconds`; None while it is loading, or when loading failed."""
        self._over.wait(seconds)
        return self._assistant

    def close(self) -> None:
        """Free the assistant, if it has been loaded."""
        if self._assistant is not None:
            self._assistant.close()

    def _run(self) -> None:
        try:
            self._assistant = self._load()
        except Exception:
            # Whatever stops the engine, the pages stay up and say so; the log has the reason.
            log.exception("The assistant could not be opened; `shopwright doctor` says what is missing.")
        finally:
            self._over.set()
