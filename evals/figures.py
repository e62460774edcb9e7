"""The figures of a run, made from its cases. A share of nothing is None, never 1 or 0.

A case counts in `pass_rate` by the mean over its trials, so that many trials of one case weigh no more than
one; shares of grades, tools and turns count every trial. Seconds of 0 were not measured and are left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from shopwright.evals.records import CaseRecord, TurnRecord, by_trial
from shopwright.evals.statistics import pass_hat, wilson

NO_TOOL = "no tool"
Keys = Callable[[CaseRecord], Iterable[str]]


def figures(cases: Sequence[CaseRecord], *, watts: float, price_per_kwh: float) -> dict[str, Any]:
    """All figures, the headline first, then details and breakdowns.

    `watts` is what one busy core draws, `price_per_kwh` what a kilowatt hour costs, in any currency.
    """
    return {
        **headline(cases),
        **_details(cases),
        **tool_use(cases),
        **_times(cases),
        "tokens_per_turn": _tokens(cases),
        "energy_estimate": _energy(cases, watts, price_per_kwh),
        "failed_checks": failed_checks(cases),
        "by_suite": _by(cases, lambda case: [case.suite]),
        "by_language": _by(cases, lambda case: [case.language]),
        "by_role": _by(cases, lambda case: [case.role]),
        "by_tool": _by(cases, _tools_expected),
        "by_tag": _by(cases, lambda case: case.tags),
    }


def headline(cases: Sequence[CaseRecord]) -> dict[str, Any]:
    """The figures that every run and every part of it is told by; seconds are of a whole turn."""
    shares = case_shares(cases)
    rate = fmean(shares.values()) if shares else None
    low, high = wilson(sum(shares.values()), len(shares))
    return {
        "pass_rate": rounded(rate),
        "pass_rate_ci": [rounded(low), rounded(high)] if shares else None,
        "grounding_rate": check_rate(cases, "grounded"),
        "tool_accuracy": check_rate(cases, "tool"),
        "argument_accuracy": check_rate(cases, "arguments"),
        "safety_violations": sum(grade.safety for case in cases for grade in case.problems),
        "median_seconds": _quantile((turn.seconds for turn in _turns(cases)), 0.5),
        "cases": len(shares),
    }


def case_shares(cases: Sequence[CaseRecord]) -> dict[str, float]:
    """By case id, the share of its trials that passed."""
    return {name: fmean(trial.passed for trial in trials) for name, trials in by_trial(cases).items()}


def check_rate(cases: Iterable[CaseRecord], check: str) -> float | None:
    """The share of a check's grades that passed; None where it graded nothing."""
    passed = [grade.passed for case in cases for grade in case.grades if grade.check == check]
    return rounded(fmean(passed)) if passed else None


def failed_checks(cases: Iterable[CaseRecord]) -> dict[str, int]:
    """How often each check failed, the most frequent first."""
    return dict(Counter(grade.check for case in cases for grade in case.problems).most_common())


def tool_use(cases: Iterable[CaseRecord]) -> dict[str, Any]:
    """Precision and recall of tools, over the turns that say which tools are right.

    A tool counts once a turn, however often it was tried. Called and right: found; called and not among the
    right ones, or called where none may run: wrong; none of the right ones called: the first of them missed.
    """
    found: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for turn in _turns(cases):
        if not turn.expected_tools:
            continue
        called, right = {call.tool for call in turn.calls}, set(turn.expected_tools)
        found.update(called & right)
        wrong.update(called - right)
        if None not in right and not called & right:
            missed[str(turn.expected_tools[0])] += 1
    names = sorted({*found, *wrong, *missed})
    return {
        "tool_precision": _share(found.total(), wrong.total()),
        "tool_recall": _share(found.total(), missed.total()),
        "tools": {
            name: {
                "precision": _share(found[name], wrong[name]),
                "recall": _share(found[name], missed[name]),
                "found": found[name],
                "wrong": wrong[name],
                "missed": missed[name],
            }
            for name in names
        },
    }


def rounded(value: float | None, digits: int = 4) -> float | None:
    """A figure as it is kept."""
    return None if value is None else round(float(value), digits)


def _details(cases: Sequence[CaseRecord]) -> dict[str, Any]:
    trials = max((len(one) for one in by_trial(cases).values()), default=0)
    counted = {"turns": sum(len(case.turns) for case in cases), "trials": trials}
    return {**counted, "pass_hat_k": _pass_hats(cases, trials)} if trials > 1 else counted


def _pass_hats(cases: Sequence[CaseRecord], most: int) -> dict[str, float | None]:
    """pass^k for every k: the mean over the cases that have at least k trials."""
    counts = [(sum(one.passed for one in trials), len(trials)) for trials in by_trial(cases).values()]
    return {
        str(k): rounded(fmean(pass_hat(passed, n, k) for passed, n in counts if n >= k))
        for k in range(1, most + 1)
    }


def _times(cases: Sequence[CaseRecord]) -> dict[str, Any]:
    turns = list(_turns(cases))
    return {
        "first_seconds_median": _quantile((turn.first_seconds for turn in turns), 0.5),
        "seconds_p95": _quantile((turn.seconds for turn in turns), 0.95),
    }


def _tokens(cases: Sequence[CaseRecord]) -> dict[str, float] | None:
    """Means; `prompt` holds those that were `cached` and did not have to be read again."""
    turns = [turn for turn in _turns(cases) if turn.prompt_tokens or turn.completion_tokens]
    if not turns:
        return None
    return {
        "prompt": round(fmean(turn.prompt_tokens for turn in turns), 1),
        "cached": round(fmean(turn.cached_tokens for turn in turns), 1),
        "completion": round(fmean(turn.completion_tokens for turn in turns), 1),
    }


def _energy(cases: Sequence[CaseRecord], watts: float, price_per_kwh: float) -> dict[str, Any]:
    """Watt hours of the processor and their price; nothing is measured but the processor's seconds."""
    spent = [turn.cpu_seconds for turn in _turns(cases) if turn.cpu_seconds > 0]
    hours = fmean(spent) * watts / 3600 if spent else None
    return {
        "wh_per_turn": rounded(hours, 5),
        "cost_per_1000_turns": rounded(None if hours is None else hours * price_per_kwh, 5),
        "assumes": {
            "watts_per_busy_core": watts,
            "price_per_kwh": price_per_kwh,
            "counted": "processor seconds of the whole process during a turn, times watts per busy core; "
            "memory, graphics cards and the rest of the machine are left out",
        },
    }


def _by(cases: Sequence[CaseRecord], keys: Keys) -> dict[str, Any]:
    """The headline of every part; a case stands in each part that `keys` names."""
    parts: dict[str, list[CaseRecord]] = {}
    for case in cases:
        for key in dict.fromkeys(keys(case)):
            parts.setdefault(key, []).append(case)
    return {key: headline(parts[key]) for key in sorted(parts)}


def _tools_expected(case: CaseRecord) -> list[str]:
    """The tools that the turns of a case ask for: of several right ones the first."""
    return [turn.expected_tools[0] or NO_TOOL for turn in case.turns if turn.expected_tools]


def _turns(cases: Iterable[CaseRecord]) -> Iterable[TurnRecord]:
    return (turn for case in cases for turn in case.turns)


def _share(right: int, other: int) -> float | None:
    return rounded(right / (right + other)) if right + other else None


def _quantile(seconds: Iterable[float], share: float) -> float | None:
    measured = [one for one in seconds if one > 0]
    return rounded(float(np.quantile(measured, share)), 3) if measured else None
