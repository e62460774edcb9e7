"""Runs suites: every case in a shop of its own making, each turn graded, what it changed undone."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from shopwright.agent.engines.base import Engine
from shopwright.agent.turn import Answer, Request
from shopwright.evals.case import Case, Suite
from shopwright.evals.checking import Observed
from shopwright.evals.errors import EvalError
from shopwright.evals.grading import Grading, expected_tools
from shopwright.evals.records import Call, CaseRecord, TurnRecord
from shopwright.evals.sandbox import Sandbox, sandbox
from shopwright.knowledge.settings import Settings

FAILURES_IN_A_ROW = 5


class Exporter(Protocol):
    """What takes the trace of a turn."""

    def export(self, request: Request, answer: Answer) -> None:
        """Take one turn."""


@dataclass(frozen=True)
class Job:
    """One trial of one case."""

    case: Case
    trial: int

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from others."""
        return self.case.full_id, self.trial


def jobs_of(suites: Sequence[Suite], trials: int = 1) -> list[Job]:
    """Every trial of every case, suite by suite."""
    return [Job(case, trial) for trial in range(trials) for suite in suites for case in suite.cases]


def run_jobs(
    settings: Settings,
    engine: Engine,
    suites: Sequence[Suite],
    jobs: Sequence[Job],
    on_record: Callable[[CaseRecord], None],
    *,
    parallel: int = 1,
    exporter: Exporter | None = None,
) -> None:
    """Run the jobs and hand on each record as it is made; with `parallel`, so many at a time.

    Suites without a seed share a copy of the shop; one with a seed gets its own. Raises EvalError when the
    engine fails again and again.
    """
    groups: list[tuple[Mapping[str, Any], list[Job]]] = []
    for suite in suites:
        own = [job for job in jobs if job.case.suite == suite.name]
        if own and (suite.seed or not groups or groups[-1][0]):
            groups.append((suite.seed, own))
        elif own:
            groups[-1][1].extend(own)
    for seed, group in groups:
        _run_group(settings, engine, seed, group, on_record, min(parallel, len(group)), exporter)


def _run_group(
    settings: Settings,
    engine: Engine,
    seed: Mapping[str, Any],
    jobs: Sequence[Job],
    on_record: Callable[[CaseRecord], None],
    parallel: int,
    exporter: Exporter | None,
) -> None:
    waiting: SimpleQueue[Job] = SimpleQueue()
    for job in jobs:
        waiting.put(job)
    done: SimpleQueue[CaseRecord | None] = SimpleQueue()
    with ExitStack() as stack, ThreadPoolExecutor(parallel) as pool:
        places = [stack.enter_context(sandbox(settings, engine, seed)) for _ in range(parallel)]
        places[0].assistant.warm()
        running = [pool.submit(_work, place, waiting, done, exporter) for place in places]
        try:
            for record in _arriving(done, parallel):
                on_record(record)
        except BaseException:
            _drain(waiting)
            raise
        for one in running:
            one.result()


def _work(
    place: Sandbox,
    waiting: "SimpleQueue[Job]",
    done: "SimpleQueue[CaseRecord | None]",
    exporter: Exporter | None,
) -> None:
    in_a_row = 0
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except Empty:
                return
            record = run_case(place, job.case, job.trial, exporter)
            in_a_row = in_a_row + 1 if any(turn.error_id for turn in record.turns) else 0
            done.put(record)
            if in_a_row == FAILURES_IN_A_ROW:
                _drain(waiting)
                raise EvalError(
                    f"{FAILURES_IN_A_ROW} cases in a row ended in an error; the last said: "
                    f"{record.turns[-1].text[:300]} See logs/shopwright.log of the data folder."
                )
    finally:
        done.put(None)


def _drain(waiting: "SimpleQueue[Job]") -> None:
    while True:
        try:
            waiting.get_nowait()
        except Empty:
            return


def _arriving(done: "SimpleQueue[CaseRecord | None]", workers: int) -> Iterator[CaseRecord]:
    """Records as they come, until every worker has said that it is done."""
    while workers:
        record = done.get()
        if record is None:
            workers -= 1
        else:
            yield record


def run_case(place: Sandbox, case: Case, trial: int = 0, exporter: Exporter | None = None) -> CaseRecord:
    """One case in one sandbox, which is as it was before when this returns."""
    grading = Grading(place, case)
    records: list[TurnRecord] = []
    conversation = ""
    try:
        for asked in case.asked:
            request = Request(
                role=case.role,
                actor=case.actor,
                text=grading.words(asked),
                conversation="" if case.twin else conversation,
                customer_id=grading.customer,
            )
            began = time.process_time()
            answer = answer_to(place.assistant.stream(request))
            spent = time.process_time() - began
            if exporter is not None:
                exporter.export(request, answer)
            conversation = answer.conversation
            wanted = grading.take(asked, answer, place.changes())
            records.append(_record(grading.turns[-1], wanted, spent))
    finally:
        place.reset()
    return CaseRecord(
        id=case.full_id,
        suite=case.suite,
        role=case.role,
        language=case.tongue,
        tags=case.tags,
        trial=trial,
        turns=records,
        grades=grading.end(),
    )


def answer_to(events: Iterator[Any]) -> Answer:
    """The Answer with which a turn's events end. Raises TypeError where they end otherwise."""
    last = next(iter(deque(events, maxlen=1)), None)
    if not isinstance(last, Answer):
        raise TypeError(f"the stream ended with {type(last).__name__}, not an Answer")
    return last


def _record(seen: Observed, wanted: Mapping[str, Any], cpu: float) -> TurnRecord:
    answer = seen.answer
    return TurnRecord(
        ask=seen.ask,
        language=seen.language,
        text=answer.text,
        expected_tools=expected_tools(wanted),
        calls=[
            Call(
                tool=step.tool,
                arguments=step.arguments,
                status=step.status,
                text=step.text,
                result=step.result,
                seconds=step.seconds,
            )
            for step in answer.steps
        ],
        changes=list(seen.changes),
        evidence=[one.model_dump() for one in answer.evidence],
        prompt_tokens=answer.usage.prompt_tokens,
        cached_tokens=answer.usage.cached_tokens,
        completion_tokens=answer.usage.completion_tokens,
        first_seconds=answer.timings.first_event_seconds,
        seconds=answer.timings.total_seconds,
        cpu_seconds=round(cpu, 3),
        error_id=answer.error_id,
        notices=answer.notices,
    )


def half_of(cases: Collection[str], half: str) -> set[str]:
    """The ids of one half, `a` or `b`: which one a case is in depends on its id alone."""
    return {one for one in cases if "ab"[zlib.crc32(one.encode()) % 2] == half}
