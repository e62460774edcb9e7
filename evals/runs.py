"""Figures of the suites under several ways of decoding, one file an engine: `decoding-<engine>.json`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from shopwright.agent.engines.base import Decoding
from shopwright.evals.errors import EvalError
from shopwright.evals.surroundings import keep, read_kept, surroundings

Run = dict[str, Any]


def command_line(name: str, options: Mapping[str, Any]) -> str:
    """The command as it can be given again: switches that are on, and values; empty ones are left out."""
    words = [f"shopwright {name}"]
    for option, value in options.items():
        if value is True:
            words.append(f"--{option}")
        elif value not in (None, False, ""):
            words.append(f"--{option} {value}")
    return " ".join(words)


def run_of(suite: str, engine: str, decoding: Decoding, command: str, figures: Mapping[str, Any]) -> Run:
    """One run: what was measured, how calls were decoded, and the surroundings."""
    return {
        "suite": suite,
        "engine": engine,
        "grammar": decoding.grammar,
        "choose_step": decoding.choose_step,
        **surroundings(command),
        **figures,
    }


def add_run(path: Path, run: Run) -> None:
    """Put a run into the file; it takes the place of an earlier one of the same suite and decoding.

    Raises EvalError when the file holds another engine's runs, or something else.
    """
    kept = read_kept(path) if path.exists() else {"engine": run["engine"], "runs": []}
    if not isinstance(kept, dict) or "runs" not in kept:
        raise EvalError(f"{path} holds something else than runs of a suite. Name another file for --out.")
    if kept["engine"] != run["engine"]:
        raise EvalError(
            f"{path} holds figures of {kept['engine']}, these are of {run['engine']}. "
            "Name another file for --out."
        )
    others = [one for one in kept["runs"] if key(one) != key(run)]
    keep(path, {**kept, "runs": sorted([*others, run], key=key)})


def key(run: Mapping[str, Any]) -> tuple[str, bool, bool]:
    """What tells one run of a file from another; the default way of decoding sorts first."""
    return run["suite"], not run["grammar"], not run["choose_step"]


def check_place(path: Path | None, engine: str) -> None:
    """Refuse, before hours are spent, a file into which the run could not be put."""
    if path is not None and path.exists():
        kept = read_kept(path)
        if not isinstance(kept, dict) or "runs" not in kept or kept["engine"] != engine:
            raise EvalError(f"{path} holds other figures than runs of {engine}. Name another file for --out.")


def find(
    runs: Iterable[Mapping[str, Any]], suite: str, grammar: bool, choose_step: bool
) -> Mapping[str, Any] | None:
    """The run of a suite under a way of decoding."""
    wanted = suite, not grammar, not choose_step
    return next((run for run in runs if key(run) == wanted), None)
