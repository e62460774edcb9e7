"""Reading the leaderboard's files, and its functions as tools that an engine can be offered."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopwright.evals.errors import EvalError

CATEGORIES: dict[str, tuple[str, ...]] = {
    "simple": ("simple_python", "simple"),
    "multiple": ("multiple",),
    "irrelevance": ("irrelevance",),
}
VERSIONS = ("v4", "v3", "v2", "v1")
JSON_TYPES = {
    "integer": "integer",
    "long": "integer",
    "number": "number",
    "float": "number",
    "double": "number",
    "string": "string",
    "char": "string",
    "any": "string",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "tuple": "array",
    "dict": "object",
    "object": "object",
}


@dataclass(frozen=True)
class Case:
    """One question with the functions on offer. `truth`: what each argument of the one call may be."""

    id: str
    category: str
    messages: list[dict[str, str]]
    functions: list[dict[str, Any]]
    expected: str | None
    truth: Mapping[str, Sequence[Any]]

    @property
    def function(self) -> dict[str, Any] | None:
        """The function that must be called; None when none must be."""
        return next((function for function in self.functions if function["name"] == self.expected), None)

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The functions as tools in the form that engines take."""
        return [as_tool(function) for function in self.functions]


def load(folder: Path, category: str) -> list[Case]:
    """The cases of a category. Raises EvalError, naming what was looked for, when the files are not there."""
    file = _find(folder, category)
    truths = (
        {}
        if category == "irrelevance"
        else {row["id"]: row["ground_truth"] for row in _rows(folder / "possible_answer" / file.name)}
    )
    return [_case(row, category, truths, file) for row in _rows(file)]


def sample(cases: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """At most `limit` cases, the same for the same seed, in the file's order."""
    if limit is None or limit >= len(cases):
        return list(cases)
    # A sample for an evaluation guards no secret.
    chosen = random.Random(f"{seed}:{cases[0].category}").sample(range(len(cases)), limit)  # noqa: S311
    return [cases[place] for place in sorted(chosen)]


def as_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """A function as a tool in OpenAI's form: dots out of its name, its types those of JSON Schema."""
    parameters = json_schema(function["parameters"])
    return {
        "type": "function",
        "function": {
            "name": tool_name(function["name"]),
            "description": function.get("description", ""),
            "parameters": {**parameters, "type": "object"},
        },
    }


def tool_name(name: str) -> str:
    """A function's name without the dots that tool names may not have."""
    return name.replace(".", "_")


def json_schema(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's description with the leaderboard's type names turned into JSON Schema's, at every depth.

    As in the leaderboard's own runner a missing or unknown type, and `any`, become a string. Keywords that
    JSON Schema does not have (`optional`, formats of numbers) are dropped.
    """
    schema = {key: value for key, value in spec.items() if key not in ("optional", "format")}
    schema["type"] = JSON_TYPES.get(str(spec.get("type")), "string")
    if isinstance(spec.get("properties"), Mapping):
        schema["properties"] = {name: json_schema(inner) for name, inner in spec["properties"].items()}
    if isinstance(spec.get("items"), Mapping):
        schema["items"] = json_schema(spec["items"])
    return schema


def _find(folder: Path, category: str) -> Path:
    names = [f"BFCL_{version}_{stem}.json" for version in VERSIONS for stem in CATEGORIES[category]]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise EvalError(
        f"{folder} holds no {names[0]} (nor another version of it). Give the folder `data` of the package "
        "bfcl-eval, which also holds possible_answer/."
    )


def _rows(file: Path) -> list[dict[str, Any]]:
    """JSON lines, or a JSON list, as the versions of the files differ in that."""
    try:
        text = file.read_text(encoding="utf-8")
        if text.lstrip().startswith("["):
            return list(json.loads(text))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise EvalError(f"{file} is not there: the answers must stand beside the questions.") from error
    except (OSError, ValueError) as error:
        raise EvalError(f"{file} cannot be read as JSON lines: {error}.") from error


def _case(row: Mapping[str, Any], category: str, truths: Mapping[str, Any], file: Path) -> Case:
    try:
        expected, truth = None, {}
        if category != "irrelevance":
            ((expected, truth),) = truths[row["id"]][0].items()
        return Case(
            id=row["id"],
            category=category,
            messages=list(row["question"][0]),
            functions=list(row["function"]),
            expected=expected,
            truth=truth,
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise EvalError(
            f"{file}: case {row.get('id', '?')} is not in the leaderboard's form "
            f"({type(error).__name__}: {error})."
        ) from error
