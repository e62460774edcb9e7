"""LangChain's own agent over ChatLlamaCpp, as its documentation sets it up, in a process of its own.

Tool calls are plain JSON in the model's text: ChatLlamaCpp offers the tools in the prompt, but does not read
calls back, so the reading is added here (`text_calls`), as lenient as it can be.
"""

from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from shopwright.evals.peers.protocol import Found, PeerSetup, PeerTool, Say, Told
from shopwright.evals.peers.text_calls import calls_in, may_be_call


def serve(pipe: Connection, setup: PeerSetup) -> None:
    """Answer what comes through the pipe until it is closed."""
    told: set[str] = set()
    try:
        agent = open_agent(setup, Remote(pipe), lambda: _first(pipe, told))
    except (ImportError, ValueError) as error:
        pipe.send(Told("failed", str(error)))
        return
    pipe.send(Told("ready"))
    messages: list[Any] = []
    while True:
        try:
            said: Say = pipe.recv()
        except EOFError:
            return
        told.clear()
        messages = [] if said.fresh else messages
        messages = _answer(pipe, agent, [*messages, {"role": "user", "content": said.text}])


def _first(pipe: Connection, told: set[str]) -> None:
    if "first" not in told:
        told.add("first")
        pipe.send(Told("first"))


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
        self._pipe.send(Told("call", tool=tool, arguments=arguments))
        found: Found = self._pipe.recv()
        return found.text


def open_agent(setup: PeerSetup, remote: Remote, on_first: Callable[[], None]) -> Any:
    """The agent with its model loaded. Raises ImportError or ValueError when it cannot be."""
    from langchain.agents import create_agent

    model = chat_model(setup, on_first)
    tools = [_tool(tool, remote) for tool in setup.tools]
    return create_agent(model, tools, system_prompt=setup.system_prompt)


def _tool(tool: PeerTool, remote: Remote) -> Any:
    from langchain_core.tools import StructuredTool

    def run(**arguments: Any) -> str:
        return remote.call(tool.name, arguments)

    return StructuredTool.from_function(
        run, name=tool.name, description=tool.description, args_schema=tool.schema
    )


def chat_model(setup: PeerSetup, on_first: Callable[[], None]) -> Any:
    """ChatLlamaCpp with its calls read from its text; `on_first` is called at every first token."""
    from langchain_community.chat_models import ChatLlamaCpp
    from langchain_core.messages import AIMessageChunk
    from langchain_core.outputs import ChatGenerationChunk

    names = {tool.name for tool in setup.tools}

    class PlainJsonCalls(ChatLlamaCpp):  # type: ignore[misc]
        """ChatLlamaCpp that reads the calls its model writes."""

        def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
            held: list[ChatGenerationChunk] = []
            text = ""
            for chunk in super()._stream(*args, **kwargs):
                text += chunk.text
                if chunk.text:
                    on_first()
                held.append(chunk)
                if not may_be_call(text):
                    yield from held
                    held = []
            calls = calls_in(text, names) if held else []
            if not calls:
                yield from held
            for index, (name, arguments) in enumerate(calls):
                yield ChatGenerationChunk(message=_call_chunk(AIMessageChunk, index, name, arguments))

    return PlainJsonCalls(model_path=str(setup.model_path), verbose=False, **setup.options)


def _call_chunk(kind: Any, index: int, name: str, arguments: dict[str, Any]) -> Any:
    import json
    import secrets

    part = {
        "type": "tool_call_chunk",
        "name": name,
        "args": json.dumps(arguments, ensure_ascii=False),
        "id": f"call_{secrets.token_hex(6)}",
        "index": index,
    }
    return kind(content="", tool_call_chunks=[part])
