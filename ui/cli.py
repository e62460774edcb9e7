"""The `shopwright` command. Each command imports what it needs when it runs, so that --help is quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from shopwright.ui.cli_models import app as models_app
from shopwright.ui.cli_output import claim_stdout, load_settings, run_guarded
from shopwright.ui.cli_plugins import PluggableGroup
from shopwright.ui.cli_users import app as users_app

app = typer.Typer(
    name="shopwright",
    cls=PluggableGroup,
    help="A locally hosted marketing and shop assistant that answers from the shop's own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(users_app, name="users")
app.add_typer(models_app, name="models")
reviews_app = typer.Typer(help="Work on reviews in bulk.", no_args_is_help=True)
app.add_typer(reviews_app, name="reviews")

Json = Annotated[bool, typer.Option("--json", help="Print data for programs, one JSON value a line.")]


@app.command()
def init(
    demo: Annotated[
        bool, typer.Option("--demo", help="Also fetch the model and import the demo shop.")
    ] = False,
) -> None:
    """Make the database; with --demo also everything else, resuming where an earlier run stopped."""
    from shopwright.ui.cli_shop import initialise

    initialise(load_settings(), demo=demo)


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Folder with one CSV or Parquet file per table.")],
    strict: Annotated[bool, typer.Option("--strict", help="Refuse a file with any bad row.")] = False,
    report: Annotated[Path | None, typer.Option(help="Where to write the report of bad rows (CSV).")] = None,
    fit_: Annotated[bool, typer.Option("--fit/--no-fit", help="Fit the models to the new data, too.")] = True,
) -> None:
    """Import a shop of your own; the README documents the columns."""
    from shopwright.ui.cli_shop import import_shop

    raise typer.Exit(import_shop(load_settings(), folder, strict=strict, report=report, learn=fit_))


@app.command()
def fit(
    names: Annotated[
        list[str] | None, typer.Argument(help="Only these models, even if nothing changed.")
    ] = None,
) -> None:
    """Fit the models that the shop's data have outgrown, and bring the search index up to date."""
    from shopwright.ui.cli_shop import fit_models

    raise typer.Exit(fit_models(load_settings(), names or []))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default from the settings.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = None,
    open_: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open a browser on the page.")
    ] = None,
) -> None:
    """Start the web app: the marketer's console and the demo storefront."""
    from shopwright.ui.cli_serve import serve as run

    run(load_settings(), host=host, port=port, browse=open_)


@app.command()
def chat(
    once: Annotated[str | None, typer.Option(help="Ask this and leave.")] = None,
    file: Annotated[
        str | None, typer.Option(help="JSON lines of requests, each on its own; - is stdin.")
    ] = None,
    as_json: Json = False,
    role: Annotated[str, typer.Option(help="marketer or shopper")] = "marketer",
    customer: Annotated[int | None, typer.Option(help="Customer id of a signed-in shopper.")] = None,
    language: Annotated[
        str | None, typer.Option(help="en or zh; without it, the language you write.")
    ] = None,
) -> None:
    """Talk to the assistant here: interactively, once, or a file of requests."""
    from shopwright.ui.cli_chat import Asker, answer_file, ask_once, converse

    asker = Asker.checked(role, customer, language)
    settings = load_settings()
    if file is not None:
        code = answer_file(settings, file, asker)
    elif once is not None:
        code = ask_once(settings, once, asker, as_json=as_json)
    else:
        code = converse(settings, asker)
    raise typer.Exit(code)


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for, in English or Chinese.")] = None,
    file: Annotated[str | None, typer.Option(help="JSON lines of {id, query}; - is stdin.")] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="How many products.")] = 5,
    as_json: Json = False,
) -> None:
    """Search the shop's products."""
    from shopwright.ui.cli_search import search_file, search_one

    settings = load_settings()
    if (query is None) == (file is None):
        raise typer.BadParameter("give either QUERY or --file")
    if file is not None:
        raise typer.Exit(search_file(settings, file, k))
    search_one(settings, query or "", k, as_json=as_json)


@reviews_app.command("classify")
def classify(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON lines or Parquet.")],
    text_column: Annotated[str, typer.Option(help="The column that holds the reviews.")],
    out: Annotated[Path, typer.Option(help="Where to write; the ending says the format.")],
    fast: Annotated[bool, typer.Option("--fast", help="Many times as fast, some points less exact.")] = False,
) -> None:
    """Add label, probability and language to every review of a file."""
    from shopwright.ui.cli_reviews import classify_file

    classify_file(load_settings(), file, text_column, out, fast=fast)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is here and what to do about what is missing."""
    from shopwright.ui.cli_doctor import report

    raise typer.Exit(report(load_settings(), as_json=as_json))


@app.command()
def notices() -> None:
    """Print the notices and licences of the model and the data sets."""
    from shopwright.ui.cli_notices import text
    from shopwright.ui.cli_output import emit

    emit(text())


@app.command("visitor-secret")
def visitor_secret() -> None:
    """Print the key with which your shop's own back-end signs visitor tokens. Keep it secret."""
    from shopwright.knowledge.tokens import Tokens
    from shopwright.ui.cli_output import emit

    emit(Tokens.open(load_settings().data_dir).visitor_secret)


def main() -> None:
    """Entry point of the `shopwright` command."""
    claim_stdout()
    sys.exit(run_guarded(app))
