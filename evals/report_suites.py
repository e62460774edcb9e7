"""The README's tables of suites: how good the answers are, what the fixes brought, and ways of decoding."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shopwright.evals.compare import compare
from shopwright.evals.failure_classes import CLASSES, count_classes
from shopwright.evals.records import Run
from shopwright.evals.runs import find
from shopwright.evals.summary import COLUMNS, cells

SUITES, BEFORE = "suites-gguf-cpu.json", "held-out-before.json"
DECODING = "decoding"


def suite_tables(results: Path) -> dict[str, str]:
    """The tables whose files are in `results`, by the name of their place in the README."""
    found = {}
    if (results / SUITES).exists():
        now = _run(results / SUITES)
        found["figures"] = suites_table(now.figures)
        if (results / BEFORE).exists():
            found["held-out figures"] = held_out_table(_run(results / BEFORE), now)
    runs = [_run(path) for path in sorted((results / DECODING).glob("*.json"))]
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("decoding-*.json"))]
    if runs or kept:
        found["decoding figures"] = decoding_table(runs, kept)
    return found


def _run(path: Path) -> Run:
    return Run.model_validate(json.loads(path.read_text(encoding="utf-8")))


def suites_table(figures: Mapping[str, Any]) -> str:
    """Every suite, then every language, then all."""
    rows = [f"| | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, part in figures["by_suite"].items():
        rows.append(_row(name, part))
    for name, told in (("en", "asked in English"), ("zh", "asked in Chinese"), ("both", "asked in both")):
        if name in figures["by_language"]:
            rows.append(_row(told, figures["by_language"][name]))
    rows.append(_row("**all**", figures))
    return "\n".join(rows)


def _row(name: str, part: Mapping[str, Any]) -> str:
    return f"| {name} | {' | '.join(cells(part))} |"


def held_out_table(before: Run, after: Run) -> str:
    """Pass rates of the half that nobody looked at, before and after, what was won and lost, and checks."""
    found = compare(before, after)
    rows = [
        "| held-out half | cases | before | after | won | lost | difference (95%) | McNemar p |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows += [_pair(name, part) for name, part in found["by_suite"].items()]
    common = {case.id for case in before.cases} & {case.id for case in after.cases}
    was, now = (count_classes(case for case in run.cases if case.id in common) for run in (before, after))
    classes = [
        "",
        "| failed cases of the held-out half, by class | before | after |",
        "| --- | ---: | ---: |",
    ]
    classes += [f"| {told} | {was[name]} | {now[name]} |" for name, told in CLASSES.items()]
    return "\n".join([*rows, _pair("**all**", found), *classes])


def _pair(name: str, part: Mapping[str, Any]) -> str:
    low, high = part["difference_ci"]
    shown = [
        str(part["cases"]),
        f"{part['pass_rate']['a']:.0%}",
        f"{part['pass_rate']['b']:.0%}",
        str(part["flipped"]["won"]),
        str(part["flipped"]["lost"]),
        f"{part['difference']:+.0%} ({low:+.0%} to {high:+.0%})",
        _p(part["p"]),
    ]
    return f"| {name} | {' | '.join(shown)} |"


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0") if value < 1 else "1"


def decoding_table(runs: Sequence[Run], kept: Sequence[Mapping[str, Any]]) -> str:
    """Grammar on and off, choosing the tool in a step of its own on and off, for every engine measured.

    `runs` are of the suite `tools`; `kept` holds, by engine, runs of the leaderboard, and runs of the same
    forty requests that were kept before there were suites.
    """
    rows = [
        "| engine | grammar | choose step | right tool, of 40 | arguments | turn, median | "
        "BFCL simple | multiple | irrelevance |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    ways: dict[tuple[str, bool, bool], Run | Mapping[str, Any]] = {
        (one["engine"], run["grammar"], run["choose_step"]): run for one in kept for run in one["runs"]
    }
    ways |= {_way(run): run for run in runs}
    for engine, grammar, choose in sorted(ways, key=lambda way: (way[0], not way[1], not way[2])):
        of_engine: list[Mapping[str, Any]] = [
            run for one in kept if one["engine"] == engine for run in one["runs"]
        ]
        shown = [
            engine,
            _switch(grammar),
            _switch(choose),
            *_tool_cells(_tools(ways, of_engine, (engine, grammar, choose))),
        ]
        shown += _bfcl_cells(find(of_engine, "bfcl", grammar, choose))
        rows.append(f"| {' | '.join(shown)} |")
    return "\n".join(rows)


def _way(run: Run) -> tuple[str, bool, bool]:
    return run.engine, not run.options.get("no-grammar"), not run.options.get("no-choose-step")


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _tools(
    ways: Mapping[tuple[str, bool, bool], Run | Mapping[str, Any]],
    of_engine: Sequence[Mapping[str, Any]],
    way: tuple[str, bool, bool],
) -> Run | Mapping[str, Any] | None:
    found = ways[way]
    return found if isinstance(found, Run) else find(of_engine, "tools", way[1], way[2])


def _tool_cells(run: Run | Mapping[str, Any] | None) -> Iterator[str]:
    if run is None:
        yield from ("–", "–", "–")
        return
    if not isinstance(run, Run):
        past = run["summary"]
        yield f"{past['tool_right']} of {past['cases']}"
        yield f"{past['key_arguments']:.0%}"
        yield f"{past['tool_turn_seconds_median']:.1f} s"
        return
    graded = [grade.passed for case in run.cases for grade in case.grades if grade.check == "tool"]
    yield f"{sum(graded)} of {len(graded)}"
    yield f"{run.figures['argument_accuracy']:.0%}"
    yield f"{run.figures['median_seconds']:.1f} s"


def _bfcl_cells(run: Mapping[str, Any] | None) -> list[str]:
    """Share and 95% interval of every category that was run."""
    cells_ = []
    for name in ("simple", "multiple", "irrelevance"):
        part = run["categories"].get(name) if run else None
        if part is None:
            cells_.append("–")
        else:
            low, high = part["interval_95"]
            cells_.append(f"{part['accuracy']:.1%} ({low:.0%}–{high:.0%}) of {part['cases']}")
    return cells_
