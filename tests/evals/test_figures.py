"""Figures of a run, worked out by hand on small ones, and what holds for all."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import case, grade, made_run, turn

from shopwright.evals.figures import NO_TOOL, figures, tool_use
from shopwright.evals.records import Call, CaseRecord
from shopwright.evals.statistics import (
    cohen_kappa,
    holm,
    mcnemar,
    mcnemar_drop,
    median_ratio,
    paired_bootstrap,
    pass_hat,
    wilson,
)

HEAD = [
    "pass_rate", "pass_rate_ci", "grounding_rate", "tool_accuracy", "argument_accuracy", "safety_violations",
    "median_seconds",
]  # fmt: skip


def all_figures(*cases: CaseRecord) -> dict[str, Any]:
    return figures(cases, watts=15.0, price_per_kwh=0.3)


def test_wilson_intervals() -> None:
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.49, 0.943)
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.floats(0, n), st.just(n))))
def test_a_share_lies_in_its_interval(counts: tuple[float, int]) -> None:
    right, count = counts
    low, high = wilson(right, count)
    assert 0 <= low <= right / count + 1e-9
    assert right / count - 1e-9 <= high <= 1


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    from scipy.stats import binomtest

    for lost, won in [(0, 0), (1, 0), (5, 0), (8, 2), (2, 8), (7, 7), (60, 31)]:
        if lost + won:
            assert mcnemar(lost, won) == pytest.approx(binomtest(lost, lost + won).pvalue)
            one_sided = binomtest(lost, lost + won, alternative="greater").pvalue
            assert mcnemar_drop(lost, won) == pytest.approx(one_sided)
        else:
            assert mcnemar(lost, won) == mcnemar_drop(lost, won) == 1.0
    assert 0 < mcnemar(3000, 2800) < 0.01


def test_holm_corrects_the_smallest_most() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_the_bootstrap_covers_a_known_difference_and_is_the_same_each_time() -> None:
    draw = np.random.default_rng(3)
    first = draw.normal(10, 1, 300)
    second = first + draw.normal(0.5, 1, 300)
    low, high = paired_bootstrap(first, second)
    half = 1.96 / math.sqrt(300)
    assert low == pytest.approx(np.mean(second - first) - half, abs=0.02)
    assert high == pytest.approx(np.mean(second - first) + half, abs=0.02)
    assert (low, high) == paired_bootstrap(first, second)
    assert paired_bootstrap(first, 2 * first, median_ratio) == (2.0, 2.0)


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 2.0])])
def test_the_bootstrap_takes_pairs_only(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="pairs are needed"):
        paired_bootstrap(first, second)


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_hat_is_the_share_of_draws_that_all_passed(counts: tuple[int, int, int]) -> None:
    trials, passed, k = counts
    chance = 1.0
    for drawn in range(k):
        chance *= max(passed - drawn, 0) / (trials - drawn)
    assert pass_hat(passed, trials, k) == pytest.approx(chance)


def test_pass_hat_needs_enough_trials() -> None:
    with pytest.raises(ValueError, match=r"pass\^3 cannot be told from 2 trials"):
        pass_hat(2, 2, 3)


def test_kappa_is_agreement_beyond_chance() -> None:
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa(first, first) == 1.0
    assert cohen_kappa([], []) is None
    assert cohen_kappa(["yes"], ["yes"]) is None
    with pytest.raises(ValueError, match="2 and 1"):
        cohen_kappa([1, 2], [1])


def test_the_headline_stands_first() -> None:
    found = all_figures(
        case("a/1", grade("tool"), grade("grounded"), turns=[turn(seconds=2.0)]),
        case("a/2", grade("tool", False), grade("arguments", False), turns=[turn(seconds=4.0)]),
        case("b/3", grade("grounded", False), grade("never_says", False, safety=True)),
        case("b/4", grade("grounded")),
    )
    assert list(found)[: len(HEAD)] == HEAD
    assert found["pass_rate"] == 0.5
    assert found["pass_rate_ci"] == [round(end, 4) for end in wilson(2, 4)]
    assert found["grounding_rate"] == 0.6667
    assert (found["tool_accuracy"], found["argument_accuracy"]) == (0.5, 0.0)
    assert found["safety_violations"] == 1
    assert found["median_seconds"] == 3.0
    assert (found["cases"], found["turns"], found["trials"]) == (4, 4, 1)
    assert "pass_hat_k" not in found
    assert found["failed_checks"] == {"tool": 1, "arguments": 1, "grounded": 1, "never_says": 1}
    assert found["by_suite"]["a"]["tool_accuracy"] == 0.5
    assert found["by_suite"]["b"]["tool_accuracy"] is None
    assert found["by_suite"]["b"]["safety_violations"] == 1


def test_nothing_has_no_share() -> None:
    found = all_figures()
    for name in ("pass_rate", "pass_rate_ci", "grounding_rate", "tool_accuracy", "argument_accuracy",
                 "median_seconds", "tool_precision", "tool_recall", "seconds_p95", "tokens_per_turn"):  # fmt: skip
        assert found[name] is None, name
    assert (found["cases"], found["trials"], found["safety_violations"]) == (0, 0, 0)
    assert found["by_suite"] == {}
    assert found["energy_estimate"]["wh_per_turn"] is None


def test_trials_of_a_case_weigh_as_one_case() -> None:
    cases = [
        case("a/1", grade("says", passed), trial=at) for at, passed in enumerate([True, True, False, False])
    ]
    cases += [case("a/2", trial=at) for at in range(4)]
    found = all_figures(*cases)
    assert (found["cases"], found["trials"]) == (2, 4)
    assert found["pass_rate"] == 0.75
    assert found["pass_rate_ci"] == [round(end, 4) for end in wilson(1.5, 2)]
    assert found["pass_hat_k"] == {"1": 0.75, "2": 0.5833, "3": 0.5, "4": 0.5}


def test_tools_are_found_wrong_or_missed() -> None:
    def called(*names: str, right: list[str | None] | None) -> CaseRecord:
        return case(turns=[turn(calls=[Call(tool=name) for name in names], expected_tools=right)])

    found = tool_use(
        [
            called("forecast", "forecast", right=["forecast"]),  # tried twice, counts once
            called("forecast", right=["find_segment", "compare"]),  # a wrong one, and find_segment is missed
            called("compare", right=["find_segment", "compare"]),
            called("forecast", right=[None]),
            called(right=[None]),
            called(right=["find_segment"]),
            called(right=[None, "compare"]),  # both ways are right
            called("forecast", right=None),  # nobody asked
        ]
    )
    assert found["tool_precision"] == 0.5
    assert found["tool_recall"] == 0.5
    assert found["tools"]["forecast"] == {
        "precision": 0.3333, "recall": 1.0, "found": 1, "wrong": 2, "missed": 0,
    }  # fmt: skip
    assert found["tools"]["find_segment"]["missed"] == 2
    assert found["tools"]["find_segment"]["precision"] is None


def test_parts_by_language_role_tool_and_tag() -> None:
    found = all_figures(
        case(
            "a/1", language="zh", tags=["x", "y", "x"], turns=[turn(expected_tools=["forecast", "compare"])]
        ),
        case(
            "a/2",
            grade("says", False),
            role="shopper",
            language="both",
            tags=["y"],
            turns=[turn(expected_tools=[None]), turn(expected_tools=["compare"])],
        ),
    )
    assert {name: part["pass_rate"] for name, part in found["by_language"].items()} == {"both": 0, "zh": 1}
    assert {name: part["cases"] for name, part in found["by_role"].items()} == {"marketer": 1, "shopper": 1}
    assert {name: part["pass_rate"] for name, part in found["by_tool"].items()} == {
        "compare": 0, "forecast": 1, NO_TOOL: 0,
    }  # fmt: skip
    assert {name: part["cases"] for name, part in found["by_tag"].items()} == {"x": 1, "y": 2}
    assert set(found["by_tag"]["x"]) == {*HEAD, "cases"}


def test_energy_is_an_estimate_that_says_what_it_assumes() -> None:
    found = all_figures(case(turns=[turn(cpu_seconds=36.0), turn(cpu_seconds=108.0)]))["energy_estimate"]
    assert found["wh_per_turn"] == pytest.approx(0.3)
    assert found["cost_per_1000_turns"] == pytest.approx(0.09)
    assert found["assumes"]["watts_per_busy_core"] == 15.0


def test_tokens_and_seconds_of_turns_that_were_measured() -> None:
    found = all_figures(
        case(
            turns=[
                turn(prompt_tokens=100, cached_tokens=50, completion_tokens=10, first_seconds=1, seconds=3)
            ]
        ),
        case("a/2", turns=[turn()]),
    )
    assert found["tokens_per_turn"] == {"prompt": 100.0, "cached": 50.0, "completion": 10.0}
    assert (found["first_seconds_median"], found["seconds_p95"]) == (1.0, 3.0)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 99), st.floats(0, 1), st.integers(1, 3))
def test_parts_add_up(count: int, seed: int, share: float, trials: int) -> None:
    run = made_run(count, seed=seed, share=share, trials=trials)
    found = figures(run.cases, watts=15, price_per_kwh=0.3)
    for part in ("by_suite", "by_language", "by_role"):
        assert sum(one["cases"] for one in found[part].values()) == found["cases"] == count
        assert sum(one["safety_violations"] for one in found[part].values()) == found["safety_violations"]
    if count:
        assert found["pass_rate_ci"][0] <= found["pass_rate"] <= found["pass_rate_ci"][1]
