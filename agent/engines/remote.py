"""Any OpenAI-compatible server: vLLM, llama-server, Ollama, or a gateway in front of them."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from langchain_core.messages import AIMessageChunk, BaseMessage
from openai import Timeout
from pydantic import SecretStr

from shopwright.agent.engines.base import Decoding, EngineError, Prefix
from shopwright.agent.engines.remote_breaker import Breaker
from shopwright.agent.engines.remote_errors import Wording
from shopwright.agent.engines.remote_server import ModelServer
from shopwright.agent.engines.remote_tools import InvalidCallError, offers
from shopwright.agent.engines.remote_turn import RemoteTurn
from shopwright.agent.grammar import Narrowed


class RemoteEngine:
    """Asks a server. It keeps no state between calls but the connections and the breaker.

    `timeout_seconds` is the longest silence, before the first word and between two; `connect_seconds` the
    time to take the connection. A request is tried again up to `retries` times, but only until its first
    piece came. After `failures` failed calls in a row none is made for `pause_seconds`.

    `decoding.choose_step` suits small models; by default the server chooses and writes calls its own way.
    `decoding.grammar` binds what the engine asks for itself (steps, and calls asked for again) to schemas.
    """

    def __init__(
        self,
        url: str,
        model: str,
        api_key: SecretStr,
        timeout_seconds: float,
        *,
        retries: int = 2,
        decoding: Decoding | None = None,
        connect_seconds: float = 5.0,
        failures: int = 3,
        pause_seconds: float = 30.0,
    ) -> None:
        if not url or not model:
            raise EngineError("The remote engine needs SHOPWRIGHT_REMOTE_URL and SHOPWRIGHT_REMOTE_MODEL.")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise EngineError(
                "SHOPWRIGHT_REMOTE_URL must be like http://127.0.0.1:8000/v1, without user and password. "
                "A key belongs in SHOPWRIGHT_REMOTE_API_KEY."
            )
        self._model, self._decoding = model, decoding or Decoding(choose_step=False)
        secret = api_key.get_secret_value()
        self._wording = Wording(url, model, secret, timeout_seconds)
        self._server = ModelServer(
            url,
            secret,
            self._wording,
            Timeout(timeout_seconds, connect=min(connect_seconds, timeout_seconds)),
            retries,
            Breaker(failures, pause_seconds),
        )

    @property
    def name(self) -> str:
        """remote and the model's name."""
        return f"remote:{self._model}"

    def stream(
        self,
        messages: Sequence[BaseMessage],
        *,
        tools: Sequence[dict[str, Any]] = (),
        narrowed: Mapping[str, Narrowed] | None = None,
        numbers: Sequence[str] | None = None,
        among: Sequence[str] = (),
        stop_event: threading.Event | None = None,
        max_tokens: int = 400,
    ) -> Iterator[AIMessageChunk]:
        """Stream one call; see Engine. No server binds `numbers`: the loop checks them afterwards."""
        turn = RemoteTurn(
            self._server,
            self._model,
            list(messages),
            offers(tools, narrowed),
            stop_event,
            max_tokens,
            self._decoding.grammar,
            tuple(among),
        )
        try:
            yield from turn.in_steps() if tools and self._decoding.choose_step else turn.at_once()
        except InvalidCallError as error:
            raise EngineError(
                f"{self._wording.server} twice wrote a tool call that cannot be made ({str(error)[:200]}). "
                "Say it in other words, or use a larger model."
            ) from error
        yield turn.end()

    def warm(
        self,
        prefixes: Sequence[Prefix],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Nothing to do: the server keeps its own caches."""

    def close(self) -> None:
        """End what runs and free the connections."""
        self._server.close()
