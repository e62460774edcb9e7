"""Text as every database can store it."""

import re
from typing import Any

TITLE_LENGTH = 60
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without control characters (tab and line break stay) and lone surrogates.

    PostgreSQL refuses NUL, no database takes half of a surrogate pair, and the rest shows as nothing.
    """
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n"))


def clean_json(value: Any) -> Any:
    """A JSON value whose strings, keys included, went through `clean_text`."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(item) for item in value]
    return value


def title_of(text: str) -> str:
    """A conversation's title made of its first message: one line, cut at `TITLE_LENGTH` characters."""
    line = " ".join(clean_text(text).split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
