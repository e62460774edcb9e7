"""Tool results as people see them: HTML for tables, cards and quotes, plotly figures for plots.

All text from data or from the model is escaped here. The HTML stands on one line without blank lines,
because the chat passes it through a Markdown parser, which leaves such a block as it is.
"""

import json
from html import escape
from typing import Any

from shopwright.tools.base import Card, Cards, Language, Plot, Quotes, Series, Table, View
from shopwright.ui.icons import shelf_art
from shopwright.ui.language import say

MAX_ROWS = 200
PALETTE = ["#12715f", "#d28a2c", "#5a7394", "#b4555f", "#8a9a3b", "#7d6b9e"]
FONT = '"Inter","Segoe UI","Helvetica Neue","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif'


def text(value: object) -> str:
    """`value` as escaped text on one line; line breaks become `<br>`."""
    return escape(str(value)).replace("\r", "").replace("\n", "<br>")


def view_html(view: View, language: Language) -> str:
    """Any view of a tool's result as one line of HTML."""
    if isinstance(view, Table):
        return table_html(view, language)
    if isinstance(view, Plot):
        return plot_html(view, language)
    if isinstance(view, Cards):
        return cards_html(view)
    return quotes_html(view)


def table_html(table: Table, language: Language) -> str:
    """A table that scrolls within its own frame; numbers stand right."""
    numeric = [_is_numeric([row[i] for row in table.rows if i < len(row)]) for i in range(len(table.columns))]
    head = "".join(
        f'<th class="{"sw-num" if number else ""}">{text(name)}</th>'
        for name, number in zip(table.columns, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{"sw-num" if number else ""}">{text(_cell(cell))}</td>'
            for cell, number in zip(row, numeric, strict=False)
        )
        + "</tr>"
        for row in table.rows[:MAX_ROWS]
    )
    note = "" if table.rows else say(language, "no_rows")
    if len(table.rows) > MAX_ROWS:
        note = say(language, "more_rows", count=len(table.rows) - MAX_ROWS)
    footnote = f'<p class="sw-note">{text(note)}</p>' if note else ""
    return (
        f'<figure class="sw-view sw-table">{_caption(table.title)}'
        f'<div class="sw-scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{footnote}</figure>"
    )


def cards_html(cards: Cards) -> str:
    """A row of cards."""
    body = "".join(_card_html(card) for card in cards.cards)
    return (
        f'<figure class="sw-view sw-cards">{_caption(cards.title)}<div class="sw-shelf">{body}</div></figure>'
    )


def quotes_html(quotes: Quotes) -> str:
    """Quoted passages, each with its source."""
    body = "".join(_quote_html(quote) for quote in quotes.quotes)
    return f'<figure class="sw-view sw-quotes">{_caption(quotes.title)}{body}</figure>'


def plot_html(plot: Plot, language: Language) -> str:
    """A place for a plot with its figure as text inside; the page's script draws it there."""
    figure = text(json.dumps(figure_of(plot, language), ensure_ascii=False, allow_nan=False))
    height = figure_height(plot)
    return (
        f'<figure class="sw-view sw-plot-view">{_caption(plot.title)}'
        f'<div class="sw-plot" style="height:{height}px"><code class="sw-figure">{figure}</code></div>'
        "</figure>"
    )


def figure_height(plot: Plot) -> int:
    """Height in pixels: lying bars need room for each."""
    bars = max((len(series.x) for series in plot.series), default=0)
    return max(220, 64 + 30 * bars * _groups(plot)) if _lies(plot) else 300


def figure_of(plot: Plot, language: Language) -> dict[str, Any]:
    """The plotly figure (data and layout) of a plot, in the house's style."""
    lying = _lies(plot)
    traces = [
        trace for i, series in enumerate(plot.series) for trace in _traces(plot, series, i, lying, language)
    ]
    category = {"showgrid": False, "ticks": "", "automargin": True, "tickfont": {"color": "#4d5764"}}
    value = {"gridcolor": "#ece8df", "zeroline": False, "ticks": "", "automargin": True, "tickformat": ",~f"}
    x_axis, y_axis = (value, category) if lying else (category, value)
    if any(isinstance(x, str) for series in plot.series for x in series.x):
        category = category | {"type": "category"}
        x_axis, y_axis = (x_axis, category) if lying else (category, y_axis)
    x_title, y_title = map(_title, (plot.y_label, plot.x_label) if lying else (plot.x_label, plot.y_label))
    layout = {
        "font": {"family": FONT, "size": 12, "color": "#2a323d"},
        "colorway": PALETTE,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "xaxis": {**x_axis, **x_title},
        "yaxis": {**y_axis, **y_title, **({"autorange": "reversed"} if lying else {})},
        "showlegend": len(plot.series) > 1,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "barmode": "stack" if plot.chart == "stacked" else "group",
        "bargap": 0.32,
        "hoverlabel": {
            "bgcolor": "#1f2730",
            "bordercolor": "#1f2730",
            "font": {"color": "#fff", "family": FONT},
        },
    }
    return {"data": traces, "layout": layout}


def _title(label: str) -> dict[str, Any]:
    if not label:
        return {}
    return {"title": {"text": escape(label), "standoff": 10, "font": {"color": "#717a86", "size": 12}}}


def _traces(plot: Plot, series: Series, i: int, lying: bool, language: Language) -> list[dict[str, Any]]:
    colour = PALETTE[i % len(PALETTE)]
    name = escape(series.name)
    x: list[Any] = [escape(v) if isinstance(v, str) else v for v in series.x]
    if plot.chart == "line":
        bands = [
            {
                "type": "scatter", "mode": "lines", "x": [*x, *reversed(x)], "y": [*high, *reversed(low)],
                "fill": "toself", "fillcolor": colour + shade, "line": {"width": 0}, "hoverinfo": "skip",
                "showlegend": False, "name": say(language, "interval"),
            }
            for low, high, shade in (
                (series.wide_low, series.wide_high, "18"), (series.low, series.high, "26")
            )
            if low and high
        ]  # fmt: skip
        line = {
            "type": "scatter", "mode": "lines+markers" if len(x) <= 31 else "lines", "name": name, "x": x,
            "y": series.y, "line": {"color": colour, "width": 2.5, "shape": "linear"},
            "marker": {"size": 6, "color": colour},
        }  # fmt: skip
        return [*bands, line]
    error = _error_bar(series.y, series.low, series.high, 6)
    across, along = (series.y, x) if lying else (x, series.y)
    if plot.chart == "interval":
        side = "error_x" if lying else "error_y"
        wide = _error_bar(series.y, series.wide_low, series.wide_high, 0)
        behind = {
            "type": "scatter", "mode": "markers", "x": across, "y": along, "hoverinfo": "skip",
            "marker": {"opacity": 0}, "showlegend": False, side: (wide or {}) | {"color": colour + "80"},
        }  # fmt: skip
        if error and wide:
            error |= {"thickness": 3, "width": 0}
        point = {
            "type": "scatter", "mode": "markers", "name": name, "x": across, "y": along,
            "marker": {"color": colour, "size": 11, "line": {"color": "#fff", "width": 2}},
            **({side: error} if error else {}),
        }  # fmt: skip
        return [behind, point] if wide else [point]
    return [{
        "type": "bar", "name": name, "x": across, "y": along, "orientation": "h" if lying else "v",
        "marker": {"color": colour, "cornerradius": 4},
        **({("error_x" if lying else "error_y"): error} if error else {}),
    }]  # fmt: skip


def _error_bar(
    y: list[float], lows: list[float] | None, highs: list[float] | None, width: int
) -> dict[str, Any] | None:
    if not (lows and highs):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [round(high - at, 6) for at, high in zip(y, highs, strict=True)],
        "arrayminus": [round(at - low, 6) for at, low in zip(y, lows, strict=True)],
        "color": "#39424e",
        "thickness": 1.5,
        "width": width,
    }


def _lies(plot: Plot) -> bool:
    """Whether bars lie: names too many or too long to stand under upright ones."""
    if plot.chart == "line" or not plot.series:
        return False
    names = [x for x in plot.series[0].x if isinstance(x, str)]
    return bool(names) and (len(names) > 6 or sum(_width(name) for name in names) > 60)


def _width(name: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in name)


def _groups(plot: Plot) -> int:
    return 1 if plot.chart == "stacked" else max(1, len(plot.series))


def _is_numeric(cells: list[str | int | float | None]) -> bool:
    filled = [c for c in cells if c not in (None, "")]
    return bool(filled) and all(isinstance(c, int | float) or _looks_numeric(str(c)) for c in filled)


def _looks_numeric(cell: str) -> bool:
    return any(c.isdigit() for c in cell) and all(c.isdigit() or c in " ,.-+%$€¥£–~≈" for c in cell)


def _cell(cell: str | int | float | None) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool | str):
        return str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.2f}".rstrip("0").rstrip(".")


def _card_html(card: Card) -> str:
    badge = f'<span class="sw-badge">{text(card.badge)}</span>' if card.badge else ""
    price = f'<span class="sw-price">{text(card.price)}</span>' if card.price else ""
    reason = f'<span class="sw-reason">{text(card.reason)}</span>' if card.reason else ""
    number = f' title="#{card.product_id}"' if card.product_id is not None else ""
    art = shelf_art(card.title, card.subtitle) if card.product_id is not None else ""
    return (
        f'<div class="sw-card"{number}>{art}<div class="sw-card-text"><b>{text(card.title)}</b>'
        f'<span class="sw-sub">{text(card.subtitle)}</span>{reason}</div>'
        f'<div class="sw-card-foot">{price}{badge}</div></div>'
    )


def _caption(title: str) -> str:
    return f"<figcaption>{text(title)}</figcaption>" if title else ""


def _quote_html(quote: dict[str, str]) -> str:
    label = f"<b>{text(quote['label'])}</b>" if quote.get("label") else ""
    return (
        f'<blockquote class="sw-quote {_mood(quote)}"><p>{text(quote.get("text", ""))}</p>'
        f"<cite>{text(quote.get('source', ''))}{label}</cite></blockquote>"
    )


def _mood(quote: dict[str, str]) -> str:
    label = quote.get("label", "").lower()
    if label.startswith(("pos", "praise", "好", "正")):
        return "sw-good"
    return "sw-bad" if label.startswith(("neg", "compl", "差", "负")) else ""
