"""Progress for people: bars on a terminal, plain lines in a log."""

import io

import pytest
from rich.console import Console

from shopwright.ui.progress import ProgressReport, human


def test_a_log_gets_a_line_at_the_start_and_one_at_the_end() -> None:
    out = io.StringIO()
    with ProgressReport(Console(file=out, width=200)) as progress:
        for done in range(1001):
            progress("Importing orders", done, 1000)
    first, last = out.getvalue().splitlines()
    assert first == "Importing orders: 0 of 1,000"
    assert last.startswith("Importing orders: 1,000 of 1,000")
    assert "done in" in last


def test_a_terminal_gets_a_bar_with_rate_and_time() -> None:
    out = io.StringIO()
    with ProgressReport(Console(file=out, width=120, force_terminal=True)) as progress:
        progress("Fetching the model", 0, 1_117_320_768)
        progress("Fetching the model", 1_117_320_768, 1_117_320_768)
        progress("Counting", 3, 0)
    assert "1.12 GB / 1.12 GB" in out.getvalue()
    assert "Counting" in out.getvalue()


def test_several_steps_keep_their_own_lines() -> None:
    out = io.StringIO()
    progress = ProgressReport(Console(file=out, width=200))
    for step in ("a", "b"):
        progress(step, 0, 2)
        progress(step, 2, 2)
        progress(step, 2, 2)
    assert [line.split(":")[0] for line in out.getvalue().splitlines()] == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    ("number", "step", "shown"),
    [
        (1_469_307, "Importing orders", "1,469,307"),
        (0, "Importing orders", "0"),
        (2.5, "Importing orders", "2.5"),
        (32_000_000, "Fetching weights", "32.00 MB"),
        (512, "Checking the file", "1 kB"),
        (1_117_320_768, "Checking the file", "1.12 GB"),
    ],
)
def test_counts_are_readable(number: float, step: str, shown: str) -> None:
    assert human(number, step) == shown
