"""Asks an engine the leaderboard's questions; says of each call whether it is right, else what is wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shopwright.agent.engines.asking import Reply, ask_engine
from shopwright.agent.engines.base import Engine, EngineError
from shopwright.evals.bfcl.files import Case, tool_name
from shopwright.evals.bfcl.matching import compare

LONGEST_CALL = 400
FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Verdict:
    """How one case went: `failure` is empty when it went right, `argument` names the one that is wrong."""

    id: str
    category: str
    failure: str
    argument: str = ""
    called: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    said: str = ""
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether nothing was wrong."""
        return not self.failure

    def kept(self) -> dict[str, Any]:
        """The verdict as it is kept in a file."""
        return asdict(self)


def run(engine: Engine, cases: Sequence[Case]) -> Iterator[Verdict]:
    """A verdict a case, in order. An engine's error is a failed case; several in a row end the run.

    Raises EngineError when the engine failed again and again.
    """
    in_a_row = 0
    for case in cases:
        try:
            verdict = ask(engine, case)
            in_a_row = 0
        except EngineError as error:
            in_a_row += 1
            if in_a_row == FAILURES_IN_A_ROW:
                raise
            verdict = Verdict(case.id, case.category, "engine error", said=str(error))
        yield verdict


def ask(engine: Engine, case: Case) -> Verdict:
    """One question, to its end, judged."""
    said = [(message["role"], message["content"]) for message in case.messages]
    return judge(case, ask_engine(engine, said, tools=case.tools, max_tokens=LONGEST_CALL))


def judge(case: Case, reply: Reply) -> Verdict:
    """Compare what the engine answered with what the case expects.

    In the irrelevance category any call is wrong; in the others exactly one is due.
    """
    name, given = reply.calls[0] if reply.calls else (None, {})
    arguments = settled(case, name, given)
    failure, argument = _failure(case, reply, arguments)
    return Verdict(
        id=case.id,
        category=case.category,
        failure=failure,
        argument=argument,
        called=name,
        arguments=arguments,
        said="" if reply.calls else reply.text[:300],
        seconds=round(reply.seconds, 3),
    )


def _failure(case: Case, reply: Reply, arguments: Mapping[str, Any]) -> tuple[str, str]:
    if case.function is None:
        return ("call when none due", "") if reply.calls else ("", "")
    if not reply.calls:
        return ("unreadable call" if reply.unreadable else "no call"), ""
    if len(reply.calls) > 1:
        return "several calls", ""
    if reply.calls[0][0] != tool_name(str(case.expected)):
        return "wrong tool", ""
    mismatch = compare(case.function, arguments, case.truth)
    return (mismatch.kind, mismatch.argument) if mismatch else ("", "")


def settled(case: Case, called: str | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the leaderboard sees them: null for one that need not be given means it was not.

    Engines that decide every optional argument write null for absence; no answer of these categories is null.
    """
    function = next((one for one in case.functions if tool_name(one["name"]) == called), None)
    required = function["parameters"].get("required", ()) if function else ()
    return {name: value for name, value in arguments.items() if value is not None or name in required}
