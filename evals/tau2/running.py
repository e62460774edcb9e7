"""One conversation: the agent answers the user and calls tools, until one of them ends it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shopwright.agent.engines.asking import Called, Message, Reply, Returned, ask_engine
from shopwright.agent.engines.base import ContextOverflowError, Engine, EngineError
from shopwright.evals.tau2.files import Retail, Task
from shopwright.evals.tau2.tools import RetailTools, run_tool, schemas
from shopwright.evals.tau2.users import ENDS, User

GREETING = "Hi! How can I help you today?"
LONGEST_REPLY = 600  # tokens
INSTRUCTIONS = """You are a customer service agent. You help the user by the policy below and by nothing else.
In each turn you either write to the user or call a tool, never both."""

End = Literal[
    "user stopped",
    "user said nothing",
    "too many steps",
    "too many errors",
    "empty answer",
    "unreadable call",
    "context too short",
    "engine error",
]


@dataclass
class Exchange:
    """What the user said, and what the agent did and said about it."""

    ask: str
    said: list[str] = field(default_factory=list)
    """The agent's messages; only the last one, which calls no tool, reaches the user."""
    calls: list["ToolCall"] = field(default_factory=list)
    seconds: float = 0.0
    first_seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0

    @property
    def text(self) -> str:
        """All that the agent said."""
        return "\n\n".join(self.said)

    def count(self, reply: Reply) -> None:
        """Add what a model call took."""
        self.first_seconds = self.first_seconds or reply.first_seconds
        self.prompt_tokens += reply.prompt_tokens
        self.cached_tokens += reply.cached_tokens
        self.completion_tokens += reply.output_tokens


@dataclass(frozen=True)
class ToolCall:
    """A call as it went."""

    name: str
    arguments: dict[str, Any]
    text: str
    failed: bool
    seconds: float


@dataclass
class Conversation:
    """How a conversation went, and the database as it stands after it."""

    database: dict[str, Any]
    exchanges: list[Exchange] = field(default_factory=list)
    end: End = "user stopped"
    problem: str = ""

    @property
    def calls(self) -> list[ToolCall]:
        """All tool calls in order."""
        return [call for exchange in self.exchanges for call in exchange.calls]


def system_prompt(policy: str) -> str:
    """What the agent is told first."""
    return f"<instructions>\n{INSTRUCTIONS}\n</instructions>\n<policy>\n{policy.strip()}\n</policy>"


def prepare(retail: Retail, task: Task) -> dict[str, Any]:
    """The database as the task's conversation finds it."""
    database = retail.fresh(task)
    tools = RetailTools(database)
    for setup in (task.initial_state and task.initial_state.initialization_actions) or ():
        run_tool(tools, setup.func_name, setup.arguments)
    return database


def converse(
    engine: Engine, user: User, retail: Retail, task: Task, *, max_steps: int = 100, max_errors: int = 10
) -> Conversation:
    """Have the conversation. A step is one message of either side, or one tool call.

    An engine that cannot answer ends it; the conversation says how it ended.
    """
    talk = _Talk(engine, user, retail, prepare(retail, task), max_steps, max_errors)
    try:
        talk.run()
    except ContextOverflowError as error:
        talk.stop("context too short", str(error))
    except EngineError as error:
        talk.stop("engine error", str(error))
    return talk.conversation


class _Talk:
    """A conversation under way."""

    def __init__(
        self,
        engine: Engine,
        user: User,
        retail: Retail,
        database: dict[str, Any],
        max_steps: int,
        max_errors: int,
    ) -> None:
        self.conversation = Conversation(database)
        self._engine = engine
        self._user = user
        self._tools = RetailTools(database)
        self._schemas = schemas()
        self._said: list[Message] = [("system", system_prompt(retail.policy)), ("assistant", GREETING)]
        self._steps_left = max_steps
        self._errors_left = max_errors

    def run(self) -> None:
        """User and agent in turn, until one of them ends it."""
        words = GREETING
        while self._step():
            asked = self._user.reply(words)
            if any(end in asked for end in ENDS):
                return
            if not asked:
                self.stop("user said nothing")
                return
            exchange = Exchange(asked)
            self.conversation.exchanges.append(exchange)
            self._said.append(("user", asked))
            began = time.perf_counter()
            try:
                if not self._answer(exchange):
                    return
            finally:
                exchange.seconds = round(time.perf_counter() - began, 3)
            words = exchange.said[-1]

    def stop(self, end: End, problem: str = "") -> bool:
        """End the conversation; False, for whoever asks whether it goes on."""
        self.conversation.end, self.conversation.problem = end, problem
        return False

    def _answer(self, exchange: Exchange) -> bool:
        """Call tools until the agent writes to the user; whether the conversation goes on."""
        while self._step():
            reply = ask_engine(self._engine, self._said, tools=self._schemas, max_tokens=LONGEST_REPLY)
            exchange.count(reply)
            words = reply.text.strip()
            if words:
                exchange.said.append(words)
            if reply.unreadable:
                return self.stop("unreadable call")
            if not reply.calls:
                self._said.append(("assistant", words))
                return bool(words) or self.stop("empty answer")
            if not self._call(exchange, reply.calls, words):
                return False
        return False

    def _call(self, exchange: Exchange, calls: Sequence[tuple[str, dict[str, Any]]], words: str) -> bool:
        """Run the calls and tell the agent what came of them; whether the conversation goes on."""
        number = sum(len(one.calls) for one in self.conversation.exchanges)
        named = [(f"call_{number + n}", name, arguments) for n, (name, arguments) in enumerate(calls)]
        self._said.append(Called(named, words))
        for call_id, name, arguments in named:
            began = time.perf_counter()
            text, failed = run_tool(self._tools, name, arguments)
            seconds = round(time.perf_counter() - began, 3)
            exchange.calls.append(ToolCall(name, arguments, text, failed, seconds))
            self._said.append(Returned(call_id, text))
            self._steps_left -= 1
            self._errors_left -= failed
        return self._errors_left > 0 or self.stop("too many errors")

    def _step(self) -> bool:
        """Whether there is a step left for another message."""
        if self._steps_left <= 0:
            return self.stop("too many steps")
        self._steps_left -= 1
        return True
