"""Two runs beside each other: what one got right and the other did not, how sure that is, what stayed.

Cases that only one of the runs has are counted, and otherwise left out.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from shopwright.evals.compare_report import compare_html, compare_report
from shopwright.evals.errors import EvalError
from shopwright.evals.figures import failed_checks, headline
from shopwright.evals.pairs import Pair, figures_by, majority, pair_figures, pairs_of, same_shares
from shopwright.evals.plain import call_line
from shopwright.evals.records import CaseRecord, Run

__all__ = ["compare", "compare_html", "compare_report", "differences", "title"]

FOUR_BITS = re.compile(r"nf4|fp4|int4|4-?bit|w4a16|awq|gptq|i?q4(?![a-z0-9])", re.IGNORECASE)
WAY_OF_BITS = re.compile(
    r"[-_.@](?:i?q\d\w*|nf4|fp4|int[48]|\d-?bit|w\da\d+|awq|gptq|bnb|bf16|f(?:p)?(?:8|16|32)|gguf)(?=[-_.@]|$)"
)
# Options that choose the engine or the cases: with these the engine alone is still what is compared.
BESIDE = {"engine", "model", "case", "half", "tag", "suite"}
PASSING = {"date", "load_average", "command"}


def compare(a: Run, b: Run) -> dict[str, Any]:
    """All that tells two runs apart; `a` comes first, and a difference is b less a.

    Raises EvalError when they have no case in common.
    """
    pairs = pairs_of(a, b)
    if not pairs:
        raise EvalError(
            "The two runs have no case in common. Compare runs of the same suites, "
            "and look whether the ids of the cases were changed."
        )
    first = [case for pair in pairs for case in pair.a]
    second = [case for pair in pairs for case in pair.b]
    common = {pair.id for pair in pairs}
    return {
        "title": title(a, b),
        "a": {**_named(a), **headline(first)},
        "b": {**_named(b), **headline(second)},
        "differs": differences(a, b),
        "only_a": len({case.id for case in a.cases} - common),
        "only_b": len({case.id for case in b.cases} - common),
        **pair_figures(pairs),
        "same": same_shares(pairs),
        "failed_checks": _both_counts(failed_checks(first), failed_checks(second)),
        "by_suite": figures_by(pairs, lambda case: case.suite),
        "by_language": figures_by(pairs, lambda case: case.language),
        "lost": [_flip(pair) for pair in pairs if pair.lost],
        "won": [_flip(pair) for pair in pairs if pair.won],
    }


def _named(run: Run) -> dict[str, Any]:
    return {"engine": run.engine, "command": run.command, "date": run.surroundings.get("date")}


def title(a: Run, b: Run) -> str:
    """What is compared, as a heading; the engine's name tells whether it is a matter of 4 bits."""
    others = [one["what"] for one in differences(a, b) if one["what"].startswith("options.")]
    if a.engine == b.engine or set(others) - {f"options.{name}" for name in BESIDE}:
        return "What changed"
    if _base(a.engine) != _base(b.engine):
        return "What another model changed"
    bits = FOUR_BITS.search(a.engine) is not None, FOUR_BITS.search(b.engine) is not None
    if bits[0] != bits[1]:
        return "What 4 bits changed"
    return "What another kind of 4 bits changed" if all(bits) else "What another engine changed"


def differences(a: Run, b: Run) -> list[dict[str, Any]]:
    """How the runs were made differently: engine, options, machine and versions, each with both values."""
    one, two = dict(_made(a)), dict(_made(b))
    return [
        {"what": name, "a": one.get(name), "b": two.get(name)}
        for name in dict.fromkeys([*one, *two])
        if one.get(name) != two.get(name)
    ]


def _made(run: Run) -> Iterator[tuple[str, Any]]:
    yield "engine", run.engine
    for name, value in run.options.items():
        yield f"options.{name}", value
    for name, value in run.surroundings.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", one) for key, one in value.items())
        elif name not in PASSING:
            yield name, value


def _base(engine: str) -> str:
    """The model's name without where it runs and in how many bits."""
    name = engine.partition(":")[2] or engine
    return WAY_OF_BITS.sub("", name.rsplit("/", 1)[-1].lower())


def _both_counts(a: dict[str, int], b: dict[str, int]) -> dict[str, dict[str, int]]:
    names = sorted({*a, *b}, key=lambda name: (-max(a.get(name, 0), b.get(name, 0)), name))
    return {name: {"a": a.get(name, 0), "b": b.get(name, 0)} for name in names}


def _flip(pair: Pair) -> dict[str, Any]:
    case = pair.a[0]
    return {
        "id": pair.id,
        "suite": case.suite,
        "language": case.language,
        "a": _told(pair.a),
        "b": _told(pair.b),
    }


def _told(trials: Sequence[CaseRecord]) -> dict[str, Any]:
    """One side of a case that flipped: the first trial that went as most did."""
    shown = next(one for one in trials if one.passed == majority(trials))
    return {
        "passed": sum(one.passed for one in trials),
        "trials": len(trials),
        "turns": [
            {
                "ask": turn.ask,
                "answer": turn.text,
                "calls": [call_line(call) for call in turn.calls],
                "problems": [
                    {"check": grade.check, "problem": grade.problem, "safety": grade.safety}
                    for grade in shown.problems
                    if grade.turn == at
                ],
            }
            for at, turn in enumerate(shown.turns)
        ],
    }
