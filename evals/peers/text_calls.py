"""Tool calls that a model writes as plain JSON into its text."""

import json
from collections.abc import Collection
from typing import Any

OPENINGS = ("{", "<", "`", "[")


def calls_in(text: str, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """The calls in a text, read leniently: with or without tags and code fences, braces doubled or not.

    (The embedded model's own template shows its example call with doubled braces; the model repeats them.)
    """
    return _read(text, names) or _read(text.replace("{{", "{").replace("}}", "}"), names)


def may_be_call(text: str) -> bool:
    """Whether a text begins as a call does; nothing but blanks may still become one."""
    begun = text.lstrip()
    return not begun or begun.startswith(OPENINGS)


def _read(text: str, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    found = []
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except ValueError:
            end = place + 1
        else:
            found += _call(value, names)
        place = text.find("{", end)
    return found


def _call(value: Any, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict) or value.get("name") not in names:
        return []
    arguments = value.get("arguments", value.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return []
    return [(value["name"], arguments)] if isinstance(arguments, dict) else []
