"""The README's tables of figures, made from what the suites kept in `evals/results`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.evals.report_learned import learned_tables
from shopwright.evals.runs import find

RESULTS = Path(__file__).parent / "results"
TURNS, SEARCH = RESULTS / "turns-gguf-cpu.json", RESULTS / "search.json"
BENCH_TURN, BENCH_ENGINE = RESULTS / "bench-turn-cpu.json", RESULTS / "bench-engine-cpu.json"
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


def bench_turn_table(kept: dict[str, Any]) -> str:
    """A tool turn beside LangChain's, the first turn after a restart, four people at once."""
    restart, four, sides = kept["restart"], kept["concurrent_4"], kept["turn"]["sides"]
    ours = sides["ours"]
    rows = ["| what | beside | share of the time | details |", "| --- | --- | --- | --- |"]
    for side, key, label in (
        ("langchain", "ratio_to_langchain", "LangChain's agent over ChatLlamaCpp, its defaults"),
        ("langchain_tuned", "ratio_to_langchain_tuned", "the same with `n_batch` 512"),
    ):
        peer = sides[side]
        rows.append(
            f"| a whole tool turn, the second of a conversation | {label} | "
            f"{_share(kept[key])}; over all turns {_share(kept[f'{key}_all_turns'])} | "
            f"{ours['seconds_median']:.1f} s and {peer['seconds_median']:.1f} s; right tool "
            f"{ours['tool_calls_right']} of {ours['turns']} and "
            f"{peer['tool_calls_right']} of {peer['turns']}; "
            f"turns in which a tool ran and words came of it {ours['whole_tool_turns']} and "
            f"{peer['whole_tool_turns']} |"
        )
    rows += [
        f"| first event of the first turn after a restart | without the saved prefix | "
        f"{_share(restart['ratio'])} | {restart['warm_seconds_median']:.1f} s and "
        f"{restart['cold_seconds_median']:.1f} s |",
        f"| four conversations at once, in total | one after another | {_share(four['ratio'])} | "
        f"{four['total_seconds_at_once']:.1f} s and {four['total_seconds_in_turn']:.1f} s |",
        f"| the longest wait of the four | the longest wait in the queue | "
        f"{_share(four['longest_wait_over_queue'])} | {_share(four['longest_wait_ratio'])} of the longest "
        f"turn with the machine to itself |",
    ]
    return "\n".join(rows)


def _share(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}"


def bench_engine_table(kept: dict[str, Any]) -> str:
    """Load, memory, first token, speed and the share of the roofline of every engine that was measured."""
    rows = [
        "| engine | load | peak memory | first token, cold and warm | prefill | decode | of the roofline | "
        "tokens/s at 1, 2, 4, 8 at once |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in kept["engines"].values():
        share = one["roofline"]["share_reached"]
        together = ", ".join(f"{speed:.0f}" for speed in one["tokens_a_second_at_once"].values())
        rows.append(
            f"| {one['engine']} | {one['load_seconds']:.1f} s | {one['peak_rss_bytes'] / 2**30:.1f} GiB | "
            f"{one['first_token_seconds_cold']:.1f} s, {one['first_token_seconds_warm']:.2f} s | "
            f"{one['prefill_tokens_a_second']:.0f}/s | {one['decode_tokens_a_second']:.1f}/s | "
            f"{'–' if share is None else format(share, '.0%')} | {together} |"
        )
    return "\n".join(rows)


def tables() -> dict[str, str]:
    """The tables by the name of their place in the README."""
    turns = json.loads(TURNS.read_text(encoding="utf-8"))
    search = json.loads(SEARCH.read_text(encoding="utf-8"))
    decoding = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob(DECODING))]
    return {
        "figures": turns_table(turns),
        "search figures": search_table(search),
        "decoding figures": decoding_table(decoding),
        "bench turn figures": bench_turn_table(json.loads(BENCH_TURN.read_text(encoding="utf-8"))),
        "bench engine figures": bench_engine_table(json.loads(BENCH_ENGINE.read_text(encoding="utf-8"))),
        **learned_tables(RESULTS),
    }
