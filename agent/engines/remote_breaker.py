"""A circuit breaker for streams: a server that keeps failing is left alone for a while.

M. Nygard, Release It!, 2nd edition (2018), chapter 5.
"""

import contextlib
import threading
from datetime import UTC, datetime

from pybreaker import (
    STATE_CLOSED,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitMemoryStorage,
)


class PausedError(Exception):
    """No call is made for now; `seconds` until one may be."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.1f} seconds")
        self.seconds = seconds


class _FailedError(Exception):
    """Stands for a failed call."""


class Breaker:
    """Opens after `failures` failed calls in a row; `pause_seconds` later one call may try.

    pybreaker's own wrapping does not fit streams: it holds its lock while a function runs, takes a stream
    that the reader closed for a failure, and lets any number of calls try at once. So it is told outcomes.
    """

    def __init__(self, failures: int, pause_seconds: float) -> None:
        self._storage = CircuitMemoryStorage(STATE_CLOSED)
        self._circuit = CircuitBreaker(failures, pause_seconds, state_storage=self._storage)
        self._trial = False
        self._lock = threading.Lock()

    def admit(self) -> bool:
        """Let a call begin; True: it is the one that tries out a server that failed. Raises PausedError."""
        with self._lock:
            if self._circuit.current_state == STATE_CLOSED:
                return False
            left = self._seconds_left()
            if left > 0 or self._trial:
                raise PausedError(max(left, 1.0))
            self._circuit.half_open()
            self._trial = True
            return True

    def record(self, trial: bool, worked: bool | None) -> None:
        """How an admitted call ended; None: it was stopped before the server showed how it is."""
        with self._lock:
            if trial:
                self._trial = False
            if worked is not None:
                with contextlib.suppress(CircuitBreakerError, _FailedError):
                    self._circuit.call(_outcome, worked)

    def _seconds_left(self) -> float:
        opened = self._storage.opened_at
        if self._circuit.current_state != STATE_OPEN or opened is None:
            return 0.0
        return self._circuit.reset_timeout - (datetime.now(UTC) - opened).total_seconds()


def _outcome(worked: bool) -> None:
    if not worked:
        raise _FailedError
