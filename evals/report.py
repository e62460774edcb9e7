"""The README's tables of figures, made from what the suites kept in `evals/results`."""

import json
from pathlib import Path
from typing import Any

from shopwright.evals.report_learned import learned_tables
from shopwright.evals.report_suites import suite_tables

RESULTS = Path(__file__).parent / "results"
SEARCH = RESULTS / "search.json"
BENCH_TURN, BENCH_ENGINE = RESULTS / "bench-turn-cpu.json", RESULTS / "bench-engine-cpu.json"
METHODS = {
    "ours": "ours",
    "bm25": "BM25 alone",
    "bm25_our_texts": "BM25 over our bilingual texts",
}


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
    search = json.loads(SEARCH.read_text(encoding="utf-8"))
    return {
        "search figures": search_table(search),
        "bench turn figures": bench_turn_table(json.loads(BENCH_TURN.read_text(encoding="utf-8"))),
        "bench engine figures": bench_engine_table(json.loads(BENCH_ENGINE.read_text(encoding="utf-8"))),
        **suite_tables(RESULTS),
        **learned_tables(RESULTS),
    }
