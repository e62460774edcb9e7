"""Judging a file of reviews: rows are read, judged and written in chunks, in the order of the file."""

import csv
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import IO, Any

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.sentiment_classifier import SentimentClassifier

RESULTS = ("label", "probability", "language")
READABLE = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
WRITABLE = (".csv", ".tsv", ".jsonl", ".ndjson")
_CHUNK = 2000
Row = dict[str, Any]


class ReviewFileError(ValueError):
    """A file of reviews cannot be read or written; the message, in both languages, says what to do."""

    def __init__(self, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.message, self.message_zh = message, message_zh


def classify_file(
    path: Path,
    text_column: str,
    out: Path,
    progress: Progress,
    classifier: SentimentClassifier,
    *,
    fast: bool = False,
) -> dict[str, Any]:
    """Write the rows of `path` to `out` with label, probability (of the label) and language of `text_column`.

    Reads CSV, TSV, JSON lines and Parquet; writes CSV, TSV or JSON lines by `out`'s ending. Rows keep their
    order and their other columns; a column called like a result is kept as `input_<name>`. `out` appears
    whole or not at all. `fast` leaves the embeddings out. Returns {"rows", "empty", "positive", "negative",
    "encoding"}. Raises
    ReviewFileError.
    """
    _check_out(path, out)
    columns, encoding, rows = _open(path)
    if text_column not in columns:
        raise _no_column(path, text_column, columns)
    counts: dict[str, Any] = {"rows": 0, "empty": 0, "positive": 0, "negative": 0, "encoding": encoding}
    kept = {name: f"input_{name}" if name in RESULTS else name for name in columns}
    with _writing(out, [*kept.values(), *RESULTS]) as write:
        while chunk := list(islice(rows, _CHUNK)):
            texts = [_text(row.get(text_column)) for row in chunk]
            for row, text, judged in zip(chunk, texts, classifier.classify(texts, quick=fast), strict=True):
                found = {kept.get(name, name): value for name, value in row.items()}
                result = (judged.label, round(judged.probability, 4), judged.language)
                write(found | dict(zip(RESULTS, result, strict=True)))
                counts[judged.label] += 1
                counts["empty"] += not text.strip()
            counts["rows"] += len(chunk)
            progress("Judging reviews", counts["rows"], 0)
        if not counts["rows"]:
            raise ReviewFileError(f"{path} has no rows; nothing was written.", f"{path} 没有数据行，未写入。")
    return counts


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _check_out(path: Path, out: Path) -> None:
    if out.suffix.lower() not in WRITABLE:
        raise ReviewFileError(
            f"Cannot write {out}: its ending says the format and must be .csv, .tsv or .jsonl.",
            f"无法写入 {out}：扩展名决定格式，须为 .csv、.tsv 或 .jsonl。",
        )
    if out.is_dir():
        raise ReviewFileError(f"{out} is a folder. Give the name of a file.", f"{out} 是目录，请给出文件名。")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise ReviewFileError(
            f"Cannot write into {out.parent}: the folder does not exist or is not writable.",
            f"无法写入 {out.parent}：目录不存在或没有写权限。",
        )
    if out.exists() and path.exists() and out.samefile(path):
        raise ReviewFileError(
            f"{out} is the input itself. Give another name.", f"{out} 就是输入文件，请换名。"
        )


def _no_column(path: Path, wanted: str, columns: list[str]) -> ReviewFileError:
    near = get_close_matches(wanted.lower(), [name.lower() for name in columns], n=1, cutoff=0.5)
    meant = next((name for name in columns if near and name.lower() == near[0]), None)
    hint, hint_zh = (f" Did you mean {meant!r}?", f"是否指 {meant!r}？") if meant else ("", "")
    return ReviewFileError(
        f"{path} has no column {wanted!r}.{hint} Its columns are: {', '.join(columns)}.",
        f"{path} 没有列 {wanted!r}。{hint_zh}现有列：{'、'.join(columns)}。",
    )


def _open(path: Path) -> tuple[list[str], str, Iterator[Row]]:
    """The columns, the encoding, and the rows to come."""
    ending = path.suffix.lower()
    if not path.is_file():
        raise ReviewFileError(f"There is no file {path}.", f"没有文件 {path}。")
    if ending not in READABLE:
        raise ReviewFileError(
            f"Cannot read {path}: its ending says the format and must be one of {', '.join(READABLE)}.",
            f"无法读取 {path}：扩展名决定格式，须为 {'、'.join(READABLE)} 之一。",
        )
    if not path.stat().st_size:
        raise ReviewFileError(f"{path} is empty.", f"{path} 是空文件。")
    try:
        if ending == ".parquet":
            return _open_parquet(path)
        encoding = _encoding(path)
        return _open_jsonl(path, encoding) if ending in (".jsonl", ".ndjson") else _open_csv(path, encoding)
    except (OSError, csv.Error) as error:
        raise ReviewFileError(f"{path} cannot be read: {error}.", f"无法读取 {path}：{error}。") from error


def _encoding(path: Path) -> str:
    """UTF-8, or UTF-16 where the file starts with its mark, or GB18030 where the whole file fits it."""
    with path.open("rb") as file:
        marked = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as text:
                while text.read(1 << 20):
                    pass
        except UnicodeError:
            continue
        return encoding
    raise ReviewFileError(
        f"{path} is neither UTF-8 nor GB18030 text. Save it as UTF-8 and run this again.",
        f"{path} 既不是 UTF-8 也不是 GB18030 编码。请另存为 UTF-8 后重试。",
    )


def _open_csv(path: Path, encoding: str) -> tuple[list[str], str, Iterator[Row]]:
    csv.field_size_limit(1 << 27)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding=encoding, newline="") as file:
        columns = next(csv.reader(file, delimiter=delimiter), [])
    if not columns or len(set(columns)) < len(columns):
        raise ReviewFileError(
            f"The first line of {path} must name its columns, each once; it is: {', '.join(columns)[:99]}.",
            f"{path} 的首行须为列名且不重复，现为：{'、'.join(columns)[:200]}。",
        )

    def rows() -> Iterator[Row]:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            try:
                for row in reader:
                    if None in row:
                        raise _bad_line(path, reader.line_num, "more cells than columns", "单元格多于列数")
                    yield row
            except csv.Error as error:
                raise _bad_line(path, reader.line_num, str(error), str(error)) from error

    return columns, encoding, rows()


def _open_jsonl(path: Path, encoding: str) -> tuple[list[str], str, Iterator[Row]]:
    columns: dict[str, None] = {}
    for row in _json_rows(path, encoding):
        columns.update(dict.fromkeys(row))
    return list(columns), encoding, _json_rows(path, encoding)


def _json_rows(path: Path, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise _bad_line(path, number, f"not JSON ({error})", f"不是 JSON（{error}）") from error
            if not isinstance(row, dict):
                raise _bad_line(path, number, "not a JSON object", "不是 JSON 对象")
            yield row


def _open_parquet(path: Path) -> tuple[list[str], str, Iterator[Row]]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ReviewFileError(
            f"{path} is not a readable Parquet file: {error}", f"{path} 不是可读取的 Parquet 文件：{error}"
        ) from error

    def rows() -> Iterator[Row]:
        for batch in file.iter_batches(_CHUNK):
            yield from batch.to_pylist()

    return list(file.schema_arrow.names), "parquet", rows()


def _bad_line(path: Path, number: int, why: str, why_zh: str) -> ReviewFileError:
    return ReviewFileError(
        f"{path}, line {number}: {why}. Nothing was written; correct the line and run this again.",
        f"{path} 第 {number} 行：{why_zh}。未写入任何内容，请更正后重试。",
    )


@contextmanager
def _writing(out: Path, columns: list[str]) -> Iterator[Callable[[Row], object]]:
    """Writes rows beside `out` and moves them there at the end; when the block raises, nothing stays."""
    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.partial")
    ending = out.suffix.lower()
    try:
        with staged.open("w", encoding="utf-8", newline="") as file:
            if ending in (".csv", ".tsv"):
                yield _csv_writer(file, columns, "\t" if ending == ".tsv" else ",")
            else:
                yield lambda row: file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        os.replace(staged, out)
    except OSError as error:
        raise ReviewFileError(f"{out} cannot be written: {error}.", f"无法写入 {out}：{error}。") from error
    finally:
        staged.unlink(missing_ok=True)


def _csv_writer(file: IO[str], columns: list[str], delimiter: str) -> Callable[[Row], object]:
    writer = csv.DictWriter(file, columns, delimiter=delimiter, lineterminator="\n", restval="")
    writer.writeheader()
    return lambda row: writer.writerow({name: _cell(value) for name, value in row.items()})


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
