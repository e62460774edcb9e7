"""Schemas are narrowed to what was mentioned, and grammars hold what the model may write."""

import json

import pytest

from shopwright.agent.grammar import arguments, choice, grounded_text, narrow

SCHEMA = {
    "type": "object",
    "properties": {
        "context": {},
        "about": {"type": "string", "maxLength": 60},
        "age_max": {"type": "integer", "minimum": 0, "maximum": 120, "x-mention": "age_max"},
        "channel": {"enum": ["email", "sms"], "x-mention": "channel"},
        "bought": {"type": "string", "x-when": "buying"},
    },
    "required": ["about"],
}


def test_one_mention_fixes_an_argument_and_none_drops_it() -> None:
    narrowed = narrow(SCHEMA, {"age_max": [30]})
    assert narrowed.fixed == {"age_max": 30}
    assert "channel" not in narrowed.open["properties"]
    assert "bought" not in narrowed.open["properties"]


def test_several_mentions_leave_a_choice_among_them() -> None:
    narrowed = narrow(SCHEMA, {"channel": ["email", "sms", "fax"]})
    assert narrowed.open["properties"]["channel"] == {"enum": ["email", "sms"]}


def test_a_mention_out_of_range_is_no_candidate() -> None:
    assert narrow(SCHEMA, {"age_max": [400]}).fixed == {}


def test_an_argument_of_words_is_offered_when_the_words_call_for_it() -> None:
    assert "bought" in narrow(SCHEMA, {"buying": [True]}).open["properties"]


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "new\nline", "查找"])
def test_names_are_escaped(name: str) -> None:
    assert choice([name]).startswith('root ::= "')
    assert choice([name]).count("\n") == 0


def test_arguments_compile_without_loose_white_space() -> None:
    grammar = arguments(narrow(SCHEMA, {"age_max": [30]}).open)
    assert "whitespace_flexible" in grammar or 'space ::= ""' in grammar


def test_text_without_numbers_allows_no_digit() -> None:
    assert grounded_text([]).startswith("root ::= [^0-9")
    assert json.dumps("1,234") in grounded_text(["1,234", "12"])
