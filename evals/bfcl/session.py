"""A whole run over several categories, which can be interrupted and taken up again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.agent.engines.base import Decoding, Engine
from shopwright.evals.bfcl.figures import figures
from shopwright.evals.bfcl.files import Case, load, sample
from shopwright.evals.bfcl.running import Verdict, run
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Progress
from shopwright.evals.unfinished import Unfinished


def cases_of(folder: Path, categories: Sequence[str], limit: int | None, seed: int) -> list[Case]:
    """The cases to run: at most `limit` of each category, chosen by `seed`."""
    return [case for name in categories for case in sample(load(folder, name), limit, seed)]


class Session:
    """The verdicts of one run. With `unfinished` each is kept at once, so that a run can go on later."""

    def __init__(
        self, engine: Engine, decoding: Decoding, unfinished: Path | None = None, *, resume: bool = False
    ) -> None:
        self._engine = engine
        self._unfinished = Unfinished(unfinished)
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
            self._unfinished.note(verdict.kept())
            right = sum(one.right for one in done.values())
            progress.step(f"{right} of {len(done)} right")
        verdicts = [done[case.id] for case in cases]
        return {
            "categories": figures(verdicts),
            "wrong": [verdict.kept() for verdict in verdicts if not verdict.right],
        }

    def finished(self) -> None:
        """The figures are safe elsewhere: what was kept to go on with may go."""
        self._unfinished.finished()

    def _begin(self, cases: Sequence[Case]) -> dict[str, Verdict]:
        header = {**self._header, "cases": [case.id for case in cases]}
        rows = self._unfinished.begin(header, resume=self._resume)
        try:
            return {row["id"]: Verdict(**row) for row in rows}
        except (TypeError, KeyError) as error:
            raise EvalError("The interrupted run is damaged; run without --resume.") from error
