"""Who talks to the agent: an engine that plays the user, or the words of a user that were kept."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from shopwright.agent.engines.asking import Said, ask_engine
from shopwright.agent.engines.base import Engine
from shopwright.evals.errors import EvalError
from shopwright.evals.tau2.files import Task

STOP = "###STOP###"
ENDS = (STOP, "###TRANSFER###", "###OUT-OF-SCOPE###")
LONGEST_MESSAGE = 400  # tokens
ID_KEYS = ("task", "task_id", "id")
WORDS_KEYS = ("messages", "user")

GUIDELINES = """You play a customer who contacts a shop's customer service. Stay in that role.
- Write one short message at a time, as a person would in a chat.
- Keep to the scenario below. What it does not tell, you do not know; make nothing up.
- Say things in your own words, and only what is asked for or needed now.
- An action is done when the agent says that it is done, not when you agree to it.
- When everything in the scenario is settled, write ###STOP###.
- When you are handed over to another agent, write ###TRANSFER###.
- When the scenario does not tell you enough to go on, write ###OUT-OF-SCOPE###."""


class User(Protocol):
    """The other side of a conversation."""

    def reply(self, agent: str) -> str:
        """The next message, after the agent has said this. One of the end tokens ends the conversation."""


class SimulatedUser:
    """A user whom an engine plays by the task's scenario."""

    def __init__(self, engine: Engine, task: Task, guidelines: str = "") -> None:
        rules = (guidelines or GUIDELINES).replace("<PERSONA_GUIDELINES>", "").strip()
        scenario = task.user_scenario.text
        self._engine = engine
        self._said: list[Said] = [("system", f"{rules}\n\n<scenario>\n{scenario}\n</scenario>")]

    def reply(self, agent: str) -> str:
        """What the engine says. For it the sides are changed: the agent is its user. Raises EngineError."""
        self._said.append(("user", agent))
        words = ask_engine(self._engine, self._said, max_tokens=LONGEST_MESSAGE).text.strip()
        self._said.append(("assistant", words))
        return words


class ReplayedUser:
    """A user whose words were kept; when they are used up, the conversation ends."""

    def __init__(self, messages: Sequence[str]) -> None:
        self._left = list(messages)

    def reply(self, agent: str) -> str:
        """The next of the words, whatever the agent said."""
        return self._left.pop(0) if self._left else STOP


def read_transcripts(file: Path) -> dict[str, list[str]]:
    """The user's words by task id, from JSON lines such as {"task": "5", "messages": ["Hi, ..."]}.

    A message may also be an object with role and content; others' than the user's are left out. Raises
    EvalError with file and line.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"{file} cannot be read as UTF-8 text: {error}.") from error
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            name, words = _transcript(f"{file}:{number}", line)
            if name in found:
                raise EvalError(f"{file}:{number}: task {name} stands there twice.")
            found[name] = words
    if not found:
        raise EvalError(f"{file} holds no transcript.")
    return found


def _transcript(place: str, line: str) -> tuple[str, list[str]]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise EvalError(f"{place}: no JSON: {error}.") from error
    name = _first(row, ID_KEYS) if isinstance(row, dict) else None
    words = _first(row, WORDS_KEYS) if isinstance(row, dict) else None
    if name is None or not isinstance(words, list):
        raise EvalError(f'{place}: a transcript is {{"task": "5", "messages": ["...", "..."]}}.')
    messages = [_words(place, one) for one in words]
    return str(name), [one for one in messages if one is not None]


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _words(place: str, message: Any) -> str | None:
    if isinstance(message, str):
        return message
    if isinstance(message, dict) and isinstance(message.get("role"), str):
        content = message.get("content")
        return content if message["role"] == "user" and isinstance(content, str) else None
    raise EvalError(f"{place}: a message is a text, or an object with role and content.")
