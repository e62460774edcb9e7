"""Work beside the caller's that ends before what it reads does."""

import logging
from collections.abc import Callable
from threading import Event, Lock, Thread

from sqlalchemy.exc import SQLAlchemyError

from shopwright.knowledge.embedding_e5_file import WeightsError
from shopwright.knowledge.vectors import IndexBusyError

log = logging.getLogger(__name__)


class Meanwhile:
    """Threads that get something ready which may also wait until it is asked for.

    What stands in the way (no database yet, a busy index, a full disk) is logged: whoever asks hears of it.
    """

    def __init__(self) -> None:
        self._over = Event()
        self._adding = Lock()
        self._threads: list[Thread] = []

    def begin(self, what: str, work: Callable[[Event], object]) -> None:
        """Start `work`, which ends soon after the event it is given is set. Nothing happens after `close`."""
        thread = Thread(target=self._run, args=(what, work), name=what, daemon=True)
        with self._adding:
            if self._over.is_set():
                return
            self._threads = [one for one in self._threads if one.is_alive()]
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Have all work end, and wait until it has."""
        with self._adding:
            self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, what: str, work: Callable[[Event], object]) -> None:
        try:
            work(self._over)
        except (WeightsError, IndexBusyError, SQLAlchemyError, OSError) as error:
            log.warning("%s could not be made ready beforehand: %s", what, error)
