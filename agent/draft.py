"""An answer in the making."""

from dataclasses import dataclass, field

from langchain_core.messages import AIMessageChunk

from shopwright.agent.engines.base import Notice
from shopwright.agent.turn import Step, TextDelta, Usage
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

    def count(self, chunk: AIMessageChunk) -> None:
        """Add the usage that a model's chunk carries, and its notice if it has one."""
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
