"""Grades a conversation as the benchmark does: by the database it ends in, and by what the user was told.

The right state is that which the reference solution leads to on a fresh database; how an agent gets there is
its own affair, so that looking up more, or in another order, costs nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shopwright.evals.records import Change
from shopwright.evals.tau2.files import Action, Retail, Task
from shopwright.evals.tau2.running import Conversation, ToolCall, prepare
from shopwright.evals.tau2.tools import WRITES, RetailTools, run_tool

GRADED = ("DB", "COMMUNICATE", "ACTION")
SHOWN_DIFFERENCES = 20
NOTHING = object()


@dataclass(frozen=True)
class Graded:
    """What came of a conversation, criterion by criterion."""

    finished: bool
    """The user ended the conversation; what breaks off has failed, as in the benchmark."""
    basis: Sequence[str]
    """The task's criteria that decide, of those that are graded here."""
    not_graded: Sequence[str]
    """The task's other criteria that would have something to judge."""
    differences: Sequence[str] = ()
    """Where the database differs from what it should be."""
    untold: Sequence[str] = ()
    """What the user should have been told and was not."""
    undone: Sequence[str] = ()
    """Calls of the reference solution that the agent did not make."""
    reference_errors: Sequence[str] = ()
    """Writing calls of the reference solution that the tools refused: the task itself is damaged."""
    hashes: tuple[str, str] = ("", "")
    """Of the database as it is, and as it should be."""
    changes: Sequence[Change] = ()
    """Records that the agent changed."""
    unwanted: Sequence[str] = ()
    """Records that the agent changed and the reference solution does not."""

    @property
    def outcomes(self) -> dict[str, bool]:
        """Every criterion that can be graded here, whether or not it decides."""
        right = self.hashes[0] == self.hashes[1]
        return {"DB": right, "COMMUNICATE": not self.untold, "ACTION": not self.undone}

    @property
    def passed(self) -> bool:
        """Whether the conversation was finished and met every criterion that decides."""
        return self.finished and all(self.outcomes[name] for name in self.basis)


def grade(retail: Retail, task: Task, conversation: Conversation) -> Graded:
    """Compare what a conversation has led to with what it should have."""
    criteria = task.evaluation_criteria
    wanted, errors = reference(retail, task)
    said = [text for exchange in conversation.exchanges for text in exchange.said]
    before = prepare(retail, task)
    changed = list(changes(before, conversation.database))
    meant = {place for place, _ in changes(before, wanted)}
    return Graded(
        finished=conversation.end == "user stopped",
        basis=[name for name in criteria.reward_basis if name in GRADED],
        not_graded=[name for name in criteria.reward_basis if name not in GRADED and _asks(task, name)],
        differences=list(_first_differences(conversation.database, wanted)),
        untold=[info for info in criteria.communicate_info if not told(info, said)],
        undone=[describe(action) for action in criteria.actions if not done(action, conversation.calls)],
        reference_errors=errors,
        hashes=(state_hash(conversation.database), state_hash(wanted)),
        changes=[change for _, change in changed],
        unwanted=[place for place, _ in changed if place not in meant],
    )


def reference(retail: Retail, task: Task) -> tuple[dict[str, Any], list[str]]:
    """The database that the reference solution leads to, and its writing calls that were refused."""
    database = prepare(retail, task)
    tools = RetailTools(database)
    errors = []
    for action in task.evaluation_criteria.actions:
        if action.requestor != "assistant":
            continue
        text, failed = run_tool(tools, action.name, action.arguments)
        if failed and action.name in WRITES:
            errors.append(f"{describe(action)}: {text}")
    return database, errors


def state_hash(database: dict[str, Any]) -> str:
    """SHA-256 of the database with its keys in order; equal databases have equal hashes."""
    return hashlib.sha256(json.dumps(database, sort_keys=True, default=str).encode()).hexdigest()


def told(info: str, said: Sequence[str]) -> bool:
    """Whether one of the agent's messages holds the text, whatever the case and without commas, as theirs."""
    return any(info.lower() in text.lower().replace(",", "") for text in said)


def done(action: Action, calls: Sequence[ToolCall]) -> bool:
    """Whether one of the calls is the action, by the arguments that count."""
    names = action.compare_args
    for call in calls:
        if call.name == action.name:
            counted = call.arguments.keys() if names is None else names
            if all(call.arguments.get(name) == action.arguments.get(name) for name in counted):
                return True
    return False


def describe(action: Action) -> str:
    """A call in short."""
    return f"{action.name}({json.dumps(action.arguments, ensure_ascii=False)})"


def differences(found: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """Where two nested values differ, and how."""
    if found is not NOTHING and wanted is not NOTHING:
        if isinstance(found, dict) and isinstance(wanted, dict):
            for name in dict.fromkeys([*wanted, *found]):
                where = f"{place}.{name}" if place else str(name)
                yield from differences(found.get(name, NOTHING), wanted.get(name, NOTHING), where)
            return
        if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
            for at, (one, other) in enumerate(zip(found, wanted, strict=True)):
                yield from differences(one, other, f"{place}[{at}]")
            return
    if found is NOTHING:
        yield f"{place} is missing, should be {_short(wanted)}"
    elif wanted is NOTHING:
        yield f"{place} is {_short(found)}, should not be there"
    elif found != wanted:
        yield f"{place} is {_short(found)}, should be {_short(wanted)}"


def changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    """The records that changed between two states, each with its place."""
    for table in before:
        for key in dict.fromkeys([*before[table], *after[table]]):
            one, other = before[table].get(key), after[table].get(key)
            if one != other:
                kind: Any = "update" if one and other else "insert" if other else "delete"
                yield f"{table}.{key}", Change(table=table, operation=kind, before=one, after=other)


def _first_differences(found: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    for number, one in enumerate(differences(found, wanted)):
        if number == SHOWN_DIFFERENCES:
            yield "and more"
            return
        yield one


def _asks(task: Task, name: str) -> bool:
    """Whether a criterion that is not graded here would have something to judge in the task."""
    listed = {
        "NL_ASSERTION": task.evaluation_criteria.nl_assertions,
        "ENV_ASSERTION": task.evaluation_criteria.env_assertions,
    }
    return bool(listed.get(name, [name]))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:197] + "..."
