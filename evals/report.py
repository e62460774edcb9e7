"""The README's tables of figures, made from what the suites kept in `evals/results`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.evals.runs import find

RESULTS = Path(__file__).parent / "results"
TURNS, SEARCH = RESULTS / "turns-gguf-cpu.json", RESULTS / "search.json"
DECODING = "decoding-*.json"
LABELS = {
    "requests": "40 requests of a marketer, half Chinese, 8 that need no tool",
    "shopper": "20 requests of a shopper",
    "as-shopper": "the 40 requests asked by a shopper",
    "second-turn": "second turn of 6 conversations",
}
METHODS = {
    "ours": "ours",
    "bm25": "BM25 alone",
    "bm25_our_texts": "BM25 over our bilingual texts",
}


def turns_table(kept: dict[str, Any]) -> str:
    """Tool choice, arguments, grounding, roles and seconds of every suite."""
    rows = [
        "| suite | right tool | key arguments | unbound numbers | invented ids | "
        "other roles' tools or data | first event, median | tool turn, median |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, label in LABELS.items():
        figures = kept["suites"][name]
        graded = name in ("requests", "shopper")
        chosen = f"{figures['tool_right']} of {figures['cases']}" if graded else "–"
        filled = f"{figures['key_arguments']:.0%}" if graded else "–"
        rows.append(
            f"| {label} | {chosen} | {filled} | {figures['unbound_numbers']} | {figures['invented_ids']} | "
            f"{figures['leaks']} | {figures['first_event_seconds_median']:.1f} s | "
            f"{figures['tool_turn_seconds_median']:.1f} s |"
        )
    return "\n".join(rows)


def search_table(kept: dict[str, Any]) -> str:
    """hit@5 of ours and of BM25, products and passages, in each language."""
    rows = ["| | English | Chinese |", "| --- | --- | --- |"]
    for part, methods in kept.items():
        for method, figures in methods.items():
            cells = " | ".join(
                f"{figures[tongue]['hit@5']:.2f} of {figures[tongue]['n']}" for tongue in ("en", "zh")
            )
            rows.append(f"| {part}: {METHODS[method]} | {cells} |")
    return "\n".join(rows)


def decoding_table(files: Sequence[dict[str, Any]]) -> str:
    """Grammar on and off, choosing the tool in a step of its own on and off, for every engine measured."""
    rows = [
        "| engine | grammar | choose step | right tool, of 40 | key arguments | tool turn, median | "
        "BFCL simple | multiple | irrelevance |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kept in files:
        for grammar in (True, False):
            for choose in (True, False):
                tools = find(kept["runs"], "tools", grammar, choose)
                bfcl = find(kept["runs"], "bfcl", grammar, choose)
                if tools or bfcl:
                    cells = [kept["engine"], _switch(grammar), _switch(choose), *_tool_cells(tools)]
                    rows.append(f"| {' | '.join([*cells, *_bfcl_cells(bfcl)])} |")
    return "\n".join(rows)


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _tool_cells(run: dict[str, Any] | None) -> list[str]:
    if run is None:
        return ["–"] * 3
    figures = run["summary"]
    seconds = f"{figures['tool_turn_seconds_median']:.1f} s"
    return [f"{figures['tool_right']} of {figures['cases']}", f"{figures['key_arguments']:.0%}", seconds]


def _bfcl_cells(run: dict[str, Any] | None) -> list[str]:
    """Share and 95% interval of every category that was run."""
    cells = []
    for name in ("simple", "multiple", "irrelevance"):
        part = run["categories"].get(name) if run else None
        if part is None:
            cells.append("–")
        else:
            low, high = part["interval_95"]
            cells.append(f"{part['accuracy']:.1%} ({low:.0%}–{high:.0%}) of {part['cases']}")
    return cells


def tables() -> dict[str, str]:
    """The tables by the name of their place in the README."""
    turns = json.loads(TURNS.read_text(encoding="utf-8"))
    search = json.loads(SEARCH.read_text(encoding="utf-8"))
    decoding = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob(DECODING))]
    return {
        "figures": turns_table(turns),
        "search figures": search_table(search),
        "decoding figures": decoding_table(decoding),
    }
