"""`bench engine`: every engine that is present, each in a process of its own, beside the roofline."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shopwright.agent.engines.base import EngineError
from shopwright.agent.engines.hardware import cuda_available, missing_for_nf4
from shopwright.evals.benches.apart import run_apart
from shopwright.evals.benches.engine import measure_in_process
from shopwright.evals.benches.product import on_cpu
from shopwright.evals.benches.restart import engine_settings
from shopwright.evals.benches.roofline import cpu_bandwidth, gguf_bytes_a_token, roofline
from shopwright.evals.errors import EvalError
from shopwright.evals.progress import Progress
from shopwright.knowledge.settings import Settings

ENGINES = ("gguf", "nf4", "remote")


def present(settings: Settings) -> list[str]:
    """The engines that can be measured here: nf4 only on a GPU unless it is asked for by name."""
    here = {"gguf": True, "nf4": cuda_available(), "remote": bool(settings.remote_url)}
    return [name for name in ENGINES if here[name]]


def check(name: str, settings: Settings) -> None:
    """Refuse an engine that was asked for and is not here, with what to do."""
    if name == "nf4" and (missing := missing_for_nf4()):
        raise EvalError(
            f"The nf4 engine needs {', '.join(missing)}. Install them with: pip install 'shopwright[gpu]'"
        )
    if name == "remote" and not settings.remote_url:
        raise EvalError("There is no remote server to measure. Set SHOPWRIGHT_REMOTE_URL.")


def measure_engines(
    settings: Settings, names: Sequence[str], tokens: int, at_once_tokens: int
) -> dict[str, Any]:
    """Figures of each engine by its name; one that failed has its error there instead."""
    for name in names:
        check(name, settings)
    bandwidth = run_apart(cpu_bandwidth)
    progress = Progress("engines", len(names))
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = measure_one(settings, name, bandwidth, tokens, at_once_tokens)
        except (EngineError, EvalError) as error:
            found[name] = {"error": str(error)}
        progress.step(name)
    return {"memory_bandwidth_gb_a_second": round(bandwidth / 1e9, 2), "engines": found}


def measure_one(
    settings: Settings, name: str, bandwidth: float, tokens: int, at_once_tokens: int
) -> dict[str, Any]:
    """One engine's figures with its roofline; the data folder's saved prefixes are left alone."""
    if name != "gguf":
        mine = settings.model_copy(update={"engine": name})
        figures = run_apart(measure_in_process, mine, tokens, at_once_tokens)
        return with_roofline(figures, name, bandwidth)
    mine, model = on_cpu(settings)
    with tempfile.TemporaryDirectory(prefix="shopwright-bench-") as folder:
        apart = engine_settings(mine, Path(folder), model)
        figures = run_apart(measure_in_process, apart, tokens, at_once_tokens)
    figures["bytes_a_token"] = figures["bytes_a_token"] or gguf_bytes_a_token(model)
    return with_roofline(figures, name, bandwidth)


def with_roofline(figures: dict[str, Any], name: str, cpu: float) -> dict[str, Any]:
    """The figures with the roofline of the memory that holds the weights; a remote server's is unknown."""
    own = figures.pop("bandwidth")
    bandwidth = None if name == "remote" else own or cpu
    bytes_a_token = figures.pop("bytes_a_token")
    decode = figures["decode_tokens_a_second"]
    return {**figures, "roofline": roofline(bytes_a_token, bandwidth, decode)}


def report(found: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = [f"memory reads {found['memory_bandwidth_gb_a_second']} GB/s"]
    for name, figures in found["engines"].items():
        if "error" in figures:
            lines.append(f"{name}: {figures['error']}")
            continue
        roof, vram = figures["roofline"], figures["peak_vram_bytes"]
        together = ", ".join(f"{n}: {speed}" for n, speed in figures["tokens_a_second_at_once"].items())
        share = (
            f"{roof['share_reached']:.0%} of the roofline" if roof["share_reached"] else "roofline unknown"
        )
        lines += [
            f"{figures['engine']}",
            f"  load {figures['load_seconds']} s, peak RSS {_gib(figures['peak_rss_bytes'])}, "
            f"VRAM {_gib(vram)}",
            f"  first token cold {figures['first_token_seconds_cold']} s, "
            f"warm {figures['first_token_seconds_warm']} s ({figures['prompt_tokens']} tokens)",
            f"  prefill {figures['prefill_tokens_a_second']} tokens/s, decode "
            f"{figures['decode_tokens_a_second']} tokens/s, {share}",
            f"  tokens/s with requests at once: {together}",
        ]
    return "\n".join(lines)


def _gib(size: int | None) -> str:
    return "-" if size is None else f"{size / 2**30:.2f} GiB"
