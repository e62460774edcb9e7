"""A whole run of the retail tasks: each trial graded and kept at once, so that a run can go on later."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from shopwright.agent.engines.base import Engine, EngineError
from shopwright.evals.errors import EvalError
from shopwright.evals.figures import headline, rounded
from shopwright.evals.progress import Progress
from shopwright.evals.records import by_trial
from shopwright.evals.statistics import pass_hat
from shopwright.evals.tau2.files import Retail, Task, load
from shopwright.evals.tau2.grading import GRADED, grade
from shopwright.evals.tau2.running import converse
from shopwright.evals.tau2.users import ReplayedUser, SimulatedUser, User, read_transcripts
from shopwright.evals.tau2.verdicts import SUITE, Verdict, verdict_of
from shopwright.evals.unfinished import Unfinished

FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Plan:
    """What a run is of: the domain, its tasks in order, who plays the user, and the bounds."""

    engine: Engine
    retail: Retail
    tasks: Sequence[Task]
    skipped: Mapping[str, str]
    """Tasks that cannot be run or graded here, and why."""
    user_engine: Engine | None
    transcripts: Mapping[str, Sequence[str]]
    trials: int
    max_steps: int
    max_errors: int

    @property
    def user(self) -> str:
        """Who plays the user."""
        return f"simulated by {self.user_engine.name}" if self.user_engine else "replayed"

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Task and trial of every conversation; all tasks once, then all again."""
        return [(task.id, trial) for trial in range(self.trials) for task in self.tasks]

    def user_for(self, task: Task) -> User:
        """The other side of one conversation."""
        if self.user_engine is not None:
            return SimulatedUser(self.user_engine, task, self.retail.guidelines)
        return ReplayedUser(self.transcripts[task.id])

    def run(self, keys: Iterable[tuple[str, int]]) -> Iterator[Verdict]:
        """A verdict for each conversation. Raises EngineError when the engine failed again and again."""
        tasks = {task.id: task for task in self.tasks}
        in_a_row = 0
        for name, trial in keys:
            task = tasks[name]
            talk = converse(
                self.engine,
                self.user_for(task),
                self.retail,
                task,
                max_steps=self.max_steps,
                max_errors=self.max_errors,
            )
            in_a_row = in_a_row + 1 if talk.end == "engine error" else 0
            if in_a_row == FAILURES_IN_A_ROW:
                raise EngineError(f"{in_a_row} conversations in a row failed; the last: {talk.problem}")
            yield verdict_of(task, trial, talk, grade(self.retail, task, talk))


def run_tau2(
    engine: Engine,
    data: Path,
    *,
    user_engine: Engine | None = None,
    transcripts: Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    trials: int = 1,
    max_steps: int = 200,
    max_errors: int = 10,
    unfinished: Path | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Run the retail tasks in `data` with the user that `user_engine` plays, or that a file replays.

    The result is figures, then `verdicts` (what differed, task by task) and `cases` (records of whole
    conversations, as other suites keep them). With `unfinished` each conversation is kept at once, and
    `resume` goes on there. Raises EvalError, and EngineError when the engine is out of order.
    """
    plan = _plan(engine, data, user_engine, transcripts, split, limit, trials, max_steps, max_errors)
    kept = Unfinished(unfinished)
    options = {"split": split, "limit": limit, "trials": trials, "max_steps": max_steps}
    header = {"suite": SUITE, "engine": engine.name, "user": plan.user, **options, "max_errors": max_errors}
    rows = kept.begin({**header, "keys": [list(key) for key in plan.keys]}, resume=resume)
    try:
        done = {(one.id, one.trial): one for one in map(Verdict.model_validate, rows)}
    except ValidationError as error:
        raise EvalError(f"{unfinished} is damaged; delete it and run without --resume.") from error
    rest = [key for key in plan.keys if key not in done]
    progress = Progress(SUITE, len(rest))
    for verdict in plan.run(rest):
        done[verdict.id, verdict.trial] = verdict
        if verdict.end != "engine error":  # those are tried again when the run is taken up
            kept.note(verdict.model_dump(mode="json"))
        progress.step(f"{sum(one.passed for one in done.values())} of {len(done)} passed")
    kept.finished()
    return {**header, **figures([done[key] for key in plan.keys]), "skipped": dict(plan.skipped)}


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Figures of a run, the headline first, with the verdicts and the records below."""
    cases = [verdict.record for verdict in verdicts]
    most = min((len(trials) for trials in by_trial(cases).values()), default=0)
    return {
        **headline(cases),
        "pass_hat_k": {
            str(k): rounded(
                fmean(
                    pass_hat(sum(one.passed for one in trials), len(trials), k)
                    for trials in by_trial(cases).values()
                )
            )
            for k in range(1, most + 1)
        },
        "database_rate": _share(verdict.database for verdict in verdicts),
        "communicate_rate": _share(not verdict.untold for verdict in verdicts if verdict.tells),
        "pass_rate_told": _share(verdict.passed and not verdict.untold for verdict in verdicts),
        "not_graded": dict(Counter(name for one in verdicts if not one.trial for name in one.not_graded)),
        "ends": dict(Counter(verdict.end for verdict in verdicts).most_common()),
        "verdicts": [verdict.model_dump(mode="json", exclude={"record"}) for verdict in verdicts],
        "cases": [case.model_dump(mode="json") for case in cases],
    }


def _share(passed: Iterable[bool]) -> float | None:
    listed = list(passed)
    return rounded(fmean(listed)) if listed else None


def _plan(
    engine: Engine,
    data: Path,
    user_engine: Engine | None,
    transcripts: Path | None,
    split: str | None,
    limit: int | None,
    trials: int,
    max_steps: int,
    max_errors: int,
) -> Plan:
    if (user_engine is None) == (transcripts is None):
        raise EvalError(
            "Somebody must play the user, and only one: give a second engine, or a file of transcripts."
        )
    retail = load(data, split)
    tasks, words = list(retail.tasks), {}
    if transcripts is not None:
        words = read_transcripts(transcripts)
        if split is None and (unknown := words.keys() - {task.id for task in tasks}):
            raise EvalError(f"{transcripts}: there is no task {', '.join(sorted(unknown))} in {data}.")
        tasks = [task for task in tasks if task.id in words]
    skipped = {task.id: why for task in tasks if (why := _unfit(task))}
    tasks = [task for task in tasks if task.id not in skipped][:limit]
    if not tasks:
        raise EvalError(f"No task of {data} is left to run{_reasons(skipped)}.")
    return Plan(
        engine, retail, tasks, skipped, user_engine, words, max(1, trials), max_steps, max_errors
    )  # fmt: skip


def _unfit(task: Task) -> str:
    """Why a task cannot be run or graded here; empty when it can."""
    if task.initial_state and task.initial_state.message_history:
        return "begins in the middle of a conversation"
    basis = task.evaluation_criteria.reward_basis
    if basis and not set(basis) & set(GRADED):
        return f"is decided by {', '.join(basis)} alone, which is not graded here"
    return ""


def _reasons(skipped: Mapping[str, str]) -> str:
    return "" if not skipped else ": " + "; ".join(f"{name} {why}" for name, why in list(skipped.items())[:3])
