"""What every engine must do. An engine's test class inherits this and provides `engine`, `invoke` and `reads`."""

import contextlib
import json
import threading
from typing import Any, ClassVar

import jsonschema
import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from shopwright.agent.engines.base import ContextOverflowError, Engine, EngineError


def tool(name: str, properties: dict[str, Any], required: list[str], **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": required, **more}
    return {
        "type": "function",
        "function": {"name": name, "description": "Does it.", "parameters": parameters},
    }


COUNT = tool(
    "count_customers",
    {"city": {"type": "string", "maxLength": 20}, "kind": {"enum": ["new", "old"]}},
    ["city", "kind"],
)
HOSTILE = [
    tool(
        "odd_tool",
        {'we"ird': {"enum": ['a"b', "c\\d", "é中"]}, "深": {"type": "integer", "minimum": 3, "maximum": 3}},
        ['we"ird', "深"],
    ),
    tool(
        "line\u2028breaker",
        {"a\nb": {"const": "x\ty"}, "</script>": {"type": "boolean"}},
        ["a\nb", "</script>"],
    ),
    tool(
        "nested",
        {
            "where": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "maxLength": 8},
                    "zip": {"type": ["integer", "null"]},
                },
                "required": ["city", "zip"],
                "additionalProperties": False,
            },
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 1, "maxItems": 2},
        },
        ["where", "tags"],
    ),
    tool(
        "mixed",
        {
            "id": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"enum": ["none", None, 1.5]}]},
            "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
        },
        ["id", "share", "code"],
    ),
    tool(
        "optional", {"limit": {"type": "integer", "minimum": 5, "maximum": 6}, "note": {"type": "string"}}, []
    ),
    tool(
        "shared",
        {"one": {"$ref": "#/$defs/side"}, "two": {"$ref": "#/$defs/side"}},
        ["one", "two"],
        **{"$defs": {"side": {"enum": ["left", "right"]}}},
    ),
    tool("bare", {}, []),
]


def text_of(engine: Engine, question: str, **options: Any) -> str:
    messages = [SystemMessage("You answer in one short sentence."), HumanMessage(question)]
    return "".join(chunk.text for chunk in engine.stream(messages, **{"max_tokens": 24, **options}))


def whole_of(engine: Engine, messages: list[BaseMessage], **options: Any) -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    for chunk in engine.stream(messages, **options):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return whole


class EngineContract:
    """Run by each engine that inherits it."""

    wise: ClassVar[bool] = True
    """Whether the weights are those of a real model, which can be asked for sense."""
    binds: ClassVar[bool] = True
    """Whether it decodes under grammars; else a call that stays invalid is refused with a clear sentence."""
    reads: ClassVar[int] = 2048
    """Tokens of the engine's context."""

    def invoke(self, engine: Engine, messages: list[BaseMessage], max_tokens: int) -> str:
        """The engine's answer in one piece, not streamed."""
        raise NotImplementedError

    def call(self, engine: Engine, question: str, offered: dict[str, Any]) -> dict[str, Any]:
        """The call that the engine makes of the one tool that it is offered."""
        messages: list[BaseMessage] = [
            SystemMessage("Always call the tool, never reply."),
            HumanMessage(question),
        ]
        whole = whole_of(engine, messages, tools=[offered], max_tokens=120)
        assert whole.tool_calls, f"no call but: {whole.text}"
        return dict(whole.tool_calls[0])

    def test_text_streams_in_pieces(self, engine: Engine) -> None:
        pieces = [c.text for c in engine.stream([HumanMessage("Name three fruits.")], max_tokens=8) if c.text]
        assert len(pieces) > 1

    def test_streaming_says_what_not_streaming_says(self, engine: Engine) -> None:
        messages: list[BaseMessage] = [HumanMessage("Name a colour in one word.")]
        streamed = "".join(chunk.text for chunk in engine.stream(messages, max_tokens=6))
        assert streamed == self.invoke(engine, messages, 6)

    def test_the_same_question_gets_the_same_words(self, engine: Engine) -> None:
        assert text_of(engine, "What is bread?") == text_of(engine, "What is bread?")

    def test_chinese_is_never_cut_inside_a_character(self, engine: Engine) -> None:
        text = text_of(engine, "用一句话介绍绿茶。")
        assert text
        assert not self.wise or "\ufffd" not in text

    def test_it_chooses_among_what_it_is_told(self, engine: Engine) -> None:
        if not self.binds:
            pytest.skip("nothing binds its choice")
        asked: list[BaseMessage] = [HumanMessage("How many new customers are there in Rome?")]
        both = [COUNT, tool("bare", {}, [])]
        for among in (("bare",), ("count_customers",)):
            whole = whole_of(engine, asked, tools=both, among=among, max_tokens=60)
            assert [call["name"] for call in whole.tool_calls] == list(among)
        whole = whole_of(engine, asked, tools=both, among=("reply",), max_tokens=8)
        assert not whole.tool_calls
        assert whole.text or not self.wise

    def test_usage_and_timings_are_reported(self, engine: Engine) -> None:
        whole = whole_of(engine, [HumanMessage("Hi")], max_tokens=4)
        assert whole.usage_metadata is not None
        assert 0 < whole.usage_metadata["output_tokens"] <= 5
        assert whole.usage_metadata["input_tokens"] > 3
        assert set(whole.response_metadata["timings"]) == {"prefill", "decode"}

    def test_stop_ends_the_stream_within_a_token(self, engine: Engine) -> None:
        stop = threading.Event()
        pieces = []
        question = [HumanMessage("Count to one hundred in words.")]
        for chunk in engine.stream(question, max_tokens=200, stop_event=stop):
            pieces.append(chunk.text)
            stop.set()
        assert len([piece for piece in pieces if piece]) <= 4
        assert text_of(engine, "What is bread?"), "the next answer comes all the same"

    def test_a_prompt_that_does_not_fit_is_told_apart(self, engine: Engine) -> None:
        with pytest.raises(ContextOverflowError):
            text_of(engine, "bread and milk " * self.reads)
        assert text_of(engine, "What is bread?"), "the next answer comes all the same"

    def test_a_tool_call_has_a_name_and_arguments(self, engine: Engine) -> None:
        call = self.call(engine, "How many new customers are there in Paris?", COUNT)
        assert call["name"] == "count_customers"
        assert not self.wise or "Paris" in str(call["args"].get("city"))

    @pytest.mark.parametrize(
        "offered", HOSTILE, ids=lambda offered: offered["function"]["name"].split("\u2028")[0]
    )
    def test_a_call_is_valid_for_a_hostile_schema(self, engine: Engine, offered: dict[str, Any]) -> None:
        name, schema = offered["function"]["name"], offered["function"]["parameters"]
        refused = contextlib.nullcontext() if self.binds else contextlib.suppress(EngineError)
        with refused:
            call = self.call(engine, f"Call the tool {json.dumps(name)} now.", offered)
            assert call["name"] == name
            jsonschema.validate(call["args"], schema)
