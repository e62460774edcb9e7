"""The commands: what they refuse, and what they say; their work is tested beside this."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from shopwright.evals.commands import bench, evaluate
from shopwright.evals.errors import EvalError
from shopwright.evals.loading import load_suite
from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.database import open_database
from shopwright.knowledge.settings import Settings


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SHOPWRIGHT_ENGINE", "gguf")
    return lambda app, *words: CliRunner().invoke(app, list(words))


def test_the_groups_list_their_commands(run: Any) -> None:
    assert all(name in run(evaluate, "--help").output for name in ("bfcl", "run", "compare", "tau2", "jsonl"))
    assert all(name in run(bench, "--help").output for name in ("turn", "engine", "gpu"))


def test_wrong_options_are_named(run: Any, tmp_path: Path) -> None:
    for app, *words in (
        (evaluate, "bfcl", "--data", str(tmp_path), "--category", "parallel"),
        (evaluate, "bfcl", "--data", str(tmp_path), "--resume"),
        (bench, "engine", "--engine", "steam"),
        (bench, "turn", "--cases", "0"),
    ):
        assert run(app, *words).exit_code == 2, words


def test_what_is_missing_is_said_before_anything_is_loaded(run: Any, tmp_path: Path) -> None:
    absent = run(evaluate, "bfcl", "--data", str(tmp_path))
    assert isinstance(absent.exception, EvalError)
    no_model = run(bench, "turn", "--without-langchain")
    assert "not a GGUF file" in str(no_model.exception)
    no_server = run(bench, "engine", "--engine", "remote")
    assert "SHOPWRIGHT_REMOTE_URL" in str(no_server.exception)


def test_a_wrong_setting_is_named(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOPWRIGHT_MODEL_SLOTS", "many")
    assert "SHOPWRIGHT_MODEL_SLOTS" in str(run(bench, "turn").exception)


def test_no_figures_are_lost_to_a_file_of_something_else(run: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text('{"engine": "another", "runs": []}')
    refused = run(evaluate, "smoke", "--gate", str(kept))
    assert "no run of `shopwright eval`" in str(refused.exception)


def test_suites_are_commands(run: Any, tmp_path: Path) -> None:
    assert "smoke" in run(evaluate, "list").output
    assert "Did you mean 'smoke'" in str(run(evaluate, "smoek").exception)
    assert run(evaluate, "smoke", "--half", "c").exit_code == 2
    assert "No case is left" in str(run(evaluate, "smoke", "--tag", "nothing").exception)
    broken = tmp_path / "own.yaml"
    broken.write_text("cases:\n  - {id: a, ask: Hi, tol: x}")
    assert f"{broken}:2: there is no key 'tol'" in str(run(evaluate, str(broken)).exception)
    assert "There is no shop" in str(run(evaluate, "smoke").exception)
    missing = run(evaluate, "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"))
    assert "cannot be read" in str(missing.exception)
    assert run(evaluate, "tau2", "--data", str(tmp_path), "--resume").exit_code == 2


def test_signals_become_cases_by_two_commands(
    small_shop: Settings, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(small_shop.data_dir))
    engine = open_database(small_shop.database)
    talks = Conversations(engine)
    talk = talks.start("marketer", "ana")
    talks.append_user(talk, "How many customers have children?")
    step = {
        "id": "s1",
        "tool": "find_segment",
        "arguments": {"has_children": True},
        "status": "done",
        "result": {"size": 3},
    }
    message = talks.append_assistant(
        talk, "3 customers", {"text": "3 customers", "language": "en", "steps": [step]}
    )
    talks.rate(message, "ana", 1)
    engine.dispose()
    proposals, suite = tmp_path / "proposals.yaml", tmp_path / "mine.yaml"
    told = run(evaluate, "collect", "--out", str(proposals))
    assert told.exit_code == 0, told.output
    text = proposals.read_text(encoding="utf-8")
    assert "review: pending" in text
    assert "ana" not in text.replace("analyze", "").replace("analy", "")
    proposals.write_text(text.replace("review: pending", "review: accept"), encoding="utf-8")
    assert run(evaluate, "accept", str(proposals), "--into", str(suite)).exit_code == 0
    [case] = load_suite(suite).cases
    assert case.asked[0].expected["tool"] == "find_segment"
