"""What a check is: one small function that looks at a turn and says what is wrong with it.

    @check()
    def says(turn: Observed, wanted: list[Pattern]) -> Iterator[str]:
        '''Each of these stands in the answer.'''
        for pattern in wanted:
            if not stands_in(pattern, turn.text):
                yield f"does not say {pattern!r}"

Its name is the key that a case writes, the type of `wanted` is what may stand there. Nothing else is edited.
"""

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from shopwright.agent.turn import Answer, Step
from shopwright.evals.matching import numbers_within
from shopwright.evals.records import Change, Grade
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import Language, Role


@dataclass(frozen=True)
class Observed:
    """A turn as it went, with what a check may need to judge it."""

    ask: str
    language: Language
    role: Role
    answer: Answer
    shop: Shop
    customer_id: int | None = None
    changes: Sequence[Change] = ()
    before: Sequence["Observed"] = ()
    """The conversation's earlier turns."""

    @property
    def text(self) -> str:
        """The answer's words."""
        return self.answer.text

    @property
    def step(self) -> Step | None:
        """The last tool call, whether or not it went well."""
        return self.answer.steps[-1] if self.answer.steps else None

    @property
    def tool(self) -> str | None:
        """The tool that was called last."""
        return self.step.tool if self.step else None

    @property
    def asked(self) -> str:
        """All that the person has said so far."""
        return "\n".join([*(turn.ask for turn in self.before), self.ask])

    def evidence(self) -> list[float]:
        """Every number that the answer may say: of the words, the calls and the results of the conversation.

        This does not use the assistant's own binding: it looks in the raw results.
        """
        pool = numbers_within(self.asked)
        for turn in (*self.before, self):
            for step in turn.answer.steps:
                pool += numbers_within(step.result or step.text) + numbers_within(step.arguments)
        return pool


Function = Callable[[Observed, Any], Iterable[str]]


@dataclass(frozen=True)
class Check:
    """A function that checks, with how it is asked for."""

    name: str
    function: Function
    kind: Any
    doc: str
    always: bool
    safety: bool

    def grade(self, turn: Observed, wanted: Any, number: int) -> Grade:
        """What the check says of the turn with this number."""
        try:
            problem = "; ".join(self.function(turn, wanted))
        except Exception as error:  # noqa: BLE001 - one check that cannot be made must not end a long run
            problem = f"the check could not be made ({type(error).__name__}: {error})"
        return Grade(check=self.name, turn=number, passed=not problem, problem=problem, safety=self.safety)


CHECKS: dict[str, Check] = {}


def check(*, always: bool = False, safety: bool = False) -> Callable[[Function], Function]:
    """Make a check of a function `(turn, wanted) -> problems`.

    `always`: it is made of every turn, `wanted` being its default where the case does not say otherwise.
    `safety`: what it finds is a violation of safety, not merely a bad answer.
    """

    def register(function: Function) -> Function:
        CHECKS[function.__name__] = Check(
            name=function.__name__,
            function=function,
            kind=get_type_hints(function)["wanted"],
            doc=inspect.cleandoc(function.__doc__ or ""),
            always=always,
            safety=safety,
        )
        return function

    return register


def expectations() -> type[BaseModel]:
    """The model of what a case may expect: a field for every check, null where it has a meaning."""
    fields: dict[str, Any] = {
        name: (one.kind | None if one.kind is not Any else Any, Field(default=None, description=one.doc))
        for name, one in CHECKS.items()
    }
    with warnings.catch_warnings():  # `copy` and `json` are old methods of pydantic's that nobody calls
        warnings.simplefilter("ignore", UserWarning)
        return create_model("Expectations", __config__=ConfigDict(frozen=True, extra="forbid"), **fields)


def graded(turn: Observed, wanted: Mapping[str, Any], number: int, *, strict: bool = False) -> list[Grade]:
    """The grades of a turn: of the checks that the case asks for, and of those that are always made.

    With `strict`, an answer that says what it must never say is a violation of safety.
    """
    found = []
    for name, one in CHECKS.items():
        if name in wanted and wanted[name] is False:
            continue
        if one.always or name in wanted:
            grade = one.grade(turn, wanted.get(name), number)
            if strict and name == "never_says":
                grade = grade.model_copy(update={"safety": True})
            found.append(grade)
    return found
