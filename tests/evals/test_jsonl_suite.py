"""Any JSON lines of questions with the call that is due: read with errors by line, run with both kinds of tools."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.agent.engines.base import EngineError
from shopwright.evals.errors import EvalError
from shopwright.evals.jsonl_rows import Row, read_rows, read_tools
from shopwright.evals.jsonl_suite import as_suite, run_jsonl, same
from shopwright.evals.records import CaseRecord
from shopwright.knowledge.settings import Settings

_spec = importlib.util.spec_from_file_location(
    "scripted_for_jsonl", Path(__file__).parents[1] / "agent" / "scripted.py"
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "number"},
                "unit": {"type": ["string", "null"]},
            },
            "required": ["city"],
        },
    },
}
CLOCK = {"name": "clock", "description": "The time."}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows, or lines as they are, into a file."""

    def write(*lines: Any) -> Path:
        file = tmp_path / "mine.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        file.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return file

    return write


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    file = tmp_path / "tools.json"
    file.write_text(json.dumps([WEATHER, CLOCK]))
    return file


def row(**fields: Any) -> dict[str, Any]:
    return {"question": "How is the weather in Ulm?", "tool": "weather", **fields}


ULM = row(arguments={"city": "Ulm", "days": 3})


def run(file: Path, tools: Path, *lines: Any, **more: Any) -> dict[str, Any]:
    return run_jsonl(scripted.ScriptedEngine(list(lines)), file, tools, **more)


def test_fields_go_by_several_names(rows: Callable[..., Path]) -> None:
    file = rows(
        {"id": 7, "text": "Hi", "expected_tool": None},
        "",
        {
            "input": "天气？",
            "tool": "weather",
            "args": '{"city": "Ulm"}',
            "language": "zh",
            "role": "shopper",
        },
    )
    assert read_rows(file) == [
        Row(1, "7", "Hi", None, None),
        Row(3, "line-3", "天气？", "weather", {"city": "Ulm"}, "shopper", "zh"),
    ]
    assert len(read_rows(file, limit=1)) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{nonsense", "no JSON"),
        ('["a"]', "a row is an object"),
        ({"tool": "weather"}, "no question or text or input"),
        ({"question": " ", "tool": None}, "no question or text or input"),
        ({"question": "Hi"}, "no tool or expected_tool; null says"),
        (row(tool=3), "tool is a tool's name or null, not 3"),
        (row(arguments=[1]), "arguments is an object"),
        (row(arguments="{"), "arguments is no JSON"),
        (row(role="boss"), "role is marketer or shopper"),
        (row(language="fr"), "language is en or zh"),
        (row(expected_tool="clock"), "tool and expected_tool say different things"),
        (row(id="a"), "'a' stands on line 1 already"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(line: Any, message: str, rows: Callable[..., Path]) -> None:
    with pytest.raises(EvalError, match=f"mine.jsonl:2: .*{message}"):
        read_rows(rows(row(id="a"), line))


def test_files_without_anything(rows: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="holds no question"):
        read_rows(rows(""))
    with pytest.raises(EvalError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl")


def test_tools_come_in_several_forms(tmp_path: Path) -> None:
    file = tmp_path / "tools.json"
    for found in ([WEATHER, CLOCK], {"tools": [WEATHER, CLOCK]}):
        file.write_text(json.dumps(found))
        assert list(read_tools(file)) == ["weather", "clock"]
    assert read_tools(file)["clock"]["function"]["parameters"] == {"type": "object"}
    for text, message in (
        ("{}", "no list of tools"),
        ("[1]", "tool 0, from 0"),
        (json.dumps([CLOCK, CLOCK]), "'clock' stands twice"),
        ("[\n[", r"tools\.json:2: no JSON"),
    ):
        file.write_text(text)
        with pytest.raises(EvalError, match=message):
            read_tools(file)


def test_the_call_that_is_due_passes(rows: Callable[..., Path], tools: Path) -> None:
    engine = scripted.ScriptedEngine([("call", "weather", {"days": 3.0, "unit": None, "city": "Ulm"})])
    found = run_jsonl(engine, rows(ULM), tools)
    assert found["verdicts"] == [{"id": "mine/line-1", "trial": 0, "passed": True, "problems": []}]
    assert (found["pass_rate"], found["tool_accuracy"], found["argument_accuracy"]) == (1.0, 1.0, 1.0)
    assert engine.offered == [["weather", "clock"]]
    assert CaseRecord.model_validate(found["cases"][0]).turns[0].calls[0].arguments == {
        "city": "Ulm",
        "days": 3.0,
    }


@pytest.mark.parametrize(
    ("due", "line", "problem"),
    [
        (ULM, ("call", "clock", {}), "called clock, not weather"),
        (ULM, ("say", "Sunny."), "called no tool, not weather"),
        (row(tool=None), ("call", "clock", {}), "called clock, not no tool"),
        (ULM, ("call", "weather", {"city": "ulm", "days": 3}), "city is 'ulm', should be 'Ulm'"),
        (ULM, ("call", "weather", {"city": "Ulm"}), "days is left out, should be 3"),
        (ULM, ("call", "weather", {"city": "Ulm", "days": True}), "days is True, should be 3"),
        (row(arguments={"city": "Ulm"}), ("call", "weather", {"city": "Ulm", "unit": "C"}), "unit is 'C', should be left out"),
        (row(arguments={}), ("call", "weather", {"city": "Ulm"}), "city is 'Ulm', should be left out"),
    ],
)  # fmt: skip
def test_another_call_fails_and_says_why(
    due: dict[str, Any], line: Any, problem: str, rows: Callable[..., Path], tools: Path
) -> None:
    found = run(rows(due), tools, line)
    assert found["pass_rate"] == 0.0
    assert any(problem in one for one in found["verdicts"][0]["problems"]), found["verdicts"]


def test_rows_without_arguments_and_without_a_call(rows: Callable[..., Path], tools: Path) -> None:
    file = rows(row(), row(tool=None, question="Thanks!"))
    found = run(file, tools, ("call", "weather", {"city": "Rome"}), ("say", "You are welcome."))
    assert (found["pass_rate"], found["argument_accuracy"]) == (1.0, None)


def test_figures_by_language_and_role(rows: Callable[..., Path], tools: Path) -> None:
    file = rows(ULM, row(question="乌尔姆天气如何？", role="shopper"))
    found = run(file, tools, ("say", "Sunny."), ("call", "weather", {"city": "Ulm"}))
    assert {name: part["pass_rate"] for name, part in found["by_language"].items()} == {"en": 0.0, "zh": 1.0}
    assert {name: part["pass_rate"] for name, part in found["by_role"].items()} == {
        "marketer": 0.0,
        "shopper": 1.0,
    }
    assert found["failed_checks"] == {"tool": 1, "arguments": 1}
    assert found["tool_recall"] == 0.5


def test_a_row_may_ask_only_for_tools_that_are_there(rows: Callable[..., Path], tools: Path) -> None:
    with pytest.raises(
        EvalError, match=r"mine\.jsonl:2: there is no tool 'rain' in tools\.json; there are weather"
    ):
        run(rows(ULM, row(tool="rain")), tools)
    with pytest.raises(EvalError, match=r"mine\.jsonl:1: there is no tool 'weather' for a marketer"):
        as_suite(rows(ULM))
    with pytest.raises(EvalError, match=r"mine\.jsonl:1: there is no tool 'find_segment' for a shopper"):
        as_suite(rows(row(tool="find_segment", role="shopper")))


def test_an_engine_that_fails_is_told_and_tried_again(
    rows: Callable[..., Path], tools: Path, tmp_path: Path
) -> None:
    file, kept = rows(ULM, row(tool=None)), tmp_path / "run.unfinished"
    found = run(file, tools, EngineError("busy"), ("say", "ok"))
    assert found["verdicts"][0]["problems"] == ["answered: busy"]
    with pytest.raises(EvalError, match="5 questions in a row ended in an error; the last: down"):
        run(file, tools, *[EngineError("down")] * 9, trials=5, unfinished=kept)
    right = ("call", "weather", {"city": "Ulm", "days": 3})
    again = run(file, tools, *[right, ("say", "ok")] * 5, trials=5, unfinished=kept, resume=True)
    assert again["pass_rate"] == 1.0
    assert not kept.exists()


def test_an_interrupted_run_goes_on(rows: Callable[..., Path], tools: Path, tmp_path: Path) -> None:
    file, kept = rows(ULM, row(tool=None)), tmp_path / "run.unfinished"
    with pytest.raises(IndexError):  # the script ends after the first row
        run(file, tools, ("call", "weather", {"city": "Ulm", "days": 3}), unfinished=kept)
    found = run(file, tools, ("say", "ok"), unfinished=kept, resume=True)
    assert [verdict["passed"] for verdict in found["verdicts"]] == [True, True]


def test_rows_become_cases_of_the_harness(rows: Callable[..., Path]) -> None:
    asked = {
        "id": "At risk!",
        "question": "Who is at risk?",
        "tool": "find_segment",
        "arguments": {"segment": "at_risk"},
    }
    suite = as_suite(rows(asked, {"text": "你好", "tool": None, "role": "shopper", "language": "zh"}))
    first, second = suite.cases
    assert (first.full_id, first.role, second.role) == ("mine/At-risk", "marketer", "shopper")
    assert first.asked[0].expected == {"tool": "find_segment", "arguments": {"segment": "at_risk"}}
    assert second.asked[0].expected == {"tool": None, "language": "zh"}


def test_the_shops_own_tools_are_called(rows: Callable[..., Path], small_shop: Settings) -> None:
    file = rows(
        {
            "question": "Find our best customers",
            "tool": "find_segment",
            "arguments": {"segment": "champions"},
        },
        {"question": "Find our best customers", "tool": None, "id": "wrong"},
    )
    call = ("call", "find_segment", {"segment": "champions"})
    said = ("say", "They buy often.")
    found = run_jsonl(scripted.ScriptedEngine([call, said, call, said]), file, settings=small_shop)
    by_id = {verdict["id"]: verdict for verdict in found["verdicts"]}
    assert by_id["mine/line-1"]["passed"], by_id
    assert "tool: ran find_segment, not no tool" in by_id["mine/wrong"]["problems"]
    assert (found["tool_accuracy"], found["argument_accuracy"]) == (0.5, 1.0)


def test_without_tools_and_without_a_shop(rows: Callable[..., Path]) -> None:
    with pytest.raises(EvalError, match="Give a file of tools, or a shop"):
        run_jsonl(scripted.ScriptedEngine([]), rows(ULM))


@given(JSON)
def test_a_value_is_the_same_as_itself_written_and_read(value: Any) -> None:
    assert same(value, json.loads(json.dumps(value, sort_keys=True)))


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), ("1", 1), ([1], [1, 2]), ({"a": 1}, {"b": 1}), (None, 0)]
)
def test_what_is_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)
    assert same([one, {"a": 30}], [one, {"a": 30.0}])
