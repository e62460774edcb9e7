"""A whole tool turn, the second of a conversation: ours beside LangChain's agent, same weights, same shop."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from shopwright.agent.assistant import Assistant
from shopwright.agent.language import detect
from shopwright.agent.prompts import PLANNER
from shopwright.evals.benches.talks import FOLLOW_UPS, ask
from shopwright.evals.peers.process import PeerProcess
from shopwright.evals.peers.protocol import PeerSetup, PeerTool
from shopwright.evals.progress import Progress
from shopwright.tools.base import ToolContext, ToolError

EXPECTED = (
    "find_segment",
    "find_segment",
    "recommend_products",
    "forecast_campaign",
    "search_knowledge",
    "recommend_products",
)
"""The tool that the second question of each of FOLLOW_UPS needs first."""

LIMIT_SECONDS = 180.0
PEER_CONTEXT = 4096
COUNTED = (
    "Seconds from the second question of a conversation to the end of its answer; each side has just "
    "answered the first one, and ours was warmed as the product is. A ratio is that of the medians over "
    "the same questions: those where the peer made a whole tool turn (a tool ran and words came of it; "
    "one that guesses or says nothing is quick, but answers nothing), and, as 'all_turns', every one. "
    "LangChain's side is create_agent over ChatLlamaCpp with its defaults, but for n_ctx 4096 (512, its "
    "default, does not hold the tools), the number of threads (ours), and the reading of plain JSON calls "
    "from its text, which it does not do itself; 'tuned' also has n_batch 512 (its default is 8). A turn "
    "that reaches the limit is stopped and counted as the limit, and the peer begins anew; one that fails "
    "counts with the seconds until then."
)
WHEN_IT_DIES = (
    "On virtual machines whose processor names AMX without granting it, llama-cpp-python crashes as compiled "
    "there by default. Compile it without: CMAKE_ARGS='-DGGML_NATIVE=OFF -DGGML_AVX512=ON' pip install "
    "--force-reinstall --no-deps --no-cache-dir --no-binary llama-cpp-python llama-cpp-python==0.3.36"
)


@dataclass(frozen=True)
class Turn:
    """One measured turn of one side. `called`: the first tool."""

    question: str
    expected: str
    called: str | None
    seconds: float
    first_event_seconds: float | None
    answer: str
    failure: str = ""
    stopped: bool = False
    calls: list[str] = field(default_factory=list)
    ran: int = 0
    """Calls for which a tool ran; a turn without one is an answer out of thin air."""

    @property
    def right(self) -> bool:
        """Whether the right tool was called first."""
        return self.called == self.expected

    @property
    def whole(self) -> bool:
        """Whether it was a tool turn: a tool ran, and words came of it, or it was stopped at the limit."""
        return self.ran > 0 and bool(self.answer.strip() or self.stopped)

    def kept(self) -> dict[str, Any]:
        """The turn as it is kept in a file."""
        return {**asdict(self), "right": self.right, "whole": self.whole}


class Side(Protocol):
    """Somebody who answers."""

    def converse(self, first: str, second: str, expected: str) -> Turn:
        """Ask both questions in a new conversation; the second one is measured."""

    def close(self) -> None:
        """Free what it holds."""


class Ours:
    """Our assistant, as the product runs it."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def converse(self, first: str, second: str, expected: str) -> Turn:
        """See Side."""
        opened = ask(self._assistant, "marketer", first)
        started = time.perf_counter()
        answer = ask(self._assistant, "marketer", second, conversation=opened.conversation)
        seconds = time.perf_counter() - started
        calls = [step.tool for step in answer.steps]
        return Turn(
            question=second,
            expected=expected,
            called=calls[0] if calls else None,
            seconds=round(seconds, 3),
            first_event_seconds=answer.timings.first_event_seconds,
            answer=answer.text,
            failure=answer.error_id and f"logged as {answer.error_id}",
            calls=calls,
            ran=sum(step.status == "done" for step in answer.steps),
        )

    def close(self) -> None:
        """The assistant is closed by who opened it."""


class Peer:
    """A peer in its own process; its tools run over our shop."""

    def __init__(self, process: PeerProcess) -> None:
        self._process = process

    def converse(self, first: str, second: str, expected: str) -> Turn:
        """See Side."""
        self._process.ask(first, fresh=True)
        turn = self._process.ask(second)
        first_event = turn.first_event_seconds
        return Turn(
            question=second,
            expected=expected,
            called=turn.calls[0] if turn.calls else None,
            seconds=round(turn.seconds, 3),
            first_event_seconds=None if first_event is None else round(first_event, 3),
            answer=turn.answer,
            failure=turn.failure,
            stopped=turn.stopped,
            calls=turn.calls,
            ran=turn.ran,
        )

    def close(self) -> None:
        """End its process."""
        self._process.close()


def langchain_peers(
    assistant: Assistant, model_path: Path, threads: int, limit: float = LIMIT_SECONDS
) -> dict[str, Side]:
    """LangChain's agent with its defaults, and with a larger batch; none is loaded yet."""
    from shopwright.evals.peers.langchain_agent import serve

    options = {"n_ctx": PEER_CONTEXT, "n_threads": threads}
    run_tool = partial(run_for_peer, assistant)
    setups = {
        "langchain": peer_setup(assistant, model_path, options),
        "langchain_tuned": peer_setup(assistant, model_path, {**options, "n_batch": 512}),
    }
    return {name: Peer(PeerProcess(serve, setup, run_tool, limit)) for name, setup in setups.items()}


def peer_setup(assistant: Assistant, model_path: Path, options: dict[str, Any]) -> PeerSetup:
    """A marketer's tools and system prompt, as our own planner has them."""
    tools = [
        PeerTool(tool.name, tool.description, plain_schema(assistant.schema(tool)))
        for tool in assistant.tools("marketer")
    ]
    return PeerSetup(model_path, PLANNER["marketer"], tools, options, WHEN_IT_DIES)


def plain_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's schema without the keywords that only our engines read."""
    properties = {
        name: {key: value for key, value in spec.items() if not key.startswith("x-")}
        for name, spec in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def run_for_peer(assistant: Assistant, name: str, arguments: dict[str, Any]) -> str:
    """What a tool found, as the model reads it, or what was wrong with the call."""
    tool = next(tool for tool in assistant.tools("marketer") if tool.name == name)
    given = {key: value for key, value in arguments.items() if value is not None}
    language = detect(" ".join(str(value) for value in given.values()))
    context = ToolContext(assistant.shop, "marketer", "evaluation", language)
    try:
        return tool.run(context, given).text
    except ToolError as error:
        return str(error)


def measure_turns(sides: dict[str, Side], cases: int) -> dict[str, Any]:
    """Every side answers the same conversations; who begins changes from one to the next."""
    turns: dict[str, list[Turn]] = {name: [] for name in sides}
    progress = Progress("turns", cases * len(sides))
    for number in range(cases):
        for name in rotated(list(sides), number):
            turn = sides[name].converse(*FOLLOW_UPS[number], EXPECTED[number])
            turns[name].append(turn)
            progress.step(f"{name} {turn.seconds:.1f} s")
    return {name: side_figures(done) for name, done in turns.items()}


def rotated(names: list[str], by: int) -> list[str]:
    """The names, beginning with another one each time."""
    by %= len(names)
    return names[by:] + names[:by]


def side_figures(turns: Sequence[Turn]) -> dict[str, Any]:
    """One side's figures and its turns."""
    firsts = [turn.first_event_seconds for turn in turns if turn.first_event_seconds is not None]
    return {
        "turns": len(turns),
        "seconds_median": round(statistics.median(turn.seconds for turn in turns), 3),
        "first_event_seconds_median": round(statistics.median(firsts), 3) if firsts else None,
        "tool_calls_right": sum(turn.right for turn in turns),
        "whole_tool_turns": sum(turn.whole for turn in turns),
        "said_nothing": sum(not turn.answer.strip() and not turn.stopped for turn in turns),
        "stopped_at_limit": sum(turn.stopped for turn in turns),
        "failed": sum(bool(turn.failure) for turn in turns),
        "each": [turn.kept() for turn in turns],
    }


def turn_ratios(sides: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Our median over each peer's: over the questions where the peer made a whole tool turn, and over all.

    None where there is no such turn, or no such peer.
    """
    found: dict[str, float | None] = {}
    for name in ("langchain", "langchain_tuned"):
        peer = sides[name]["each"] if name in sides else []
        whole = [number for number, turn in enumerate(peer) if turn["whole"]]
        found[f"ratio_to_{name}"] = _ratio(sides["ours"]["each"], peer, whole)
        found[f"ratio_to_{name}_all_turns"] = _ratio(sides["ours"]["each"], peer, range(len(peer)))
    return found


def _ratio(ours: Sequence[Any], peer: Sequence[Any], numbers: Sequence[int]) -> float | None:
    if not numbers:
        return None
    mine = statistics.median(float(ours[number]["seconds"]) for number in numbers)
    theirs = statistics.median(float(peer[number]["seconds"]) for number in numbers)
    return round(mine / theirs, 4)
