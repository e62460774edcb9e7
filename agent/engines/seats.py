"""Which slot of a KV cache a conversation's call takes, so that nobody's prefix is lost to another."""

import itertools
import os.path
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Seat:
    """One slot: what its KV cache holds, and when it was last used."""

    number: int
    text: str = ""
    used: int = 0
    taken: bool = field(default=False, repr=False)


class Seats:
    """Leases the slots of a KV cache. Whoever asks waits, in turn, while all of them are taken."""

    def __init__(self, count: int) -> None:
        self._seats = [Seat(number) for number in range(count)]
        self._free = threading.Condition()
        self._clock = itertools.count(1)
        self._waiting: list[object] = []

    @contextmanager
    def lease(self, prompt: str, number: int | None = None) -> Iterator[Seat]:
        """The free slot that shares the longest beginning with `prompt`, else the one unused for longest.

        `number` asks for a certain slot.
        """
        seat = self._take(prompt, number)
        try:
            yield seat
        finally:
            with self._free:
                seat.taken = False
                seat.used = next(self._clock)
                self._free.notify_all()

    def _take(self, prompt: str, number: int | None) -> Seat:
        ticket = object()
        with self._free:
            self._waiting.append(ticket)
            try:
                while True:
                    free = [s for s in self._seats if not s.taken and number in (None, s.number)]
                    if free and self._waiting[0] is ticket:
                        break
                    self._free.wait()
                seat = max(free, key=lambda s: (shared(s.text, prompt), -s.used))
                seat.taken = True
                return seat
            finally:
                self._waiting.remove(ticket)
                self._free.notify_all()


def shared(one: str, other: str) -> int:
    """Characters at the beginning that two texts have in common."""
    return len(os.path.commonprefix((one, other)))  # noqa: RUF071  (characters are what is wanted)
