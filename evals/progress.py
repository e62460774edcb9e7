"""How far an evaluation is, told on stderr with an estimate of the time that remains."""

import sys
import time
from typing import Self, TextIO

LINES = 20


class Progress:
    """Counts items done. On a terminal one line is rewritten; elsewhere some twenty lines are written."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        self._stream = stream or sys.stderr
        self._started = time.monotonic()
        self._done = 0

    def step(self, told: str = "") -> None:
        """One more item is done; `told` is said beside the count."""
        self._done += 1
        last = self._done == self._total
        if self._stream.isatty():
            self._stream.write(f"\r{self._line(told):<78}" + ("\n" if last else ""))
        elif last or self._done % max(1, self._total // LINES) == 0:
            self._stream.write(self._line(told) + "\n")
        self._stream.flush()

    def _line(self, told: str) -> str:
        spent = time.monotonic() - self._started
        left = spent / self._done * (self._total - self._done)
        told = f", {told}" if told else ""
        return f"{self._label}: {self._done} of {self._total}{told}, {duration(left)} left"


def duration(seconds: float) -> str:
    """A span of time as a person says it: 40 s, 12 min, 2.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Steps:
    """Tells on stderr how far the steps of a long computation are: call it with (step, done, total).

    On a terminal one line is rewritten; elsewhere a line is written when a step begins, when it ends,
    and every ten seconds in between.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._step = ""
        self._told = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._step and self._stream.isatty():
            self._stream.write("\n")

    def __call__(self, step: str, done: int, total: int) -> None:
        """`done` of `total` are done in `step`; a total of 0 is not known."""
        line = f"{step}: {done:,} of {total:,}" if total else f"{step}: {done:,}"
        if self._stream.isatty():
            ended = "\n" if self._step not in ("", step) else ""
            self._stream.write(f"{ended}\r{line:<78}")
        elif step != self._step or done == total or time.monotonic() - self._told > 10:
            self._stream.write(line + "\n")
            self._told = time.monotonic()
        self._step = step
        self._stream.flush()
