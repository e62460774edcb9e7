"""An answer in the making."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.engines.base import Notice
from shopwright.agent.turn import ModelCall, Step, TextDelta, Usage
from shopwright.tools.base import Language, ToolResult


@dataclass
class Draft:
    """What one turn has brought so far."""

    conversation: str
    language: Language
    text: str = ""
    steps: list[Step] = field(default_factory=list)
    result: ToolResult | None = None
    usage: Usage = field(default_factory=Usage)
    calls: list[ModelCall] = field(default_factory=list)
    started_at: float = field(default_factory=time.time)
    heard: list[str] = field(default_factory=list)
    """The pieces of what the model writes in the call that is under way."""
    stopped: bool = False
    error_id: str = ""
    notices: list[str] = field(default_factory=list)

    def add(self, text: str) -> TextDelta:
        """Append to the answer and hand on what was appended."""
        self.text += text
        return TextDelta(text=text)

    def notify(self, notice: Notice) -> None:
        """Tell the person, once, what the notice says in their language."""
        if notice[self.language] not in self.notices:
            self.notices.append(notice[self.language])

    @contextmanager
    def calling(self, kind: Literal["planner", "writer"], messages: Sequence[BaseMessage]) -> Iterator[None]:
        """Keep the model call made within: when it began, how long it took, what it used."""
        before, started_at, started = self.usage, time.time(), time.perf_counter()
        self.heard = []
        failed = False
        try:
            yield
        except Exception:
            failed = True
            raise
        finally:
            self.calls.append(
                ModelCall(
                    kind=kind,
                    started_at=round(started_at, 3),
                    seconds=round(time.perf_counter() - started, 3),
                    prompt_tokens=self.usage.prompt_tokens - before.prompt_tokens,
                    cached_tokens=self.usage.cached_tokens - before.cached_tokens,
                    completion_tokens=self.usage.completion_tokens - before.completion_tokens,
                    failed=failed,
                    read=str(messages[-1].text) if messages else "",
                    wrote="".join(self.heard),
                )
            )

    def count(self, chunk: AIMessageChunk) -> None:
        """Add the usage that a model's chunk carries, its words, and its notice if it has one."""
        self.heard += [chunk.text, *(f"{c['name'] or ''}{c['args'] or ''}" for c in chunk.tool_call_chunks)]
        if notice := chunk.response_metadata.get("notice"):
            self.notify(notice)
        seconds = chunk.response_metadata.get("timings", {})
        used = chunk.usage_metadata or {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        self.usage = Usage(
            prompt_tokens=self.usage.prompt_tokens + used["input_tokens"],
            cached_tokens=self.usage.cached_tokens
            + (used.get("input_token_details") or {}).get("cache_read", 0),
            completion_tokens=self.usage.completion_tokens + used["output_tokens"],
            prefill_seconds=self.usage.prefill_seconds + seconds.get("prefill", 0.0),
            decode_seconds=self.usage.decode_seconds + seconds.get("decode", 0.0),
        )
