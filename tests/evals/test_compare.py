"""Two runs beside each other: pairs, flips, what stayed the same, and what the heading says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import case, grade, made_run, run, turn

from shopwright.evals.compare import compare, differences, title
from shopwright.evals.errors import EvalError
from shopwright.evals.records import Call, CaseRecord, Run

GGUF, BF16 = "gguf:qwen2.5-1.5b-instruct-q4_k_m", "remote:Qwen/Qwen2.5-1.5B-Instruct"


def passing(name: str, passed: bool = True, **fields: Any) -> CaseRecord:
    return case(name, grade("says", passed), **fields)


def test_pairs_flip_both_ways() -> None:
    a = run(passing("m/1"), passing("m/2"), passing("m/3", False), passing("m/only-a"))
    b = run(passing("m/3"), passing("m/2", False), passing("m/1"), passing("n/only-b"), passing("n/b"))
    found = compare(a, b)
    assert (found["cases"], found["only_a"], found["only_b"]) == (3, 1, 2)
    assert found["flipped"] == {"lost": 1, "won": 1}
    assert found["p"] == 1.0
    assert found["difference"] == 0.0
    assert [one["id"] for one in found["lost"]] == ["m/2"]
    assert [one["id"] for one in found["won"]] == ["m/3"]
    assert set(found["by_suite"]) == {"m"}


def test_a_drop_over_many_cases_is_told_from_chance() -> None:
    a = run(*(passing(f"m/{at}") for at in range(60)))
    b = run(*(passing(f"m/{at}", at >= 12) for at in range(60)))
    found = compare(a, b)
    assert found["pass_rate"] == {"a": 1.0, "b": 0.8}
    assert found["difference"] == -0.2
    low, high = found["difference_ci"]
    assert -0.32 < low < -0.2 < high < -0.08
    assert found["p"] == pytest.approx(2 / 2**12, abs=1e-6)
    assert compare(b, a)["difference"] == 0.2


def test_several_trials_count_by_their_mean_and_flip_by_majority() -> None:
    def trials(name: str, *passed: bool) -> list[CaseRecord]:
        return [passing(name, one, trial=at) for at, one in enumerate(passed)]

    a = run(*trials("m/1", True, True, False), *trials("m/2", True, False))
    b = run(*trials("m/1", True, False, False), *trials("m/2", True, True))
    found = compare(a, b)
    assert found["pass_rate"] == {"a": 0.5833, "b": 0.6667}
    assert found["flipped"] == {"lost": 1, "won": 1}  # an even split is no pass
    assert (found["lost"][0]["a"]["passed"], found["lost"][0]["a"]["trials"]) == (2, 3)


def test_what_a_flipped_case_did_stands_side_by_side() -> None:
    good = Call(tool="forecast", arguments={"weeks": 4, "name": "猫粮"})
    bad = Call(tool="forecast", arguments={"weeks": 40}, status="failed")
    a = run(case("m/1", turns=[turn(ask="How much?", text="120", calls=[good])]))
    b = run(case("m/1", grade("tool"), grade("grounded", False, problem="7 has no evidence"),
                 turns=[turn(ask="How much?", text="7", calls=[bad])]))  # fmt: skip
    flip = compare(a, b)["lost"][0]
    assert flip["a"]["turns"] == [
        {"ask": "How much?", "answer": "120", "calls": ['forecast(weeks=4, name="猫粮")'], "problems": []}
    ]
    told = flip["b"]["turns"][0]
    assert told["calls"] == ["forecast(weeks=40) [failed]"]
    assert told["problems"] == [{"check": "grounded", "problem": "7 has no evidence", "safety": False}]


def test_what_stayed_the_same() -> None:
    def said(*texts: tuple[str, list[Call]]) -> Run:
        return run(
            *(case(f"m/{at}", turns=[turn(text=text, calls=calls)]) for at, (text, calls) in enumerate(texts))
        )

    def call(**arguments: Any) -> list[Call]:
        return [Call(tool="t", arguments=arguments)]

    a = said(("1,200 left", call(a=1, b=2)), ("12.5% of 3", call(a=1)), ("none", []), ("same", call()))
    b = said(("left: 1200", call(b=2, a=1)), ("3, or 12.5%", call(a=2)), ("4", call()), ("same", call()))
    assert compare(a, b)["same"] == {"tools": 0.75, "arguments": 0.5, "numbers": 0.75, "answer": 0.25}


def test_seconds_are_a_ratio_of_medians() -> None:
    a = run(*(passing(f"m/{at}", turns=[turn(seconds=2.0 + at / 10)]) for at in range(9)))
    b = run(*(passing(f"m/{at}", turns=[turn(seconds=4.0 + at / 5)]) for at in range(9)))
    assert compare(a, b)["seconds"] == {"a": 2.4, "b": 4.8, "ratio": 2.0, "ratio_ci": [2.0, 2.0]}
    assert compare(run(passing("m/1")), run(passing("m/1")))["seconds"] is None


def test_runs_without_a_common_case() -> None:
    with pytest.raises(EvalError, match="no case in common"):
        compare(run(passing("m/1")), run(passing("m/2")))


@pytest.mark.parametrize(
    ("one", "two", "heading"),
    [
        (GGUF, BF16, "What 4 bits changed"),
        (BF16, "nf4:Qwen/Qwen2.5-1.5B-Instruct", "What 4 bits changed"),
        (GGUF, "nf4:qwen2.5-1.5b-instruct-q4_k_m", "What another kind of 4 bits changed"),
        ("gguf:qwen2.5-1.5b-instruct-q8_0", BF16, "What another engine changed"),
        (GGUF, "gguf:qwen2.5-7b-instruct-q4_k_m", "What another model changed"),
        (GGUF, GGUF, "What changed"),
        ("remote:qwen-7b-bf16", "remote:qwen-7b-awq", "What 4 bits changed"),
    ],
)
def test_the_heading(one: str, two: str, heading: str) -> None:
    a, b = run(passing("m/1"), engine=one), run(passing("m/1"), engine=two)
    assert title(a, b) == heading
    assert title(a, b.model_copy(update={"options": {"trials": 3}})) == "What changed"


def test_what_was_done_differently() -> None:
    a = run(passing("m/1"), options={"trials": 1}, surroundings={"packages": {"numpy": "1"}, "date": "x"})
    b = run(passing("m/1"), options={"trials": 3}, surroundings={"packages": {"numpy": "2"}, "date": "y"})
    assert differences(a, b) == [
        {"what": "options.trials", "a": 1, "b": 3},
        {"what": "packages.numpy", "a": "1", "b": "2"},
    ]


@settings(deadline=None)
@given(st.integers(1, 25), st.integers(0, 50), st.integers(0, 50), st.integers(1, 3))
def test_turned_round_everything_turns_round(count: int, one: int, two: int, trials: int) -> None:
    a, b = made_run(count, seed=one, trials=trials), made_run(count, seed=two, trials=trials)
    there, back = compare(a, b), compare(b, a)
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["p"] == back["p"]
    assert there["same"] == back["same"]
    assert [one["id"] for one in there["lost"]] == [one["id"] for one in back["won"]]
    assert there["difference_ci"][0] <= there["difference"] <= there["difference_ci"][1]
