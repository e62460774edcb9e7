"""`shopwright eval judge`, `collect` and `accept`: a model's word on copy, people's word on answers."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]


def judge(
    first: Annotated[Path, typer.Argument(help="A run that was kept whole.")],
    second: Annotated[Path, typer.Argument(help="Another run of the same cases.")],
    human: Annotated[
        Path | None, typer.Option(help="What people say: JSON lines of id and better (a, b or tie).")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Only write the pairs here, for people to fill in; ask no model.")
    ] = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Also keep the figures in this JSON file.")] = None,
) -> None:
    """Ask the model which of two copies is better, in both orders. Its word never gates."""
    from shopwright.agent.local import open_engine
    from shopwright.evals.commands import finish, settings_now
    from shopwright.evals.judge import judge_pairs
    from shopwright.evals.judge_pairs import pairs_of, read_labels, write_sheet
    from shopwright.evals.records import read_run

    pairs = pairs_of(read_run(first), read_run(second))
    if sheet is not None:
        _say(f"{write_sheet(sheet, pairs)} pairs are in {sheet}. Fill in `better`, then give it as --human.")
        return
    labels = read_labels(human) if human is not None else None
    engine = open_engine(settings_now())
    try:
        found = judge_pairs(engine, pairs, labels)
    finally:
        engine.close()
    options = {"human": "FILE" if human else ""}
    finish(
        "eval judge A B",
        options,
        found.figures,
        found.text,
        as_json=as_json,
        out=out,
    )


def collect(
    out: Annotated[Path, typer.Option(help="Where the proposals go, for a person to review.")],
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what happened since that day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many signals of each kind.")] = 2000,
) -> None:
    """Propose cases from thumbs, hand-overs, retries and campaigns' outcomes, without personal data."""
    from shopwright.evals.commands import open_shop
    from shopwright.evals.proposals import write_proposals
    from shopwright.evals.signals import collect as collected

    found = collected(open_shop(), since, limit)
    count = write_proposals(out, found.proposals)
    kinds = ", ".join(f"{number} {kind}" for kind, number in found.signals.items() if number)
    _say(f"Signals: {kinds or 'none'}. {count} proposals are in {out}.")
    if found.dropped:
        _say(f"{found.dropped} were left out: personal data could not be taken out of them.")
    if count:
        _say(f"Mark those to keep `review: accept`, then: shopwright eval accept {out} --into SUITE.yaml")


def accept(
    file: Annotated[Path, typer.Argument(help="Proposals that a person has reviewed.")],
    into: Annotated[Path, typer.Option(help="The suite that takes them in; made where there is none.")],
) -> None:
    """Take the proposals marked `review: accept` into a suite: all of them, or none."""
    from shopwright.evals.accepting import accept as accepted
    from shopwright.evals.commands import open_shop

    _say(f"{accepted(file, into, open_shop())} cases were added to {into}.")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def add_to(app: typer.Typer) -> None:
    """Put these commands into a group."""
    app.command("judge")(judge)
    app.command("collect")(collect)
    app.command("accept")(accept)
