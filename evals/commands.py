"""`shopwright eval` and `shopwright bench`: the evaluations and the benches on the command line."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from shopwright.evals import external_commands, people_commands, suite_commands
from shopwright.evals.errors import EvalError
from shopwright.evals.suite_commands import SuiteGroup

evaluate = typer.Typer(
    cls=SuiteGroup,
    help="Evaluate the assistant: `shopwright eval smoke`. Suites that come with it: smoke, marketer, "
    "shopper, copy, grounding, bilingual, safety, robustness; `all` is all of them.",
    no_args_is_help=True,
)
suite_commands.add_to(evaluate)
external_commands.add_to(evaluate)
people_commands.add_to(evaluate)
bench = typer.Typer(help="Measure how fast it is, side by side with others.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")]
Out = Annotated[Path | None, typer.Option(help="Also keep the figures in this JSON file.")]
Runs = Annotated[
    Path | None, typer.Option(help="Add the run to this JSON file, which holds one engine's runs.")
]
Grammar = Annotated[
    bool, typer.Option("--grammar/--no-grammar", help="Bind names and arguments while decoding.")
]
ChooseStep = Annotated[
    bool,
    typer.Option("--choose-step/--no-choose-step", help="Choose the tool in a constrained step of its own."),
]


@evaluate.command("bfcl")
def bfcl(
    data: Annotated[Path, typer.Option(help="The folder of the leaderboard's files, with possible_answer/.")],
    category: Annotated[
        list[str] | None, typer.Option(help="simple, multiple or irrelevance; repeat it. Default: all.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many cases of each category.")] = None,
    seed: Annotated[int, typer.Option(help="Chooses the cases when there is a limit.")] = 0,
    grammar: Grammar = True,
    choose_step: ChooseStep = True,
    as_json: Json = False,
    out: Runs = None,
    resume: Annotated[bool, typer.Option(help="Go on with the interrupted run of the same --out.")] = False,
) -> None:
    """Run the Berkeley Function Calling Leaderboard's questions, by its own rules of matching."""
    from shopwright.agent.engines.base import Decoding
    from shopwright.agent.local import open_engine
    from shopwright.evals.bfcl.figures import table
    from shopwright.evals.bfcl.files import CATEGORIES
    from shopwright.evals.bfcl.session import Session, cases_of
    from shopwright.evals.runs import add_run, check_place, command_line, run_of

    categories = category or list(CATEGORIES)
    for name in categories:
        if name not in CATEGORIES:
            raise typer.BadParameter(f"{name} is none of {', '.join(CATEGORIES)}", param_hint="--category")
    if resume and out is None:
        raise typer.BadParameter(
            "needs --out, beside which an interrupted run is kept", param_hint="--resume"
        )
    cases = cases_of(data, categories, limit, seed)
    decoding = Decoding(grammar=grammar, choose_step=choose_step)
    engine = open_engine(settings_now(), decoding=decoding)
    check_place(out, engine.name)
    session = Session(engine, decoding, _unfinished(out), resume=resume)
    figures = session.run(cases)
    options = {
        "data": "DIR",
        "category": " --category ".join(category or []),
        "limit": limit,
        "seed": seed if limit else None,
        "no-grammar": not grammar,
        "no-choose-step": not choose_step,
    }
    run = run_of("bfcl", engine.name, decoding, command_line("eval bfcl", options), figures)
    engine.close()
    if out is not None:
        add_run(out, run)
        session.finished()
    _print(run if as_json else table(run["categories"]), without="wrong")


@bench.command("turn")
def turn(
    cases: Annotated[int, typer.Option(min=1, max=6, help="So many conversations.")] = 4,
    repeats: Annotated[
        int, typer.Option(min=1, help="Restarts of each kind, and rounds of four people.")
    ] = 3,
    limit_seconds: Annotated[float, typer.Option(min=1, help="A peer's turn is stopped after this.")] = 180.0,
    without_langchain: Annotated[bool, typer.Option(help="Leave LangChain's side out.")] = False,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """A whole tool turn beside LangChain's agent; the first turn after a restart; four people at once."""
    from shopwright.evals.benches.product import measure_product, report

    found = measure_product(
        settings_now(),
        cases=cases,
        repeats=repeats,
        limit_seconds=limit_seconds,
        langchain=not without_langchain,
    )
    options = {"cases": cases, "repeats": repeats, "without-langchain": without_langchain}
    finish("bench turn", options, found, report(found), as_json=as_json, out=out)


@bench.command("engine")
def engine(
    name: Annotated[
        list[str] | None,
        typer.Option("--engine", help="gguf, nf4 or remote; repeat it. Default: those that are present."),
    ] = None,
    tokens: Annotated[int, typer.Option(min=8, help="Tokens decoded by one request.")] = 128,
    at_once_tokens: Annotated[int, typer.Option(min=8, help="Tokens decoded by each of several.")] = 64,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Load, memory, first token, prefill, decode and the roofline of every engine that is present."""
    from shopwright.evals.benches.engines import ENGINES, measure_engines, present, report

    for one in name or ():
        if one not in ENGINES:
            raise typer.BadParameter(f"{one} is none of {', '.join(ENGINES)}", param_hint="--engine")
    settings = settings_now()
    found = measure_engines(settings, name or present(settings), tokens, at_once_tokens)
    options = {
        "engine": " --engine ".join(name or []),
        "tokens": tokens,
        "at-once-tokens": at_once_tokens,
    }
    finish("bench engine", options, found, report(found), as_json=as_json, out=out)


@bench.command("gpu")
def gpu(
    prompt: Annotated[int, typer.Option(min=1, help="Tokens of each prompt.")] = 512,
    new: Annotated[int, typer.Option(min=2, help="Tokens decoded for each prompt.")] = 128,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Our 4-bit engine beside transformers with bitsandbytes, on a CUDA device, at batch 1, 8 and 32."""
    from shopwright.agent.engines.hardware import missing_for_nf4
    from shopwright.evals.benches.product import on_cpu

    if missing := missing_for_nf4():
        raise EvalError(
            f"`shopwright bench gpu` needs {', '.join(missing)}. Run `pip install 'shopwright[gpu]'`."
        )
    from shopwright.evals.peers.gpu import check_device, measure_gpu, report

    check_device()
    settings = settings_now()
    _, model = on_cpu(settings)
    found = measure_gpu(model, settings.cache_dir / "nf4", prompt, new)
    finish("bench gpu", {"prompt": prompt, "new": new}, found, report(found), as_json=as_json, out=out)


@bench.command("tools")
def bench_tools(
    rounds: Annotated[int, typer.Option(min=1, help="Times that each filter is run.")] = 3,
    customers: Annotated[int, typer.Option(min=1, help="Customers to recommend products to.")] = 200,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Segments, recommendations, forecasts and reviews on the shop in the data folder."""
    from shopwright.evals.benches.tools import measure_tools, report

    found = measure_tools(open_shop(), rounds, customers)
    options = {"rounds": rounds, "customers": customers}
    finish("bench tools", options, found, report(found), as_json=as_json, out=out)


@bench.command("scale")
def scale(
    database: Annotated[str, typer.Option(help="URL of an empty PostgreSQL database, or of this very shop.")],
    customers: Annotated[int, typer.Option(min=10, help="Customers of the generated shop.")] = 10_000,
    lines: Annotated[
        int, typer.Option(min=1000, help="Order lines, met within a percent or two.")
    ] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each filter is run.")] = 2,
    recommend: Annotated[int, typer.Option(min=1, help="Customers to recommend products to.")] = 200,
    fit: Annotated[
        list[str] | None,
        typer.Option(
            help="statistics, history, recommender, customers, campaigns, patterns or none; repeat it."
        ),
    ] = None,
    models: Annotated[
        Path | None, typer.Option(help="Keep fitted models in this folder, and use those in it.")
    ] = None,
    as_json: Json = False,
    out: Out = None,
) -> None:
    """Generate a big shop in PostgreSQL, fit on it, and time its tools, with the indexes they use."""
    from shopwright.evals.benches.scale import FITS, check_fits, measure_scale, report
    from shopwright.evals.bigshop_plan import BigShop

    fits = [] if fit == ["none"] else fit or list(FITS)
    check_fits(fits)
    plan = BigShop(customers, lines, seed)
    found = measure_scale(
        settings_now(),
        database,
        plan,
        rounds=rounds,
        customers=recommend,
        fits=fits,
        models=models,
        earlier=out,
    )
    options = {
        "database": "URL",
        "customers": customers,
        "lines": lines,
        "seed": seed,
        "rounds": rounds,
        "recommend": recommend,
        "fit": " --fit ".join(fit or []),
        "models": "DIR" if models else None,
    }
    finish("bench scale", options, found, report(found), as_json=as_json, out=out)


@bench.command("growth")
def growth_table(
    files: Annotated[list[Path], typer.Argument(help="Files kept by `bench scale --out`, of several sizes.")],
    as_json: Json = False,
) -> None:
    """How the figures of several sizes grow: a table with exponents."""
    from shopwright.evals.benches.growth import growth, table

    found = growth(files)
    _print(found if as_json else table(found))


def finish(
    name: str,
    options: dict[str, Any],
    found: dict[str, Any],
    report: str,
    *,
    as_json: bool,
    out: Path | None,
) -> None:
    """Print the figures of a command, or the `report` of them, and keep them with their surroundings."""
    from shopwright.evals.runs import command_line
    from shopwright.evals.surroundings import keep, surroundings

    whole = {**found, **surroundings(command_line(name, {**options, "json": as_json}))}
    if out is not None:
        keep(out, whole)
    _print(whole if as_json else report)


def open_shop() -> Any:
    """The shop of the data folder, its database brought up to date. Raises EvalError when there is none."""
    from shopwright.knowledge.database import migrate
    from shopwright.knowledge.shop import Shop

    settings = settings_now()
    if settings.database.startswith("sqlite") and not settings.data_dir.is_dir():
        raise EvalError(
            f"There is no shop in {settings.data_dir}. Run `shopwright init --demo` or `shopwright import`."
        )
    shop = Shop(settings)
    migrate(shop.engine)
    return shop


def settings_now() -> Any:
    """The settings in force. Raises EvalError naming what is wrong in them."""
    from pydantic import ValidationError

    from shopwright.knowledge.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"SHOPWRIGHT_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        )
        raise EvalError(f"A setting is wrong. {wrong}") from error


def _unfinished(out: Path | None) -> Path | None:
    return out.with_name(f"{out.name}.unfinished") if out is not None else None


def _print(value: dict[str, Any] | str, *, without: str = "") -> None:
    if isinstance(value, dict):
        value = json.dumps({key: part for key, part in value.items() if key != without}, ensure_ascii=False)
    sys.stdout.write(value + "\n")
    sys.stdout.flush()
