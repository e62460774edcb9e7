"""A run as one HTML file: figures with intervals, plots, and every case down to what its tools returned."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from shopwright.evals.figures import figures
from shopwright.evals.page import as_data, page, seconds
from shopwright.evals.records import CaseRecord, Run

BREAKDOWNS = {
    "by_suite": "By suite",
    "by_language": "By language",
    "by_role": "By role",
    "by_tool": "By the tool that is right",
    "by_tag": "By tag",
}
STEPS = (1, 2, 2.5, 5, 10)
BARS, BAR_HEIGHT = 24, 116


def html_report(run: Run) -> str:
    """The page. It needs no other file and no network; whatever was said in the run is only text in it."""
    found = {**figures(run.cases, watts=0, price_per_kwh=0), **run.figures}
    return page(
        "report.html",
        "report.js",
        title=f"Evaluation: {', '.join(run.suites) or 'no suite'}",
        run=run,
        made=_made(run),
        figures=found,
        energy=found["energy_estimate"],
        breakdowns={label: found[key] for key, label in BREAKDOWNS.items()},
        bins=bins([turn.seconds for case in run.cases for turn in case.turns if turn.seconds > 0]),
        surroundings=list(_surroundings(run)),
        data=as_data([case.model_dump(mode="json") for case in _in_order(run.cases)]),
    )


def bins(values: Sequence[float]) -> dict[str, Any] | None:
    """A histogram of seconds in percentages of its width and pixels of its height; None without values.

    The last bar also holds what is far above the rest.
    """
    if not values:
        return None
    median, p95 = (float(one) for one in np.quantile(values, [0.5, 0.95]))
    end = min(max(values), 3 * p95)
    width = _nice(end / BARS)
    count = int(end // width) + 1
    reach = count * width
    counts, _ = np.histogram(np.minimum(values, reach), bins=count, range=(0, reach))
    most = max(counts)
    tick = _nice(reach / 6)
    return {
        "median": median,
        "p95": p95,
        "bars": [
            {
                "left": round(100 * at / count + 0.1, 3),
                "width": round(100 / count - 0.2, 3),
                "height": round(BAR_HEIGHT * int(held) / int(most), 2),
                "count": int(held),
                "label": f"{at * width:g} s and more" if at == count - 1 else _span(at, width),
            }
            for at, held in enumerate(counts)
            if held
        ],
        "marks": [
            {"at": round(100 * median / reach, 3), "y": 14, "label": f"median {seconds(median)}"},
            {"at": round(100 * p95 / reach, 3), "y": 30, "label": f"95% within {seconds(p95)}"},
        ],
        "ticks": [
            {"at": round(100 * at * tick / reach, 3), "label": f"{at * tick:g}" + (" s" if not at else "")}
            for at in range(int(reach // tick) + 1)
        ],
    }


def _span(at: int, width: float) -> str:
    return f"{at * width:g} to {(at + 1) * width:g} s"


def _nice(width: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is no less."""
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(step * power for step in STEPS if step * power >= width * (1 - 1e-9)))


def _in_order(cases: Sequence[CaseRecord]) -> list[CaseRecord]:
    """Failures first, and violations of safety before them; otherwise as they were run."""
    return sorted(cases, key=lambda case: (not any(grade.safety for grade in case.problems), case.passed))


def _made(run: Run) -> list[str]:
    told = run.surroundings
    cores = f", {told['cores']} cores" if told.get("cores") else ""
    return [one for one in (told.get("date"), f"{told.get('cpu') or ''}{cores}".strip(", ")) if one]


def _surroundings(run: Run) -> Iterator[tuple[str, Any]]:
    """How the run was made, one thing a row."""
    for name, value in [*run.options.items(), *run.surroundings.items()]:
        if isinstance(value, dict):
            yield name, ", ".join(f"{key} {one}" for key, one in value.items())
        elif value not in (None, "", []):
            yield name, value
