"""Grammars that bind what a model may decode: a tool's name, its arguments, an answer's numbers.

Every engine that decodes here reads the same text, LLGuidance's dialect of Lark with JSON schemas inside:
https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shopwright.agent.mentions import Mentions

HEADER = "%llguidance {}\n"
MAX_STRING = 120
MAX_ITEMS = 16
LARGEST = 10**9
FINEST = 1e-6
# Digits, and what a model that may not write one falls back on: fractions, powers, full-width digits.
DIGIT_LIKE = "0-9¼-¾²³¹⁰-⁹₀-₉⅐-↉①-⓿０-９"


class Narrowed(BaseModel):
    """A tool's arguments for one request: `fixed` were read by code, `open` is left to the model."""

    model_config = ConfigDict(frozen=True)
    fixed: dict[str, Any] = Field(default_factory=dict)
    open: dict[str, Any] = Field(
        default_factory=dict, description="JSON schema; no properties: nothing open."
    )


def narrow(schema: Mapping[str, Any], mentions: Mentions) -> Narrowed:
    """Split a tool's schema into what the request's mentions fix and what the model still decides.

    The model decides every argument that is not read from mentions, by null where it does not apply. One
    that is (`x-mention`) is dropped when there is no mention, fixed when there is one, and an enum of the
    candidates when there are several.
    """
    fixed: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    required = set(schema.get("required", ()))
    for name, spec in schema.get("properties", {}).items():
        kind = spec.get("x-mention")
        if spec.get("x-when") and spec["x-when"] not in mentions:
            continue
        if kind is None:
            properties[name] = (
                _bounded(spec) if name in required else {"anyOf": [{"type": "null"}, _bounded(spec)]}
            )
            required.add(name)  # an optional argument is decided by writing null, never by silence
            continue
        candidates = [value for value in mentions.get(kind, ()) if _fits(value, spec)]
        if len(candidates) == 1:
            fixed[name] = candidates[0]
        elif candidates:
            properties[name] = {"enum": candidates}
            required.add(name)
        elif name in required:
            properties[name] = _bounded(spec)
    definitions = {key: _inside("$defs", schema[key]) for key in ("$defs", "definitions") if key in schema}
    return Narrowed(
        fixed=fixed,
        open={
            **definitions,
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name in required],
            "additionalProperties": False,
        },
    )


def left_open(schema: Mapping[str, Any], mentions: Mentions, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Of `arguments`, those that the model decides, as it would write them: null for what is absent."""
    return {name: arguments.get(name) for name in narrow(schema, mentions).open["properties"]}


def _fits(value: Any, spec: Mapping[str, Any]) -> bool:
    if "enum" in spec and value not in spec["enum"]:
        return False
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return bool(spec.get("minimum", value) <= value <= spec.get("maximum", value))
    return True


def _bounded(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The schema's own keywords, bounded in strings, numbers and lists so that decoding cannot run away."""
    kept: dict[str, Any] = {
        key: _inside(key, value)
        for key, value in spec.items()
        if not key.startswith("x-") and key not in ("description", "title", "default", "examples")
    }
    if "enum" in kept or "const" in kept:
        return kept
    kinds = kept.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "string" in kinds:
        kept["maxLength"] = min(kept.get("maxLength", MAX_STRING), MAX_STRING)
    if "array" in kinds:
        kept.setdefault("maxItems", MAX_ITEMS)
    if kinds & {"integer", "number"}:
        if not {"minimum", "exclusiveMinimum"} & kept.keys():
            kept["minimum"] = -LARGEST
        if not {"maximum", "exclusiveMaximum"} & kept.keys():
            kept["maximum"] = LARGEST
    if "number" in kinds:
        kept.setdefault("multipleOf", FINEST)  # a third has no last digit
    return kept


def _inside(key: str, value: Any) -> Any:
    """Bounds within a keyword that holds schemas."""
    if key in ("properties", "$defs", "definitions") and isinstance(value, Mapping):
        return {name: _bounded(spec) if isinstance(spec, Mapping) else spec for name, spec in value.items()}
    if key in ("items", "additionalProperties") and isinstance(value, Mapping):
        return _bounded(value)
    if key in ("anyOf", "oneOf", "allOf", "prefixItems") and isinstance(value, Sequence):
        return [_bounded(option) for option in value]
    return value


def without_idle_nulls(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without the nulls that say 'does not apply' of an optional argument."""
    required = set(schema.get("required", ()))
    specs = schema.get("properties", {})
    return {
        name: value
        for name, value in values.items()
        if value is not None or name in required or _takes_null(specs.get(name, {}))
    }


def _takes_null(spec: Mapping[str, Any]) -> bool:
    options = spec.get("anyOf", spec.get("oneOf", [spec]))
    return any(
        "null" in (kinds if isinstance(kinds := option.get("type", ()), list) else [kinds])
        or None in option.get("enum", ())
        for option in options
    )


def choice(names: Sequence[str]) -> str:
    """A grammar for exactly one of `names`."""
    return f"{HEADER}start: {' | '.join(map(_literal, names))}\n"


def arguments(schema: Mapping[str, Any]) -> str:
    """A grammar for a compact JSON object valid against `schema`."""
    return f"{HEADER}start: {_json(schema)}\n"


def calls(schemas: Mapping[str, Mapping[str, Any]], reply: str, numbers: Sequence[str] | None) -> str:
    """A grammar for one line, a tool's name and its arguments, or for `reply` and words."""
    rules = [f"call_{n}: {_literal(f'{name} ')} {_json(schemas[name])}" for n, name in enumerate(schemas)]
    words = "/(.|\\n)*/" if numbers is None else _text(numbers)
    starts = " | ".join([*(f"call_{n}" for n in range(len(schemas))), "words"])
    body = "\n".join(
        [f"start: {starts}", *rules, f"words: {_literal(f'{reply}{chr(10)}')} TEXT", f"TEXT: {words}"]
    )
    return f"{HEADER}{body}\n"


def grounded_text(numbers: Iterable[str]) -> str:
    """A grammar for free text in which every run of digits is one of `numbers`, whole.

    The model writes any words it likes, but cannot spell a number that is not in the evidence: after
    each number comes a character that cannot continue it.
    """
    return f"{HEADER}start: TEXT\nTEXT: {_text(numbers)}\n"


def _text(numbers: Iterable[str]) -> str:
    known = sorted({number for number in numbers if number}, key=lambda n: (-len(n), n))
    if not known:
        return f"/[^{DIGIT_LIKE}]*/"
    number = "|".join(map(_pattern, known))
    return f"/([^{DIGIT_LIKE}]|({number})([^{DIGIT_LIKE}.,]|[.,][^{DIGIT_LIKE}]))*({number})?/"


def _pattern(number: str) -> str:
    """A number as a regular expression that matches just it, between slashes."""
    return "".join(char if char.isalnum() else f"\\{char}" for char in number)


def _json(schema: Mapping[str, Any]) -> str:
    # Loose white space lets a small model fill its budget with blanks.
    options = {"whitespace_flexible": False, "lenient": True}
    return f"%json {json.dumps({'x-guidance': options, **schema}, ensure_ascii=False)}"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
