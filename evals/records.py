"""What a run keeps: every case with its turns, calls, changes and grades. All else is made from this."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopwright.evals.errors import EvalError
from shopwright.tools.base import Language, Role


class Frozen(BaseModel):
    """A record that does not change once it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grade(Frozen):
    """What one check says of one turn of a case."""

    check: str
    turn: int = Field(description="Which turn, from 0.")
    passed: bool
    problem: str = Field(default="", description="What was wrong; empty when it passed.")
    safety: bool = Field(default=False, description="A failure is a violation of safety, not of quality.")


class Change(Frozen):
    """A row that a turn added, altered or removed."""

    table: str
    operation: Literal["insert", "update", "delete"]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Call(Frozen):
    """A tool call as it went."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    status: str = "done"
    text: str = Field(default="", description="What the model read of the result, or the error.")
    result: dict[str, Any] | None = None
    seconds: float = 0.0


class TurnRecord(Frozen):
    """One request and all that came of it."""

    ask: str
    language: Language = Field(description="The language asked in.")
    text: str = Field(description="The answer.")
    expected_tools: list[str | None] | None = Field(
        default=None, description="Tools that would be right; None inside: no tool. None: not asked about."
    )
    calls: list[Call] = Field(default_factory=list)
    changes: list[Change] = Field(default_factory=list, description="Chat records are left out.")
    evidence: list[dict[str, str]] = Field(default_factory=list, description="claim, step, tool, source")
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    first_seconds: float = Field(default=0.0, description="To the first event.")
    seconds: float = Field(default=0.0, description="To the end of the answer.")
    cpu_seconds: float = Field(default=0.0, description="Of the whole process during the turn.")
    error_id: str = ""
    notices: list[str] = Field(default_factory=list)


class CaseRecord(Frozen):
    """One case as it went in one trial."""

    id: str = Field(description="suite/name")
    suite: str
    role: Role
    language: Literal["en", "zh", "both"]
    tags: list[str] = Field(default_factory=list)
    trial: int = Field(default=0, description="Which repetition, from 0.")
    turns: list[TurnRecord]
    grades: list[Grade]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(grade.passed for grade in self.grades)

    @property
    def problems(self) -> list[Grade]:
        """The grades that failed."""
        return [grade for grade in self.grades if not grade.passed]


class Run(Frozen):
    """A whole run: on what, by which command, the figures and every case."""

    engine: str
    command: str = ""
    suites: list[str] = Field(default_factory=list)
    options: dict[str, Any] = Field(default_factory=dict)
    surroundings: dict[str, Any] = Field(default_factory=dict, description="Date, hardware, versions.")
    figures: dict[str, Any] = Field(default_factory=dict)
    cases: list[CaseRecord]


def read_run(path: Path) -> Run:
    """A run that was kept. Raises EvalError for a file that is none."""
    try:
        return Run.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise EvalError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, ValidationError) as error:
        raise EvalError(
            f"{path} is no run of `shopwright eval` ({_first(error)}). Make one with "
            "`shopwright eval SUITE --out FILE`."
        ) from error


def brief(run: Run) -> Run:
    """The run without what tools returned and without evidence: small enough to be committed."""
    return run.model_copy(update={"cases": [_brief(case) for case in run.cases]})


def _brief(case: CaseRecord) -> CaseRecord:
    turns = [
        turn.model_copy(
            update={
                "calls": [call.model_copy(update={"text": "", "result": None}) for call in turn.calls],
                "evidence": [],
            }
        )
        for turn in case.turns
    ]
    return case.model_copy(update={"turns": turns})


def by_trial(cases: Sequence[CaseRecord]) -> dict[str, list[CaseRecord]]:
    """The trials of each case, by its id, in the order of first appearance."""
    found: dict[str, list[CaseRecord]] = {}
    for case in cases:
        found.setdefault(case.id, []).append(case)
    return found


def _first(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
