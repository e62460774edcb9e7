"""Any OpenAI-compatible server: vLLM, llama-server, Ollama, or a gateway in front of them."""

import contextlib
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk as create_tool_call_chunk
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError
from pydantic import SecretStr

from shopwright.agent.engines.base import EngineError, Prefix
from shopwright.agent.grammar import Narrowed


class RemoteEngine:
    """Asks a server. Arguments and numbers are checked after decoding rather than during it."""

    def __init__(self, url: str, model: str, api_key: SecretStr, timeout_seconds: float) -> None:
        if not url or not model:
            raise EngineError("The remote engine needs SHOPWRIGHT_REMOTE_URL and SHOPWRIGHT_REMOTE_MODEL.")
        self._url, self._model_name, self._timeout = url, model, timeout_seconds
        self._model = ChatOpenAI(
            base_url=url,
            model=model,
            api_key=SecretStr(api_key.get_secret_value() or "none"),
            timeout=timeout_seconds,
            max_retries=2,
            temperature=0.0,
            stream_usage=True,
        )

    @property
    def name(self) -> str:
        """remote and the model's name."""
        return f"remote:{self._model_name}"

    def stream(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[dict[str, Any]] = (),
        narrowed: Mapping[str, Narrowed] | None = None,
        numbers: Sequence[str] | None = None,
        stop_event: threading.Event | None = None,
        max_tokens: int = 400,
    ) -> Iterator[AIMessageChunk]:
        """Stream one call; see Engine. `narrowed` and `numbers` are for decoding under grammars."""
        model: Any = self._model.bind_tools([_plain(tool) for tool in tools]) if tools else self._model
        try:
            chunks = model.stream(list(messages), max_tokens=max_tokens)
            names = {tool["function"]["name"] for tool in tools}
            for chunk in _calls_in_text(chunks, names) if names else chunks:
                if stop_event is not None and stop_event.is_set():
                    return
                yield chunk
        except APITimeoutError as error:
            raise EngineError(
                f"The model server at {self._url} gave no answer within {self._timeout:.0f} seconds. "
                "Try again, or raise SHOPWRIGHT_REMOTE_TIMEOUT_SECONDS."
            ) from error
        except APIConnectionError as error:
            raise EngineError(
                f"The model server at {self._url} cannot be reached. "
                "Check that it runs and that SHOPWRIGHT_REMOTE_URL is right."
            ) from error
        except APIStatusError as error:
            raise EngineError(
                f"The model server at {self._url} refused the request (HTTP {error.status_code}). "
                "Check the model's name and the API key."
            ) from error
        except OpenAIError as error:
            raise EngineError(f"The model server at {self._url} broke off: {error}") from error

    def warm(
        self,
        prefixes: Sequence[Prefix],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Nothing to do: the server keeps its own caches."""

    def close(self) -> None:
        """Nothing is held."""


def _calls_in_text(chunks: Iterator[AIMessageChunk], names: set[str]) -> Iterator[AIMessageChunk]:
    """Turns a call that a small model wrote as plain JSON text into a tool call.

    Text is passed on at once unless it begins like JSON; then it is held until it is known to be a call.
    """
    held = ""
    for chunk in chunks:
        begins = (held + chunk.text).lstrip()
        if chunk.text and (not begins or begins[:1] in "{`<"):
            held += chunk.text
            chunk = chunk.model_copy(update={"content": ""})
        elif held and (chunk.text or chunk.chunk_position == "last"):
            yield _call(held, names) or AIMessageChunk(content=held)
            held = ""
        yield chunk
    if held:
        yield _call(held, names) or AIMessageChunk(content=held)


def _call(text: str, names: set[str]) -> AIMessageChunk | None:
    found = re.search(r"\{.*\}", text, re.DOTALL)
    with contextlib.suppress(json.JSONDecodeError, AttributeError):
        call = json.loads(found[0] if found else "")
        if call.get("name") in names:
            arguments = call.get("arguments") or call.get("parameters") or {}
            part = create_tool_call_chunk(
                name=call["name"], args=json.dumps(arguments), id=f"call_{secrets.token_hex(6)}", index=0
            )
            return AIMessageChunk(content="", tool_call_chunks=[part])
    return None


def _plain(tool: Mapping[str, Any]) -> dict[str, Any]:
    """The tool without our own schema keywords, which a strict server refuses."""
    function = dict(tool["function"])
    parameters = dict(function["parameters"])
    parameters["properties"] = {
        name: {key: value for key, value in spec.items() if not key.startswith("x-")}
        for name, spec in parameters["properties"].items()
    }
    return {"type": "function", "function": {**function, "parameters": parameters}}
