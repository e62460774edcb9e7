"""`bench turn`: the three measurements of the product as a whole, in one run over the same weights."""

import importlib.util
from pathlib import Path
from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.agent.local import open_engine
from shopwright.agent.models import chosen
from shopwright.evals.benches import restart, together, turn
from shopwright.evals.errors import EvalError
from shopwright.knowledge.machine import cpu_cores
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

PEERS = ("langchain", "langchain_community", "llama_cpp")


def check_peers() -> None:
    """Refuse, with the way out, where LangChain's side is not installed."""
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        raise EvalError(
            f"LangChain's side of the bench is not installed ({', '.join(missing)}). Run "
            "`pip install 'shopwright[peers]'` (llama-cpp-python compiles for some minutes), or measure the "
            "other rows alone with --without-langchain."
        )


def on_cpu(settings: Settings) -> tuple[Settings, Path]:
    """The settings with the GGUF engine, and its model: what a peer on the processor can be given, too.

    Raises EvalError when the model in use is no GGUF file.
    """
    mine = settings.model_copy(update={"engine": "gguf"})
    source = chosen(mine).source
    if not isinstance(source, Path) or not source.is_file():
        raise EvalError(
            f"The model {source} is not a GGUF file that is there, so both sides cannot share its weights. "
            "Run `shopwright init --demo`, or set SHOPWRIGHT_MODEL_PATH."
        )
    threads = settings.model_threads or cpu_cores()
    return mine.model_copy(update={"model_path": source, "model": "", "model_threads": threads}), source


def measure_product(
    settings: Settings, *, cases: int, repeats: int, limit_seconds: float, langchain: bool
) -> dict[str, Any]:
    """The ratios and what they come from. Raises EvalError or EngineError when something is missing."""
    if langchain:
        check_peers()
    mine, model = on_cpu(settings)
    restarts = restart.measure_restarts(mine, model, repeats)
    assistant = Assistant(Shop(mine), open_engine(mine))
    assistant.warm()
    four = together.measure_together(assistant, repeats)
    sides: dict[str, turn.Side] = {"ours": turn.Ours(assistant)}
    if langchain:
        sides |= turn.langchain_peers(assistant, model, mine.model_threads, limit_seconds)
    try:
        turns = turn.measure_turns(sides, cases)
    finally:
        for side in sides.values():
            side.close()
        assistant.close()
    return figures(turns, restarts, four, assistant.engine.name, mine.model_threads, limit_seconds)


def figures(
    turns: dict[str, Any],
    restarts: dict[str, Any],
    four: dict[str, Any],
    engine: str,
    threads: int,
    limit_seconds: float,
) -> dict[str, Any]:
    """One object: the ratios first, then the raw figures and how they were counted."""
    return {
        **turn.turn_ratios(turns),
        "warm_restart_ratio": restarts["ratio"],
        "concurrent_4_ratio": four["ratio"],
        "concurrent_4_longest_wait_ratio": four["longest_wait_ratio"],
        "concurrent_4_wait_over_alone": four["wait_over_alone"],
        "concurrent_4_longest_wait_over_queue": four["longest_wait_over_queue"],
        "engine": engine,
        "threads": threads,
        "turn": {"counted": turn.COUNTED, "limit_seconds": limit_seconds, "sides": turns},
        "restart": {"counted": restart.COUNTED, **restarts},
        "concurrent_4": {"counted": together.COUNTED, **four},
    }


def report(found: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = []
    for name, side in found["turn"]["sides"].items():
        first = side["first_event_seconds_median"]
        lines.append(
            f"{name:16} {side['seconds_median']:7.2f} s a turn, first event "
            f"{'-' if first is None else format(first, '.2f')} s; of {side['turns']} turns: right tool "
            f"{side['tool_calls_right']}, whole tool turns {side['whole_tool_turns']}, "
            f"stopped at the limit {side['stopped_at_limit']}, failed {side['failed']}"
        )
    again, four = found["restart"], found["concurrent_4"]
    lines.append(
        f"after a restart  {again['warm_seconds_median']:7.2f} s to the first event, "
        f"{again['cold_seconds_median']:.2f} s without the saved prefix"
    )
    lines.append(
        f"four at once     {four['total_seconds_at_once']:7.2f} s in all, one after another "
        f"{four['total_seconds_in_turn']:.2f} s; longest wait {four['longest_wait_at_once']:.2f} s"
    )
    lines += [f"{name}: {value}" for name, value in found.items() if "ratio" in name or "_over_" in name]
    return "\n".join(lines)
