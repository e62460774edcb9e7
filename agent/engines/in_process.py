"""An engine that decodes in this process, as the loop uses it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.engines.base import Prefix
from shopwright.agent.engines.constrained import ConstrainedChatModel
from shopwright.agent.grammar import Narrowed


class InProcessEngine:
    """Decodes under grammars: tool names, narrowed arguments, grounded numbers."""

    def __init__(self, model: ConstrainedChatModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """Engine and model, as an Answer reports them."""
        return self.model.title

    @property
    def bytes_per_token(self) -> int | None:
        """Bytes of weights that a token reads, once they are loaded; None where the engine cannot tell."""
        return self.model.bytes_per_token

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
        """Stream one call; see Engine."""
        runnable = self.model.bind_tools(tools) if tools else self.model
        options: dict[str, Any] = {
            "narrowed": narrowed,
            "numbers": numbers,
            "among": among,
            "stop_event": stop_event,
            "max_tokens": max_tokens,
        }
        for chunk in runnable.stream(list(messages), **options):
            if isinstance(chunk, AIMessageChunk):
                yield chunk

    def warm(
        self,
        prefixes: Sequence[Prefix],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Load the weights and fill each prefix's KV cache, from disk where it was saved."""
        self.model.warm(prefixes, on_progress, only=only)

    def close(self) -> None:
        """Free the weights."""
        self.model.close()
