"""Tool calls that a model writes as plain JSON into its text."""

import json
from typing import Any

OPENINGS = ("{", "<", "`", "[")


def calls_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The calls in a text, read leniently: with or without tags and code fences, braces doubled or not.

    (The embedded model's own template shows its example call with doubled braces; the model repeats them.)
    A call of a tool that does not exist is a call, too: the agent answers it with the names of those that do.
    """
    return _read(text) or _read(text.replace("{{", "{").replace("}}", "}"))


def may_be_call(text: str) -> bool:
    """Whether a text begins as a call does; nothing but blanks may still become one."""
    begun = text.lstrip()
    return not begun or begun.startswith(OPENINGS)


def _read(text: str) -> list[tuple[str, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    found = []
    place = text.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(text, place)
        except ValueError:
            end = place + 1
        else:
            found += _call(value)
        place = text.find("{", end)
    return found


def _call(value: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return []
    arguments = value.get("arguments", value.get("parameters"))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return []
    return [(value["name"], arguments)] if isinstance(arguments, dict) else []
