"""`reviews classify` from the command line; files and judging are tested where they live."""

from pathlib import Path

import pandas as pd
import pytest

from shopwright.knowledge.settings import Settings
from shopwright.ui.cli import app
from shopwright.ui.cli_output import run_guarded


@pytest.fixture(autouse=True)
def _data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path / "data"))


def run(*arguments: str) -> int:
    return run_guarded(lambda: app(args=["reviews", "classify", *arguments]))


def test_without_a_fitted_classifier_the_remedy_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text\ngood\n")
    assert run(str(file), "--text-column", "text", "--out", str(tmp_path / "out.csv")) == 1
    said = capsys.readouterr().err
    assert "shopwright fit" in said
    assert "Traceback" not in said


@pytest.mark.demo
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
def test_a_file_is_judged_row_by_row(
    demo_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(demo_settings.data_dir))
    file, out = tmp_path / "rows.csv", tmp_path / f"out{ending}"
    pd.DataFrame({"id": ["001", "002"], "text": ["很好,值得买", 'awful "quality"\nbroke at once']}).to_csv(
        file, index=False
    )
    assert run(str(file), "--text-column", "text", "--out", str(out)) == 0
    read = (
        pd.read_json(out, lines=True, dtype=False)
        if ending == ".jsonl"
        else pd.read_csv(out, sep="\t" if ending == ".tsv" else ",", dtype=str)
    )
    assert [str(value) for value in read["id"]] == ["001", "002"]
    assert list(read["label"]) == ["positive", "negative"]
    assert list(read["language"]) == ["zh", "en"]


@pytest.mark.demo
def test_what_is_wrong_with_a_file_is_said(
    demo_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(demo_settings.data_dir))
    file = tmp_path / "rows.csv"
    file.write_text("review,stars\ngood,5\n")
    assert run(str(file), "--text-column", "reviews", "--out", str(tmp_path / "out.csv")) == 1
    said = capsys.readouterr().err
    assert "Did you mean 'review'" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out.csv").exists()
