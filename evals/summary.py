"""A run told on a terminal: what failed, then the figures by suite."""

from collections.abc import Mapping
from typing import Any

from shopwright.evals.records import Run

COLUMNS = ("cases", "pass rate", "95% interval", "tool", "arguments", "grounded", "safety", "seconds")


def summary(run: Run) -> str:
    """The failed cases, each with why, and a table."""
    lines = []
    for case in run.cases:
        if not case.passed:
            lines.append(f"✗ {case.id}" + (f" (trial {case.trial + 1})" if case.trial else ""))
            lines += [
                f"    {_turn(case, grade.turn)}{grade.check}: {grade.problem}" for grade in case.problems
            ]
    return "\n".join([*lines, "" if lines else "Every case passed.", *table(run.figures)])


def _turn(case: Any, number: int) -> str:
    return f"turn {number + 1}, " if len(case.turns) > 1 else ""


def table(figures: Mapping[str, Any]) -> list[str]:
    """The figures as aligned lines, one a suite and one for all."""
    rows = [["suite", *COLUMNS]]
    rows += [[name, *cells(part)] for name, part in figures.get("by_suite", {}).items()]
    rows.append(["all", *cells(figures)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def cells(part: Mapping[str, Any]) -> list[str]:
    """The figures of one suite, as text."""
    interval = part.get("pass_rate_ci")
    return [
        str(part["cases"]),
        _share(part["pass_rate"]),
        f"{_share(interval[0])}–{_share(interval[1])}" if interval else "–",
        _share(part["tool_accuracy"]),
        _share(part["argument_accuracy"]),
        _share(part["grounding_rate"]),
        str(part["safety_violations"]),
        f"{part['median_seconds']:.1f}" if part["median_seconds"] is not None else "–",
    ]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
