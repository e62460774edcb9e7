"""What a run holds, as plain words: text without control characters, a call in one line."""

import json
import re

from shopwright.evals.records import Call

# What XML 1.0 may hold; of the rest, terminals would obey some.
ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text without control characters and halves of characters, which XML and terminals do not take."""
    return ILLEGAL.sub("", text)


def one_line(text: str) -> str:
    """The text in one line, legal."""
    return " ".join(legal(text).split())


def call_line(call: Call) -> str:
    """A call as it would be written in code, and how it ended where it did not end well."""
    arguments = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.arguments.items()
    )
    ended = "" if call.status == "done" else f" [{call.status}]"
    return f"{call.tool}({arguments}){ended}"
