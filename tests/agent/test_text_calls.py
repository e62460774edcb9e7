"""Calls that a model writes into its text, in the forms that models were seen to use."""

from typing import Any

import pytest

from shopwright.agent.engines.text_calls import calls_in

ARGUMENTS: dict[str, Any] = {"city": "Paris", "limit": 3}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "find", "arguments": {"city": "Paris", "limit": 3}}',
        '{{"name": "find", "arguments": {{"city": "Paris", "limit": 3}}}}',
        '<tool_call>\n{"name": "find", "parameters": {"city": "Paris", "limit": 3}}\n</tool_call>',
        '```json\n{"tool": "find", "args": {"city": "Paris", "limit": 3}}\n```',
        '```json\n{\n  "find": {"city": "Paris", "limit": 3}\n}\n```',
        '{"function": "find", "arguments": "{\\"city\\": \\"Paris\\", \\"limit\\": 3}"}',
    ],
)
def test_a_call_is_read_in_whatever_form(text: str) -> None:
    assert calls_in(text, ["find"]) == [("find", ARGUMENTS)]


@pytest.mark.parametrize(
    "text", ["", "find Paris", '{"city": "Paris"}', "{broken", '{"other": {"city": "Paris"}}']
)
def test_other_text_is_no_call(text: str) -> None:
    assert calls_in(text, ["find"]) == []
