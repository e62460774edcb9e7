"""A stream of deltas as pieces of text and one tool call, also where the model writes the call as text."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from openai.types.chat.chat_completion_chunk import ChoiceDelta

from shopwright.agent.engines.text_calls import calls_in, may_be_call

NAME = re.compile(r'"name"\s*:\s*"((?:[^"\\]|\\.)*)"')


@dataclass
class Call:
    """The call of a stream, while it comes: the name first, then its arguments piece by piece."""

    name: str = ""
    arguments: str = ""


def pieces(deltas: Iterable[ChoiceDelta], names: Collection[str]) -> Iterator[str | Call]:
    """Text as it comes, and the call once its name is known; its arguments grow until the stream ends.

    Only the first call counts: the loop makes one at a time. Text that begins like a call to one of `names`
    is held back until it is known to be one.
    """
    held, said, call, slot = "", False, Call(), None
    for delta in _whole_characters(deltas):
        for part in delta.tool_calls or ():
            slot = part.index if slot is None else slot
            if part.index != slot or part.function is None:
                continue
            if not call.name and part.function.name:
                call.name = part.function.name
                yield call
            call.arguments += _as_text(part.function.arguments)
        text = delta.content
        if not text or call.name:
            continue
        held += text
        if names and not said and may_be_call(held):
            continue
        said = said or bool(held.strip())
        yield held
        held = ""
    if held and not call.name:
        yield _written_call(held, names) or held


def _written_call(text: str, names: Collection[str]) -> Call | None:
    """The call in a text, with arguments that no one can read where the JSON is broken."""
    for name, arguments in calls_in(text, names):
        if name in names:
            return Call(name, _as_text(arguments))
    named = NAME.search(text)
    return Call(named[1], "?") if named and named[1] in names else None


def _as_text(arguments: Any) -> str:
    """Arguments as text; some servers send an object."""
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _whole_characters(deltas: Iterable[ChoiceDelta]) -> Iterator[ChoiceDelta]:
    """The deltas with the halves of characters beyond 16 bits joined, which some servers send one by one."""
    held = ""
    for delta in deltas:
        text = held + (delta.content or "")
        held = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text[: len(text) - len(held)]
        if any("\ud800" <= char <= "\udfff" for char in whole):
            whole = whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        delta.content = whole
        yield delta
