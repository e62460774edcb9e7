"""Tools as a model server is offered them, and the check of what comes back."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from shopwright.agent.grammar import Narrowed, narrow

Schema = dict[str, Any]
FENCE = re.compile(r"^```(?:json)?\s*|\s*```$")


class InvalidCallError(ValueError):
    """A call's arguments cannot be read, or its tool does not allow them; the message says what is wrong."""


@dataclass(frozen=True)
class Offer:
    """A tool for one request.

    `shown` is what the prompt says of its arguments. It stays the same from request to request wherever it
    can, so that the server finds the prompt's beginning in its cache. `bound` is what this request allows.
    """

    name: str
    description: str
    shown: Schema
    bound: Schema
    fixed: Mapping[str, Any]
    narrowed: bool

    @classmethod
    def of(cls, tool: Mapping[str, Any], plan: Narrowed | None) -> "Offer":
        """The offer of an OpenAI tool, narrowed by what the request mentions."""
        function = tool["function"]
        schema = function.get("parameters") or {"type": "object", "properties": {}}
        if plan is None:
            shown = bound = _told(plain(schema), schema)
        else:
            bound = _told(plan.open, schema)
            shown = _with_candidates(_told(_always_open(schema), schema), bound, schema)
        return cls(
            name=function["name"],
            description=function.get("description", "").strip(),
            shown=shown,
            bound=bound,
            fixed=plan.fixed if plan else {},
            narrowed=plan is not None,
        )

    def as_tool(self) -> dict[str, Any]:
        """The tool in OpenAI's form, without keywords of our own, which a strict server refuses."""
        function = {"name": self.name, "description": self.description, "parameters": self.shown}
        return {"type": "function", "function": function}

    def arguments(self, text: str) -> dict[str, Any]:
        """What a model wrote, with the arguments that code fixed put over it. Raises InvalidCallError."""
        values = _read(text)
        known = self.bound.get("properties", {})
        if self.narrowed:
            # Silence on an argument that need not apply means the same as null, and one that is fixed, or was
            # not asked for, is no reason to ask again.
            values = {name: values[name] for name in known if name in values} | {
                name: None for name, spec in known.items() if name not in values and _may_be_null(spec)
            }
        problem = best_match(Draft202012Validator(self.bound).iter_errors(values))
        if problem is not None:
            where = ".".join(str(part) for part in problem.absolute_path)
            raise InvalidCallError(f"{where}: {problem.message}" if where else problem.message)
        return {**values, **self.fixed}


def offers(tools: Sequence[Mapping[str, Any]], narrowed: Mapping[str, Narrowed] | None) -> dict[str, Offer]:
    """The offers of a request, by name."""
    made = [Offer.of(tool, (narrowed or {}).get(tool["function"]["name"])) for tool in tools]
    return {offer.name: offer for offer in made}


def plain(schema: Mapping[str, Any]) -> Schema:
    """A JSON schema without `x-` keywords, requiring no more than the properties that it has."""
    kept: Schema = {}
    for key, value in schema.items():
        if key.startswith("x-"):
            continue
        if key in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
            kept[key] = {name: _plain_value(spec) for name, spec in value.items()}
        elif key in ("enum", "const", "default", "examples"):
            kept[key] = value
        else:
            kept[key] = _plain_value(value)
    if "properties" in kept and "required" in kept:
        kept["required"] = [name for name in kept["required"] if name in kept["properties"]]
    return kept


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    return [_plain_value(item) for item in value] if isinstance(value, list) else value


def _always_open(schema: Mapping[str, Any]) -> Schema:
    """What the model decides whatever a request says: all but the arguments that are read from its words."""
    properties = {
        name: {key: value for key, value in spec.items() if key != "x-when"}
        for name, spec in schema.get("properties", {}).items()
    }
    return narrow({**schema, "properties": properties}, {}).open


def _with_candidates(shown: Schema, bound: Schema, schema: Mapping[str, Any]) -> Schema:
    """`shown` with the arguments of which the request mentions several values, to choose among them."""
    candidates = {
        name: spec
        for name, spec in bound["properties"].items()
        if "enum" in spec and "x-mention" in schema["properties"][name]
    }
    return {
        **shown,
        "properties": shown["properties"] | candidates,
        "required": list(dict.fromkeys([*shown["required"], *candidates])),
    }


def _told(open_part: Schema, schema: Mapping[str, Any]) -> Schema:
    """The schema with the tool's own descriptions, which narrowing leaves out, and the meanings of enums."""
    properties = {
        name: {**spec, **_description(schema["properties"][name])} if isinstance(spec, Mapping) else spec
        for name, spec in open_part.get("properties", {}).items()
    }
    return {**open_part, "properties": properties}


def _description(spec: Mapping[str, Any]) -> dict[str, str]:
    meanings = "; ".join(f"{value} = {told}" for value, told in spec.get("x-meanings", {}).items() if told)
    parts = [spec.get("description", ""), f"One of: {meanings}" if meanings else ""]
    text = " ".join(part for part in parts if part)
    return {"description": text} if text else {}


def _may_be_null(spec: Mapping[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in spec.get("anyOf", ()))


def _read(text: str) -> dict[str, Any]:
    try:
        values = json.loads(FENCE.sub("", text.strip()) or "{}", parse_constant=_refuse)
        if isinstance(values, str):  # some small models quote the whole object
            values = json.loads(values, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidCallError(f"this is no JSON: {error}") from error
    if not isinstance(values, dict):
        raise InvalidCallError("this is no JSON object")
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
