"""The same cases in two runs, pair by pair, and the figures of such pairs; a difference is b less a.

A case counts by the mean over its trials. Where a verdict is needed, a case passed when more than half of its
trials did: an even split is no pass.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from shopwright.evals.figures import rounded
from shopwright.evals.matching import numerals, value_of
from shopwright.evals.records import CaseRecord, Run, TurnRecord, by_trial
from shopwright.evals.statistics import mcnemar, median_ratio, paired_bootstrap


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


def pairs_of(a: Run, b: Run) -> list[Pair]:
    """The cases that both runs have, in the order of the first."""
    second = by_trial(b.cases)
    return [Pair(name, trials, second[name]) for name, trials in by_trial(a.cases).items() if name in second]


def majority(trials: Sequence[CaseRecord]) -> bool:
    """Whether more than half of a case's trials passed."""
    return sum(one.passed for one in trials) * 2 > len(trials)


def pair_figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Pass rates, their difference with its interval, flips with McNemar's exact p, and seconds."""
    a = [fmean(one.passed for one in pair.a) for pair in pairs]
    b = [fmean(one.passed for one in pair.b) for pair in pairs]
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


def figures_by(pairs: Sequence[Pair], key: Callable[[CaseRecord], str]) -> dict[str, Any]:
    """The figures of every part that `key` tells apart."""
    parts: dict[str, list[Pair]] = {}
    for pair in pairs:
        parts.setdefault(key(pair.a[0]), []).append(pair)
    return {name: pair_figures(parts[name]) for name in sorted(parts)}


def same_shares(pairs: Sequence[Pair]) -> dict[str, float | None]:
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
