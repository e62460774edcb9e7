"""What equals what: arguments and their matchers, texts and their patterns, numbers and their evidence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

NUMERAL = re.compile(r"\d[\d,]*(?:\.\d+)?")
MATCHERS = ("one_of", "contains", "regex", "between", "absent", "has")
Pattern = str | Sequence[str]


def mismatch(found: Any, wanted: Any) -> str:
    """What is wrong with a value; empty when nothing is. `found` is None for an argument that is absent.

    `wanted` is the value itself, or a matcher: one_of, contains, regex, between, absent, has.
    """
    if not is_matcher(wanted):
        return "" if equal(found, wanted) else f"is {found!r}, should be {wanted!r}"
    ((kind, value),) = wanted.items()
    if kind == "absent":
        return (
            ""
            if (found is None) == bool(value)
            else f"is {found!r}, should {'not ' if value else ''}be given"
        )
    if kind == "one_of":
        return (
            ""
            if any(not mismatch(found, one) for one in value)
            else f"is {found!r}, should be one of {value!r}"
        )
    if kind == "has":
        return _lacks(found, value)
    if kind == "between":
        low, high = value
        right = isinstance(found, int | float) and low <= found <= high
        return "" if right else f"is {found!r}, should be between {low} and {high}"
    text = "" if found is None else str(found)
    if kind == "regex":
        return "" if re.search(value, text, re.IGNORECASE) else f"is {found!r}, should match {value!r}"
    options = [value] if isinstance(value, str) else value
    right = any(str(one).lower() in text.lower() for one in options)
    return "" if right else f"is {found!r}, should contain one of {list(options)!r}"


def is_matcher(wanted: Any) -> bool:
    """Whether a value is a matcher rather than itself: a mapping with one of the matchers as its one key."""
    return isinstance(wanted, Mapping) and len(wanted) == 1 and next(iter(wanted)) in MATCHERS


def equal(found: Any, wanted: Any) -> bool:
    """Equal, where 30 equals 30.0 but True is not 1, and case and outer spaces of text do not count."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) and isinstance(wanted, str):
        return found.strip().lower() == wanted.strip().lower()
    return bool(found == wanted)


def _lacks(found: Any, wanted: Mapping[str, Any]) -> str:
    """What a nested object lacks of `wanted`; a list has it when one of its items does."""
    if isinstance(found, list):
        return (
            "" if any(not _lacks(item, wanted) for item in found) else f"{found!r} has none with {wanted!r}"
        )
    if not isinstance(found, Mapping):
        return f"is {found!r}, should hold {wanted!r}"
    for name, value in wanted.items():
        if problem := mismatch(found.get(name), value):
            return f"{name} {problem}"
    return ""


def stands_in(pattern: Pattern, text: str) -> bool:
    """Whether a text holds the pattern, whatever its case; of a list, one of its members.

    `/.../` is a regular expression.
    """
    if isinstance(pattern, int | float):  # what a placeholder stood for
        pattern = str(pattern)
    if not isinstance(pattern, str):
        return any(stands_in(one, text) for one in pattern)
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return bool(re.search(pattern[1:-1], text, re.IGNORECASE))
    return pattern.lower() in text.lower()


def numerals(text: str) -> list[str]:
    """Every numeral of a text as it stands, in order."""
    return [match.rstrip(",") for match in NUMERAL.findall(text)]


def value_of(numeral: str) -> float:
    """The number that a numeral writes."""
    return float(numeral.replace(",", ""))


def numbers_within(value: Any) -> list[float]:
    """All numbers in a JSON value: numbers, numerals inside strings, and the lengths of lists."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int | float):
        return [float(value)]
    if isinstance(value, str):
        return [value_of(numeral) for numeral in numerals(value)]
    items = list(value.values()) if isinstance(value, Mapping) else list(value)
    own = [] if isinstance(value, Mapping) else [float(len(items))]
    return own + [number for item in items for number in numbers_within(item)]


def accounted(numeral: str, pool: Iterable[float]) -> bool:
    """Whether a number of the pool, or a hundred times it, rounds to the numeral."""
    value, digits = value_of(numeral), len(numeral.partition(".")[2])
    step = 10.0**-digits
    return any(abs(scale * number - value) <= step / 2 + 1e-9 for number in pool for scale in (1, 100))


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every (key, value) inside a JSON value."""
    yield key, value
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from walk(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, key)
