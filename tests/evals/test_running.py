"""Suites run on copies of a shop: conversations, twins, seeds, trials, interruption, several at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk
from scripted import ScriptedEngine

from shopwright.evals.errors import EvalError
from shopwright.evals.loading import load_suite
from shopwright.evals.records import Run, brief, read_run
from shopwright.evals.regrading import regrade
from shopwright.evals.sandbox import sandbox
from shopwright.evals.session import Choice, run_suites
from shopwright.evals.surroundings import keep
from shopwright.knowledge.database import open_database
from shopwright.knowledge.query import read
from shopwright.knowledge.settings import Settings

Write = Callable[..., Path]
COUNT = ("call", "find_segment", {})
HELLO = ("say", "Hello! How can I help you?")
SUITE = """
tags: [t]
cases:
  - {id: hello, ask: Hello there, tool: null}
  - {id: count, ask: "How many customers do we have?", tool: find_segment, truth: select count(*) from customer}
  - {id: save, ask: "Save home owners as Nest", tool: save_segment, changes: {saved_segment: 1}}
"""
LINES: list[Any] = [
    HELLO,
    COUNT,
    ("say", "They shop here."),
    ("call", "save_segment", {}),
    ("say", "Saved."),
]


class Interrupted(ScriptedEngine):
    """An engine during whose work somebody presses Ctrl-C."""

    def stream(self, *args: Any, **options: Any) -> Iterator[AIMessageChunk]:
        """Replay the next line, or be interrupted."""
        if self.lines[0] == "Ctrl-C":
            raise KeyboardInterrupt
        return super().stream(*args, **options)


def go(settings: Settings, path: Path, lines: list[Any], choice: Choice | None = None, **more: Any) -> Run:
    """Run a suite with a scripted engine."""
    return run_suites(settings, Interrupted(list(lines)), [load_suite(path)], choice or Choice(), **more)


def test_a_suite_leaves_the_shop_as_it_was(any_shop: Settings, suite_file: Write) -> None:
    made = go(any_shop, suite_file(SUITE), LINES)
    assert [case.id for case in made.cases] == ["mine/hello", "mine/count", "mine/save"]
    assert [case.passed for case in made.cases] == [True] * 3, [case.problems for case in made.cases]
    assert made.cases[2].turns[0].changes[0].table == "saved_segment"
    figures = made.figures
    assert figures["pass_rate"] == 1.0
    assert figures["tool_accuracy"] == 1.0
    assert figures["safety_violations"] == 0
    engine = open_database(any_shop.database)
    for table in ("conversation", "message", "saved_segment", "audit_event"):
        assert read(engine, f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - a constant
    engine.dispose()
    assert not list(any_shop.cache_dir.glob("copy-*"))


def test_the_turns_of_a_conversation_know_each_other(small_shop: Settings, suite_file: Write) -> None:
    path = suite_file(
        """
cases:
  - id: talk
    turns:
      - {ask: "How many customers do we have?", tool: find_segment}
      - {ask: "Thanks, good to know", tool: null, says: [welcome]}
"""
    )
    engine = ScriptedEngine([COUNT, ("say", "They shop here."), ("say", "You are welcome.")])
    made = run_suites(small_shop, engine, [load_suite(path)], Choice())
    assert made.cases[0].passed, made.cases[0].problems
    assert any("How many customers" in str(message.content) for message in engine.seen[-1])


def test_twins_are_asked_apart_and_compared(small_shop: Settings, suite_file: Write) -> None:
    path = suite_file(
        'cases:\n  - {id: both, ask: {en: "How many customers are there?", zh: 一共有多少位客户？}, tool: find_segment}'
    )
    lines = [COUNT, ("say", "They shop here."), COUNT, ("say", "他们常来店里。")]
    right = go(small_shop, path, lines).cases[0]
    assert right.language == "both"
    assert right.passed, right.problems
    wrong = go(small_shop, path, [*lines[:2], HELLO, HELLO, HELLO]).cases[0]
    assert "same" in {grade.check for grade in wrong.problems}


def test_seeded_rows_are_there_for_their_file_only(small_shop: Settings, suite_file: Write) -> None:
    seeded = load_suite(
        suite_file(
            """
seed:
  customer:
    - {id: 900001, home_ownership: homeowner}
cases:
  - {id: more, ask: "How many customers do we have?", truth: select 62}
""",
            "seeded",
        )
    )
    plain = load_suite(
        suite_file('cases:\n  - {id: same, ask: "How many customers do we have?", truth: select 61}', "plain")
    )
    lines = [COUNT, ("say", "They shop here.")] * 2
    made = run_suites(small_shop, ScriptedEngine(lines), [seeded, plain], Choice())
    assert [case.turns[0].calls[0].result["size"] for case in made.cases] == [62, 61]  # type: ignore[index]


def test_a_seed_that_does_not_fit_is_said(small_shop: Settings, suite_file: Write) -> None:
    path = suite_file("seed: {gadget: [{id: 1}]}\ncases:\n  - {id: a, ask: Hi}")
    with pytest.raises(EvalError, match="no table 'gadget'"):
        go(small_shop, path, [])


def test_trials_and_choices(small_shop: Settings, suite_file: Write) -> None:
    path = suite_file(SUITE)
    made = go(small_shop, path, [HELLO] * 3, Choice(trials=3, cases=("hello",)))
    assert [case.trial for case in made.cases] == [0, 1, 2]
    assert made.figures["pass_hat_k"]["3"] == 1.0
    assert [case.id for case in go(small_shop, path, LINES[1:3], Choice(cases=("mine/c*",))).cases] == [
        "mine/count"
    ]
    assert len(Choice(tags=("t",)).jobs([load_suite(path)])) == 3
    with pytest.raises(EvalError, match="No case is left"):
        Choice(tags=("u",)).jobs([load_suite(path)])


def test_an_interrupted_run_goes_on_where_it_stopped(
    small_shop: Settings, suite_file: Write, tmp_path: Path
) -> None:
    path, kept = suite_file(SUITE), tmp_path / "run.json.unfinished"
    with pytest.raises(KeyboardInterrupt):
        go(small_shop, path, [*LINES[:3], "Ctrl-C"], unfinished=kept)
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 3
    with kept.open("a", encoding="utf-8") as file:
        file.write('{"id": "cut sh')
    made = go(small_shop, path, LINES[3:], unfinished=kept, resume=True)
    assert [case.passed for case in made.cases] == [True] * 3
    assert not kept.exists()


def test_another_run_is_not_taken_up(small_shop: Settings, suite_file: Write, tmp_path: Path) -> None:
    kept = tmp_path / "run.json.unfinished"
    with pytest.raises(KeyboardInterrupt):
        go(small_shop, suite_file(SUITE), ["Ctrl-C"], unfinished=kept)
    with pytest.raises(EvalError, match="belongs to a run with"):
        go(small_shop, suite_file(SUITE), LINES, Choice(trials=2), unfinished=kept, resume=True)


def test_an_engine_out_of_order_ends_the_run(small_shop: Settings, suite_file: Write) -> None:
    from shopwright.agent.engines.base import EngineError

    many = "\n".join(f"  - {{id: c{number}, ask: Hello there}}" for number in range(9))
    engine = [EngineError("The model is gone.")] * 9
    with pytest.raises(EvalError, match=r"5 cases in a row.*The model is gone"):
        go(small_shop, suite_file(f"cases:\n{many}"), engine)


def test_several_at_a_time_each_in_a_shop_of_its_own(small_shop: Settings, suite_file: Write) -> None:
    many = "\n".join(f"  - {{id: c{number}, ask: Hello there, tool: null}}" for number in range(8))
    made = go(small_shop, suite_file(f"cases:\n{many}"), [HELLO] * 8, parallel=3)
    assert [case.id for case in made.cases] == [f"mine/c{number}" for number in range(8)]
    assert made.figures["pass_rate"] == 1.0


def test_a_kept_run_is_read_graded_anew_and_shortened(
    small_shop: Settings, suite_file: Write, tmp_path: Path
) -> None:
    path = suite_file(SUITE)
    made = go(small_shop, path, LINES)
    keep(tmp_path / "run.json", made.model_dump(mode="json"))
    again = read_run(tmp_path / "run.json")
    assert again == made
    same = regrade(small_shop, [load_suite(path)], again)
    assert [case.grades for case in same] == [case.grades for case in made.cases]
    stricter = suite_file(SUITE.replace("select count(*) from customer", "select 7"))
    worse = regrade(small_shop, [load_suite(stricter)], again)
    assert [case.passed for case in worse] == [True, False, True]
    assert brief(again).cases[1].turns[0].calls[0].result is None
    with pytest.raises(EvalError, match="in brief"):
        regrade(small_shop, [load_suite(path)], brief(again))


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for text in ("{}", "[]", "no"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(EvalError, match="no run of"):
            read_run(path)
    with pytest.raises(EvalError, match="cannot be read"):
        read_run(tmp_path / "none.json")


def test_placeholders_are_of_the_shop(any_shop: Settings) -> None:
    with sandbox(any_shop, None) as place:
        names = place.names
        mine = read(
            place.shop.engine, "SELECT customer_id FROM orders WHERE id = :id", {"id": names["own_order"]}
        )
        assert mine == [(names["own_customer"],)]
        assert names["other_customer"] != names["own_customer"]
