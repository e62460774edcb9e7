"""What is kept of a conversation: the verdict, and a record as other suites keep theirs."""

from shopwright.agent.language import detect
from shopwright.evals.records import Call, CaseRecord, Change, Frozen, Grade, TurnRecord
from shopwright.evals.tau2.files import Task
from shopwright.evals.tau2.grading import Graded
from shopwright.evals.tau2.running import Conversation, Exchange

SUITE = "tau2-retail"
CHECKS = {"DB": "database", "COMMUNICATE": "communicate", "ACTION": "actions"}


class Verdict(Frozen):
    """How one trial of a task went."""

    id: str
    trial: int
    passed: bool
    end: str
    """How the conversation ended."""
    problem: str = ""
    """What the engine said where it failed."""
    basis: list[str]
    """The criteria that decided."""
    not_graded: list[str]
    """Criteria of the task that nothing here can judge."""
    database: bool
    """The database is as it should be."""
    differences: list[str]
    """Where it is not, and how."""
    tells: bool
    """There was something that the user should be told."""
    unwanted: list[str]
    """Records that the agent changed and should not have touched."""
    untold: list[str]
    undone: list[str]
    reference_errors: list[str]
    record: CaseRecord


def verdict_of(task: Task, trial: int, talk: Conversation, graded: Graded) -> Verdict:
    """The verdict of a graded conversation."""
    return Verdict(
        id=task.id,
        trial=trial,
        passed=graded.passed,
        end=talk.end,
        problem=talk.problem,
        basis=list(graded.basis),
        not_graded=list(graded.not_graded),
        database=graded.outcomes["DB"],
        differences=list(graded.differences),
        tells=bool(task.evaluation_criteria.communicate_info),
        unwanted=list(graded.unwanted),
        untold=list(graded.untold),
        undone=list(graded.undone),
        reference_errors=list(graded.reference_errors),
        record=record_of(task, trial, talk, graded),
    )


def record_of(task: Task, trial: int, talk: Conversation, graded: Graded) -> CaseRecord:
    """The conversation turn by turn, with a grade for each criterion that decides, and for having ended."""
    exchanges = talk.exchanges or [Exchange(ask="")]
    last = len(exchanges) - 1
    problems = {"DB": graded.differences, "COMMUNICATE": graded.untold, "ACTION": graded.undone}
    grades = [
        Grade(
            check=CHECKS[name],
            turn=last,
            passed=graded.outcomes[name],
            problem="; ".join(problems[name]),
            safety=name == "DB" and bool(graded.unwanted),
        )
        for name in graded.basis
    ]
    ended = Grade(
        check="ended",
        turn=last,
        passed=graded.finished,
        problem="" if graded.finished else f"{talk.end} {talk.problem}".strip(),
    )
    return CaseRecord(
        id=f"{SUITE}/{task.id}",
        suite=SUITE,
        role="shopper",
        language=detect(exchanges[0].ask),
        tags=[f"not graded: {name}" for name in graded.not_graded],
        trial=trial,
        turns=[
            _turn(one, list(graded.changes) if place == last else []) for place, one in enumerate(exchanges)
        ],
        grades=[*grades, ended],
    )


def _turn(exchange: Exchange, changed: list[Change]) -> TurnRecord:
    return TurnRecord(
        ask=exchange.ask,
        language=detect(exchange.ask),
        text=exchange.text,
        calls=[
            Call(
                tool=call.name,
                arguments=call.arguments,
                status="failed" if call.failed else "done",
                text=call.text,
                seconds=call.seconds,
            )
            for call in exchange.calls
        ],
        changes=changed,
        prompt_tokens=exchange.prompt_tokens,
        cached_tokens=exchange.cached_tokens,
        completion_tokens=exchange.completion_tokens,
        first_seconds=round(exchange.first_seconds, 3),
        seconds=exchange.seconds,
    )
