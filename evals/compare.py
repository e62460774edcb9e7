"""Two runs of the same cases, pair by pair: what one got right and the other did not, and how sure that is.

A case counts by the mean over its trials. Where a verdict is needed, a case passed when more than half of its
trials did: an even split is no pass. Cases that only one run has are counted, and otherwise left out.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from shopwright.evals.errors import EvalError
from shopwright.evals.figures import failed_checks, headline, rounded
from shopwright.evals.matching import numerals, value_of
from shopwright.evals.plain import call_line
from shopwright.evals.records import CaseRecord, Run, TurnRecord, by_trial
from shopwright.evals.statistics import mcnemar, median_ratio, paired_bootstrap

FOUR_BITS = re.compile(r"nf4|fp4|int4|4-?bit|w4a16|awq|gptq|i?q4(?![a-z0-9])", re.IGNORECASE)
WAY_OF_BITS = re.compile(
    r"[-_.@](?:i?q\d\w*|nf4|fp4|int[48]|\d-?bit|w\da\d+|awq|gptq|bnb|bf16|f(?:p)?(?:8|16|32)|gguf)(?=[-_.@]|$)"
)
# What may differ while the engine alone is compared: names of it, and places to write to.
BESIDE = {"engine", "model", "out", "html", "junit", "json", "resume", "gate", "parallel"}
PASSING = {"date", "load_average", "command"}


@dataclass(frozen=True)
class Pair:
    """A case as it went in both runs, each with at least one trial."""

    id: str
    a: Sequence[CaseRecord]
    b: Sequence[CaseRecord]

    @property
    def lost(self) -> bool:
        """It passed in the first run only."""
        return majority(self.a) and not majority(self.b)

    @property
    def won(self) -> bool:
        """It passed in the second run only."""
        return majority(self.b) and not majority(self.a)


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
    first, second = ([case for pair in pairs for case in side(pair)] for side in (_first, _second))
    common = {pair.id for pair in pairs}
    return {
        "title": title(a, b),
        "a": {"name": a.engine, "command": a.command, "date": a.surroundings.get("date"), **headline(first)},
        "b": {"name": b.engine, "command": b.command, "date": b.surroundings.get("date"), **headline(second)},
        "differs": differences(a, b),
        "only_a": len({case.id for case in a.cases} - common),
        "only_b": len({case.id for case in b.cases} - common),
        **_part(pairs),
        "same": _same(pairs),
        "failed_checks": _both_counts(failed_checks(first), failed_checks(second)),
        "by_suite": _by(pairs, lambda case: case.suite),
        "by_language": _by(pairs, lambda case: case.language),
        "lost": [_flip(pair) for pair in pairs if pair.lost],
        "won": [_flip(pair) for pair in pairs if pair.won],
    }


def pairs_of(a: Run, b: Run) -> list[Pair]:
    """The cases that both runs have, in the order of the first."""
    second = by_trial(b.cases)
    return [Pair(name, trials, second[name]) for name, trials in by_trial(a.cases).items() if name in second]


def majority(trials: Sequence[CaseRecord]) -> bool:
    """Whether more than half of a case's trials passed."""
    return sum(one.passed for one in trials) * 2 > len(trials)


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


def _part(pairs: Sequence[Pair]) -> dict[str, Any]:
    a, b = ([fmean(one.passed for one in side(pair)) for pair in pairs] for side in (_first, _second))
    lost, won = sum(pair.lost for pair in pairs), sum(pair.won for pair in pairs)
    return {
        "cases": len(pairs),
        "pass_rate": {"a": rounded(fmean(a)), "b": rounded(fmean(b))},
        "difference": rounded(fmean(b) - fmean(a)),
        "difference_ci": [rounded(end) for end in paired_bootstrap(a, b)],
        "flipped": {"lost": lost, "won": won},
        "p": rounded(mcnemar(lost, won), 6),
        "seconds": _seconds(pairs),
    }


def _seconds(pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """Medians over cases of the mean seconds of a turn; None where one of the runs measured none."""
    timed = [(_mean_seconds(pair.a), _mean_seconds(pair.b)) for pair in pairs]
    both = np.asarray([(one, two) for one, two in timed if one and two])
    if not both.size:
        return None
    a, b = both.T
    return {
        "a": rounded(np.median(a), 3),
        "b": rounded(np.median(b), 3),
        "ratio": rounded(median_ratio(a, b)),
        "ratio_ci": [rounded(end) for end in paired_bootstrap(a, b, median_ratio)],
    }


def _mean_seconds(trials: Sequence[CaseRecord]) -> float | None:
    timed = [turn.seconds for one in trials for turn in one.turns if turn.seconds > 0]
    return fmean(timed) if timed else None


def _by(pairs: Sequence[Pair], key: Callable[[CaseRecord], str]) -> dict[str, Any]:
    parts: dict[str, list[Pair]] = {}
    for pair in pairs:
        parts.setdefault(key(pair.a[0]), []).append(pair)
    return {name: _part(parts[name]) for name in sorted(parts)}


def _same(pairs: Sequence[Pair]) -> dict[str, float | None]:
    """Shares of the cases in which both runs did the same; trials are paired by their number."""
    ways: dict[str, Callable[[TurnRecord], Any]] = {
        "tools": lambda turn: [call.tool for call in turn.calls],
        "arguments": lambda turn: [(call.tool, _canonical(call.arguments)) for call in turn.calls],
        "numbers": lambda turn: {value_of(numeral) for numeral in numerals(turn.text)},
        "answer": lambda turn: turn.text,
    }
    found: dict[str, float | None] = {}
    for name, way in ways.items():
        shares = [share for pair in pairs if (share := _same_share(pair, way)) is not None]
        found[name] = rounded(fmean(shares)) if shares else None
    return found


def _same_share(pair: Pair, way: Callable[[TurnRecord], Any]) -> float | None:
    second = {one.trial: one for one in pair.b}
    same = [
        [way(turn) for turn in one.turns] == [way(turn) for turn in second[one.trial].turns]
        for one in pair.a
        if one.trial in second
    ]
    return fmean(same) if same else None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


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


def _first(pair: Pair) -> Sequence[CaseRecord]:
    return pair.a


def _second(pair: Pair) -> Sequence[CaseRecord]:
    return pair.b
