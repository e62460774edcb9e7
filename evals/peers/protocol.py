"""What passes between a bench and a peer that runs in a process of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class PeerTool:
    """A tool as the peer is offered it. It runs on our side of the pipe."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class PeerSetup:
    """How the peer is set up. `options` are what differs from its defaults."""

    model_path: Path
    system_prompt: str
    tools: list[PeerTool]
    options: dict[str, Any] = field(default_factory=dict)
    when_it_dies: str = ""
    """What a person can do when its process dies."""


@dataclass(frozen=True)
class Say:
    """To the peer: a person's message. `fresh` begins a new conversation."""

    text: str
    fresh: bool = False


@dataclass(frozen=True)
class Found:
    """To the peer: what a tool found."""

    text: str


@dataclass(frozen=True)
class Told:
    """From the peer: it is ready; a first token; a call was written; a tool is to be run; how it ended."""

    kind: Literal["ready", "first", "wrote", "run", "answer", "failed"]
    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
