"""A whole run over several categories, which can be interrupted and taken up again."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.agent.engines.base import Decoding, Engine
from shopwright.evals.bfcl.figures import figures
from shopwright.evals.bfcl.files import Case, load, sample
from shopwright.evals.bfcl.running import Verdict, run
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Progress


def cases_of(folder: Path, categories: Sequence[str], limit: int | None, seed: int) -> list[Case]:
    """The cases to run: at most `limit` of each category, chosen by `seed`."""
    return [case for name in categories for case in sample(load(folder, name), limit, seed)]


class Session:
    """The verdicts of one run. With `unfinished` each is kept at once, so that a run can go on later."""

    def __init__(
        self, engine: Engine, decoding: Decoding, unfinished: Path | None = None, *, resume: bool = False
    ) -> None:
        self._engine = engine
        self._file = unfinished
        self._header = {
            "engine": engine.name,
            "grammar": decoding.grammar,
            "choose_step": decoding.choose_step,
        }
        self._resume = resume

    def run(self, cases: Sequence[Case]) -> dict[str, Any]:
        """Figures by category and the wrong answers. Raises EngineError when the engine is out of order."""
        done = self._begin(cases)
        rest = [case for case in cases if case.id not in done]
        progress = Progress("bfcl", len(rest))
        for verdict in run(self._engine, rest):
            done[verdict.id] = verdict
            self._note(verdict.kept())
            right = sum(one.right for one in done.values())
            progress.step(f"{right} of {len(done)} right")
        verdicts = [done[case.id] for case in cases]
        return {
            "categories": figures(verdicts),
            "wrong": [verdict.kept() for verdict in verdicts if not verdict.right],
        }

    def finished(self) -> None:
        """The figures are safe elsewhere: what was kept to go on with may go."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _begin(self, cases: Sequence[Case]) -> dict[str, Verdict]:
        header = {**self._header, "cases": [case.id for case in cases]}
        if self._file is None:
            return {}
        if self._resume and self._file.exists():
            return self._earlier(self._file, header)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(header) + "\n", encoding="utf-8")
        return {}

    def _earlier(self, file: Path, header: dict[str, Any]) -> dict[str, Verdict]:
        """The verdicts so far. A last line cut short by the interruption is asked again."""
        whole, _, cut = file.read_text(encoding="utf-8").rpartition("\n")
        try:
            first, *rows = [json.loads(line) for line in whole.splitlines()]
            verdicts = [Verdict(**row) for row in rows]
        except (ValueError, TypeError) as error:
            raise EvalError(f"{file} is damaged; delete it and run without --resume.") from error
        if first != header:
            raise EvalError(
                f"{file} belongs to a run with another engine, decoding or choice of cases. "
                "Give the same options again, or run without --resume."
            )
        if cut:
            file.write_text(whole + "\n", encoding="utf-8")
        return {verdict.id: verdict for verdict in verdicts}

    def _note(self, row: dict[str, Any]) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
