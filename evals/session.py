"""A whole run of suites: begun or taken up again, told while it goes, figured when it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shopwright.agent.engines.base import Engine
from shopwright.evals.case import Suite
from shopwright.evals.errors import EvalError
from shopwright.evals.figures import figures
from shopwright.evals.progress import Progress
from shopwright.evals.records import CaseRecord, Run
from shopwright.evals.running import Exporter, Job, half_of, jobs_of, run_jobs
from shopwright.evals.surroundings import surroundings
from shopwright.evals.unfinished import Unfinished
from shopwright.knowledge.settings import Settings


@dataclass(frozen=True)
class Choice:
    """Which cases of the suites are run, and how often."""

    trials: int = 1
    half: str = ""
    cases: Sequence[str] = ()
    """Patterns of ids, such as marketer/at-risk-* or *-zh; empty: all."""
    tags: Sequence[str] = ()

    def jobs(self, suites: Sequence[Suite]) -> list[Job]:
        """The trials to run. Raises EvalError where nothing is left."""
        found = jobs_of(suites, self.trials)
        if self.half:
            kept = half_of({job.case.full_id for job in found}, self.half)
            found = [job for job in found if job.case.full_id in kept]
        if self.cases:
            found = [job for job in found if any(_named(job, pattern) for pattern in self.cases)]
        if self.tags:
            found = [job for job in found if set(self.tags) & set(job.case.tags)]
        if not found:
            raise EvalError("No case is left: loosen --case, --tag or --half.")
        return found


def _named(job: Job, pattern: str) -> bool:
    return fnmatch(job.case.full_id, pattern) or fnmatch(job.case.id, pattern)


def run_suites(
    settings: Settings,
    engine: Engine,
    suites: Sequence[Suite],
    choice: Choice,
    *,
    command: str = "",
    options: Mapping[str, Any] | None = None,
    watts: float = 15.0,
    price_per_kwh: float = 0.3,
    parallel: int = 1,
    unfinished: Path | None = None,
    resume: bool = False,
    exporter: Exporter | None = None,
) -> Run:
    """Run the cases chosen, each kept at once in `unfinished`. Raises EvalError."""
    jobs = choice.jobs(suites)
    names = [suite.name for suite in suites]
    kept = Unfinished(unfinished)
    header = {"engine": engine.name, **(options or {}), "jobs": [list(job.key) for job in jobs]}
    try:
        earlier = [CaseRecord.model_validate(row) for row in kept.begin(header, resume=resume)]
    except ValidationError as error:
        raise EvalError(f"{unfinished} is damaged; delete it and run without --resume.") from error
    done = {(record.id, record.trial): record for record in earlier}
    rest = [job for job in jobs if job.key not in done]
    progress = Progress(" ".join(names) if len(names) < 4 else "suites", len(rest))

    def note(record: CaseRecord) -> None:
        done[record.id, record.trial] = record
        kept.note(record.model_dump(mode="json"))
        progress.step(f"{sum(one.passed for one in done.values())} of {len(done)} passed")

    run_jobs(settings, engine, suites, rest, note, parallel=parallel, exporter=exporter)
    cases = [done[job.key] for job in jobs]
    kept.finished()
    return Run(
        engine=engine.name,
        command=command,
        suites=names,
        options=dict(options or {}),
        surroundings=surroundings(command),
        figures=figures(cases, watts=watts, price_per_kwh=price_per_kwh),
        cases=cases,
    )
