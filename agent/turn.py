"""The one thread of data: a Request goes in; Steps, TextDeltas and one Answer come out."""

from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from shopwright.tools.base import Language, Role, View


class Request(BaseModel):
    """One message of a person. Role, actor and customer come from the signed session."""

    model_config = ConfigDict(frozen=True)
    role: Role
    actor: str
    text: str
    conversation: str = Field(default="", description="Conversation id; empty starts a new one.")
    customer_id: int | None = Field(default=None, description="The signed-in shopper; None: anonymous.")
    language: Language | None = Field(default=None, description="Forces the language; None: detected.")


class Step(BaseModel):
    """A tool call. It is yielded twice: `running` when chosen, then `done` or `failed`."""

    model_config = ConfigDict(frozen=True)
    id: str
    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    status: Literal["running", "done", "failed"]
    result: dict[str, Any] | None = Field(default=None, description="The tool's typed data.")
    text: str = Field(default="", description="What the model read of the result, or the error.")
    memory: str = Field(default="", description="The gist of it for later turns.")
    views: list[View] = Field(default_factory=list)
    started_at: float = Field(default=0.0, description="When the tool began to run, in Unix seconds.")
    seconds: float = 0.0


class TextDelta(BaseModel):
    """A piece of the answer's text, already bound to evidence."""

    model_config = ConfigDict(frozen=True)
    text: str


class TextReset(BaseModel):
    """The text streamed so far is withdrawn: it could not be bound to evidence."""

    model_config = ConfigDict(frozen=True)


class Evidence(BaseModel):
    """Where one number or name of the answer stands in a tool's result."""

    model_config = ConfigDict(frozen=True)
    claim: str = Field(description="The number or name as the answer says it.")
    step: str = Field(description="Id of the step whose result holds it.")
    tool: str
    source: str = Field(description="The line of the result that holds it.")


class Usage(BaseModel):
    """Tokens of a turn, summed over its model calls."""

    model_config = ConfigDict(frozen=True)
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_seconds: float = 0.0


class ModelCall(BaseModel):
    """One call of the model within a turn. What it read and wrote is not stored with the answer."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["planner", "writer"]
    started_at: float = Field(description="In Unix seconds.")
    seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    failed: bool = Field(default=False, description="It ended in an error.")
    read: str = Field(default="", exclude=True, repr=False, description="The last message it was given.")
    wrote: str = Field(default="", exclude=True, repr=False, description="Its words, or its call as JSON.")


class Timings(BaseModel):
    """Wall-clock seconds from the request to the first event and to the end."""

    model_config = ConfigDict(frozen=True)
    first_event_seconds: float = 0.0
    total_seconds: float = 0.0


class Answer(BaseModel):
    """How a turn ended."""

    model_config = ConfigDict(frozen=True)
    text: str
    language: Language
    conversation: str
    message_id: int | None = Field(default=None, description="The stored message, for feedback.")
    steps: list[Step] = Field(default_factory=list)
    evidence: list[Evidence] = Field(default_factory=list)
    usage: Usage = Usage()
    calls: list[ModelCall] = Field(default_factory=list, description="The model's calls, in order.")
    started_at: float = Field(default=0.0, description="When the request came, in Unix seconds.")
    timings: Timings = Timings()
    engine: str = ""
    stopped: bool = Field(default=False, description="The person pressed stop.")
    error_id: str = Field(default="", description="Id under which a failure was logged.")
    notices: list[str] = Field(
        default_factory=list, description="What a person should know of how the answer came about."
    )


Event = Step | TextDelta | TextReset | Answer


class Traces(Protocol):
    """Where turns are told to once they have ended."""

    def export(self, request: Request, answer: Answer) -> None:
        """Take one turn; never raises and never waits."""

    def close(self) -> None:
        """Hand on what still waits."""
