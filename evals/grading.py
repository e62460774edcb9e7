"""Grades a case turn by turn: as it is asked, or again from what was kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shopwright.agent.language import detect
from shopwright.agent.turn import Answer
from shopwright.evals.case import Asked, Case, filled
from shopwright.evals.checking import Observed, graded
from shopwright.evals.checks import differing
from shopwright.evals.records import Change, Grade
from shopwright.evals.sandbox import Sandbox

FILLED = frozenset(("arguments", "says", "never_says", "truth", "changes"))
"""Checks whose expectations may hold placeholders."""


@dataclass
class Grading:
    """One case in a sandbox: its turns so far, and what the checks say of them."""

    place: Sandbox
    case: Case
    turns: list[Observed] = field(default_factory=list)
    grades: list[Grade] = field(default_factory=list)

    @property
    def customer(self) -> int | None:
        """The shopper who is signed in."""
        signed_in = self.case.customer
        return self.place.names.get("own_customer") if isinstance(signed_in, str) else signed_in

    def words(self, asked: Asked) -> str:
        """What the person writes in this shop."""
        return str(filled(asked.ask, self.place.names))

    def take(self, asked: Asked, answer: Answer, changes: Sequence[Change]) -> Mapping[str, Any]:
        """Grade the next turn; returns what was expected of it."""
        wanted = {
            name: filled(value, self.place.names) if name in FILLED else value
            for name, value in asked.expected.items()
        }
        words = self.words(asked)
        seen = Observed(
            ask=words,
            language=detect(words),
            role=self.case.role,
            answer=answer,
            shop=self.place.shop,
            customer_id=self.customer,
            changes=changes,
            before=[] if self.case.twin else list(self.turns),
        )
        self.grades += graded(seen, wanted, len(self.turns), strict=self.case.strict)
        self.turns.append(seen)
        return wanted

    def end(self) -> list[Grade]:
        """All grades: of twins also whether they say the same."""
        if self.case.twin:
            problem = "; ".join(differing(*self.turns))
            self.grades.append(Grade(check="same", turn=1, passed=not problem, problem=problem))
        return self.grades


def expected_tools(wanted: Mapping[str, Any]) -> list[str | None] | None:
    """The tools that a turn's expectations call right; None where they say nothing of tools."""
    if "tool" not in wanted:
        return None
    expected = wanted["tool"]
    return list(expected) if isinstance(expected, list) else [expected]
