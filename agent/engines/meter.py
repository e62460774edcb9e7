"""What one call of a model adds up: usage, timings, and whether it was stopped."""

import threading
from collections.abc import Sequence

from langchain_core.messages import AIMessageChunk

from shopwright.agent.engines.base import Notice


class Meter:
    """Counts tokens and seconds over the completions of one call, and knows when to stop."""

    def __init__(self, stop_event: threading.Event | None, max_tokens: int, stop: Sequence[str] = ()) -> None:
        self.max_tokens = max_tokens
        self.stop = list(stop)
        self.closed = False
        self.notice: Notice | None = None
        self._event = stop_event
        self._prompt = self._cached = self._completion = 0
        self._seconds = {"prefill": 0.0, "decode": 0.0}

    def stopped(self) -> bool:
        """Whether decoding should end now."""
        return self.closed or bool(self._event and self._event.is_set())

    def add(
        self, *, prompt: int, cached: int, completion: int, prefill_seconds: float, decode_seconds: float
    ) -> None:
        """Add one completion: tokens of the whole prompt, of them those read from the cache, decoded ones."""
        self._prompt += prompt
        self._cached += cached
        self._completion += completion
        self._seconds["prefill"] += prefill_seconds
        self._seconds["decode"] += decode_seconds

    def end(self) -> AIMessageChunk:
        """The last chunk, which carries usage, timings and a notice if there is one."""
        metadata: dict[str, object] = {"timings": dict(self._seconds)}
        if self.notice:
            metadata["notice"] = dict(self.notice)
        return AIMessageChunk(
            content="",
            usage_metadata={
                "input_tokens": self._prompt,
                "output_tokens": self._completion,
                "total_tokens": self._prompt + self._completion,
                "input_token_details": {"cache_read": self._cached},
            },
            response_metadata=metadata,
            chunk_position="last",
        )
