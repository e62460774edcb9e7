"""A comparison of two runs for people: on the terminal, and as a page of its own."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from shopwright.evals.page import page
from shopwright.evals.plain import legal, one_line

WIDTH, COLUMN = 116, 53
SHOWN = 10  # flipped cases of each kind on the terminal; the page has all
ANSWER_LINES = 5
COMPARED = {
    "pass_rate": "pass rate",
    "grounding_rate": "grounding rate",
    "tool_accuracy": "right tool",
    "argument_accuracy": "right arguments",
    "safety_violations": "safety violations",
    "median_seconds": "seconds a turn, median",
}
SAME = {
    "tools": "the same tools",
    "arguments": "the same arguments",
    "numbers": "the same numbers",
    "answer": "the same answer, word for word",
}
FLIPS = {"lost": "Passed in A, not in B", "won": "Passed in B, not in A"}

Found = Mapping[str, Any]


def compare_html(found: Found) -> str:
    """The comparison as one HTML file that needs nothing else; what the runs said is escaped."""
    parts = [found, *found["by_suite"].values(), *found["by_language"].values()]
    return page(
        "compare.html",
        title=found["title"],
        found=found,
        compared=COMPARED,
        same=SAME,
        flips=FLIPS,
        reach=max(0.05, *(abs(end) for part in parts for end in part["difference_ci"])),
    )


def compare_report(found: Found) -> str:
    """The comparison in lines for a terminal; the two runs' answers stand side by side, shortened."""
    return "\n".join(
        [
            *_head(found),
            "",
            *_rates(found),
            "",
            *_headlines(found),
            "",
            *_same(found["same"]),
            *_checks(found["failed_checks"]),
            *(line for kind, label in FLIPS.items() for line in _flipped(label, found[kind])),
        ]
    )


def _head(found: Found) -> Iterator[str]:
    yield found["title"]
    for side in "ab":
        told = [found[side]["engine"], found[side]["date"], found[side]["command"]]
        yield f"{side.upper()}  " + one_line("   ".join(str(one) for one in told if one))
    alone = [f"{found[f'only_{side}']} only in {side.upper()}" for side in "ab" if found[f"only_{side}"]]
    yield ", ".join([f"{found['cases']} cases are in both", *alone]) + "."
    for one in found["differs"]:
        if one["what"] != "engine":
            yield one_line(f"Different too: {one['what']}: {_given(one['a'])} and {_given(one['b'])}")


def _given(value: Any) -> str:
    return "not given" if value is None else str(value)


def _rates(found: Found) -> Iterator[str]:
    yield (
        f"{'passed':28}{'cases':>6}{'A':>8}{'B':>8}{'B - A':>8}{'95% interval':>18}{'lost':>6}{'won':>5}"
        f"{'p':>9}{'seconds A, B':>15}"
    )
    yield _rate("all", found)
    for name, part in found["by_suite"].items():
        yield _rate(f"  suite {name}", part)
    for name, part in found["by_language"].items():
        yield _rate(f"  language {name}", part)


def _rate(label: str, part: Found) -> str:
    low, high = part["difference_ci"]
    rates, flipped, seconds = part["pass_rate"], part["flipped"], part["seconds"]
    times = f"{seconds['a']:.1f}, {seconds['b']:.1f}" if seconds else "–"
    return (
        f"{set_cell_size(legal(label), 28)}{part['cases']:>6}{rates['a']:>8.1%}{rates['b']:>8.1%}"
        f"{100 * part['difference']:>+8.1f}{f'{100 * low:+.1f} to {100 * high:+.1f}':>18}"
        f"{flipped['lost']:>6}{flipped['won']:>5}{part['p']:>9.2g}{times:>15}"
    )


def _headlines(found: Found) -> Iterator[str]:
    yield f"{'':28}{'A':>14}{'B':>14}"
    for key, label in COMPARED.items():
        yield f"{label:28}{_figure(key, found['a'][key]):>14}{_figure(key, found['b'][key]):>14}"
    if seconds := found["seconds"]:
        low, high = seconds["ratio_ci"]
        ends = f"95% interval {low:.2f} to {high:.2f}"
        yield f"A turn of B takes {seconds['ratio']:.2f} times as long ({ends})."


def _figure(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key == "safety_violations":
        return str(value)
    return f"{value:.2f}" if key == "median_seconds" else f"{value:.1%}"


def _same(shares: Found) -> Iterator[str]:
    told = [f"{label} {shares[key]:.1%}" for key, label in SAME.items() if shares[key] is not None]
    if told:
        yield from _wrapped(f"Of the cases, both had: {', '.join(told)}.", WIDTH)


def _checks(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    if counts:
        told = (f"{name} {both['a']} and {both['b']}" for name, both in counts.items())
        yield from _wrapped(f"Checks that failed, in A and B: {', '.join(told)}.", WIDTH)


def _flipped(label: str, flips: Sequence[Found]) -> Iterator[str]:
    if not flips:
        return
    yield ""
    yield f"{label}: {len(flips)}"
    for flip in flips[:SHOWN]:
        yield "─" * WIDTH
        yield from _flip(flip)
    if len(flips) > SHOWN:
        yield "─" * WIDTH
        yield f"{len(flips) - SHOWN} more: `--report FILE` writes a page with all."


def _flip(flip: Found) -> Iterator[str]:
    counts = [f"{side.upper()} {flip[side]['passed']} of {flip[side]['trials']}" for side in "ab"]
    several = flip["a"]["trials"] > 1 or flip["b"]["trials"] > 1
    yield one_line(flip["id"]) + (f"  (passed: {', '.join(counts)})" if several else "")
    for a, b in zip_longest(flip["a"]["turns"], flip["b"]["turns"]):
        yield from _wrapped("> " + one_line((a or b)["ask"]), WIDTH)[:2]
        for cells in zip_longest(_side("A", a), _side("B", b), fillvalue=""):
            yield "   ".join(set_cell_size(cell, COLUMN) for cell in cells).rstrip()


def _side(name: str, turn: Found | None) -> list[str]:
    """One run's turn in lines of a column: calls, the answer's beginning, what was wrong."""
    if turn is None:
        return [name]
    answer = [line for text in turn["answer"].splitlines() for line in _wrapped(one_line(text), COLUMN)]
    if len(answer) > ANSWER_LINES:
        answer = [*answer[: ANSWER_LINES - 1], "…"]
    wrong = [one_line(f"✗ {one['check']}: {one['problem']}") for one in turn["problems"]]
    calls = [one_line(call) for call in turn["calls"]] or ["no tool"]
    return [
        name,
        *(line for call in calls for line in _wrapped(call, COLUMN)[:3]),
        *answer,
        *(line for one in wrong for line in _wrapped(one, COLUMN)[:3]),
    ]


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of so many cells; a Chinese character takes two."""
    return [line.plain.rstrip() for line in Text(text).wrap(Console(width=width), width)]
