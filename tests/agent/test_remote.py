"""The remote engine against a real server process that misbehaves on request."""

import contextlib
import itertools
import json
import logging
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import SecretStr

from shopwright.agent.engines.base import ContextOverflowError, Decoding, EngineError
from shopwright.agent.engines.remote import RemoteEngine
from shopwright.agent.grammar import narrow

SCRIPT = Path(__file__).parent / "scripted_server.py"
KEY = "sk-very-secret-key"
ASK = [HumanMessage("Hello?")]
BYE = [["finish", "stop"], ["done"]]
USAGE = {"prompt_tokens": 90, "completion_tokens": 7, "total_tokens": 97}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "count_customers",
        "description": "Count the customers of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "maxLength": 20, "description": "The city.", "x-when": "place"},
                "kind": {"enum": ["new", "old"], "x-meanings": {"new": "this year", "old": "earlier"}},
                "limit": {"type": "integer", "minimum": 1, "description": "At most.", "x-mention": "count"},
            },
            "required": ["context", "city", "kind"],
        },
    },
}
OTHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "opening_hours",
        "description": "When the shop opens.",
        "parameters": {"type": "object", "properties": {}},
    },
}
GOOD_ARGUMENTS = '{"city": "Paris", "kind": "new"}'


def said(*words: str) -> list[Any]:
    return [["role"], *(["text", word] for word in words), *BYE]


class ScriptedServer:
    """The process, what it is told and what it was asked."""

    def __init__(self, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(port)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def tell(self, *requests: list[Any]) -> None:
        self._call("/script", json.dumps(requests).encode())

    def log(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads(self._call("/log"))
        return entries

    def bodies(self) -> list[dict[str, Any]]:
        return [entry["body"] for entry in self.log()]

    def _call(self, path: str, data: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data, timeout=10) as response:
            content: bytes = response.read()
            return content

    def engine(self, seconds: float = 5.0, **options: Any) -> RemoteEngine:
        url = f"http://127.0.0.1:{self.port}/v1"
        return RemoteEngine(url, "some-model", SecretStr(KEY), seconds, **options)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture(scope="module")
def process() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.kill()


@pytest.fixture
def server(process: ScriptedServer) -> ScriptedServer:
    process.tell()
    return process


def whole(engine: RemoteEngine, messages: Any = ASK, **options: Any) -> AIMessageChunk:
    merged: AIMessageChunk | None = None
    for chunk in engine.stream(messages, **options):
        merged = chunk if merged is None else merged + chunk
    assert merged is not None
    return merged


def until_error(engine: RemoteEngine, **options: Any) -> tuple[str, str]:
    """What was written, and the error's sentence."""
    text = ""
    try:
        for chunk in engine.stream(ASK, **options):
            text += chunk.text
    except EngineError as error:
        return text, str(error)
    pytest.fail(f"no error, but {text!r}")


class TestAnswers:
    def test_text_streams_and_the_last_chunk_counts(self, server: ScriptedServer) -> None:
        usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 64}}
        server.tell(
            [
                ["role"],
                ["wait", 0.2],
                ["text", "One "],
                ["wait", 0.2],
                ["text", "two"],
                ["finish", "stop"],
                ["usage", usage],
                ["done"],
            ]
        )
        chunks = list(server.engine().stream(ASK, max_tokens=33))
        assert [chunk.text for chunk in chunks if chunk.text] == ["One ", "two"]
        last = chunks[-1]
        assert last.usage_metadata == {
            "input_tokens": 90, "output_tokens": 7, "total_tokens": 97, "input_token_details": {"cache_read": 64},
        }  # fmt: skip
        timings = last.response_metadata["timings"]
        assert 0.15 < timings["prefill"] < 1.5
        assert 0.15 < timings["decode"] < 1.5
        body = server.bodies()[0]
        assert (body["model"], body["max_tokens"], body["temperature"]) == ("some-model", 33, 0.0)
        assert "tools" not in body

    def test_a_server_that_counts_no_tokens_is_not_guessed_for(self, server: ScriptedServer) -> None:
        server.tell(said("Hi"))
        answer = whole(server.engine())
        assert answer.text == "Hi"
        assert answer.usage_metadata is None
        assert answer.response_metadata["timings"]["prefill"] > 0

    def test_cached_tokens_are_left_out_where_the_server_does_not_tell(self, server: ScriptedServer) -> None:
        server.tell([["text", "Hi"], ["finish", "stop"], ["usage", USAGE], ["done"]])
        answer = whole(server.engine())
        assert answer.usage_metadata == {"input_tokens": 90, "output_tokens": 7, "total_tokens": 97}

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    def test_characters_cut_by_the_network_arrive_whole(self, server: ScriptedServer, size: int) -> None:
        server.tell([["bytes", size], ["text", "绿茶"], ["text", "，清香🍵"], *BYE])
        pieces = [chunk.text for chunk in server.engine().stream(ASK) if chunk.text]
        assert pieces == ["绿茶", "，清香🍵"]

    def test_halves_of_a_character_are_joined(self, server: ScriptedServer) -> None:
        server.tell(
            [["escaped", "茶\ud83c"], ["escaped", "\udf75"], ["escaped", "好\ud83c"], ["escaped", "x"], *BYE]
        )
        pieces = [chunk.text for chunk in server.engine().stream(ASK)]
        assert "".join(pieces) == "茶🍵好\ufffdx"
        for piece in pieces:
            piece.encode()

    def test_four_conversations_do_not_wait_for_each_other(self, server: ScriptedServer) -> None:
        server.tell(*[[["wait", 0.5], ["text", "Hi"], *BYE] for _ in range(4)])
        engine = server.engine()
        answers: list[str] = []
        threads = [threading.Thread(target=lambda: answers.append(whole(engine).text)) for _ in range(4)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["Hi"] * 4
        assert time.perf_counter() - started < 1.5

    def test_a_closed_engine_opens_again(self, server: ScriptedServer) -> None:
        engine = server.engine()
        assert whole(engine).text == "Good day."
        engine.close()
        assert whole(engine).text == "Good day."

    def test_closing_ends_a_waiting_call_with_a_sentence(self, server: ScriptedServer) -> None:
        server.tell([["wait", 20]])
        engine = server.engine(30)
        threading.Timer(0.3, engine.close).start()
        assert "closed" in until_error(engine)[1]


class TestFaults:
    def test_silence_before_the_first_word_is_waited_for_once(self, server: ScriptedServer) -> None:
        server.tell([["wait", 3]], [["wait", 3]])
        started = time.perf_counter()
        text, sentence = until_error(server.engine(0.5))
        assert text == ""
        assert "gave no answer within 0.5 seconds" in sentence
        assert "SHOPWRIGHT_REMOTE_TIMEOUT_SECONDS" in sentence
        assert time.perf_counter() - started < 2
        assert len(server.log()) == 1

    def test_silence_in_the_middle_keeps_what_was_written(self, server: ScriptedServer) -> None:
        server.tell([["text", "Our bread is"], ["wait", 3]])
        text, sentence = until_error(server.engine(0.5))
        assert text == "Our bread is"
        assert "fell silent for 0.5 seconds in the middle" in sentence
        assert len(server.log()) == 1

    def test_a_server_killed_mid_stream_and_back_again(self) -> None:
        first = ScriptedServer()
        engine = first.engine(retries=0)
        assert whole(engine).text == "Good day."
        first.tell([["text", "Our bread is"], ["wait", 0.1], ["die"]])
        text, sentence = until_error(engine)
        assert text == "Our bread is"
        assert f"127.0.0.1:{first.port}/v1 broke off in the middle of the answer" in sentence
        first.kill()
        assert "cannot be reached" in until_error(engine)[1]
        second = ScriptedServer(first.port)
        try:
            assert whole(engine).text == "Good day."
        finally:
            second.kill()

    @pytest.mark.parametrize("ending", [["cut"], ["end"], ["done"]])
    def test_an_answer_without_its_end_is_not_taken_for_whole(
        self, server: ScriptedServer, ending: list[Any]
    ) -> None:
        server.tell([["text", "Our bread is"], ["wait", 0.1], ending])
        text, sentence = until_error(server.engine())
        assert text == "Our bread is"
        assert "broke off in the middle" in sentence
        assert len(server.log()) == 1  # nothing is asked twice once words were shown

    @pytest.mark.parametrize(
        "trouble",
        [
            [["status", 429, {"error": {"message": "slow down"}}, {"Retry-After": "1"}]],
            [["status", 500, {"error": {"message": "oops"}}, {}]],
            [["status", 503, {}, {}]],
            [["cut"]],
            [["role"], ["cut"]],
            [["role"], ["done"]],
        ],
    )
    def test_trouble_before_the_first_word_is_tried_again(
        self, server: ScriptedServer, trouble: list[Any]
    ) -> None:
        server.tell(trouble, said("Fine."))
        started = time.perf_counter()
        assert whole(server.engine()).text == "Fine."
        assert len(server.log()) == 2
        if "Retry-After" in str(trouble):
            assert time.perf_counter() - started >= 1

    def test_retries_end(self, server: ScriptedServer) -> None:
        failing = [["status", 500, {"error": {"message": "out of\nmemory"}}, {}]]
        server.tell(failing, failing, failing, failing)
        sentence = until_error(server.engine(retries=2))[1]
        assert "failed (HTTP 500): out of memory. Try again" in sentence
        assert len(server.log()) == 3

    def test_frameworks_say_it_in_detail(self, server: ScriptedServer) -> None:
        server.tell([["status", 404, {"detail": 'Could not find model "x".'}, {}]])
        assert '(HTTP 404): Could not find model "x". Check' in until_error(server.engine())[1]

    def test_busy(self, server: ScriptedServer) -> None:
        server.tell([["status", 429, {}, {}]])
        assert "busy" in until_error(server.engine(retries=0))[1]

    @pytest.mark.parametrize(
        ("raw", "hint"),
        [
            ("data: {not json\n\n", "no OpenAI-compatible server sends"),
            ("<html>Please sign in</html>", "ending in /v1"),
            ('data: {"error": {"message": "CUDA out of memory", "code": 400}}\n\n', "CUDA out of memory"),
        ],
    )
    def test_nonsense_is_a_sentence(self, server: ScriptedServer, raw: str, hint: str) -> None:
        server.tell([["raw", raw]])
        assert hint in until_error(server.engine(retries=0))[1]

    @pytest.mark.parametrize(
        ("code", "body"),
        [
            (400, {"error": {"code": "context_length_exceeded", "message": "Too much.", "type": "invalid_request_error"}}),
            (400, {"error": {"code": 400, "message": "request (5000 tokens) exceeds", "type": "exceed_context_size_error", "n_ctx": 4096}}),
            (500, {"error": {"code": 500, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}),
            (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens", "code": 400}),
            (400, {"error": {"message": "The decoder prompt (length 5000) is longer than the maximum model length of 4096.", "code": 400}}),
            (400, {"error": {"message": "prompt too long; exceeded max context length by 12 tokens"}}),
            (0, {"error": {"code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error"}}),
        ],
    )  # fmt: skip
    def test_a_prompt_that_is_too_long_is_an_error_of_its_own(
        self, server: ScriptedServer, code: int, body: dict[str, Any]
    ) -> None:
        server.tell([["status", code, body, {}]] if code else [["event", body]])
        engine = server.engine(failures=1)
        with pytest.raises(ContextOverflowError, match="longer than what the model some-model can read"):
            list(engine.stream(ASK))
        assert len(server.log()) == 1
        assert whole(engine).text == "Good day."

    @pytest.mark.parametrize(
        ("code", "hint"),
        [
            (400, "refused the request"),
            (401, "API key"),
            (403, "API key"),
            (404, "SHOPWRIGHT_REMOTE_MODEL"),
            (422, "refused"),
        ],
    )
    def test_our_own_mistake_is_not_tried_again_and_does_not_stop_others(
        self, server: ScriptedServer, code: int, hint: str
    ) -> None:
        refusal = [["status", code, {"error": {"message": f"no such thing, {KEY}"}}, {}]]
        server.tell(refusal, refusal, refusal)
        engine = server.engine(failures=2)
        for _ in range(3):
            sentence = until_error(engine)[1]
            assert hint in sentence
            assert f"HTTP {code}" in sentence
        assert len(server.log()) == 3
        assert whole(engine).text == "Good day."

    def test_the_key_stays_out_of_errors_and_logs(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        sentences = []
        for code in (400, 401, 500):
            server.tell([["status", code, {"error": {"message": f"wrong key {KEY}"}}, {}]])
            with pytest.raises(EngineError) as caught:
                list(server.engine(retries=0).stream(ASK))
            error: BaseException | None = caught.value
            while error is not None:
                sentences.append(f"{error!s} {error!r}")
                error = error.__cause__ or error.__context__
        assert {name.lower(): value for name, value in server.log()[0]["headers"].items()}[
            "authorization"
        ] == f"Bearer {KEY}"
        assert KEY not in " ".join(sentences)
        assert KEY not in caplog.text

    @pytest.mark.parametrize("url", ["http://user:pass@127.0.0.1/v1", "127.0.0.1:8000/v1", "ftp://host/v1"])
    def test_an_address_that_cannot_be_used_is_refused_at_once(self, url: str) -> None:
        with pytest.raises(EngineError, match="SHOPWRIGHT_REMOTE_URL") as caught:
            RemoteEngine(url, "m", SecretStr(""), 1)
        assert "pass@" not in str(caught.value)


class TestBreaker:
    FAILING = (["status", 500, {}, {}],)

    def test_a_failing_server_is_left_alone_and_then_tried_once(self, server: ScriptedServer) -> None:
        engine = server.engine(retries=0, failures=2, pause_seconds=1.2)
        server.tell([*self.FAILING], [*self.FAILING], [*self.FAILING])
        for _ in range(2):
            assert "HTTP 500" in until_error(engine)[1]
        started = time.perf_counter()
        sentence = until_error(engine)[1]
        assert time.perf_counter() - started < 0.2
        assert "failed several times in a row" in sentence
        assert "again in 1 seconds" in sentence
        assert len(server.log()) == 2
        time.sleep(1.3)
        assert "HTTP 500" in until_error(engine)[1]  # the trial fails: left alone again
        assert "in a row" in until_error(engine)[1]
        time.sleep(1.3)
        assert whole(engine).text == "Good day."
        assert whole(engine).text == "Good day."

    def test_a_success_forgets_earlier_failures(self, server: ScriptedServer) -> None:
        engine = server.engine(retries=0, failures=2)
        server.tell([*self.FAILING], said("Fine."), [*self.FAILING], said("Fine again."))
        for outcome in ("HTTP 500", "Fine.", "HTTP 500", "Fine again."):
            if outcome.startswith("Fine"):
                assert whole(engine).text == outcome
            else:
                assert outcome in until_error(engine)[1]

    def test_streams_that_break_and_silences_count(self, server: ScriptedServer) -> None:
        engine = server.engine(0.4, retries=0, failures=2)
        server.tell([["text", "a"], ["cut"]], [["wait", 2]])
        assert "broke off" in until_error(engine)[1]
        assert "no answer" in until_error(engine)[1]
        assert "in a row" in until_error(engine)[1]

    def test_only_one_call_tries_at_a_time_and_a_stopped_one_decides_nothing(
        self, server: ScriptedServer
    ) -> None:
        engine = server.engine(retries=0, failures=1, pause_seconds=0.3)
        server.tell([*self.FAILING], [["wait", 5]], said("Back."))
        assert "HTTP 500" in until_error(engine)[1]
        time.sleep(0.4)
        stop = threading.Event()
        trial = threading.Thread(target=lambda: list(engine.stream(ASK, stop_event=stop)))
        trial.start()
        time.sleep(0.3)
        assert "in a row" in until_error(engine)[1]
        stop.set()
        trial.join()
        assert whole(engine).text == "Back."

    def test_a_reader_that_leaves_is_no_failure(self, server: ScriptedServer) -> None:
        engine = server.engine(failures=1)
        server.tell([["text", "a"], ["wait", 2]])
        stream = engine.stream(ASK)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert whole(engine).text == "Good day."


class TestStop:
    @pytest.mark.parametrize(
        "answer",
        [
            [["wait", 20]],
            [["role"], ["wait", 20]],
            [["text", "Our"], ["wait", 20]],
            [["call", "count_customers", '{"ci'], ["wait", 20]],
        ],
    )
    def test_stop_closes_the_connection_at_once(self, server: ScriptedServer, answer: list[Any]) -> None:
        server.tell(answer)
        stop = threading.Event()
        threading.Timer(0.4, stop.set).start()
        started = time.perf_counter()
        chunks = list(server.engine(30).stream(ASK, tools=[TOOL], stop_event=stop))
        assert time.perf_counter() - started < 1.2
        assert chunks[-1].chunk_position == "last"
        time.sleep(0.3)
        assert [entry["gone"] for entry in server.log()] == [True]

    def test_stop_ends_the_wait_before_a_retry(self, server: ScriptedServer) -> None:
        server.tell([["status", 429, {}, {"Retry-After": "8"}]])
        stop = threading.Event()
        threading.Timer(0.4, stop.set).start()
        started = time.perf_counter()
        list(server.engine().stream(ASK, stop_event=stop))
        assert time.perf_counter() - started < 1.2

    def test_leaving_the_stream_closes_the_connection(self, server: ScriptedServer) -> None:
        server.tell([["text", "Our"], ["wait", 20]])
        stream = server.engine(30).stream(ASK)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        time.sleep(0.3)
        assert server.log()[0]["gone"]

    def test_a_stop_before_the_start_asks_nothing(self, server: ScriptedServer) -> None:
        stop = threading.Event()
        stop.set()
        list(server.engine().stream(ASK, stop_event=stop))
        assert server.log() == []


def call_of(engine: RemoteEngine, *tools: dict[str, Any], **options: Any) -> dict[str, Any]:
    answer = whole(engine, tools=list(tools or (TOOL,)), **options)
    assert len(answer.tool_calls) == 1, answer
    return {"name": answer.tool_calls[0]["name"], "args": answer.tool_calls[0]["args"]}


class TestCalls:
    GOOD = {"name": "count_customers", "args": json.loads(GOOD_ARGUMENTS)}  # noqa: RUF012

    def test_a_call_streams_its_name_before_its_arguments(self, server: ScriptedServer) -> None:
        server.tell(
            [
                ["role"],
                ["call", "count_customers", ""],
                *[["arguments", char] for char in GOOD_ARGUMENTS],
                *BYE,
            ]
        )
        chunks = list(server.engine().stream(ASK, tools=[TOOL]))
        parts = [chunk.tool_call_chunks[0] for chunk in chunks if chunk.tool_call_chunks]
        assert parts[0]["name"] == "count_customers"
        assert json.loads(parts[1]["args"] or "") == self.GOOD["args"]
        assert len(parts) == 2
        assert len(server.log()) == 1

    def test_strict_servers_see_no_keyword_of_our_own(self, server: ScriptedServer) -> None:
        server.tell([["call", "count_customers", GOOD_ARGUMENTS], *BYE])
        call_of(server.engine())
        sent = json.dumps(server.bodies()[0]["tools"])
        assert '"x-' not in sent
        assert "context" not in sent
        assert "new = this year" in sent

    @pytest.mark.parametrize(
        "text",
        [
            f'{{"name": "count_customers", "arguments": {GOOD_ARGUMENTS}}}',
            f'```json\n{{"name": "count_customers", "arguments": {GOOD_ARGUMENTS}}}\n```',
            f'<tool_call>\n{{"name": "count_customers", "parameters": {GOOD_ARGUMENTS}}}\n</tool_call>',
            f'[{{"name": "count_customers", "arguments": {json.dumps(GOOD_ARGUMENTS)}}}]',
            f'{{"type": "function", "function": {{"name": "count_customers", "arguments": {GOOD_ARGUMENTS}}}}}',
        ],
    )
    def test_calls_written_as_text_are_understood(self, server: ScriptedServer, text: str) -> None:
        server.tell(said(*[text[start : start + 5] for start in range(0, len(text), 5)]))
        assert call_of(server.engine()) == self.GOOD
        assert len(server.log()) == 1

    @pytest.mark.parametrize("text", ['{"answer": 3}', "<b>Hi</b>", "`code`", "{ is a brace", "[1] says so"])
    def test_text_that_only_looks_like_a_call_stays_text(self, server: ScriptedServer, text: str) -> None:
        server.tell(said(*text))
        answer = whole(server.engine(), tools=[TOOL])
        assert answer.text == text
        assert not answer.tool_calls

    @pytest.mark.parametrize(
        "bad",
        ['{"city": "Paris", "ki', '{"city": "Paris"}', '{"city": 5, "kind": "new"}', '{"city": "Paris", "kind": "odd"}', "[]", "NaN", "[" * 5000],
    )  # fmt: skip
    def test_a_call_that_cannot_be_made_is_asked_for_once_more(
        self, server: ScriptedServer, bad: str
    ) -> None:
        server.tell([["call", "count_customers", bad], *BYE], said(GOOD_ARGUMENTS))
        assert call_of(server.engine()) == self.GOOD
        _first, second = server.bodies()
        schema = second["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["kind"]["enum"] == ["new", "old"]
        assert schema["required"] == ["city", "kind"]
        assert '"x-' not in json.dumps(second)
        assert "tools" not in second
        assert second["messages"][-2] == {"role": "assistant", "content": '{"tool": "count_customers"}'}
        assert "arguments of count_customers" in second["messages"][-1]["content"]

    def test_a_call_broken_off_in_the_text_is_asked_for_once_more(self, server: ScriptedServer) -> None:
        server.tell(said('{"name": "count_customers", "arguments": {"city"'), said(GOOD_ARGUMENTS))
        assert call_of(server.engine()) == self.GOOD

    def test_twice_wrong_is_a_sentence_and_the_next_turn_works(self, server: ScriptedServer) -> None:
        server.tell([["call", "count_customers", "{}"], *BYE], said('{"city": "Paris", "kind": "odd"}'))
        engine = server.engine(failures=1)
        sentence = until_error(engine, tools=[TOOL])[1]
        assert "twice wrote a tool call that cannot be made" in sentence
        assert "'odd' is not one of ['new', 'old']" in sentence
        assert whole(engine).text == "Good day."

    def test_a_tool_that_does_not_exist_is_chosen_again(self, server: ScriptedServer) -> None:
        server.tell(
            [["call", "delete_shop", "{}"], *BYE], said('{"tool": "count_customers"}'), said(GOOD_ARGUMENTS)
        )
        assert call_of(server.engine()) == self.GOOD
        enum = server.bodies()[1]["response_format"]["json_schema"]["schema"]["properties"]["tool"]["enum"]
        assert enum == ["count_customers", "reply"]

    def test_only_the_first_of_several_calls_counts(self, server: ScriptedServer) -> None:
        server.tell(
            [
                ["call", "count_customers", '{"city": "Pa'],
                ["call", "opening_hours", "{}", 1],
                ["arguments", 'ris", "kind": "new"}'],
                *BYE,
            ]
        )
        assert call_of(server.engine(), TOOL, OTHER) == self.GOOD

    def test_a_tool_without_arguments(self, server: ScriptedServer) -> None:
        server.tell([["call", "opening_hours", ""], *BYE])
        assert call_of(server.engine(), TOOL, OTHER) == {"name": "opening_hours", "args": {}}


class TestNarrowed:
    SCHEMA = TOOL["function"]["parameters"]

    def test_what_code_read_wins_over_the_model(self, server: ScriptedServer) -> None:
        narrowed = {"count_customers": narrow(self.SCHEMA, {"place": ["Rome"], "count": [7]})}
        server.tell([["call", "count_customers", '{"city": "Rome", "kind": "old", "limit": 99}'], *BYE])
        call = call_of(server.engine(), narrowed=narrowed)
        assert call["args"] == {"city": "Rome", "kind": "old", "limit": 7}

    def test_the_prompt_stays_the_same_whatever_a_request_mentions(self, server: ScriptedServer) -> None:
        engine = server.engine()
        for mentions in ({}, {"count": [7]}, {"place": ["Rome"], "count": [3]}):
            narrowed = {"count_customers": narrow(self.SCHEMA, mentions)}  # type: ignore[arg-type]
            whole(engine, tools=[TOOL], narrowed=narrowed)
        sent = [json.dumps(body["tools"]) for body in server.bodies()]
        assert len(set(sent)) == 1
        properties = json.loads(sent[0])[0]["function"]["parameters"]["properties"]
        assert set(properties) == {"city", "kind"}
        assert properties["city"]["description"] == "The city."

    def test_several_mentions_are_offered_to_choose_from(self, server: ScriptedServer) -> None:
        narrowed = {"count_customers": narrow(self.SCHEMA, {"place": ["Rome"], "count": [3, 9]})}
        server.tell(
            [["call", "count_customers", '{"city": "Rome", "kind": "new", "limit": 4}'], *BYE],
            said('{"city": "Rome", "kind": "new", "limit": 9}'),
        )
        call = call_of(server.engine(), narrowed=narrowed)
        assert call["args"]["limit"] == 9
        first, second = server.bodies()
        assert first["tools"][0]["function"]["parameters"]["properties"]["limit"]["enum"] == [3, 9]
        assert second["response_format"]["json_schema"]["schema"]["properties"]["limit"]["enum"] == [3, 9]

    def test_silence_on_an_argument_that_need_not_apply_is_no_mistake(self, server: ScriptedServer) -> None:
        schema = {"type": "object", "properties": {"about": {"type": "string", "description": "About what."}}}
        tool = {
            "type": "function",
            "function": {"name": "look", "description": "Look.", "parameters": schema},
        }
        server.tell([["call", "look", "{}"], *BYE])
        call = call_of(server.engine(), tool, narrowed={"look": narrow(schema, {})})
        assert call["args"] == {"about": None}
        assert len(server.log()) == 1


class TestSteps:
    MESSAGES = [  # noqa: RUF012
        SystemMessage("You work for a shop."),
        HumanMessage("How many new customers in Rome?"),
        AIMessage(
            "", tool_calls=[{"name": "count_customers", "args": {"city": "Rome", "kind": "new"}, "id": "a"}]
        ),
        ToolMessage("ok", tool_call_id="a"),
        HumanMessage("Thanks"),
        AIMessage("You're welcome!"),
        HumanMessage("And in Paris?"),
    ]

    def engine(self, server: ScriptedServer, **options: Any) -> RemoteEngine:
        return server.engine(decoding=Decoding(choose_step=True, **options))

    def test_a_tool_is_chosen_and_then_its_arguments_are_filled(self, server: ScriptedServer) -> None:
        count = [["usage", USAGE], ["done"]]
        server.tell(
            [["text", '{"tool": "count_customers"}'], ["finish", "stop"], *count],
            [["text", GOOD_ARGUMENTS], ["finish", "stop"], *count],
        )
        answer = whole(self.engine(server), self.MESSAGES, tools=[TOOL, OTHER])
        assert answer.tool_calls[0]["args"] == json.loads(GOOD_ARGUMENTS)
        assert answer.usage_metadata is not None
        assert answer.usage_metadata["total_tokens"] == 2 * 97
        choice, fill = server.bodies()
        enum = choice["response_format"]["json_schema"]["schema"]["properties"]["tool"]["enum"]
        assert enum == ["count_customers", "opening_hours", "reply"]
        assert fill["messages"][: len(choice["messages"])] == choice["messages"]
        assert "tools" not in choice
        roles = [message["role"] for message in fill["messages"]]
        assert roles[0] == "system"
        assert all(a != b for a, b in itertools.pairwise(roles))
        assert "When the shop opens." in choice["messages"][0]["content"]
        assert "ok" not in [message["content"] for message in choice["messages"]]

    def test_a_reply_still_streams(self, server: ScriptedServer) -> None:
        server.tell(said('{"tool": "reply"}'), said("You are ", "welcome."))
        pieces = [
            chunk.text for chunk in self.engine(server).stream(self.MESSAGES, tools=[TOOL]) if chunk.text
        ]
        assert pieces == ["You are ", "welcome."]

    def test_a_tool_without_open_arguments_takes_one_request(self, server: ScriptedServer) -> None:
        server.tell(said('{"tool": "opening_hours"}'))
        assert call_of(self.engine(server), TOOL, OTHER) == {"name": "opening_hours", "args": {}}
        assert len(server.log()) == 1

    def test_wrong_arguments_are_asked_for_once_more(self, server: ScriptedServer) -> None:
        server.tell(said('{"tool": "count_customers"}'), said("{}"), said(GOOD_ARGUMENTS))
        assert call_of(self.engine(server)) == TestCalls.GOOD
        assert "'city' is a required property" in server.bodies()[2]["messages"][-1]["content"]

    def test_without_grammar_nothing_is_bound(self, server: ScriptedServer) -> None:
        server.tell(said("I take count_customers."), said(f"```json\n{GOOD_ARGUMENTS}\n```"))
        assert call_of(self.engine(server, grammar=False)) == TestCalls.GOOD
        assert all("response_format" not in body for body in server.bodies())

    def test_stop_between_the_steps(self, server: ScriptedServer) -> None:
        server.tell(said('{"tool": "count_customers"}'), [["wait", 20]])
        stop = threading.Event()
        with contextlib.closing(self.engine(server).stream(ASK, tools=[TOOL], stop_event=stop)) as stream:  # type: ignore[type-var]
            assert next(stream).tool_call_chunks
            stop.set()
            assert [chunk.chunk_position for chunk in stream] == ["last"]
