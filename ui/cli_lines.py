"""JSON lines in: read one request a line; a bad line is an error with its number, not the end."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from shopwright.ui.cli_output import RefusedError


@dataclass(frozen=True)
class Line:
    """One line of the input: its fields, or what is wrong with it."""

    number: int
    fields: dict[str, Any]
    error: str = ""

    @property
    def id(self) -> Any:
        """The line's own id, None where it has none."""
        return self.fields.get("id")

    def text(self, name: str) -> str:
        """A field that must be a string; ValueError says which line lacks it."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise ValueError(f'Line {self.number}: "{name}" must be a string, not {_shown(value)}.')
        return value


def read_lines(file: str) -> Iterator[Line]:
    """The lines of a JSON lines file (`-`: stdin), read as they come; empty ones are passed over."""
    with _opened(file) as stream:
        for number, raw in enumerate(stream, start=1):
            if raw.strip():
                yield _parsed(number, raw)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    path = Path(file)
    if not path.is_file():
        raise RefusedError(f"There is no file {file}.", f"没有文件 {file}。")
    with path.open("rb") as stream:
        yield stream


def _parsed(number: int, raw: bytes) -> Line:
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return Line(number, {}, f"Line {number}: not UTF-8 at byte {error.start + 1}.")
    except (json.JSONDecodeError, RecursionError) as error:
        return Line(number, {}, f"Line {number}: not JSON: {error}.")
    if not isinstance(value, dict):
        return Line(number, {}, f"Line {number}: must be a JSON object, not {_shown(value)}.")
    if isinstance(value.get("id"), str | int):
        return Line(number, value)
    fields = {name: field for name, field in value.items() if name != "id"}
    return Line(
        number, fields, f'Line {number}: "id" must be a string or a whole number, and is missing or other.'
    )


def _shown(value: Any) -> str:
    return "missing" if value is None else json.dumps(value, ensure_ascii=False)[:60]
