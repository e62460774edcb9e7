"""What a long run has brought so far, kept row by row, so that an interrupted one can go on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shopwright.evals.errors import EvalError


class Unfinished:
    """A file with a header, which says what the run is, and a row for each thing done. No path: no file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def begin(self, header: Mapping[str, Any], *, resume: bool) -> list[dict[str, Any]]:
        """The rows of the interrupted run that is taken up; none where a new one begins.

        Raises EvalError when the file is damaged or belongs to another run.
        """
        if self._path is None:
            return []
        if resume and self._path.exists():
            return self._earlier(self._path, dict(header))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(header, ensure_ascii=False) + "\n", encoding="utf-8")
        return []

    def note(self, row: Mapping[str, Any]) -> None:
        """One more thing is done."""
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def finished(self) -> None:
        """The figures are safe elsewhere: what was kept to go on with may go."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _earlier(self, path: Path, header: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows so far. A last line cut short by the interruption is done again."""
        whole, _, cut = path.read_text(encoding="utf-8").rpartition("\n")
        try:
            first, *rows = [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise EvalError(f"{path} is damaged; delete it and run without --resume.") from error
        if first != header:
            raise EvalError(
                f"{path} belongs to a run with another engine, other options or other cases. "
                "Give the same options again, or run without --resume."
            )
        if cut:
            path.write_text(whole + "\n", encoding="utf-8")
        return rows
