"""`shopwright backtest` and `shopwright audit`: how good and how even-handed the learned models are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from shopwright.evals.commands import Json, Out, finish, open_shop
from shopwright.evals.progress import Steps

backtest = typer.Typer(
    help="Fit a model on the past and judge it on what came after, beside simple rules.", no_args_is_help=True
)
audit = typer.Typer(help="Look for unfairness in what is shown.", no_args_is_help=True)

INDENT = "  "


@backtest.command("recommender")
def recommender(as_json: Json = False, out: Out = None) -> None:
    """The last 28 days' purchases, ranked beforehand: products and product types, all and new ones."""
    _run("recommender", as_json=as_json, out=out)


@backtest.command("campaigns")
def campaigns(as_json: Json = False, out: Out = None) -> None:
    """Who redeems a later campaign, at which rate, and whether the intervals hold what they promise."""
    _run("campaigns", as_json=as_json, out=out)


@backtest.command("customers")
def customers(as_json: Json = False, out: Out = None) -> None:
    """Who stops buying for 60 days, and what customers spend in the next 90."""
    _run("customers", as_json=as_json, out=out)


@backtest.command("sentiment")
def sentiment(as_json: Json = False, out: Out = None) -> None:
    """Reviews not trained on: accuracy and calibration, in known and in unseen domains."""
    _run("sentiment", as_json=as_json, out=out)


@audit.callback()
def of_what() -> None:
    """Look for unfairness in what is shown."""


@audit.command("recommendations")
def recommendations(as_json: Json = False, out: Out = None) -> None:
    """Exposure by brand type and department, beside what is offered, sold and relevant."""
    from shopwright.knowledge.backtests import audit_recommendations
    from shopwright.knowledge.recommend_audit_report import report

    _measure("audit recommendations", audit_recommendations, report, as_json=as_json, out=out)


def _run(name: str, *, as_json: bool, out: Path | None) -> None:
    from shopwright.knowledge.backtests import backtest as run

    def lines(found: dict[str, Any]) -> str:
        return "\n".join(outline(found))

    _measure(f"backtest {name}", lambda shop, told: run(name, shop, told), lines, as_json=as_json, out=out)


def _measure(
    command: str,
    measure: Callable[[Any, Steps], dict[str, Any]],
    report: Callable[[dict[str, Any]], str],
    *,
    as_json: bool,
    out: Path | None,
) -> None:
    shop = open_shop()
    with Steps() as told:
        found = measure(shop, told)
    finish(command, {}, found, report(found), as_json=as_json, out=out)


def outline(found: Any, depth: int = 0) -> list[str]:
    """Nested figures as indented lines; lists of equal rows become tables of their keys."""
    lines = []
    for key, value in found.items():
        name = f"{INDENT * depth}{str(key).replace('_', ' ')}"
        if isinstance(value, dict) and value:
            lines += [name, *outline(value, depth + 1)]
        elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            lines += [name, *table(value, depth + 1)]
        else:
            lines.append(f"{name}: {cell(value)}")
    return lines


def table(rows: list[dict[str, Any]], depth: int = 0) -> list[str]:
    """Rows as columns of equal width, under the names of their keys."""
    names = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[name.replace("_", " ") for name in names], *([cell(row.get(n)) for n in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    padded = ([text.ljust(width) for text, width in zip(line, widths, strict=True)] for line in cells)
    return [(INDENT * depth + INDENT.join(line)).rstrip() for line in padded]


def cell(value: Any) -> str:
    """A figure as a person reads it."""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, list):
        return ", ".join(cell(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
