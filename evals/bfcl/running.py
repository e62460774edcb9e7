"""Asks an engine the leaderboard's questions; says of each call whether it is right, else what is wrong."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from shopwright.agent.engines.base import Engine, EngineError
from shopwright.evals.bfcl.files import Case, tool_name
from shopwright.evals.bfcl.matching import compare

LONGEST_CALL = 400
FAILURES_IN_A_ROW = 5
MESSAGES: Mapping[str, type[BaseMessage]] = {
    "user": HumanMessage,
    "system": SystemMessage,
    "assistant": AIMessage,
}


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
    messages = [MESSAGES[one["role"]](one["content"]) for one in case.messages]
    started = time.perf_counter()
    whole: AIMessageChunk | None = None
    for chunk in engine.stream(messages, tools=case.tools, max_tokens=LONGEST_CALL):
        whole = chunk if whole is None else whole + chunk
    seconds = round(time.perf_counter() - started, 3)
    return judge(case, whole or AIMessageChunk(content=""), seconds)


def judge(case: Case, answer: AIMessage, seconds: float = 0.0) -> Verdict:
    """Compare what the engine answered with what the case expects.

    In the irrelevance category any call is wrong; in the others exactly one is due.
    """
    calls = answer.tool_calls
    call = calls[0] if calls else None
    arguments = settled(case, call["name"], call["args"]) if call else {}
    failure, argument = _failure(case, answer, arguments)
    return Verdict(
        id=case.id,
        category=case.category,
        failure=failure,
        argument=argument,
        called=call["name"] if call else None,
        arguments=arguments,
        said="" if call else str(answer.text)[:300],
        seconds=seconds,
    )


def _failure(case: Case, answer: AIMessage, arguments: Mapping[str, Any]) -> tuple[str, str]:
    calls = answer.tool_calls
    if case.function is None:
        return ("call when none due", "") if calls else ("", "")
    if not calls:
        return ("unreadable call" if answer.invalid_tool_calls else "no call"), ""
    if len(calls) > 1:
        return "several calls", ""
    if calls[0]["name"] != tool_name(str(case.expected)):
        return "wrong tool", ""
    mismatch = compare(case.function, arguments, case.truth)
    return (mismatch.kind, mismatch.argument) if mismatch else ("", "")


def settled(case: Case, called: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the leaderboard sees them: null for one that need not be given means it was not.

    Engines that decide every optional argument write null for absence; no answer of these categories is null.
    """
    function = next((one for one in case.functions if tool_name(one["name"]) == called), None)
    required = function["parameters"].get("required", ()) if function else ()
    return {name: value for name, value in arguments.items() if value is not None or name in required}
