"""Tool calls that a model writes as plain JSON into its text."""

import json
from collections.abc import Collection
from typing import Any

OPENINGS = ("{", "<", "`", "[")
NAME_KEYS = ("name", "tool", "function", "tool_name")
ARGUMENT_KEYS = ("arguments", "parameters", "args")


def calls_in(text: str, names: Collection[str] = ()) -> list[tuple[str, dict[str, Any]]]:
    """The calls in a text, read leniently: with or without tags and code fences, braces doubled or not.

    (The embedded model's own template shows its example call with doubled braces; the model repeats them.)
    A call of a tool that does not exist is a call, too: the agent answers it with the names of those that do.
    An object whose only key is one of `names` is a call of that tool.
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
        except (ValueError, RecursionError):
            end = place + 1
        else:
            found += _call(value, names)
        place = text.find("{", end)
    return found


def _call(value: Any, names: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(value, dict):
        return []
    if len(value) == 1 and (only := next(iter(value))) in names:
        name, arguments = only, value[only]
    else:
        name = next((value[key] for key in NAME_KEYS if isinstance(value.get(key), str)), None)
        arguments = next((value[key] for key in ARGUMENT_KEYS if key in value), None)
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return []
    return [(name, arguments)] if isinstance(name, str) and isinstance(arguments, dict) else []
