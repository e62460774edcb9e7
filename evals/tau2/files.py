"""Reading the benchmark's retail folder: database, policy, tasks, and the split of the tasks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shopwright.evals.errors import EvalError

PLACES = (".", "data/tau2/domains/retail", "tau2/domains/retail", "domains/retail", "retail")
GUIDELINES = Path("user_simulator") / "simulation_guidelines.md"
BASIS = ("DB", "COMMUNICATE")


class Lenient(BaseModel):
    """A part of the benchmark's files: what we do not use is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class Action(Lenient):
    """A tool call of the reference solution."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    requestor: str = "assistant"
    compare_args: list[str] | None = None


class Criteria(Lenient):
    """What a task is graded by."""

    actions: list[Action] = Field(default_factory=list)
    communicate_info: list[str] = Field(default_factory=list)
    nl_assertions: list[str] = Field(default_factory=list)
    env_assertions: list[dict[str, Any]] = Field(default_factory=list)
    reward_basis: list[str] = Field(default=list(BASIS))

    @field_validator("actions", "communicate_info", "nl_assertions", "env_assertions", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("reward_basis", mode="before")
    @classmethod
    def _none_is_usual(cls, value: Any) -> Any:
        return list(BASIS) if value is None else value


class Setup(Lenient):
    """A function that is called before the conversation begins."""

    env_type: str = "assistant"
    func_name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class InitialState(Lenient):
    """How a task's world differs from the database's file."""

    initialization_data: dict[str, Any] | None = None
    initialization_actions: list[Setup] | None = None
    message_history: list[dict[str, Any]] | None = None


class Scenario(Lenient):
    """Who calls, and why."""

    persona: str | None = None
    instructions: dict[str, Any] | str

    @property
    def text(self) -> str:
        """The scenario as the user's simulator reads it."""
        told = self.instructions
        if isinstance(told, dict):
            told = "\n".join(
                f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in told.items() if value
            )
        return f"Persona: {self.persona}\n{told}" if self.persona else told


class Task(Lenient):
    """One conversation to be had."""

    id: str
    user_scenario: Scenario
    initial_state: InitialState | None = None
    evaluation_criteria: Criteria = Criteria()

    @field_validator("evaluation_criteria", mode="before")
    @classmethod
    def _none_asks_nothing(cls, value: Any) -> Any:
        return {"reward_basis": []} if value is None else value


@dataclass(frozen=True)
class Retail:
    """The benchmark's retail domain as it lies in a folder."""

    database: str
    """The JSON text, from which every conversation gets a database of its own."""
    policy: str
    tasks: Sequence[Task]
    guidelines: str
    """How the user is to be played; empty when the folder has no such text."""

    def fresh(self, task: Task | None = None) -> dict[str, Any]:
        """A database of one's own, with what the task's beginning puts into it."""
        database: dict[str, Any] = json.loads(self.database)
        state = task.initial_state if task else None
        if state and state.initialization_data:
            merge(database, state.initialization_data.get("agent_data") or {})
        return database


def load(data: Path, split: str | None = None, limit: int | None = None) -> Retail:
    """The domain, with the first `limit` tasks of a split. Raises EvalError, saying what is wrong where."""
    folder = find(data)
    database = _text(folder / "db.json")
    world = _json(folder / "db.json", database)
    for name in ("products", "users", "orders"):
        if not isinstance(world, dict) or not isinstance(world.get(name), dict):
            raise EvalError(f"{folder / 'db.json'} is no retail database: it has no object {name!r}.")
    tasks = _tasks(folder / "tasks.json")
    if split is not None:
        tasks = _of_split(folder / "split_tasks.json", split, tasks)
    guidelines = folder.parent.parent / GUIDELINES
    return Retail(
        database=database,
        policy=_text(folder / "policy.md"),
        tasks=tasks[:limit],
        guidelines=_text(guidelines) if guidelines.is_file() else "",
    )


def find(data: Path) -> Path:
    """The folder of the retail domain: `data` itself, or where it lies in the benchmark's repository."""
    for place in PLACES:
        if (data / place / "db.json").is_file():
            return (data / place).resolve()
    raise EvalError(
        f"{data} holds no retail domain of tau2-bench: no db.json there nor in {PLACES[1]}. Give the "
        "benchmark's repository, or the folder with db.json, tasks.json and policy.md."
    )


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """Put `more` into a nested object; what stands there and is not named stays."""
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            merge(into[name], value)
        else:
            into[name] = value


def _tasks(file: Path) -> list[Task]:
    rows = _json(file, _text(file))
    if not isinstance(rows, list) or not rows:
        raise EvalError(f"{file} is no list of tasks.")
    tasks: list[Task] = []
    for number, row in enumerate(rows):
        try:
            tasks.append(Task.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
            where = ".".join(map(str, first["loc"]))
            raise EvalError(f"{file}: task {name}: {where}: {first['msg']}.") from error
    seen: set[str] = set()
    for task in tasks:
        if task.id in seen:
            raise EvalError(f"{file}: the task id {task.id!r} stands twice.")
        seen.add(task.id)
    return tasks


def _of_split(file: Path, split: str, tasks: Sequence[Task]) -> list[Task]:
    splits = _json(file, _text(file))
    if not isinstance(splits, dict) or split not in splits:
        known = ", ".join(splits) if isinstance(splits, dict) else "none"
        raise EvalError(f"{file} has no split {split!r}; it has {known}.")
    wanted = {str(one) for one in splits[split]}
    return [task for task in tasks if task.id in wanted]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise EvalError(
            f"{file} cannot be read: {error.strerror}. It is part of the retail domain."
        ) from error
    except UnicodeDecodeError as error:
        raise EvalError(f"{file} is no UTF-8 text.") from error


def _json(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EvalError(f"{file}:{error.lineno}: no JSON: {error.msg}.") from error
