"""From an empty folder to search in a shop of one's own, by commands alone; and what they refuse."""

import json
import os
from pathlib import Path

import pytest

from shopwright.knowledge.index import build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.ui.cli import app
from shopwright.ui.cli_output import run_guarded

PRODUCTS = """id,name,department,category,product_type,brand,size,price
1,Cat litter 20 LB,GROCERY,CAT LITTER,CAT LITTER,National,20 LB,8.99
2,Whole milk 1 GA,GROCERY,FLUID MILK,FLUID MILK WHITE ONLY,Private,1 GA,2.79
3,Dark chocolate 3 OZ,GROCERY,CANDY,CHOCOLATE,National,3 OZ,dear
4,Green tea 20 CT,GROCERY,TEA,TEA BAGS,Private,20 CT,3.49
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [n for n in os.environ if n.startswith(("SHOPWRIGHT_", "LC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "products.csv").write_text(PRODUCTS)
    return tmp_path / "shop"


def run(*arguments: str) -> int:
    return run_guarded(lambda: app(args=list(arguments)))


def test_from_nothing_to_a_search(
    folder: Path, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("init") == 0
    assert "ready" in capsys.readouterr().out
    report = tmp_path / "bad.csv"
    assert run("import", str(folder), "--report", str(report), "--no-fit") == 0
    said = capsys.readouterr().out
    assert "4 rows read, 3 new" in said
    assert "dear" in report.read_text(encoding="utf-8-sig")
    build_index(Shop(Settings(data_dir=data_dir)), lambda step, done, total: None)

    assert run("search", "kitty litter", "--k", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["query"] == "kitty litter"
    assert list(found["hits"][0]) == ["product_id", "product_type", "name", "score"]
    assert found["hits"][0]["product_id"] == 1
    assert len(found["hits"]) <= 2
    assert run("search", "绿茶") == 0
    assert capsys.readouterr().out.startswith("4\t")

    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "a", "query": "牛奶"}\n\n{"id": "b"}\noops\n{"id": "c", "query": ""}\n')
    assert run("search", "--file", str(queries), "--k", "1") == 1
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["id"] for r in results] == ["a", "b", None, "c"]
    assert results[0]["hits"][0]["product_id"] == 2
    assert results[1]["error"].startswith("Line 3:")
    assert results[2]["error"].startswith("Line 4:")


def test_a_refused_file_is_code_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", str(folder), "--strict", "--no-fit") == 1
    assert "nothing of the file was imported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["import", "nowhere"], "not a folder", 1),
        (["import", ".", "--report", "no/such/folder/r.csv"], "no folder", 1),
        (["fit"], "init --demo", 1),
        (["search", "  "], "empty", 2),
    ],
)
def test_what_cannot_be_is_said(
    arguments: list[str], words: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    assert words in capsys.readouterr().err


def test_only_models_that_exist_can_be_fitted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", str(folder), "--no-fit") == 0
    for name in ("nonsense", "..", "../data"):
        assert run("fit", name) == 2
    assert "There is no model" in capsys.readouterr().err
    assert run("fit", "campaigns") == 1, "a model that was asked for and cannot be had is a failure"
    assert "no orders yet" in capsys.readouterr().err


@pytest.mark.demo
def test_the_demo_is_set_up_and_the_second_time_says_so(
    demo_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(demo_settings.data_dir))
    assert run("init", "--demo") == 0
    captured = capsys.readouterr()
    assert "Do not base business decisions" in captured.out
    assert "set up already" in captured.err
