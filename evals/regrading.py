"""Grades a kept run anew: after a change of checks or cases, without asking the model again."""

from collections.abc import Sequence

from shopwright.agent.turn import Answer, Evidence, Step, Timings, Usage
from shopwright.evals.case import Case, Suite
from shopwright.evals.errors import EvalError
from shopwright.evals.grading import Grading, expected_tools
from shopwright.evals.records import CaseRecord, Run, TurnRecord
from shopwright.evals.sandbox import Sandbox, sandbox
from shopwright.knowledge.settings import Settings


def regrade(settings: Settings, suites: Sequence[Suite], run: Run) -> list[CaseRecord]:
    """The run's cases with the grades that the suites' cases and checks give now, in the same order.

    A case that is in no suite any more, or asks something else now, is left out. Raises EvalError for a run
    that was kept in brief.
    """
    found: dict[tuple[str, int], CaseRecord] = {}
    for suite in suites:
        cases = {case.full_id: case for case in suite.cases}
        own = [record for record in run.cases if record.id in cases]
        if own:
            with sandbox(settings, None, suite.seed) as place:
                for record in own:
                    if _same(place, cases[record.id], record):
                        found[record.id, record.trial] = _anew(place, cases[record.id], record)
    return [found[key] for one in run.cases if (key := (one.id, one.trial)) in found]


def _same(place: Sandbox, case: Case, record: CaseRecord) -> bool:
    grading = Grading(place, case)
    return [grading.words(one) for one in case.asked] == [turn.ask for turn in record.turns]


def _anew(place: Sandbox, case: Case, record: CaseRecord) -> CaseRecord:
    grading = Grading(place, case)
    turns: list[TurnRecord] = []
    for asked, turn in zip(case.asked, record.turns, strict=True):
        if any(call.status == "done" and call.result is None for call in turn.calls):
            raise EvalError(f"{record.id} was kept in brief, without what the tools returned: run it again.")
        wanted = grading.take(asked, _answer(turn), turn.changes)
        turns.append(turn.model_copy(update={"expected_tools": expected_tools(wanted)}))
    return record.model_copy(update={"turns": turns, "grades": grading.end(), "tags": case.tags})


def _answer(turn: TurnRecord) -> Answer:
    return Answer(
        text=turn.text,
        language=turn.language,
        conversation="",
        steps=[
            Step(
                id=f"s{number}",
                tool=call.tool,
                arguments=call.arguments,
                status="done" if call.status == "done" else "failed",
                result=call.result,
                text=call.text,
                seconds=call.seconds,
            )
            for number, call in enumerate(turn.calls, start=1)
        ],
        evidence=[Evidence(**one) for one in turn.evidence],
        usage=Usage(
            prompt_tokens=turn.prompt_tokens,
            cached_tokens=turn.cached_tokens,
            completion_tokens=turn.completion_tokens,
        ),
        timings=Timings(first_event_seconds=turn.first_seconds, total_seconds=turn.seconds),
        error_id=turn.error_id,
        notices=turn.notices,
    )
