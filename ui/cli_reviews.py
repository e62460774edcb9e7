"""`shopwright reviews classify`: label, probability and language for every review of a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from shopwright.ui.cli_output import RefusedError, note, pick
from shopwright.ui.progress import ProgressReport

if TYPE_CHECKING:
    import pandas as pd

    from shopwright.knowledge.settings import Settings

RESULT = ("label", "probability", "language")
BATCH = 1000
ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


def classify_file(settings: "Settings", file: Path, text_column: str, out: Path) -> None:
    """Write the rows of `file`, in order, with what the classifier says of each; see the README.

    A column of the input that is called like one of the results is kept as `input_<name>`. Rows
    without text get empty results.
    """
    if out.suffix.lower() not in ENDINGS:
        raise RefusedError(_endings(out), code=2)
    if not out.parent.is_dir():
        raise RefusedError(
            f"There is no folder {out.parent} to write to.", f"没有可写入的目录 {out.parent}。"
        )
    frame = read_rows(file)
    if text_column not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise RefusedError(
            f"{file} has no column {text_column!r}. Its columns are: {columns}.",
            f"{file} 没有列 {text_column!r}。现有列:{columns}。",
            code=2,
        )
    texts = ["" if value is None or value != value else str(value) for value in frame[text_column]]
    results = _judge(settings, texts)
    frame = frame.rename(columns={name: f"input_{name}" for name in RESULT if name in frame.columns})
    for name, values in results.items():
        frame[name] = values
    write_rows(frame, out)
    empty = sum(not text.strip() for text in texts)
    note(pick(f"{len(texts):,} rows written to {out}", f"已将 {len(texts):,} 行写入 {out}"))
    if empty:
        note(pick(f"{empty:,} rows have no text; their results are empty", f"{empty:,} 行没有文本,结果留空"))


def _judge(settings: "Settings", texts: list[str]) -> "dict[str, list[str | float | None]]":
    from shopwright.knowledge.sentiment import SentimentClassifier

    classifier = SentimentClassifier.load(settings.models_dir / "sentiment")
    judged: dict[str, list[str | float | None]] = {name: [None] * len(texts) for name in RESULT}
    filled = [at for at, text in enumerate(texts) if text.strip()]
    with ProgressReport() as progress:
        progress("Judging reviews", 0, len(filled))
        for start in range(0, len(filled), BATCH):
            rows = filled[start : start + BATCH]
            for at, judgement in zip(rows, classifier.classify([texts[at] for at in rows]), strict=True):
                judged["label"][at] = judgement.label
                judged["probability"][at] = round(judgement.probability, 4)
                judged["language"][at] = judgement.language
            progress("Judging reviews", start + len(rows), len(filled))
    return judged


def read_rows(file: Path) -> "pd.DataFrame":
    """The rows of a CSV, TSV, JSON lines or Parquet file; CSV cells stay as they are written."""
    import pandas as pd

    if not file.is_file():
        raise RefusedError(f"There is no file {file}.", f"没有文件 {file}。")
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise RefusedError(_endings(file), code=2)
    try:
        if ending == ".parquet":
            return pd.read_parquet(file)
        if ending == ".jsonl":
            return pd.read_json(file, lines=True, dtype=False)
        separator = "\t" if ending == ".tsv" else ","
        return pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise RefusedError(
            f"{file} cannot be read as {ending[1:].upper()} in UTF-8: {reason}",
            f"无法按 UTF-8 编码的 {ending[1:].upper()} 读取 {file}:{reason}",
        ) from error


def write_rows(frame: "pd.DataFrame", out: Path) -> None:
    """Write the rows in the format that the ending says, whole or not at all."""
    partial = out.with_name(f".{out.name}.partial")
    ending = out.suffix.lower()
    try:
        if ending == ".parquet":
            frame.to_parquet(partial, index=False)
        elif ending == ".jsonl":
            frame.to_json(partial, orient="records", lines=True, force_ascii=False)
        else:
            frame.to_csv(partial, index=False, sep="\t" if ending == ".tsv" else ",")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _endings(path: Path) -> str:
    return pick(
        f"{path.name}: the ending says the format, and must be one of {', '.join(ENDINGS)}.",
        f"{path.name}:文件扩展名决定格式,须为 {'、'.join(ENDINGS)} 之一。",
    )
