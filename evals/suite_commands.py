"""`shopwright eval SUITE...`: run suites of cases, keep the run, tell its figures, gate on it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shopwright.evals.errors import EvalError


class SuiteGroup(TyperGroup):
    """The group `eval`, in which the name or the path of a suite stands for `run` with that suite."""

    subcommand_metavar = "SUITE... | COMMAND [ARGS]..."

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """A command of that name, else `run` with all the words."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            return "run", self.get_command(ctx, "run"), args
        return super().resolve_command(ctx, args)


def run(
    suite: Annotated[
        list[str], typer.Argument(help="Names of suites, `all`, or paths of YAML files of your own.")
    ],
    trials: Annotated[int, typer.Option(min=1, max=100, help="Run every case so often, for pass^k.")] = 1,
    parallel: Annotated[
        int, typer.Option(min=1, max=32, help="So many cases at a time, each on a copy of the shop.")
    ] = 1,
    half: Annotated[str, typer.Option(help="a or b: one half of the cases, chosen by their ids.")] = "",
    case: Annotated[
        list[str] | None, typer.Option(help="Only ids like this, * is anything; repeat it.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only cases with this tag; repeat it.")] = None,
    grammar: Annotated[
        bool, typer.Option("--grammar/--no-grammar", help="Bind names and arguments while decoding.")
    ] = True,
    choose_step: Annotated[
        bool, typer.Option("--choose-step/--no-choose-step", help="Choose the tool in a step of its own.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Keep the whole run in this JSON file. Default: evals/ of the data folder."),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Keep it without what the tools returned.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report, one HTML file, here.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML here.")] = None,
    traces: Annotated[
        Path | None, typer.Option(help="Write every turn's OpenTelemetry spans, as OTLP JSON lines, here.")
    ] = None,
    gate: Annotated[
        Path | None,
        typer.Option(help="A run kept before: exit with 1 where this one is significantly worse."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run.")] = False,
    watts: Annotated[
        float, typer.Option(min=0, help="What one busy core draws, for the energy estimate.")
    ] = 15.0,
    price: Annotated[float, typer.Option(min=0, help="What a kilowatt hour costs, for the estimate.")] = 0.3,
) -> None:
    """Run suites on a throwaway copy of the shop, with the engine that the settings choose."""
    from shopwright.agent.engines.base import Decoding
    from shopwright.agent.local import open_engine
    from shopwright.evals.commands import settings_now
    from shopwright.evals.gate import gate as reasons
    from shopwright.evals.loading import find_suites
    from shopwright.evals.records import read_run
    from shopwright.evals.runs import command_line
    from shopwright.evals.session import Choice, run_suites

    if half not in ("", "a", "b"):
        raise typer.BadParameter(f"is a or b, not {half}", param_hint="--half")
    suites = find_suites(suite)
    choice = Choice(trials, half, tuple(case or ()), tuple(tag or ()))
    choice.jobs(suites)
    baseline = read_run(gate) if gate else None
    settings = settings_now()
    given = {
        "trials": trials if trials > 1 else None,
        "half": half,
        "case": " --case ".join(case or []),
        "tag": " --tag ".join(tag or []),
        "no-grammar": not grammar,
        "no-choose-step": not choose_step,
    }
    place = out or settings.data_dir / "evals" / f"{'-'.join(one.name for one in suites[:4])}.json"
    engine = open_engine(settings, decoding=Decoding(grammar=grammar, choose_step=choose_step))
    exporter = _exporter(traces)
    try:
        made = run_suites(
            settings,
            engine,
            suites,
            choice,
            command=command_line(f"eval {' '.join(_plain(one) for one in suite)}", given),
            options={name: value for name, value in given.items() if value},
            watts=watts,
            price_per_kwh=price,
            parallel=parallel,
            unfinished=place.with_name(f"{place.name}.unfinished"),
            resume=resume,
            exporter=exporter,
        )
    finally:
        engine.close()
        if exporter is not None:
            exporter.close()
    _keep(made, place, brief=brief, report=report, junit=junit)
    _told(made, place, as_json=as_json)
    if baseline is not None and (found := reasons(made, baseline)):
        raise EvalError("Worse than " + str(gate) + ":\n" + "\n".join(found))


def _plain(name: str) -> str:
    """A suite's name as it stands in a command that is kept: a path without its folders."""
    return Path(name).name


def _exporter(traces: Path | None) -> Any:
    if traces is None:
        return None
    from shopwright.agent.tracing import file_tracer

    return file_tracer(traces)


def _keep(made: Any, place: Path, *, brief: bool, report: Path | None, junit: Path | None) -> None:
    from shopwright.evals.html_report import html_report
    from shopwright.evals.junit import junit as junit_xml
    from shopwright.evals.records import brief as shortened
    from shopwright.evals.surroundings import keep, keep_text

    keep(place, (shortened(made) if brief else made).model_dump(mode="json", exclude_defaults=True))
    if report is not None:
        keep_text(report, html_report(made))
    if junit is not None:
        keep_text(junit, junit_xml(made))


def _told(made: Any, place: Path, *, as_json: bool) -> None:
    import json

    from shopwright.evals.summary import summary

    if as_json:
        whole = {**made.figures, "engine": made.engine, "command": made.command, **made.surroundings}
        sys.stdout.write(json.dumps(whole, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(summary(made) + "\n")
    sys.stdout.flush()
    sys.stderr.write(f"The whole run is kept in {place}.\n")


def compare(
    first: Annotated[Path, typer.Argument(help="A run that was kept: the one to compare with.")],
    second: Annotated[Path, typer.Argument(help="Another run of the same cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what differs as one JSON object.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write a page that shows them side by side here.")
    ] = None,
) -> None:
    """Compare two runs case by case: models, quantisations, prompts or commits."""
    import json

    from shopwright.evals.compare import compare as differences
    from shopwright.evals.compare_report import compare_html, compare_report
    from shopwright.evals.records import read_run
    from shopwright.evals.surroundings import keep_text

    found = differences(read_run(first), read_run(second))
    if report is not None:
        keep_text(report, compare_html(found))
    sys.stdout.write((json.dumps(found, ensure_ascii=False) if as_json else compare_report(found)) + "\n")
    sys.stdout.flush()


def regrade(
    kept: Annotated[Path, typer.Argument(help="A run that was kept whole, not in brief.")],
    suite: Annotated[
        list[str] | None, typer.Option(help="Where its cases stand now; repeat it. Default: ours.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="Keep the run with its new grades here.")] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Keep it without what the tools returned.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report, one HTML file, here.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML here.")] = None,
    watts: Annotated[
        float, typer.Option(min=0, help="What one busy core draws, for the energy estimate.")
    ] = 15.0,
    price: Annotated[float, typer.Option(min=0, help="What a kilowatt hour costs, for the estimate.")] = 0.3,
) -> None:
    """Grade a kept run with the checks and cases of today, without asking the model again."""
    from shopwright.evals.commands import settings_now
    from shopwright.evals.figures import figures
    from shopwright.evals.loading import find_suites
    from shopwright.evals.records import read_run
    from shopwright.evals.regrading import regrade as graded

    run_ = read_run(kept)
    cases = graded(settings_now(), find_suites(suite or ["all"]), run_)
    made = run_.model_copy(
        update={"cases": cases, "figures": figures(cases, watts=watts, price_per_kwh=price)}
    )
    place = out or kept
    _keep(made, place, brief=brief, report=report, junit=junit)
    _told(made, place, as_json=as_json)


def listed() -> None:
    """List the suites that come with it, and every check that a case may ask for."""
    from shopwright.evals.checking import CHECKS
    from shopwright.evals.loading import find_suites

    lines = ["Suites"]
    for one in find_suites(["all"]):
        roles = sorted({case.role for case in one.cases})
        lines.append(f"  {one.name:<12} {len(one.cases):>3} cases, {' and '.join(roles)}")
    lines.append("Checks (* always made)")
    for name, check in CHECKS.items():
        lines.append(f"  {name + ('*' if check.always else ''):<14} {' '.join(check.doc.split())}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def add_to(app: typer.Typer) -> None:
    """Put these commands into a group."""
    app.command("run")(run)
    app.command("compare")(compare)
    app.command("regrade")(regrade)
    app.command("list")(listed)
