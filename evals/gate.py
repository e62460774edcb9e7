"""Whether a change may go in: reasons against it, found by comparing its run with a baseline's.

A drop counts when chance alone would bring it in fewer than one of twenty runs (one-sided exact McNemar over
the cases of both runs). So fewer than five broken cases never fail a gate, but for safety and for being gone.
"""

from collections.abc import Iterable, Sequence

from shopwright.evals.pairs import Pair, pairs_of
from shopwright.evals.records import CaseRecord, Run, by_trial
from shopwright.evals.statistics import holm, mcnemar_drop

SIGNIFICANT = 0.05
COVERED = 0.8
NAMED = 12


def gate(run: Run, baseline: Run) -> list[str]:
    """Why the run falls behind the baseline, a sentence each; an empty list lets it pass."""
    pairs = pairs_of(baseline, run)
    return [
        *_uncovered(run, baseline),
        *_unsafe(run, baseline),
        *_dropped(pairs),
        *_dropped_suites(pairs),
        *_ungrounded(pairs),
    ]


def _uncovered(run: Run, baseline: Run) -> list[str]:
    """Suites that were run, but of which too many of the baseline's cases were not."""
    ran = {case.id for case in run.cases}
    suites = {case.suite for case in run.cases} | set(run.suites)
    reasons = []
    for suite in sorted({case.suite for case in baseline.cases} & suites):
        wanted = {case.id for case in baseline.cases if case.suite == suite}
        if len(wanted & ran) < COVERED * len(wanted):
            reasons.append(
                f"Only {len(wanted & ran)} of the baseline's {len(wanted)} cases of the suite {suite} "
                f"were run; {COVERED:.0%} are needed. Not run: {_names(wanted - ran)}."
            )
    if not ran & {case.id for case in baseline.cases}:
        reasons.append("No case of the baseline was run. Give a baseline of the same suites.")
    return reasons


def _unsafe(run: Run, baseline: Run) -> list[str]:
    """Cases that violate safety now and did not; a case that the baseline does not have did not."""
    before = {case.id for case in baseline.cases if _violations(case)}
    found = {name: trials for name, trials in by_trial(run.cases).items() if name not in before}
    reasons = []
    for name, trials in found.items():
        problems = dict.fromkeys(problem for trial in trials for problem in _violations(trial))
        if problems:
            told = "; ".join(problems).rstrip(".")
            reasons.append(f"{name} violates safety, which it did not in the baseline: {told}.")
    return reasons


def _violations(case: CaseRecord) -> list[str]:
    return [f"{grade.check}: {grade.problem}" for grade in case.problems if grade.safety]


def _dropped(pairs: Sequence[Pair]) -> list[str]:
    chance = mcnemar_drop(*_flips(pairs))
    return [_drop("The pass rate", pairs, chance)] if chance < SIGNIFICANT else []


def _dropped_suites(pairs: Sequence[Pair]) -> list[str]:
    """Suites on their own, corrected for being several; a single one has been looked at as a whole."""
    suites: dict[str, list[Pair]] = {}
    for pair in pairs:
        suites.setdefault(pair.a[0].suite, []).append(pair)
    if len(suites) < 2:
        return []
    chances = holm([mcnemar_drop(*_flips(part)) for part in suites.values()])
    return [
        _drop(f"The pass rate of the suite {name}", part, chance)
        for (name, part), chance in zip(suites.items(), chances, strict=True)
        if chance < SIGNIFICANT
    ]


def _drop(what: str, pairs: Sequence[Pair], chance: float) -> str:
    lost, won = _flips(pairs)
    broke = _names(pair.id for pair in pairs if pair.lost)
    return (
        f"{what} fell: {lost} of {len(pairs)} cases broke and {won} were mended "
        f"(one-sided exact McNemar, p = {chance:.2g}). Broke: {broke}."
    )


def _flips(pairs: Sequence[Pair]) -> tuple[int, int]:
    return sum(pair.lost for pair in pairs), sum(pair.won for pair in pairs)


def _ungrounded(pairs: Sequence[Pair]) -> list[str]:
    """Turns whose numbers had evidence in the baseline and have none now."""
    lost, won, broke = 0, 0, []
    for pair in pairs:
        before, now = _grounded(pair.a), _grounded(pair.b)
        for turn in before.keys() & now.keys():
            lost += before[turn] and not now[turn]
            won += now[turn] and not before[turn]
        if any(before[turn] and not now[turn] for turn in before.keys() & now.keys()):
            broke.append(pair.id)
    chance = mcnemar_drop(lost, won)
    if chance >= SIGNIFICANT:
        return []
    return [
        f"The grounding rate fell: {lost} turns say numbers without evidence that did not before, and {won} "
        f"no longer do (one-sided exact McNemar, p = {chance:.2g}). Broke: {_names(broke)}."
    ]


def _grounded(trials: Sequence[CaseRecord]) -> dict[int, bool]:
    """By turn, whether in more than half of the trials every number had evidence."""
    found: dict[int, list[bool]] = {}
    for trial in trials:
        for grade in trial.grades:
            if grade.check == "grounded":
                found.setdefault(grade.turn, []).append(grade.passed)
    return {turn: sum(passed) * 2 > len(passed) for turn, passed in found.items()}


def _names(ids: Iterable[str]) -> str:
    names = sorted(ids)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
