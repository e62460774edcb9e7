"""Grammars that bind what a model may decode: a tool's name, its arguments, an answer's numbers.

GBNF, the grammar language of llama.cpp: https://github.com/ggml-org/llama.cpp/tree/master/grammars
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shopwright.agent.mentions import Mentions

MAX_STRING = 120
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
    return Narrowed(
        fixed=fixed,
        open={
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
    """The schema's own keywords, with a bound on strings and numbers so that decoding cannot run away."""
    kept = {
        key: value
        for key, value in spec.items()
        if not key.startswith("x-") and key not in ("description", "title", "default")
    }
    if kept.get("type") == "string" and "enum" not in kept:
        kept["maxLength"] = min(kept.get("maxLength", MAX_STRING), MAX_STRING)
    if kept.get("type") in ("integer", "number") and "enum" not in kept:
        kept.setdefault("minimum", 0)
        kept.setdefault("maximum", 10**9)
    return kept


def choice(names: Sequence[str]) -> str:
    """A grammar for exactly one of `names`."""
    return "root ::= " + " | ".join(_literal(name) for name in names)


def arguments(schema: Mapping[str, Any]) -> str:
    """A grammar for a compact JSON object valid against `schema`."""
    return _compiled(json.dumps(schema, ensure_ascii=False))


@functools.lru_cache(maxsize=256)
def _compiled(schema: str) -> str:
    from xllamacpp import json_schema_to_grammar

    # Loose white space lets a small model fill its budget with blanks. LLGuidance reads the keyword, and
    # llama.cpp's own converter, where that is built in, leaves a rule to tighten.
    grammar: str = json_schema_to_grammar(
        {"x-guidance": {"whitespace_flexible": False}, **json.loads(schema)}
    )
    return re.sub(r"(?m)^space ::=.*$", 'space ::= ""', grammar)


def grounded_text(numbers: Iterable[str]) -> str:
    """A grammar for free text in which every run of digits is one of `numbers`, whole.

    The model writes any words it likes, but cannot spell a number that is not in the evidence: after
    each number comes a character that cannot continue it.
    """
    known = sorted({number for number in numbers if number}, key=lambda n: (-len(n), n))
    if not known:
        return f"root ::= [^{DIGIT_LIKE}]*"
    return (
        f"root ::= word* (num sep word*)* num?\nword ::= [^{DIGIT_LIKE}]\n"
        f"num ::= {' | '.join(_literal(number) for number in known)}\n"
        f"sep ::= [^{DIGIT_LIKE}.,] | [.,] word\n"
    )


def _literal(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
    )
    return f'"{escaped}"'
