"""A file of reviews is judged row by row, in order, whole or not at all."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shopwright.knowledge.review_files import ReviewFileError, classify_file
from shopwright.knowledge.sentiment import SentimentClassifier

TEXTS = ["味道很好，喜欢", "Broken and awful", "", '逗号,"引号"\n换行，难吃', "Great, I love it"]
LABELS = ["positive", "negative", "positive", "negative", "positive"]


def quiet(_step: str, _done: int, _total: int) -> None:
    return None


def write(path: Path, encoding: str = "utf-8") -> Path:
    rows = [{"id": str(at), "review": text} for at, text in enumerate(TEXTS)]
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding=encoding
        )
    else:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, ["id", "review"], delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("source", ["in.csv", "in.tsv", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.jsonl"])
def test_each_format(sentiment: SentimentClassifier, tmp_path: Path, source: str, target: str) -> None:
    counts = classify_file(write(tmp_path / source), "review", tmp_path / target, quiet, sentiment)
    rows = read(tmp_path / target)
    assert [row["review"] for row in rows] == TEXTS
    assert [row["label"] for row in rows] == LABELS
    assert [row["language"] for row in rows] == ["zh", "en", "en", "zh", "en"]
    assert float(rows[2]["probability"]) == 0.5
    assert (counts["rows"], counts["empty"], counts["positive"], counts["negative"]) == (5, 1, 3, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source, target])


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8-sig", "utf-16"])
def test_other_encodings(sentiment: SentimentClassifier, tmp_path: Path, encoding: str) -> None:
    counts = classify_file(
        write(tmp_path / "in.csv", encoding), "review", tmp_path / "out.csv", quiet, sentiment
    )
    assert counts["encoding"] == encoding
    assert [row["review"] for row in read(tmp_path / "out.csv")] == TEXTS


def test_a_column_called_like_a_result_is_kept(sentiment: SentimentClassifier, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("label,text\nmine,great taste\n", encoding="utf-8")
    classify_file(tmp_path / "in.csv", "text", tmp_path / "out.csv", quiet, sentiment)
    assert read(tmp_path / "out.csv")[0]["input_label"] == "mine"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", b"id,review_text\n1,x\n", "Did you mean 'review_text'"),
        ("in.csv", b"", "is empty"),
        ("in.csv", b"review\n", "has no rows"),
        ("in.csv", b"review,review\na,b\n", "each once"),
        ("in.csv", b"review\na,b,c\n", "line 2"),
        ("in.csv", b"review\n\xff\xff\xff\n", "neither UTF-8 nor GB18030"),
        ("in.jsonl", b'{"review": "x"}\nnonsense\n', "line 2"),
        ("in.jsonl", b"[1]\n", "line 1"),
        ("in.parquet", b"PAR1 but not really", "not a readable Parquet"),
        ("in.xlsx", b"PK", "ending"),
    ],
)
def test_bad_input(
    sentiment: SentimentClassifier, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReviewFileError, match=message) as caught:
        classify_file(tmp_path / name, "review", tmp_path / "out.csv", quiet, sentiment)
    assert caught.value.message_zh
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_bad_output(sentiment: SentimentClassifier, tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv")
    (tmp_path / "folder.csv").mkdir()
    for out, message in (
        (tmp_path / "folder.csv", "is a folder"),
        (tmp_path / "nowhere" / "out.csv", "does not exist"),
        (tmp_path / "out.xlsx", "ending"),
        (source, "the input itself"),
    ):
        with pytest.raises(ReviewFileError, match=message):
            classify_file(source, "review", out, quiet, sentiment)
    with pytest.raises(ReviewFileError, match="no file"):
        classify_file(tmp_path / "missing.csv", "review", tmp_path / "out.csv", quiet, sentiment)
