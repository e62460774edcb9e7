"""When a call counts as right: the leaderboard's rules of matching, for functions of Python.

A function's arguments are compared with lists of what each may be. The rules, as its checker has them:

- every required argument is given, every given one is known both to the function and to the answer, and one
  that is left out has "" among its possible values;
- types are exact (a boolean is no integer), but a whole number will do for a float; where the answer is
  written in another type than the function's, that type will do, too, and is compared as it is;
- strings are compared without spaces, the marks , . / - _ * ^ and case, single quotes as double ones;
- lists keep their order; strings in them are compared in the same way, lists in them as they are;
- an object has known keys only, each value among those possible for it, and leaves out only keys that may
  be ""; lists of objects are compared one by one, in order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["wrong tool", "missing", "extra", "wrong type", "wrong value"]

PYTHON_TYPES: dict[str, type] = {
    "string": str,
    "any": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
}
IGNORED = str.maketrans(dict.fromkeys(" ,./-_*^") | {"'": '"'})
MAY_BE_ABSENT = ""


@dataclass(frozen=True)
class Mismatch:
    """Why a call is wrong. `argument` is empty when it is the tool itself."""

    kind: Kind
    argument: str = ""


def compare(
    function: Mapping[str, Any], arguments: Mapping[str, Any], truth: Mapping[str, Sequence[Any]]
) -> Mismatch | None:
    """The first thing wrong with a call of `function`; None when it is right."""
    parameters = function["parameters"]
    for name in parameters.get("required", ()):
        if name not in arguments:
            return Mismatch("missing", name)
    for name, value in arguments.items():
        if name not in parameters["properties"] or name not in truth:
            return Mismatch("extra", name)
        kind = argument_mismatch(parameters["properties"][name], value, truth[name])
        if kind is not None:
            return Mismatch(kind, name)
    for name, possible in truth.items():
        if name not in arguments and MAY_BE_ABSENT not in possible:
            return Mismatch("missing", name)
    return None


def argument_mismatch(spec: Mapping[str, Any], value: Any, possible: Sequence[Any]) -> Kind | None:
    """What is wrong with one argument's value; None when nothing is."""
    wanted = PYTHON_TYPES.get(spec.get("type", ""), str)
    inner = _inner_type(spec) if wanted is list else None
    if wanted is float and type(value) is int:
        value = float(value)
    if not _type_fits(value, wanted, inner, possible):
        return "wrong type"
    return None if _value_fits(value, wanted, inner, possible) else "wrong value"


def plain(text: str) -> str:
    """A string as strings are compared."""
    return text.translate(IGNORED).lower()


def _is(value: Any, wanted: type) -> bool:
    """Exactly of the type: True is no integer."""
    return type(value) is wanted


def _inner_type(spec: Mapping[str, Any]) -> type | None:
    items = spec.get("items")
    return PYTHON_TYPES.get(items.get("type", "")) if isinstance(items, Mapping) else None


def _answer_type(possible: Sequence[Any]) -> type | None:
    """The type in which the answer is written; None when absence is all it allows."""
    return next((type(one) for one in possible if one != MAY_BE_ABSENT), None)


def _type_fits(value: Any, wanted: type, inner: type | None, possible: Sequence[Any]) -> bool:
    if not _is(value, wanted):
        return type(value) is _answer_type(possible)
    if inner is None:
        return True
    return any(
        not isinstance(one, list) or all(_type_fits(item, inner, None, one) for item in value)
        for one in possible
    )


def _value_fits(value: Any, wanted: type, inner: type | None, possible: Sequence[Any]) -> bool:
    if _answer_type(possible) not in (wanted, None) or not _is(value, wanted):
        return value in possible
    if wanted is dict:
        return _object_fits(value, possible)
    if wanted is list and inner is dict:
        return any(_objects_fit(value, one) for one in possible)
    if wanted is str:
        return plain(value) in [plain(one) for one in possible if isinstance(one, str)]
    if wanted is list:
        return _plain_items(value) in [_plain_items(one) for one in possible]
    return value in possible


def _plain_items(items: Sequence[Any]) -> list[Any]:
    """A list as lists are compared; absence, written "", is an empty one."""
    return [plain(item) if isinstance(item, str) else item for item in items]


def _objects_fit(values: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return len(values) == len(wanted) and all(
        _object_fits(value, [one]) for value, one in zip(values, wanted, strict=True)
    )


def _object_fits(value: Any, possible: Sequence[Any]) -> bool:
    return any(_is_object(value, one) for one in possible if one != MAY_BE_ABSENT)


def _is_object(value: Any, wanted: Mapping[str, Sequence[Any]]) -> bool:
    if not isinstance(value, Mapping) or not isinstance(wanted, Mapping):
        return False
    known = all(name in wanted and _among(item, wanted[name]) for name, item in value.items())
    return known and all(name in value or MAY_BE_ABSENT in possible for name, possible in wanted.items())


def _among(item: Any, possible: Sequence[Any]) -> bool:
    compared = plain(item) if isinstance(item, str) else item
    return compared in _plain_items(list(possible))
