"""Progress of long work on stderr: bars with rate and remaining time, or plain lines in a log."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

LINE_SECONDS = 5.0
IN_BYTES = ("Fetching ", "Checking ")
"""How the names of the steps begin that count bytes."""


class _Rate(ProgressColumn):
    """How many a second, in bytes where the step counts bytes."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{human(speed, task.description)}/s" if speed else "", style="progress.data.speed")


class ProgressReport:
    """Call it with (step, done, total); use it as a context manager. Total 0: not known.

    On a terminal each step has a bar; elsewhere a step writes a line when it begins, every five
    seconds and when it ends.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}", justify="right"),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lines: dict[str, _Line] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report that `done` of `total` are done in `step`."""
        if self.console.is_terminal:
            self._draw(step, done, total)
        else:
            self._write(step, done, total)

    def _draw(self, step: str, done: int, total: int) -> None:
        count = f"{human(done, step)} / {human(total, step)}" if total else human(done, step)
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total or None, count=count)
        self._bars.update(self._tasks[step], completed=done, total=total or None, count=count)

    def _write(self, step: str, done: int, total: int) -> None:
        line = self._lines.setdefault(step, _Line())
        ended = bool(total) and done >= total
        if line.is_due(ended):
            self.console.print(line.text(step, done, total), highlight=False, soft_wrap=True, markup=False)


class _Line:
    """When a step without a bar last wrote a line."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.written = 0.0
        self.ended = False

    def is_due(self, ended: bool) -> bool:
        moment = time.monotonic()
        due = not self.ended if ended else moment - self.written >= LINE_SECONDS
        if due:
            self.written, self.ended = moment, ended
        return due

    def text(self, step: str, done: int, total: int) -> str:
        seconds = time.monotonic() - self.began
        rate = done / seconds if seconds > 0.5 else 0.0
        parts = [f"{step}: {human(done, step)}" + (f" of {human(total, step)}" if total else "")]
        if rate:
            parts.append(f"{human(rate, step)}/s")
        if rate and total > done:
            parts.append(f"{(total - done) / rate:.0f} s left")
        if self.ended:
            parts.append(f"done in {seconds:.1f} s")
        return ", ".join(parts)


def human(number: float, step: str) -> str:
    """A count as people read it: 1,469,307; or 1.12 GB in the steps that count bytes."""
    if not step.startswith(IN_BYTES):
        return f"{number:,.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"
    for size, unit in ((1e9, "GB"), (1e6, "MB")):
        if number >= size:
            return f"{number / size:.2f} {unit}"
    return f"{number / 1e3:.0f} kB"
