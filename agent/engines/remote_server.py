"""One HTTP server that speaks the OpenAI protocol: requests, retries, streams, and an end to them at once.

Requests run on an event loop in a thread of the server's own, because there a request can be cancelled at
any point, while it connects, waits for the first word or sleeps before a retry; that closes the connection,
and the server stops working.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from openai import APIStatusError, AsyncOpenAI, AsyncStream, Timeout, omit
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDelta
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from shopwright.agent.engines.base import EngineError
from shopwright.agent.engines.remote_breaker import Breaker, PausedError
from shopwright.agent.engines.remote_errors import BrokenOffError, Wording, ill, transient

POLL_SECONDS = 0.03  # how often a waiting reader looks whether the person pressed stop
LONGEST_PAUSE = 8.0  # seconds before a retry, also where the server asks for more
BACK_OFF = wait_exponential_jitter(multiplier=0.5, max=LONGEST_PAUSE, jitter=0.5)


@dataclass(frozen=True)
class Complete:
    """A request that ended well: the server's count of tokens, if it told, and seconds measured here."""

    usage: CompletionUsage | None
    prefill: float
    decode: float


@dataclass(frozen=True)
class _Failed:
    error: Exception
    ill: bool


@dataclass(frozen=True)
class _Home:
    """The event loop and the connections that belong to it."""

    loop: asyncio.AbstractEventLoop
    client: AsyncOpenAI


_Item = ChoiceDelta | Complete | _Failed


class ModelServer:
    """Streams answers of one server. Safe to use from several threads."""

    def __init__(
        self, url: str, api_key: str, wording: Wording, timeout: Timeout, retries: int, breaker: Breaker
    ) -> None:
        self._url, self._api_key, self._timeout, self._retries = url, api_key, timeout, retries
        self._wording, self._breaker = wording, breaker
        self._lock = threading.Lock()
        self._home: _Home | None = None

    def ask(
        self, request: dict[str, Any], stop: threading.Event | None = None
    ) -> Iterator[ChoiceDelta | Complete]:
        """Stream one chat completion; Complete comes last, and not at all once `stop` is set.

        Raises EngineError, at once while the breaker is open.
        """
        if stop is not None and stop.is_set():
            return
        try:
            trial = self._breaker.admit()
        except PausedError as pause:
            raise self._wording.paused(pause.seconds) from None
        inbox: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        worked: bool | None = None
        future = self._submit(request, inbox.put)
        try:
            for item in _received(inbox, future, stop):
                worked = not (isinstance(item, _Failed) and item.ill)
                if isinstance(item, _Failed):
                    raise item.error
                yield item
        finally:
            future.cancel()
            self._breaker.record(trial, worked)

    def close(self) -> None:
        """End all requests and free the connections; a later request opens new ones."""
        with self._lock:
            home, self._home = self._home, None
        if home is not None:
            asyncio.run_coroutine_threadsafe(_shut_down(home.client), home.loop)

    def _submit(self, request: dict[str, Any], put: Callable[[_Item], None]) -> Future[None]:
        with self._lock:
            if self._home is None:
                client = AsyncOpenAI(
                    base_url=self._url, api_key=self._api_key or "none", timeout=self._timeout, max_retries=0
                )
                self._home = _Home(asyncio.new_event_loop(), client)
                threading.Thread(target=_run, args=(self._home.loop,), daemon=True, name="remote").start()
            return asyncio.run_coroutine_threadsafe(
                self._work(self._home.client, request, put), self._home.loop
            )

    async def _work(self, client: AsyncOpenAI, request: dict[str, Any], put: Callable[[_Item], None]) -> None:
        begun = False
        try:
            head, stream, started = await self._begin(client, request)
            begun, first, finished, usage = True, time.perf_counter(), False, None
            chunk: ChatCompletionChunk | None
            while (chunk := head.pop(0) if head else await anext(stream, None)) is not None:
                usage = chunk.usage or usage
                finished = finished or _finishes(chunk)
                if chunk.choices and chunk.choices[0].delta:
                    put(chunk.choices[0].delta)
            if not finished:
                raise BrokenOffError
            put(Complete(usage, first - started, time.perf_counter() - first))
        except Exception as error:  # noqa: BLE001  (handed to the waiting thread, which raises it)
            put(_Failed(self._wording.explain(error, begun=begun), ill(error)))

    async def _begin(
        self, client: AsyncOpenAI, request: dict[str, Any]
    ) -> tuple[list[ChatCompletionChunk], AsyncStream[ChatCompletionChunk], float]:
        """The stream, read up to its first piece, and when the try that brought it began."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(transient),
            stop=stop_after_attempt(self._retries + 1),
            wait=_pause,
            reraise=True,
        ):
            with attempt:
                started = time.perf_counter()
                stream = await client.chat.completions.create(
                    **request,
                    stream=True,
                    stream_options={"include_usage": True},
                    # else the client would send what other programs' environment variables say
                    extra_headers={"OpenAI-Organization": omit, "OpenAI-Project": omit},
                )
                return await _head(stream), stream, started
        raise AssertionError("the last attempt returns or raises")


async def _head(stream: AsyncStream[ChatCompletionChunk]) -> list[ChatCompletionChunk]:
    head = []
    while (chunk := await anext(stream, None)) is not None:
        head.append(chunk)
        if _finishes(chunk) or _speaks(chunk):
            return head
    raise BrokenOffError


def _finishes(chunk: ChatCompletionChunk) -> bool:
    return bool(chunk.choices and chunk.choices[0].finish_reason)


def _speaks(chunk: ChatCompletionChunk) -> bool:
    """Whether the chunk holds any of the answer, be it a thought; the first one may hold a role only."""
    delta = chunk.choices[0].delta if chunk.choices else None
    thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    return bool(delta and (delta.content or delta.tool_calls or thought))


def _pause(state: RetryCallState) -> float:
    """Seconds before the next try: exponential with jitter, longer where the server asks for it."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.response.headers.get("retry-after", "") if isinstance(error, APIStatusError) else ""
    least = float(asked) if asked.isdigit() else 0.0
    return max(min(least, LONGEST_PAUSE), BACK_OFF(state))


def _received(
    inbox: "queue.SimpleQueue[_Item]", future: Future[None], stop: threading.Event | None
) -> Iterator[_Item]:
    """What the request brings, until it ends or the person presses stop."""
    while stop is None or not stop.is_set():
        try:
            item = inbox.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if future.done() and inbox.empty():
                raise EngineError("The remote engine was closed during the answer. Ask again.") from None
            continue
        if stop is not None and stop.is_set():
            return
        yield item
        if isinstance(item, Complete):
            return


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _shut_down(client: AsyncOpenAI) -> None:
    """Cancel what runs on this loop, then stop it."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await client.close()
    asyncio.get_running_loop().stop()
