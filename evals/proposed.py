"""A case that a signal suggests, until a person has reviewed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Turn:
    """A request of a proposed case; `notes` become comments for the reviewer."""

    ask: str
    expected: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """A proposed case, free of personal data."""

    id: str
    kind: str
    role: str
    turns: tuple[Turn, ...]
    signed_in: bool = False
    day: str = ""
    """The day of the newest signal."""
    times: int = 1
    means: str = ""

    @property
    def source(self) -> str:
        """Where the case comes from."""
        often = f", {self.times} times, last" if self.times > 1 else ""
        return f"{self.means}{often} on {self.day}"

    @property
    def case(self) -> dict[str, Any]:
        """The case in the grammar of suites."""
        found: dict[str, Any] = {"id": self.id, "role": self.role}
        if self.role == "shopper":
            found["customer"] = "own" if self.signed_in else None
        found["tags"] = ["signal", self.kind]
        if len(self.turns) == 1:
            return {**found, "ask": self.turns[0].ask, **self.turns[0].expected}
        return {**found, "turns": [{"ask": turn.ask, **turn.expected} for turn in self.turns]}

    @property
    def text(self) -> str:
        """All that a reader of the proposal sees."""
        notes = [note for turn in self.turns for note in turn.notes]
        return "\n".join([*_strings(self.case), *notes])


def _strings(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for key, item in value.items() if key not in ("id", "tags") for text in _strings(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _strings(item)]
    return [] if value is None else [str(value)]
