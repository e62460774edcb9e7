"""`shopwright eval tau2` and `eval jsonl`: suites that others made, from files that you give."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]
Out = Annotated[Path | None, typer.Option(help="Keep figures, verdicts and conversations in this JSON file.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many cases.")]
Trials = Annotated[int, typer.Option(min=1, max=100, help="Run every case so often, for pass^k.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run of the same --out.")]
LONG = ("verdicts", "cases", "skipped")


def tau2(
    data: Annotated[Path, typer.Option(help="tau2-bench's folder, or its data/tau2/domains/retail.")],
    transcripts: Annotated[
        Path | None, typer.Option(help="JSON lines of what the user says, task by task, to be replayed.")
    ] = None,
    user_url: Annotated[str, typer.Option(help="An OpenAI-compatible server that plays the user.")] = "",
    user_model: Annotated[str, typer.Option(help="That server's model.")] = "",
    split: Annotated[str | None, typer.Option(help="A split of the benchmark's own, such as test.")] = None,
    limit: Limit = None,
    trials: Trials = 1,
    max_steps: Annotated[int, typer.Option(min=1, help="Steps after which a conversation is ended.")] = 200,
    as_json: Json = False,
    out: Out = None,
    resume: Resume = False,
) -> None:
    """tau2-bench's retail tasks, graded by the database. Without a server the engine plays the user."""
    from shopwright.agent.local import open_engine
    from shopwright.evals.commands import settings_now
    from shopwright.evals.tau2.session import run_tau2

    _needs_out(resume, out)
    settings = settings_now()
    engine = open_engine(settings)
    user: Any = None
    if user_url or user_model:
        user = open_engine(
            settings.model_copy(
                update={"engine": "remote", "remote_url": user_url, "remote_model": user_model}
            )
        )
    try:
        found = run_tau2(
            engine,
            data,
            user_engine=None if transcripts else user or engine,
            transcripts=transcripts,
            split=split,
            limit=limit,
            trials=trials,
            max_steps=max_steps,
            unfinished=_unfinished(out),
            resume=resume,
        )
    finally:
        engine.close()
        if user is not None:
            user.close()
    options = {"data": "DIR", "split": split, "limit": limit, "trials": trials if trials > 1 else None}
    _finish("eval tau2", options, found, as_json=as_json, out=out)


def jsonl(
    file: Annotated[Path, typer.Argument(help="JSON lines of question, tool (null: none) and arguments.")],
    tools: Annotated[
        Path | None, typer.Option(help="OpenAI tool schemas as JSON. Default: the shop's own tools.")
    ] = None,
    limit: Limit = None,
    trials: Trials = 1,
    as_json: Json = False,
    out: Out = None,
    resume: Resume = False,
) -> None:
    """Any JSON lines of questions with the call that is due."""
    from shopwright.agent.local import open_engine
    from shopwright.evals.commands import settings_now
    from shopwright.evals.jsonl_suite import run_jsonl

    _needs_out(resume, out)
    settings = settings_now()
    engine = open_engine(settings)
    try:
        found = run_jsonl(
            engine,
            file,
            tools,
            settings=settings,
            limit=limit,
            trials=trials,
            unfinished=_unfinished(out),
            resume=resume,
        )
    finally:
        engine.close()
    options = {"tools": "FILE" if tools else None, "limit": limit, "trials": trials if trials > 1 else None}
    _finish(f"eval jsonl {file.name}", options, found, as_json=as_json, out=out)


def _needs_out(resume: bool, out: Path | None) -> None:
    if resume and out is None:
        raise typer.BadParameter(
            "needs --out, beside which an interrupted run is kept", param_hint="--resume"
        )


def _unfinished(out: Path | None) -> Path | None:
    return out.with_name(f"{out.name}.unfinished") if out is not None else None


def _finish(
    name: str, options: dict[str, Any], found: dict[str, Any], *, as_json: bool, out: Path | None
) -> None:
    """Print the figures, and keep everything with its surroundings."""
    from shopwright.evals.runs import command_line
    from shopwright.evals.surroundings import keep, surroundings

    whole = {**found, **surroundings(command_line(name, options))}
    if out is not None:
        keep(out, whole)
    shown = {key: value for key, value in (whole if as_json else found).items() if key not in LONG}
    if as_json:
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
    else:
        plain = {key: value for key, value in shown.items() if not isinstance(value, dict)}
        sys.stdout.write("\n".join(f"{key}: {value}" for key, value in plain.items()) + "\n")
    sys.stdout.flush()


def add_to(app: typer.Typer) -> None:
    """Put these commands into a group."""
    app.command("tau2")(tau2)
    app.command("jsonl")(jsonl)
