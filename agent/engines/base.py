"""What the loop asks of an engine."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.grammar import Narrowed


class EngineError(RuntimeError):
    """The engine could not answer; the message says what happened and what to do."""


Prefix = tuple[Sequence[BaseMessage], Sequence[dict[str, Any]]]


class Engine(Protocol):
    """A chat model with what the loop needs around it."""

    @property
    def name(self) -> str:
        """Engine and model, as an Answer reports them."""

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
        """Stream one model call. Raises EngineError."""

    def warm(
        self,
        prefixes: Sequence[Prefix],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Get ready for prompts that begin with these prefixes; `only`: with one of them."""

    def close(self) -> None:
        """Free what the engine holds."""
