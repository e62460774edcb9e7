"""`shopwright reviews classify`: label, probability and language for every review of a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from shopwright.ui.cli_output import RefusedError, note, pick
from shopwright.ui.progress import ProgressReport

if TYPE_CHECKING:
    from shopwright.knowledge.settings import Settings


def classify_file(
    settings: "Settings", file: Path, text_column: str, out: Path, *, fast: bool = False
) -> None:
    """Write the rows of `file`, in order, with what the classifier says of each; see the README.

    `fast` leaves the embeddings out: many times as many rows a second, some points less exact.
    """
    from shopwright.knowledge import review_files
    from shopwright.knowledge.sentiment import open_classifier

    try:
        classifier = open_classifier(settings)
        with ProgressReport() as progress:
            counts = review_files.classify_file(file, text_column, out, progress, classifier, fast=fast)
    except review_files.ReviewFileError as error:
        raise RefusedError(error.message, error.message_zh) from error
    rows, empty = counts["rows"], counts["empty"]
    note(pick(f"{rows:,} rows written to {out}", f"已将 {rows:,} 行写入 {out}"))
    if empty:
        note(
            pick(
                f"{empty:,} rows have no text; they are judged positive with a probability of 0.5",
                f"{empty:,} 行没有文本，标为正面，概率 0.5",
            )
        )
