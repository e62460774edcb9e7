"""The leaderboard's rules of matching, one by one."""

from typing import Any

import pytest

from shopwright.evals.bfcl.matching import Mismatch, argument_mismatch, compare, plain

STRINGS = {"type": "array", "items": {"type": "string"}}
FLOATS = {"type": "array", "items": {"type": "float"}}
OBJECTS = {"type": "array", "items": {"type": "dict"}}
OBJECT = {"type": "dict"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("April 1, 2026", "april 1,2026"),
        ("New-York_City", "new york city"),
        ("3*x^2", "3x2"),
        ("it's", 'it"s'),
        ("a.b/c", "abc"),
    ],
)
def test_strings_are_compared_without_spaces_marks_and_case(said: str, meant: str) -> None:
    assert plain(said) == plain(meant)


def test_other_marks_count() -> None:
    assert plain("10%") != plain("10")
    assert plain("a:b") != plain("ab")


RULES: list[tuple[dict[str, Any], Any, list[Any], str | None]] = [
    # strings
    ({"type": "string"}, "San Francisco, CA", ["san francisco ca"], None),
    ({"type": "string"}, "Oakland", ["San Francisco"], "wrong value"),
    ({"type": "string"}, 5, ["5"], "wrong type"),
    ({"type": "any"}, "x", ["X"], None),
    ({"type": "string"}, "", ["metric", ""], None),
    # numbers and truth values
    ({"type": "integer"}, 5, [5], None),
    ({"type": "integer"}, 5.0, [5], "wrong type"),
    ({"type": "integer"}, True, [1], "wrong type"),
    ({"type": "float"}, 5, [5.0], None),
    ({"type": "float"}, 5.5, [5.0, 5.5], None),
    ({"type": "float"}, "5.5", [5.5], "wrong type"),
    ({"type": "boolean"}, True, [True], None),
    ({"type": "boolean"}, 1, [True], "wrong type"),
    ({"type": "boolean"}, False, [True], "wrong value"),
    # an answer written in another type than the function's
    ({"type": "integer"}, "n", ["n"], None),
    ({"type": "integer"}, "N", ["n"], "wrong value"),
    ({"type": "string"}, True, [True], None),
    # nothing but absence is possible
    ({"type": "integer"}, 3, [""], "wrong value"),
    ({"type": "integer"}, "3", [""], "wrong type"),
    # lists
    (STRINGS, ["A b", "c"], [["ab", "C"]], None),
    (STRINGS, ["c", "A b"], [["ab", "C"]], "wrong value"),
    (STRINGS, ["a"], [["a", "b"]], "wrong value"),
    (STRINGS, "a", [["a"]], "wrong type"),
    (STRINGS, [1], [["a"]], "wrong type"),
    (STRINGS, [1], [[1]], None),
    (STRINGS, [], [["a"], ""], None),
    (FLOATS, [1.0, 2.5], [[1.0, 2.5]], None),
    (FLOATS, [1, 2.5], [[1.0, 2.5]], "wrong type"),
    (FLOATS, [1, 2], [[1, 2]], None),
    ({"type": "tuple", "items": {"type": "integer"}}, [1, 2], [[1, 2]], None),
    ({"type": "array", "items": {"type": "array"}}, [["a"]], [[["a"]]], None),
    ({"type": "array", "items": {"type": "array"}}, [["A"]], [[["a"]]], "wrong value"),
    # objects
    (OBJECT, {"city": "Paris"}, [{"city": ["paris", "Paris, FR"]}], None),
    (OBJECT, {"city": "Rome"}, [{"city": ["paris"]}], "wrong value"),
    (OBJECT, {"town": "Paris"}, [{"city": ["paris"]}], "wrong value"),
    (OBJECT, {}, [{"city": ["paris"]}], "wrong value"),
    (OBJECT, {}, [{"city": ["paris", ""]}], None),
    (OBJECT, {"n": 2}, [{"n": [1]}, "", {"n": [2]}], None),
    (OBJECT, "Paris", [{"city": ["paris"]}], "wrong type"),
    # lists of objects
    (OBJECTS, [{"a": "X"}, {"a": "y"}], [[{"a": ["x"]}, {"a": ["y"]}]], None),
    (OBJECTS, [{"a": "y"}, {"a": "x"}], [[{"a": ["x"]}, {"a": ["y"]}]], "wrong value"),
    (OBJECTS, [{"a": "x"}], [[{"a": ["x"]}, {"a": ["y"]}]], "wrong value"),
    (OBJECTS, ["x"], [[{"a": ["x"]}]], "wrong type"),
]


@pytest.mark.parametrize(("spec", "value", "possible", "kind"), RULES)
def test_a_value(spec: dict[str, Any], value: Any, possible: list[Any], kind: str | None) -> None:
    assert argument_mismatch(spec, value, possible) == kind


FUNCTION = {
    "name": "geo.route",
    "parameters": {
        "type": "dict",
        "properties": {
            "start": {"type": "string"},
            "stops": {"type": "integer"},
            "unit": {"type": "string"},
            "avoid": {"type": "string"},
        },
        "required": ["start"],
    },
}
TRUTH = {"start": ["Basel"], "stops": [2, ""], "unit": ["km"]}


@pytest.mark.parametrize(
    ("arguments", "mismatch"),
    [
        ({"start": "basel", "unit": "km"}, None),
        ({"start": "basel", "stops": 2, "unit": "km"}, None),
        ({"unit": "km"}, Mismatch("missing", "start")),
        ({"start": "Basel"}, Mismatch("missing", "unit")),
        ({"start": "Basel", "unit": "km", "avoid": "tolls"}, Mismatch("extra", "avoid")),
        ({"start": "Basel", "unit": "km", "speed": 3}, Mismatch("extra", "speed")),
        ({"start": "Bern", "unit": "km"}, Mismatch("wrong value", "start")),
        ({"start": "Basel", "unit": "km", "stops": 3}, Mismatch("wrong value", "stops")),
        ({"start": "Basel", "unit": "km", "stops": "two"}, Mismatch("wrong type", "stops")),
    ],
)
def test_a_call(arguments: dict[str, Any], mismatch: Mismatch | None) -> None:
    assert compare(FUNCTION, arguments, TRUTH) == mismatch
