"""A run over files in the leaderboard's form: reading, sampling, judging, figures, and going on after a stop."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from shopwright.agent.engines.asking import Reply
from shopwright.agent.engines.base import Decoding, EngineError
from shopwright.agent.grammar import narrow
from shopwright.evals.bfcl.figures import figures, table
from shopwright.evals.bfcl.files import CATEGORIES, Case, as_tool, load, sample
from shopwright.evals.bfcl.running import judge, run
from shopwright.evals.bfcl.session import Session, cases_of
from shopwright.evals.errors import EvalError

_spec = importlib.util.spec_from_file_location(
    "scripted_for_bfcl", Path(__file__).parents[1] / "agent" / "scripted.py"
)
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)

BOIL = {
    "name": "kitchen.boil",
    "description": "Boil something.",
    "parameters": {
        "type": "dict",
        "properties": {
            "what": {"type": "string", "description": "What to boil."},
            "minutes": {"type": "float", "description": "How long."},
            "spices": {"type": "array", "items": {"type": "string"}, "description": "What to add."},
            "pot": {
                "type": "dict",
                "properties": {
                    "litres": {"type": "float"},
                    "size": {"type": "tuple", "items": {"type": "any"}},
                },
                "optional": True,
            },
            "note": {"description": "Anything else."},
        },
        "required": ["what"],
    },
}
BAKE = {
    "name": "bake",
    "description": "Bake something.",
    "parameters": {"type": "dict", "properties": {"what": {"type": "string"}}, "required": ["what"]},
}
TRUTH = {"what": ["eggs", "egg"], "minutes": [8.0, ""], "spices": [["salt"], ""]}


def write(folder: Path, stem: str, rows: int, functions: list[Any], truth: dict[str, Any] | None) -> None:
    (folder / "possible_answer").mkdir(parents=True, exist_ok=True)
    asked = [
        {
            "id": f"{stem}_{n}",
            "question": [[{"role": "user", "content": f"Boil {n} eggs"}]],
            "function": functions,
        }
        for n in range(rows)
    ]
    (folder / f"BFCL_{stem}.json").write_text("\n".join(map(json.dumps, asked)) + "\n", encoding="utf-8")
    if truth is not None:
        answers = [{"id": row["id"], "ground_truth": [{"kitchen.boil": truth}]} for row in asked]
        (folder / "possible_answer" / f"BFCL_{stem}.json").write_text(
            "\n".join(map(json.dumps, answers)) + "\n", encoding="utf-8"
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    write(data, "v4_simple_python", 3, [BOIL], TRUTH)
    write(data, "v3_multiple", 2, [BAKE, BOIL], TRUTH)
    write(data, "v4_irrelevance", 2, [BAKE], None)
    return data


def boil(**arguments: Any) -> tuple[str, str, dict[str, Any]]:
    return ("call", "kitchen_boil", {"what": "eggs", **arguments})


def test_the_files_of_either_version_are_found(folder: Path) -> None:
    assert {name: len(load(folder, name)) for name in CATEGORIES} == {
        "simple": 3,
        "multiple": 2,
        "irrelevance": 2,
    }
    assert load(folder, "multiple")[0].function == BOIL
    assert load(folder, "irrelevance")[0].function is None


def test_files_that_are_not_there_are_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(EvalError, match=r"BFCL_v4_simple_python\.json"):
        load(tmp_path, "simple")
    (folder / "possible_answer" / "BFCL_v4_simple_python.json").unlink()
    with pytest.raises(EvalError, match="answers must stand beside"):
        load(folder, "simple")
    (folder / "BFCL_v4_irrelevance.json").write_text('{"id": "x", "question": []}\n')
    with pytest.raises(EvalError, match="case x"):
        load(folder, "irrelevance")


def test_types_become_those_of_json_schema_at_every_depth() -> None:
    tool = as_tool(BOIL)["function"]
    properties = tool["parameters"]["properties"]
    assert tool["name"] == "kitchen_boil"
    assert tool["parameters"]["type"] == "object"
    assert properties["minutes"]["type"] == "number"
    assert properties["note"]["type"] == "string"
    assert properties["pot"]["type"] == "object"
    assert properties["pot"]["properties"]["litres"]["type"] == "number"
    assert properties["pot"]["properties"]["size"] == {"type": "array", "items": {"type": "string"}}
    assert "optional" not in properties["pot"]
    assert narrow(tool["parameters"], {}).open["properties"]  # the engines' grammar takes it


def test_a_sample_is_the_same_every_time_and_keeps_the_order(folder: Path) -> None:
    cases = load(folder, "simple")
    assert sample(cases, 2, 5) == sample(cases, 2, 5)
    assert [case.id for case in sample(cases, 2, 5)] == sorted(case.id for case in sample(cases, 2, 5))
    assert sample(cases, None, 5) == cases
    assert len(cases_of(folder, ["simple", "multiple"], 1, 0)) == 2


def answer(*calls: tuple[str, dict[str, Any]], text: str = "") -> Reply:
    return Reply(text=text, calls=list(calls))


@pytest.mark.parametrize(
    ("given", "failure"),
    [
        (answer(("kitchen_boil", {"what": "Eggs"})), ""),
        (answer(("kitchen_boil", {"what": "eggs", "minutes": None})), ""),
        (answer(("kitchen_boil", {"what": None})), "wrong type"),
        (answer(("kitchen_boil", {"what": "eggs", "minutes": 9})), "wrong value"),
        (answer(("kitchen_boil", {"what": "eggs", "note": "soft"})), "extra"),
        (answer(("kitchen_boil", {})), "missing"),
        (answer(("kitchen.boil", {"what": "eggs"})), "wrong tool"),
        (answer(("kitchen_boil", {"what": "eggs"}), ("kitchen_boil", {"what": "eggs"})), "several calls"),
        (answer(text="I would boil them."), "no call"),
        (Reply(unreadable=True), "unreadable call"),
    ],
)
def test_kinds_of_failure(folder: Path, given: Reply, failure: str) -> None:
    assert judge(load(folder, "simple")[0], given).failure == failure


def test_no_call_is_right_where_none_is_due(folder: Path) -> None:
    case = load(folder, "irrelevance")[0]
    assert judge(case, answer(text="No.")).right
    assert judge(case, answer(("bake", {"what": "x"}))).failure == "call when none due"


def test_a_run_gives_figures_by_category(folder: Path) -> None:
    cases = cases_of(folder, list(CATEGORIES), None, 0)
    lines = [boil(), boil(minutes=8), boil(minutes=7), boil(), ("call", "bake", {"what": "x"}), ("say", "no"),
             ("call", "bake", {"what": "x"})]  # fmt: skip
    engine = scripted.ScriptedEngine(lines)
    told = Session(engine, Decoding()).run(cases)
    assert engine.offered[0] == ["kitchen_boil"]
    simple, both = told["categories"]["simple"], told["categories"]["all"]
    assert (simple["cases"], simple["right"], simple["failures"]) == (3, 2, {"wrong value": 1})
    assert told["categories"]["multiple"]["failures"] == {"wrong tool": 1}
    assert told["categories"]["irrelevance"]["failures"] == {"call when none due": 1}
    assert (both["cases"], both["right"]) == (7, 4)
    assert [row["argument"] for row in told["wrong"]] == ["minutes", "", ""]
    assert "wrong value 1" in table(told["categories"])


def test_an_engine_out_of_order_ends_the_run_and_one_error_does_not(folder: Path) -> None:
    cases = load(folder, "simple") * 3
    once = list(run(scripted.ScriptedEngine([EngineError("busy"), *[boil()] * 8]), cases))
    assert [verdict.failure for verdict in once] == ["engine error", *[""] * 8]
    with pytest.raises(EngineError, match="gone"):
        list(run(scripted.ScriptedEngine([EngineError("gone")] * 9), cases))


def test_an_interrupted_run_goes_on(folder: Path, tmp_path: Path) -> None:
    cases, kept = load(folder, "simple"), tmp_path / "run.unfinished"
    with pytest.raises(KeyboardInterrupt):
        Session(Interrupted([boil(minutes=7)]), Decoding(), kept).run(cases)
    with kept.open("a") as file:
        file.write('{"id": "cut sh')
    engine = scripted.ScriptedEngine([boil(), boil()])
    session = Session(engine, Decoding(), kept, resume=True)
    told = session.run(cases)
    assert len(engine.seen) == 2
    assert told["categories"]["simple"]["failures"] == {"wrong value": 1}
    session.finished()
    assert not kept.exists()


def test_another_run_is_not_taken_up(folder: Path, tmp_path: Path) -> None:
    cases, kept = load(folder, "simple"), tmp_path / "run.unfinished"
    Session(scripted.ScriptedEngine([boil()] * 3), Decoding(), kept).run(cases)
    for decoding, part in ((Decoding(grammar=False), cases), (Decoding(), cases[:2])):
        with pytest.raises(EvalError, match="another engine, other options"):
            Session(scripted.ScriptedEngine([]), decoding, kept, resume=True).run(part)
    kept.write_text("not JSON\n")
    with pytest.raises(EvalError, match="damaged"):
        Session(scripted.ScriptedEngine([]), Decoding(), kept, resume=True).run(cases)


class Interrupted(scripted.ScriptedEngine):  # type: ignore[misc, name-defined]
    """Somebody presses Ctrl-C when the script is at its end."""

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        if not self.lines:
            raise KeyboardInterrupt
        return super().stream(*args, **kwargs)


def test_figures_of_nothing() -> None:
    assert figures([])["all"]["accuracy"] == 0.0


def test_a_case_knows_its_tools() -> None:
    case = Case("x", "simple", [], [BAKE], "bake", {})
    assert [tool["function"]["name"] for tool in case.tools] == ["bake"]
