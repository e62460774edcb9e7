"""Reading and writing the files of `reviews classify`; judging itself is tested where it lives."""

import os
from pathlib import Path

import pandas as pd
import pytest

from shopwright.ui.cli import app
from shopwright.ui.cli_output import RefusedError, run_guarded
from shopwright.ui.cli_reviews import ENDINGS, read_rows, write_rows

ROWS = pd.DataFrame({"id": ["001", "002"], "text": ["很好,值得买", 'so "good"\nbuy it'], "stars": ["5", ""]})


@pytest.fixture(autouse=True)
def _data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path / "data"))


def run(*arguments: str) -> int:
    return run_guarded(lambda: app(args=["reviews", "classify", *arguments]))


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"rows{ending}"
    write_rows(ROWS, path)
    assert read_rows(path).to_dict("records") == ROWS.to_dict("records")
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("name", "content", "column", "words", "code"),
    [
        ("absent.csv", None, "text", "no file", 1),
        ("rows.xlsx", b"x", "text", "ending", 2),
        ("rows.csv", b"a,b\n1,2\n", "text", "Its columns are: a, b", 2),
        ("rows.csv", b"text\n\xff\xfe\n", "text", "UTF-8", 1),
        ("rows.csv", b"", "text", "cannot be read", 1),
        ("rows.jsonl", b"{not json", "text", "cannot be read", 1),
        ("rows.parquet", b"no parquet", "text", "cannot be read", 1),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    column: str,
    words: str,
    code: int,
) -> None:
    file, out = tmp_path / name, tmp_path / "out.csv"
    if content is not None:
        file.write_bytes(content)
    assert run(str(file), "--text-column", column, "--out", str(out)) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert not out.exists()


def test_where_to_write_is_checked_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text\ngood\n")
    assert run(str(file), "--text-column", "text", "--out", str(tmp_path / "none" / "out.csv")) == 1
    assert "no folder" in capsys.readouterr().err
    assert run(str(file), "--text-column", "text", "--out", str(tmp_path / "out.doc")) == 2
    assert ".parquet" in capsys.readouterr().err


def test_without_a_fitted_classifier_the_remedy_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text\ngood\n")
    assert run(str(file), "--text-column", "text", "--out", str(tmp_path / "out.csv")) == 1
    assert "shopwright fit" in capsys.readouterr().err


def test_a_refusal_is_an_error_of_its_own_kind(tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        read_rows(tmp_path / "nothing.csv")
