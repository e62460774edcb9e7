"""What the loop asks of an engine."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.grammar import Narrowed


class EngineError(RuntimeError):
    """The engine could not answer; the message says what happened and what to do, `zh` in Chinese."""

    def __init__(self, message: str, *, zh: str = "") -> None:
        super().__init__(message)
        self.zh = zh


class ContextOverflowError(EngineError):
    """The prompt is longer than the model's context; fewer earlier turns may fit."""


class DeviceError(EngineError):
    """The accelerator failed, and will fail again until the process is started anew."""


class OutOfMemoryError(DeviceError):
    """The device's memory does not hold the model or the conversation."""


@dataclass(frozen=True)
class Decoding:
    """How tool calls are decoded; the defaults are what measured best."""

    grammar: bool = True
    """Bind names, arguments and numbers while decoding; without it calls are read leniently from text."""
    choose_step: bool = True
    """Choose the tool, or none, in a constrained step of its own, then fill its arguments."""


class Notice(TypedDict):
    """Something a person should know of how an answer came about, in both languages.

    A chunk carries it as `response_metadata["notice"]`.
    """

    en: str
    zh: str


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
        among: Sequence[str] = (),
        stop_event: threading.Event | None = None,
        max_tokens: int = 400,
    ) -> Iterator[AIMessageChunk]:
        """Stream one model call; the last chunk carries usage and `response_metadata["timings"]` (seconds).

        With `among` one of these tools is called, and no other; a reply in words only where "reply" is named.
        Raises ContextOverflowError for a prompt that does not fit, EngineError for all else.
        """

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
