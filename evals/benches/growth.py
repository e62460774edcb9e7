"""How figures grow with the size of the shop: a table over runs of `bench scale`, with exponents.

An exponent of 0 means that a figure does not depend on the number of lines, 1 that it doubles with it.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.evals.errors import EvalError
from shopwright.evals.surroundings import read_kept

ROWS = {
    "segment_p50_ms": ("Segment report, median (ms)", 0),
    "segment_p95_ms": ("Segment report, p95 (ms)", 0),
    "recommend_p95_ms": ("Recommendation, p95 (ms)", 1),
}


def growth(files: Sequence[Path]) -> dict[str, Any]:
    """Figures by size, smallest first, and the exponent of each from the smallest to the largest size.

    Raises EvalError for fewer than two files, or for one that holds something else.
    """
    if len(files) < 2:
        raise EvalError(
            "Growth needs the files of at least two sizes, kept by `shopwright bench scale --out`."
        )
    runs = sorted((_run(path) for path in files), key=lambda run: run["lines"])
    names = list(dict.fromkeys(name for run in runs for name in _figures(run)))
    lines = [run["lines"] for run in runs]
    figures = {name: [_figures(run).get(name) for run in runs] for name in names}
    return {
        "customers": [run["customers"] for run in runs],
        "lines": lines,
        "figures": figures,
        "exponents": {name: exponent(lines, values) for name, values in figures.items()},
    }


def _run(path: Path) -> dict[str, Any]:
    found = read_kept(path)
    if not isinstance(found, dict) or not {"lines", "customers", "fits", "segment_p95_ms"} <= set(found):
        raise EvalError(f"{path} holds no figures of `shopwright bench scale`. Name files kept by its --out.")
    return found


def _figures(run: dict[str, Any]) -> dict[str, float]:
    found = {told: run[name] for name, (told, _) in ROWS.items() if run.get(name) is not None}
    for name, one in run["fits"].items():
        if "seconds" in one:
            found[f"Fit {name} (s)"] = one["seconds"]
            found[f"Fit {name}, peak memory (MiB)"] = one["peak_rss_mib"]
    found["Database (GiB)"] = run["database"]["size_gib"]
    return found


def exponent(sizes: Sequence[float], values: Sequence[float | None]) -> float | None:
    """The slope between the smallest and the largest size on logarithmic scales; None with fewer than two."""
    known = [(size, value) for size, value in zip(sizes, values, strict=True) if value]
    if len(known) < 2 or known[0][0] == known[-1][0]:
        return None
    (small, low), (large, high) = known[0], known[-1]
    return round(math.log(high / low) / math.log(large / small), 2)


def table(found: dict[str, Any]) -> str:
    """The growth as a table in Markdown."""
    sizes = [
        f"{_short(customers)} customers, {_short(lines)} lines"
        for customers, lines in zip(found["customers"], found["lines"], strict=True)
    ]
    rows = ["| | " + " | ".join(sizes) + " | exponent |", "| --- |" + " ---: |" * (len(sizes) + 1)]
    for name, values in found["figures"].items():
        slope = found["exponents"][name]
        cells = " | ".join("–" if value is None else _figure(value) for value in values)
        rows.append(f"| {name} | {cells} | {'–' if slope is None else slope} |")
    return "\n".join(rows)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 1 else f"{value:.2f}"


def _short(count: int) -> str:
    for unit, name in ((10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:g}{name}"
    return str(count)
