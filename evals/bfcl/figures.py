"""The figures of a run: accuracy by category with its interval, seconds, and what went wrong how often."""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from shopwright.evals.bfcl.running import Verdict
from shopwright.evals.statistics import wilson


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Figures by category, and `all` of them together (each case counts once)."""
    names = list(dict.fromkeys(verdict.category for verdict in verdicts))
    parts = {name: [verdict for verdict in verdicts if verdict.category == name] for name in names}
    return {name: _part(part) for name, part in {**parts, "all": list(verdicts)}.items()}


def _part(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    right = sum(verdict.right for verdict in verdicts)
    low, high = wilson(right, len(verdicts))
    return {
        "cases": len(verdicts),
        "right": right,
        "accuracy": round(right / len(verdicts), 4) if verdicts else 0.0,
        "interval_95": [round(low, 4), round(high, 4)],
        "seconds_median": round(statistics.median([v.seconds for v in verdicts] or [0.0]), 3),
        "failures": dict(Counter(v.failure for v in verdicts if v.failure).most_common()),
    }


def table(by_category: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = [f"{'':14}{'cases':>6}{'right':>7}{'accuracy':>10}{'95% interval':>16}{'median s':>10}  failures"]
    for name, part in by_category.items():
        low, high = part["interval_95"]
        wrong = ", ".join(f"{kind} {count}" for kind, count in part["failures"].items())
        lines.append(
            f"{name:14}{part['cases']:>6}{part['right']:>7}{part['accuracy']:>10.1%}"
            f"{f'{low:.1%}-{high:.1%}':>16}{part['seconds_median']:>10.2f}  {wrong}"
        )
    return "\n".join(lines)
