"""Schemas are narrowed to what was mentioned, and grammars hold what the model may write."""

import json
import re
from typing import Any

import jsonschema
import pytest
from engine_contract import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from shopwright.agent.grammar import arguments, calls, choice, grounded_text, narrow, without_idle_nulls

BYTES = LLTokenizer("byte")
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


def takes(rule: str, text: str) -> bool:
    """Whether a grammar takes a text, whole."""
    matcher = LLMatcher(BYTES, rule.partition("\n")[2])
    assert not matcher.is_error(), matcher.get_error()
    tokens = BYTES.tokenize_str(text)
    return bool(matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting())


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


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "new\nline", "查找", "a|b", "/x/"])
def test_names_are_taken_as_they_are(name: str) -> None:
    rule = choice([name, "reply"])
    assert takes(rule, name)
    assert takes(rule, "reply")
    assert not takes(rule, name + name)


def test_arguments_have_no_loose_white_space() -> None:
    rule = arguments(narrow(SCHEMA, {"age_max": [30]}).open)
    assert takes(rule, '{"context":1,"about":"bread"}')
    assert not takes(rule, '{"context": 1, "about": "bread"}')


@pytest.mark.parametrize("offered", HOSTILE, ids=lambda offered: repr(offered["function"]["name"]))
def test_hostile_schemas_compile_and_take_what_is_valid(offered: dict[str, Any]) -> None:
    schema = offered["function"]["parameters"]
    examples: dict[str, Any] = {
        "odd_tool": {'we"ird': "c\\d", "深": 3},
        "line\u2028breaker": {"a\nb": "x\ty", "</script>": True},
        "nested": {"where": {"city": "Rome", "zip": None}, "tags": ["x", "y"]},
        "mixed": {"id": 9, "share": 0.5, "code": "AB-123"},
        "optional": {"limit": 5, "note": None},
        "shared": {"one": "left", "two": "right"},
        "bare": {},
    }
    values = examples[offered["function"]["name"]]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    assert takes(arguments(narrow(schema, {}).open), text)
    jsonschema.validate(without_idle_nulls(schema, values), schema)


def test_one_grammar_holds_every_call_and_plain_words() -> None:
    rule = calls(
        {t["function"]["name"]: narrow(t["function"]["parameters"], {}).open for t in HOSTILE}, "reply", []
    )
    assert takes(rule, 'shared {"one":"left","two":"right"}')
    assert takes(rule, "bare {}")
    assert takes(rule, "reply\nHello, how are you?\nFine.")
    assert not takes(rule, 'shared {"one":"up","two":"right"}')
    assert not takes(rule, "reply\nYou have 3 orders.")


NUMBERS = ["1,234", "12", "7.5"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Sold 1,234 of them, 12 today.", True),
        ("约12件，涨了7.5%。", True),
        ("ends with 12", True),
        ("Sold 1,235 of them.", False),
        ("Sold 123 of them.", False),
        ("12.5 is another number", False),
        ("no ½ and no ３", False),
    ],
)
def test_text_may_hold_the_known_numbers_only(text: str, taken: bool) -> None:
    assert takes(grounded_text(NUMBERS), text) is taken


@given(st.text(alphabet="a ,.%月0123457", max_size=24))
def test_whatever_is_taken_holds_known_numbers_only(text: str) -> None:
    if takes(grounded_text(NUMBERS), text):
        for found in re.findall(r"\d[\d,.]*", text):
            assert found.rstrip(",.") in NUMBERS


@given(st.text(max_size=24))
def test_without_numbers_whatever_has_no_digit_is_taken(text: str) -> None:
    if not any(char.isnumeric() or char.isdigit() for char in text):
        assert takes(grounded_text([]), text)
