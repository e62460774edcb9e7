"""Four conversations at once beside the same four one after another."""

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.evals.benches.talks import ask
from shopwright.evals.progress import Progress

QUESTIONS = (
    "How many customers over {n} have not ordered for {n} days?",
    "最近{n}天没有下单的客户有多少？",
    "Forecast a type B campaign to {n}0 customers",
    "给{n}岁以上的客户推荐三款商品",
)
"""Each set asks with another number, so that nobody's question is in the cache already."""

FIRST_NUMBER = 30
ORDER = (("in_turn", 0), ("at_once", 1), ("at_once", 0), ("in_turn", 1))
"""Each set is asked in both ways, since answers differ in length, with another set asked in between."""

COUNTED = (
    "Each of four people asks one question in a new conversation; everything is warm. 'ratio': total "
    "seconds at once / one after another. 'longest_wait_ratio': the longest wait at once / the longest "
    "turn of the same four when each has the machine to themselves. 'wait_over_alone': the longest wait "
    "at once / the median of those turns. 'longest_wait_over_queue': the longest wait at once / the wait "
    "of whoever is last when all four ask at the same moment and are served one after another. Both ways "
    "answer the same sets of four questions; totals and longest waits are means over the sets."
)


@dataclass(frozen=True)
class Wait:
    """One person's turn: seconds from asking to the first event and to the end."""

    question: str
    tool: str | None
    first_event_seconds: float
    seconds: float


@dataclass(frozen=True)
class Round:
    """Four turns in one way, and the seconds until the last was done."""

    waits: list[Wait]
    total_seconds: float

    @property
    def longest(self) -> float:
        """The longest of the turns."""
        return max(wait.seconds for wait in self.waits)


def measure_together(assistant: Assistant, rounds: int) -> dict[str, Any]:
    """Both ways answer the same sets of questions, an even number of sets: see ORDER."""
    done: dict[str, list[Round]] = {"in_turn": [], "at_once": []}
    ways: dict[str, Callable[[Assistant, Sequence[str]], Round]] = {"in_turn": in_turn, "at_once": at_once}
    pairs = -(-rounds // 2)
    progress = Progress("four people", len(ORDER) * pairs)
    in_turn(assistant, [text.format(n=FIRST_NUMBER) for text in QUESTIONS])
    for pair in range(pairs):
        for name, offset in ORDER:
            number = FIRST_NUMBER + 1 + 2 * pair + offset
            done[name].append(ways[name](assistant, [text.format(n=number) for text in QUESTIONS]))
            progress.step(f"{name.replace('_', ' ')} {done[name][-1].total_seconds:.1f} s")
    return together_figures(done["in_turn"], done["at_once"])


def in_turn(assistant: Assistant, questions: Sequence[str]) -> Round:
    """One after another."""
    started = time.perf_counter()
    waits = [_wait(assistant, question) for question in questions]
    return Round(waits, time.perf_counter() - started)


def at_once(assistant: Assistant, questions: Sequence[str]) -> Round:
    """All at the same moment, each from a thread of its own."""
    gate = threading.Barrier(len(questions) + 1)

    def go(question: str) -> Wait:
        gate.wait()
        return _wait(assistant, question)

    with ThreadPoolExecutor(len(questions)) as pool:
        asked = [pool.submit(go, question) for question in questions]
        gate.wait()
        started = time.perf_counter()
        waits = [one.result() for one in asked]
        return Round(waits, time.perf_counter() - started)


def _wait(assistant: Assistant, question: str) -> Wait:
    started = time.perf_counter()
    answer = ask(assistant, "marketer", question)
    seconds = time.perf_counter() - started
    tool = answer.steps[0].tool if answer.steps else None
    return Wait(question, tool, answer.timings.first_event_seconds, round(seconds, 3))


def together_figures(in_turn: Sequence[Round], at_once: Sequence[Round]) -> dict[str, Any]:
    """The ratios, the medians they come from, and every wait."""
    queue = statistics.mean(one.total_seconds for one in in_turn)
    together = statistics.mean(one.total_seconds for one in at_once)
    longest = statistics.mean(one.longest for one in at_once)
    slowest = statistics.mean(one.longest for one in in_turn)
    alone = statistics.median(wait.seconds for one in in_turn for wait in one.waits)
    return {
        "ratio": round(together / queue, 4),
        "longest_wait_ratio": round(longest / slowest, 4),
        "wait_over_alone": round(longest / alone, 4),
        "longest_wait_over_queue": round(longest / queue, 4),
        "total_seconds_in_turn": round(queue, 3),
        "total_seconds_at_once": round(together, 3),
        "longest_wait_at_once": round(longest, 3),
        "longest_turn_in_turn": round(slowest, 3),
        "median_turn_alone": round(alone, 3),
        "in_turn": [asdict(one) for one in in_turn],
        "at_once": [asdict(one) for one in at_once],
    }
