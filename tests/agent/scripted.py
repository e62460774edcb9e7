"""An engine that replays what it is told, so that the loop's logic is tested without a model."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage

from shopwright.agent.grammar import Narrowed


@dataclass
class ScriptedEngine:
    """Each model call takes the next line: ('call', name, arguments), ('say', text), or an exception."""

    lines: list[Any]
    seen: list[list[BaseMessage]] = field(default_factory=list)
    offered: list[list[str]] = field(default_factory=list)
    name: str = "scripted"

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
        """Replay the next line."""
        self.seen.append(list(messages))
        self.offered.append([tool["function"]["name"] for tool in tools])
        line = self.lines.pop(0)
        if isinstance(line, Exception):
            raise line
        if line[0] == "call":
            part = {
                "type": "tool_call_chunk",
                "name": line[1],
                "args": json.dumps(line[2]),
                "id": "c1",
                "index": 0,
            }
            yield AIMessageChunk(content="", tool_call_chunks=[part])
        else:
            for piece in line[1].split(" "):
                if stop_event is not None and stop_event.is_set():
                    return
                yield AIMessageChunk(content=piece + " ")
        usage = {
            "input_tokens": 10,
            "output_tokens": 5,
            "total_tokens": 15,
            "input_token_details": {"cache_read": 4},
        }
        yield AIMessageChunk(content="", usage_metadata=usage, chunk_position="last")

    def warm(
        self,
        prefixes: Sequence[Any],
        on_progress: Callable[[int, int], None] | None = None,
        *,
        only: int | None = None,
    ) -> None:
        """Nothing to warm."""

    def close(self) -> None:
        """Nothing to close."""
