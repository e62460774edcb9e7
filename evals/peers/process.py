"""A peer in a process of its own, which is ended when it takes longer than the limit."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from shopwright.evals.errors import EvalError
from shopwright.evals.peers.protocol import Found, PeerSetup, Say, Told

LOADING_SECONDS = 300.0
DYING_SECONDS = 10.0
Serve = Callable[[Connection, PeerSetup], None]
RunTool = Callable[[str, dict[str, Any]], str]


@dataclass
class PeerTurn:
    """One turn of a peer. `stopped`: it was ended at the limit, which then counts as its time."""

    seconds: float = 0.0
    first_event_seconds: float | None = None
    calls: list[str] = field(default_factory=list)
    """The calls that its model wrote, those of tools that do not exist among them."""
    ran: int = 0
    """Calls for which a tool ran."""
    answer: str = ""
    failure: str = ""
    stopped: bool = False


class PeerProcess:
    """A peer that is spoken to through a pipe. `serve` runs on its side, `run_tool` on ours."""

    def __init__(
        self,
        serve: Serve,
        setup: PeerSetup,
        run_tool: RunTool,
        limit_seconds: float,
        method: str = "spawn",
    ) -> None:
        """`method`: how its process begins; see multiprocessing."""
        self._serve, self._setup, self._context = serve, setup, multiprocessing.get_context(method)
        self._run_tool, self._limit = run_tool, limit_seconds
        self._process: Any = None
        self._pipe: Connection | None = None
        self._gone = False

    def start(self) -> None:
        """Load the peer. Raises EvalError when it cannot be loaded."""
        if self._process is not None and self._process.is_alive():
            return
        context: Any = self._context
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=self._serve, args=(theirs, self._setup), daemon=True)
        self._process.start()
        self._gone = False
        theirs.close()
        told = self._hear(time.perf_counter() + LOADING_SECONDS)
        if told is None or told.kind != "ready":
            reason = told.text if told else f"it did not become ready. {self._setup.when_it_dies}"
            self.close()
            raise EvalError(f"The peer could not be loaded: {reason}")

    def ask(self, text: str, *, fresh: bool = False) -> PeerTurn:
        """One turn, ended at the limit. After that the peer must be started anew, and has forgotten all."""
        self.start()
        started = time.perf_counter()
        turn = PeerTurn()
        self._send(Say(text, fresh))
        while (told := self._hear(started + self._limit)) is not None:
            if told.kind == "first":
                turn.first_event_seconds = time.perf_counter() - started
            elif told.kind == "wrote":
                turn.calls.append(told.tool)
            elif told.kind == "run":
                turn.ran += 1
                self._send(Found(self._run_tool(told.tool, told.arguments)))
            else:
                turn.seconds = time.perf_counter() - started
                turn.answer = told.text if told.kind == "answer" else ""
                turn.failure = told.text if told.kind == "failed" else ""
                return turn
        return self._ended(turn)

    def close(self) -> None:
        """End the process."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _ended(self, turn: PeerTurn) -> PeerTurn:
        """The turn of a peer that said nothing more: it is out of time, unless its process has died."""
        self._process.join(DYING_SECONDS if self._gone else 0)
        code = self._process.exitcode
        self.close()
        if code is not None:
            raise EvalError(f"The peer's process died (exit code {code}). {self._setup.when_it_dies}")
        turn.stopped, turn.seconds = True, self._limit
        return turn

    def _send(self, what: Say | Found) -> None:
        if self._pipe is None:
            raise EvalError("The peer is not running.")
        self._pipe.send(what)

    def _hear(self, until: float) -> Told | None:
        """What it says next; None when it says nothing in time or is gone."""
        if self._pipe is None or not self._pipe.poll(max(0.0, until - time.perf_counter())):
            return None
        try:
            told: Told = self._pipe.recv()
        except (EOFError, OSError):
            self._gone = True
            return None
        return told
