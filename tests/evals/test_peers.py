"""Peers: reading plain JSON calls, LangChain's real agent on a scripted model, processes that are stopped or die."""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from shopwright.agent.engines.text_calls import calls_in, may_be_call
from shopwright.evals.errors import EvalError
from shopwright.evals.peers.langchain_agent import (
    Remote,
    Signals,
    answer_all,
    open_agent,
    serve,
    with_calls,
)
from shopwright.evals.peers.process import PeerProcess
from shopwright.evals.peers.protocol import Found, PeerSetup, PeerTool, Say, Told

TOOL = PeerTool(
    "find_segment",
    "Who the customers are.",
    {"type": "object", "properties": {"segment": {"type": "string", "description": "Which."}}},
)
SETUP = PeerSetup(Path("none.gguf"), "You help.", [TOOL], {}, "Try another build.")
MADE_UP = '{"name": "made_up", "arguments": {}}'
CALL = '<tool_call>\n{{"name": "find_segment", "arguments": {"segment": "at_risk"}}}\n</tool_call>'


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        '{"name": "find_segment", "arguments": {"segment": "at_risk"}}',
        '```json\n{"name": "find_segment", "parameters": {"segment": "at_risk"}}\n```',
        '{"name": "find_segment", "arguments": "{\\"segment\\": \\"at_risk\\"}"}',
        '{{"name": "find_segment", "arguments": {{"segment": "at_risk"}}}}',
        'Let me see: {"name": "find_segment", "arguments": {"segment": "at_risk"}} and so on {',
    ],
)
def test_calls_are_read_leniently(text: str) -> None:
    assert calls_in(text) == [("find_segment", {"segment": "at_risk"})]


@pytest.mark.parametrize(
    "text",
    ["", "no call", '{"name": 3, "arguments": {}}', '{"name": "search"}', '{"name": "search", "arguments": [1]}', "{{", '{"a": 1}',
     '{"name": "search", "arguments": "{"}'],
)  # fmt: skip
def test_what_is_no_call_is_none(text: str) -> None:
    assert calls_in(text) == []


def test_two_calls_are_two() -> None:
    text = '{"name": "search", "arguments": {}}\n{"name": "made_up", "parameters": {}}'
    assert calls_in(text) == [("search", {}), ("made_up", {})]


def test_what_may_still_become_a_call() -> None:
    assert [may_be_call(text) for text in ("", "\n ", "{", "<tool", "```", "Hello", "好")] == [True] * 5 + [
        False
    ] * 2


def pieces(text: str) -> list[ChatGenerationChunk]:
    return [ChatGenerationChunk(message=AIMessageChunk(content=char)) for char in ["", *text]]


def test_words_come_as_they_are_written_and_calls_at_the_end() -> None:
    here, there = multiprocessing.Pipe()
    words = with_calls(pieces("Hi there"), Signals(there))
    assert next(words).text == ""
    assert next(words).text == "H"
    assert "".join(chunk.text for chunk in words) == "i there"
    assert (here.recv(), here.poll()) == (Told("first"), False)
    (call,) = with_calls(pieces(CALL), Signals(there))
    assert call.message.tool_call_chunks[0]["name"] == "find_segment"
    assert [here.recv(), here.recv()] == [Told("first"), Told("wrote", tool="find_segment")]
    *said, call = with_calls(pieces(f"So: {CALL}"), Signals(there))
    assert "".join(chunk.text for chunk in said).startswith("So: ")
    assert call.message.tool_call_chunks[0]["name"] == "find_segment"
    unread = "".join(chunk.text for chunk in with_calls(pieces("{oh"), Signals(there)))
    assert unread == "{oh"


class Scripted(BaseChatModel):
    """A chat model that writes what it is told to, a character at a time."""

    lines: list[str]
    signal: Any = None
    prompts: list[int] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[tool.name for tool in tools])

    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        self.prompts.append(len(messages))
        yield from with_calls(pieces(self.lines.pop(0)), self.signal)

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        whole = AIMessageChunk(content="")
        for chunk in self._stream(messages):
            whole = whole + chunk.message
        return ChatResult(generations=[ChatGeneration(message=whole)])


def test_langchains_agent_calls_our_tool_and_answers() -> None:
    pytest.importorskip("langchain.agents")
    here, there = multiprocessing.Pipe()
    signal = Signals(there)
    model = Scripted(lines=[CALL, "128 are at risk.", "Nothing more.", MADE_UP, "Sorry."], signal=signal)
    agent = open_agent(SETUP, Remote(there), model)
    worker = threading.Thread(target=answer_all, args=(there, agent, signal), daemon=True)
    worker.start()
    here.send(Say("How many?", fresh=True))
    assert here.recv() == Told("first")
    assert here.recv() == Told("wrote", tool="find_segment")
    assert here.recv() == Told("run", tool="find_segment", arguments={"segment": "at_risk"})
    here.send(Found("128 customers"))
    assert here.recv() == Told("answer", "128 are at risk.")
    here.send(Say("And?"))
    assert [here.recv().kind, here.recv().kind] == ["first", "answer"]
    assert model.prompts[-1] == 6  # the system's words, four of the first turn, the question
    here.send(Say("Which?", fresh=True))  # a tool that does not exist: the agent says so, nothing runs
    assert [here.recv().kind for _ in range(3)] == ["first", "wrote", "answer"]
    here.send(Say("Again?"))  # the script is at its end: the agent fails, and says so
    assert here.recv().text.startswith("IndexError")
    here.close()
    worker.join(10)
    assert not worker.is_alive()


def answering(pipe: Connection, setup: PeerSetup) -> None:
    """A peer that is ready at once and does what its name in the prompt says."""
    pipe.send(Told("ready"))
    while True:
        try:
            said = pipe.recv()
        except EOFError:
            return
        pipe.send(Told("first"))
        if said.text == "sleep":
            time.sleep(60)
        if said.text == "die":
            os._exit(7)
        pipe.send(Told("wrote", tool="find_segment"))
        pipe.send(Told("run", tool="find_segment", arguments={"fresh": said.fresh}))
        pipe.send(Told("answer", f"{setup.system_prompt} {pipe.recv().text}"))


@pytest.fixture
def peer() -> Iterator[PeerProcess]:
    # Forked, since a new interpreter could not import this file.
    opened = PeerProcess(answering, SETUP, lambda name, given: f"{name} {given['fresh']}", 1.0, method="fork")
    yield opened
    opened.close()


def test_a_peer_answers_from_its_own_process(peer: PeerProcess) -> None:
    turn = peer.ask("hello", fresh=True)
    assert turn.answer == "You help. find_segment True"
    assert (turn.calls, turn.ran) == (["find_segment"], 1)
    assert turn.first_event_seconds is not None
    assert 0 < turn.first_event_seconds <= turn.seconds
    assert peer.ask("hello").answer == "You help. find_segment False"


def test_a_peer_that_takes_too_long_is_stopped_and_can_be_asked_again(peer: PeerProcess) -> None:
    turn = peer.ask("sleep")
    assert (turn.stopped, turn.seconds, turn.answer) == (True, 1.0, "")
    assert peer.ask("hello").answer


def test_a_peer_whose_process_dies_ends_the_bench_with_a_way_out(peer: PeerProcess) -> None:
    with pytest.raises(EvalError, match=r"exit code 7\). Try another build"):
        peer.ask("die")


def test_a_peer_without_its_model_is_not_loaded() -> None:
    pytest.importorskip("langchain_community")
    pytest.importorskip("llama_cpp")
    process = PeerProcess(serve, SETUP, lambda name, given: "", 5.0)
    with pytest.raises(EvalError, match=r"could not be loaded.*none\.gguf"):
        process.start()
