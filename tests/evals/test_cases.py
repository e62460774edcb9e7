"""The grammar of cases: what is read, and what is refused with file and line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.evals.case import filled
from shopwright.evals.errors import EvalError
from shopwright.evals.loading import find_suites, load_suite, suite_names
from shopwright.evals.running import half_of, jobs_of
from shopwright.tools.base import tools_for

Write = Callable[..., Path]


def test_a_case_is_a_few_lines(suite_file: Write) -> None:
    suite = load_suite(
        suite_file(
            """
role: marketer
tags: [segments]
cases:
  - id: one
    ask: 哪些客户快要流失了？
    tool: find_segment
    arguments: {segment: {one_of: [at_risk]}}
    tags: [churn]
  - id: both
    ask: {en: "How many?", zh: 有多少？}
    tool: null
  - id: talk
    forbid: [save_segment]
    turns:
      - {ask: Hello, tool: null}
      - {ask: "And now?", tool: [find_segment, null], forbid: []}
""",
            "mine",
        )
    )
    one, both, talk = suite.cases
    assert (one.full_id, one.tags, one.tongue) == ("mine/one", ["segments", "churn"], "zh")
    assert one.asked[0].expected == {
        "tool": "find_segment",
        "arguments": {"segment": {"one_of": ["at_risk"]}},
    }
    assert both.twin
    assert [turn.ask for turn in both.asked] == ["How many?", "有多少？"]
    assert both.asked[0].expected == {"tool": None}
    assert [turn.expected["forbid"] for turn in talk.asked] == [["save_segment"], []]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "cases:\n  - id: a\n    ask: Hi\n    tols: x",
            "mine.yaml:4: there is no key 'tols'. Did you mean 'tool'?",
        ),
        (
            "cases:\n  - id: a\n    ask: Hi\n  - id: a\n    ask: Ho",
            "mine.yaml:4: the id 'a' stands on line 2",
        ),
        ("cases:\n  - id: a\n    ask: Hi\n    ask: Ho", "mine.yaml:4: the key 'ask' stands twice"),
        ("cases:\n  - id: a", "mine.yaml:2: cases.0: a case needs `ask` or `turns`"),
        ("cases:\n  - id: a\n    ask: {en: Hi}", "`ask` in both languages needs"),
        ("cases:\n  - id: a b\n    ask: Hi", "mine.yaml:2: cases.0.id"),
        ("cases:\n  - id: a\n    ask: Hi\n    customer: own", "add `role: shopper`"),
        ("cases:\n  - id: a\n    ask: Hi\n    length: {most: 3}", "mine.yaml:4: cases.0.length"),
        ("cases:\n  - id: a\n    ask: [Hi\n", "mine.yaml:"),
        ("cases: []", "mine.yaml:1: cases"),
        ("- id: a", "mine.yaml:1: a suite is a mapping"),
        ("", "mine.yaml:1: a suite is a mapping"),
        ("cases:\n  - ask: Hi", "mine.yaml:2: cases.0.id: Field required"),
        (
            "seeds: {}\ncases:\n  - {id: a, ask: Hi}",
            "mine.yaml:1: there is no key 'seeds'. Did you mean 'seed'?",
        ),
        ("cases:\n  - id: a\n    turns:\n      - {ask: Hi, toll: x}", "mine.yaml:4: there is no key 'toll'"),
    ],
)
def test_mistakes_are_named_with_file_and_line(suite_file: Write, text: str, said: str) -> None:
    with pytest.raises(EvalError) as refused:
        load_suite(suite_file(text))
    assert said in str(refused.value)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(EvalError):
        load_suite(path)


def test_suites_are_found_by_name_and_path(suite_file: Write) -> None:
    path = suite_file("cases:\n  - {id: a, ask: Hi}", "own")
    assert [suite.name for suite in find_suites(["smoke", str(path)])] == ["smoke", "own"]
    assert {suite.name for suite in find_suites(["all"])} == set(suite_names())
    for wrong, said in (
        (["smok"], "Did you mean 'smoke'"),
        ([str(path.with_name("no.yaml"))], "cannot be read"),
    ):
        with pytest.raises(EvalError, match=said):
            find_suites(wrong)


def test_placeholders_keep_the_type_of_what_stands_alone() -> None:
    names = {"own_order": 12}
    assert filled({"a": "{own_order}", "b": ["order {own_order}"], "c": "{other}"}, names) == {
        "a": 12,
        "b": ["order 12"],
        "c": "{other}",
    }


def test_the_suites_that_come_with_it() -> None:
    suites = find_suites(["all"])
    names = {"smoke", "marketer", "shopper", "copy", "grounding", "bilingual", "safety", "robustness"}
    assert names <= {suite.name for suite in suites}
    cases = [case for suite in suites for case in suite.cases]
    assert len(cases) >= 300
    for suite in suites:
        tongues = [case.tongue for case in suite.cases]
        assert abs(tongues.count("en") - tongues.count("zh")) <= max(2, len(tongues) // 10), suite.name
    own = {tool.name for role in ("marketer", "shopper") for tool in tools_for(role)}  # type: ignore[arg-type]
    for case in cases:
        for turn in case.asked:
            named = turn.expected.get("tool", [])
            told = {*(named if isinstance(named, list) else [named]), *turn.expected.get("forbid", [])} - {
                None
            }
            assert told <= own, case.full_id


def test_halves_are_even_and_stay_as_they_are() -> None:
    ids = {job.case.full_id for job in jobs_of(find_suites(["all"]))}
    first, second = half_of(ids, "a"), half_of(ids, "b")
    assert first | second == ids
    assert not first & second
    assert abs(len(first) - len(second)) < len(ids) / 5
    assert half_of(sorted(first), "a") == first
