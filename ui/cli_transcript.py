"""How a turn looks in a terminal: text on stdout; steps, tables and cards on stderr."""

import sys
from typing import TYPE_CHECKING, Any

from shopwright.ui.cli_output import emit, note, pick

if TYPE_CHECKING:
    from rich.console import Console

    from shopwright.agent.turn import Event, Step
    from shopwright.tools.base import View


class Transcript:
    """Shows the events of one turn as they come.

    With `streaming` text appears while it is written; without, once it is final. With `views` a
    step's tables, cards, quotes and plots follow it.
    """

    def __init__(self, *, streaming: bool, views: bool = False) -> None:
        self.streaming = streaming
        self.views = views
        self._shown = ""

    def show(self, event: "Event") -> None:
        """Show one event."""
        from shopwright.agent.turn import Answer, Step, TextDelta, TextReset

        if isinstance(event, Step):
            self._step(event)
        elif isinstance(event, TextDelta) and self.streaming:
            self._shown += event.text
            sys.stdout.write(event.text)
            sys.stdout.flush()
        elif isinstance(event, TextReset) and self._shown:
            emit("")
            note(pick("(withdrawn: not supported by the data)", "(已撤回:没有数据支持)"))
            self._shown = ""
        elif isinstance(event, Answer):
            self._end(event.text, event.stopped)
            for notice in event.notices:
                note(f"({notice})")

    def _step(self, step: "Step") -> None:
        if step.status == "running":
            arguments = ", ".join(f"{k}={v!r}" for k, v in step.arguments.items())
            note(f"· {step.tool}({arguments})")
        elif step.status == "failed":
            note(f"  ✗ {step.text}")
        else:
            note(f"  ✓ {step.seconds:.1f} s")
            if self.views:
                show_views(step.views)

    def _end(self, text: str, stopped: bool) -> None:
        if self._shown.strip() != text.strip():
            emit(("\n" if self._shown else "") + text)
        elif self._shown:
            emit("")
        if stopped:
            note(pick("(stopped)", "(已停止)"))


def show_views(views: "list[View]", console: "Console | None" = None) -> None:
    """Draw a step's views on stderr."""
    from rich.console import Console

    target = console or Console(stderr=True)
    for view in views:
        target.print(_table(view))


def _table(view: "View") -> Any:
    from rich.table import Table

    columns, rows = _cells(view)
    table = Table(*columns, title=view.title, title_justify="left", show_header=any(columns))
    for row in rows:
        table.add_row(
            *("" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row)
        )
    return table


def _cells(view: "View") -> tuple[list[str], list[list[Any]]]:
    if view.kind == "table":
        return view.columns, [list(row) for row in view.rows]
    if view.kind == "cards":
        return ["", "", "", ""], [[c.title, c.subtitle, c.price, c.reason] for c in view.cards]
    if view.kind == "quotes":
        return ["", ""], [[q.get("text", ""), q.get("source", "")] for q in view.quotes]
    heads = [view.x_label, *(series.name or view.y_label for series in view.series)]
    xs = list(dict.fromkeys(x for series in view.series for x in series.x))
    lookup = [dict(zip(series.x, series.y, strict=True)) for series in view.series]
    return heads, [[str(x), *(f"{s[x]:,.4g}" if x in s else "" for s in lookup)] for x in xs]
