"""`shopwright backtest` and `audit`: what they list, refuse and print; the figures are tested with the models."""

import io
from typing import Any

import pytest
from typer.testing import CliRunner

from shopwright.evals.errors import EvalError
from shopwright.evals.learned import audit, backtest, outline
from shopwright.evals.progress import Steps
from shopwright.knowledge.backtests import BACKTESTS


def test_every_backtest_has_its_command() -> None:
    listed = CliRunner().invoke(backtest, ["--help"]).output
    assert all(name in listed for name in BACKTESTS)
    assert "recommendations" in CliRunner().invoke(audit, ["--help"]).output


def test_without_a_shop_it_says_what_to_run(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path / "none"))
    refused = CliRunner().invoke(backtest, ["recommender", "--json"])
    assert isinstance(refused.exception, EvalError)
    assert "init --demo" in str(refused.exception)


def test_nested_figures_become_lines_and_tables() -> None:
    found = {
        "auc": 0.87654,
        "baselines": {"last_90_days": 0.5},
        "rows": [{"name": "a", "n": 1200}, {"name": "b"}],
    }
    assert outline(found) == [
        "auc: 0.8765",
        "baselines",
        "  last 90 days: 0.5",
        "rows",
        "  name  n",
        "  a     1200",
        "  b     null",
    ]


def test_steps_are_told_when_they_begin_and_end() -> None:
    stream = io.StringIO()
    with Steps(stream) as told:
        for done in range(4):
            told("fitting", done, 3)
        told("judging", 0, 0)
    assert stream.getvalue().splitlines() == ["fitting: 0 of 3", "fitting: 3 of 3", "judging: 0"]
