"""LangChain's own agent over ChatLlamaCpp, as its documentation sets it up, in a process of its own.

Tool calls are plain JSON in the model's text: ChatLlamaCpp offers the tools in the prompt, but does not read
calls back, so the reading is added here (`text_calls`), as lenient as it can be.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from shopwright.agent.engines.text_calls import calls_in, may_be_call
from shopwright.evals.peers.protocol import Found, PeerSetup, PeerTool, Say, Told


def serve(pipe: Connection, setup: PeerSetup) -> None:
    """Load the agent, say that it is ready or why it is not, and answer until the pipe is closed."""
    signal = Signals(pipe)
    try:
        agent = open_agent(setup, Remote(pipe), chat_model(setup, signal))
    except (ImportError, ValueError) as error:
        reason, _, _ = str(error).partition(" [type=")  # where pydantic begins to quote the input
        pipe.send(Told("failed", " ".join(reason.split())))
        return
    pipe.send(Told("ready"))
    answer_all(pipe, agent, signal)


class Signals:
    """Tells the other side of the first token of every turn, once, and of every call that is written."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._told = False

    def new_turn(self) -> None:
        """The next token is a first one again."""
        self._told = False

    def token(self) -> None:
        """A token has come."""
        if not self._told:
            self._told = True
            self._pipe.send(Told("first"))

    def call(self, name: str) -> None:
        """A call has been written."""
        self._pipe.send(Told("wrote", tool=name))


def answer_all(pipe: Connection, agent: Any, signal: Signals) -> None:
    """Answer what comes through the pipe until it is closed."""
    messages: list[Any] = []
    while True:
        try:
            said: Say = pipe.recv()
        except EOFError:
            return
        signal.new_turn()
        messages = [] if said.fresh else messages
        messages = _answer(pipe, agent, [*messages, {"role": "user", "content": said.text}])


def _answer(pipe: Connection, agent: Any, messages: list[Any]) -> list[Any]:
    """The conversation after the agent's answer; unchanged but for the question when there is none."""
    try:
        state = agent.invoke({"messages": messages})
    except Exception as error:  # noqa: BLE001  (whatever the peer trips over is its result)
        pipe.send(Told("failed", f"{type(error).__name__}: {error}"))
        return messages
    pipe.send(Told("answer", str(state["messages"][-1].text)))
    return list(state["messages"])


class Remote:
    """Runs tools on the other side of the pipe: the shop's index belongs to one process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """What the tool found, or what was wrong with the call."""
        self._pipe.send(Told("run", tool=tool, arguments=arguments))
        found: Found = self._pipe.recv()
        return found.text


def open_agent(setup: PeerSetup, remote: Remote, model: Any) -> Any:
    """LangChain's agent over a chat model, with the shop's tools."""
    from langchain.agents import create_agent

    return create_agent(
        model, [_tool(tool, remote) for tool in setup.tools], system_prompt=setup.system_prompt
    )


def _tool(tool: PeerTool, remote: Remote) -> Any:
    from langchain_core.tools import StructuredTool

    def run(**arguments: Any) -> str:
        return remote.call(tool.name, arguments)

    return StructuredTool.from_function(
        run, name=tool.name, description=tool.description, args_schema=tool.schema
    )


def chat_model(setup: PeerSetup, signal: Signals) -> Any:
    """ChatLlamaCpp that reads calls from its text. Raises ImportError or ValueError when it cannot load."""
    from langchain_community.chat_models import ChatLlamaCpp

    class PlainJsonCalls(ChatLlamaCpp):  # type: ignore[misc]
        """ChatLlamaCpp that reads the calls its model writes."""

        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
            yield from with_calls(super()._stream(*args, **kwargs), signal)

    return PlainJsonCalls(model_path=str(setup.model_path), verbose=False, **setup.options)


def with_calls(chunks: Iterable[Any], signal: Signals) -> Iterator[Any]:
    """The chunks as they come, then the calls in their text. Text that begins as a call does is held back,
    and does not come at all when it is one."""
    held: list[Any] = []
    text = ""
    for chunk in chunks:
        text += chunk.text
        if chunk.text:
            signal.token()
        held.append(chunk)
        if not may_be_call(text):
            yield from held
            held = []
    calls = calls_in(text)
    for name, _ in calls:
        signal.call(name)
    if not calls:
        yield from held
    for number, call in enumerate(calls):
        yield _call_chunk(number, *call)


def _call_chunk(index: int, name: str, arguments: dict[str, Any]) -> Any:
    from langchain_core.messages import AIMessageChunk
    from langchain_core.messages.tool import tool_call_chunk
    from langchain_core.outputs import ChatGenerationChunk

    written = json.dumps(arguments, ensure_ascii=False)
    part = tool_call_chunk(name=name, args=written, id=f"call_{secrets.token_hex(6)}", index=index)
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[part]))
