"""The first turn after a restart: with the saved prefix, and without it."""

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from shopwright.agent.assistant import Assistant
from shopwright.agent.local import open_engine
from shopwright.agent.turn import Answer, Request
from shopwright.evals.benches.apart import run_apart
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Progress
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

QUESTION = "How many customers are at risk?"
COUNTED = (
    "Seconds from the weights being loaded to the first event that a person sees of the first turn (the "
    "tool's name, decoded), in a new process each time. 'Warm' reads the prefix from disk, and that is "
    "counted; 'cold' finds an empty cache folder and prefills the prefix. Starting Python and loading the "
    "weights is counted on neither side. The ratio is that of the medians."
)


def measure_restarts(settings: Settings, model_path: Path, repeats: int) -> dict[str, Any]:
    """Pairs of restarts: the cold one saves the prefix that the warm one finds."""
    cold: list[dict[str, Any]] = []
    warm: list[dict[str, Any]] = []
    progress = Progress("restarts", 2 * repeats)
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="shopwright-restart-") as folder:
            for measured in (cold, warm):
                engine = engine_settings(settings, Path(folder), model_path)
                measured.append(run_apart(first_turn, settings, engine, QUESTION))
                progress.step(f"{measured[-1]['first_event_seconds']:.1f} s")
    return restart_figures(cold, warm)


def engine_settings(settings: Settings, folder: Path, model_path: Path) -> Settings:
    """The same engine with its saved prefixes in another folder; the shop stays where it is."""
    return settings.model_copy(update={"data_dir": folder, "model_path": model_path, "engine": "gguf"})


def first_turn(shop: Settings, engine: Settings, question: str) -> dict[str, Any]:
    """Open everything anew and ask; the turn is stopped after its first event."""
    opened = open_engine(engine)
    started = time.perf_counter()
    opened.warm([])
    loaded = time.perf_counter()
    assistant = Assistant(Shop(shop), opened)
    stop = threading.Event()
    turn = assistant.stream(Request(role="marketer", actor="evaluation", text=question), stop=stop)
    first = next(turn)
    seconds = time.perf_counter() - loaded
    stop.set()
    *_, answer = turn
    opened.close()
    if isinstance(first, Answer) or not isinstance(answer, Answer) or answer.error_id:
        raise EvalError(f"The first turn after a restart failed: {getattr(answer, 'text', '')}")
    return {
        "load_seconds": round(loaded - started, 3),
        "first_event_seconds": round(seconds, 3),
        "first_event": first.model_dump(mode="json", include={"tool", "status", "text"}),
    }


def restart_figures(cold: list[dict[str, Any]], warm: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians, their ratio, and every restart."""
    medians = {
        name: statistics.median(one["first_event_seconds"] for one in measured)
        for name, measured in (("cold", cold), ("warm", warm))
    }
    return {
        "ratio": round(medians["warm"] / medians["cold"], 4),
        "cold_seconds_median": round(medians["cold"], 3),
        "warm_seconds_median": round(medians["warm"], 3),
        "load_seconds_median": round(statistics.median(one["load_seconds"] for one in [*cold, *warm]), 3),
        "cold": cold,
        "warm": warm,
    }
