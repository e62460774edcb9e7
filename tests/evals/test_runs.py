"""Runs of the suites in one file an engine, and the README's table made from them."""

from pathlib import Path
from typing import Any

import pytest
from made_runs import made_run

from shopwright.agent.engines.base import Decoding
from shopwright.evals.errors import EvalError
from shopwright.evals.figures import figures
from shopwright.evals.progress import Progress, duration
from shopwright.evals.records import CaseRecord, Grade, Run, TurnRecord
from shopwright.evals.report_suites import decoding_table, held_out_table, suites_table
from shopwright.evals.runs import add_run, check_place, command_line, run_of
from shopwright.evals.surroundings import read_kept, surroundings

PART = {"cases": 400, "right": 300, "accuracy": 0.75, "interval_95": [0.705, 0.79]}


def run(suite: str, decoding: Decoding, engine: str = "gguf:small") -> dict[str, Any]:
    found = {"categories": {"simple": PART, "all": PART}}
    return run_of(suite, engine, decoding, f"shopwright eval {suite}", found)


def test_runs_stand_in_one_file_and_the_newest_of_a_kind_stays(tmp_path: Path) -> None:
    path = tmp_path / "results" / "decoding-gguf.json"
    for decoding in (Decoding(grammar=False), Decoding(), Decoding()):
        add_run(path, run("tools", decoding))
    add_run(path, run("bfcl", Decoding()))
    kept = read_kept(path)
    assert kept["engine"] == "gguf:small"
    assert [(one["suite"], one["grammar"]) for one in kept["runs"]] == [
        ("bfcl", True),
        ("tools", True),
        ("tools", False),
    ]
    check_place(path, "gguf:small")
    check_place(None, "gguf:small")


def test_another_engines_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    add_run(path, run("tools", Decoding()))
    with pytest.raises(EvalError, match="gguf:small"):
        add_run(path, run("tools", Decoding(), "nf4:large"))
    with pytest.raises(EvalError, match="other figures"):
        check_place(path, "nf4:large")
    path.write_text("[]")
    with pytest.raises(EvalError, match="something else"):
        add_run(path, run("tools", Decoding()))
    path.write_text("{")
    with pytest.raises(EvalError, match="cannot be read"):
        check_place(path, "x")


def test_the_table_shows_what_was_run() -> None:
    def suite(right: int, **options: Any) -> Run:
        records = [
            CaseRecord(
                id=f"tools/m{number}",
                suite="tools",
                role="marketer",
                language="en",
                turns=[TurnRecord(ask="x", language="en", text="y", seconds=2.34)],
                grades=[
                    Grade(check="tool", turn=0, passed=number < right),
                    Grade(check="arguments", turn=0, passed=number < 9),
                ],
            )
            for number in range(10)
        ]
        made = figures(records, watts=15, price_per_kwh=0.3)
        return Run(engine="gguf:small", options=options, figures=made, cases=records)

    runs = [suite(9), suite(8, **{"no-grammar": True, "no-choose-step": True})]
    bfcl = [{"engine": "gguf:small", "runs": [run("bfcl", Decoding())]}]
    head, _, first, second = decoding_table(runs, bfcl).splitlines()
    assert head.startswith("| engine | grammar | choose step |")
    assert first == "| gguf:small | on | on | 9 of 10 | 90% | 2.3 s | 75.0% (70%–79%) of 400 | – | – |"
    assert second == "| gguf:small | off | off | 8 of 10 | 90% | 2.3 s | – | – | – |"


def test_what_the_fixes_brought_is_paired() -> None:
    before, after = made_run(40, seed=1, share=0.5), made_run(40, seed=2, share=0.9)
    rows = held_out_table(before, after).splitlines()
    assert any(row.startswith("| **all** | 40 |") for row in rows)
    assert "| failed cases of the held-out half, by class | before | after |" in rows
    told = figures(after.cases, watts=15, price_per_kwh=0.3)
    assert suites_table(told).splitlines()[-1].startswith("| **all** | 40 |")


def test_surroundings_name_the_hardware_and_what_is_installed() -> None:
    found = surroundings("shopwright eval tools")
    assert found["command"] == "shopwright eval tools"
    assert found["cores"] >= 1
    assert found["cpu"]
    assert "numpy" in found["packages"]
    assert isinstance(found["gpus"], list)


def test_a_command_can_be_given_again() -> None:
    options = {"data": "DIR", "limit": 3, "seed": None, "no-grammar": True, "resume": False}
    assert command_line("eval bfcl", options) == "shopwright eval bfcl --data DIR --limit 3 --no-grammar"


def test_progress_estimates_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("asked", 2)
    progress.step("1 right")
    progress.step()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("asked: 1 of 2, 1 right, ")
    assert last == "asked: 2 of 2, 0 s left"
    assert [duration(s) for s in (40, 600, 9000)] == ["40 s", "10 min", "2.5 h"]
