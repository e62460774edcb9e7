"""What must stand beside every figure: when, on what, with which versions and by which command it came."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from shopwright.evals.errors import EvalError
from shopwright.knowledge.machine import cpu_cores, gpus, memory

PACKAGES = (
    "xllamacpp",
    "langchain-core",
    "chromadb",
    "implicit",
    "lightgbm",
    "numpy",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "statsforecast",
    "torch",
    "transformers",
    "bitsandbytes",
    "llguidance",
    "langchain",
    "langchain-community",
    "llama-cpp-python",
)


def surroundings(command: str) -> dict[str, Any]:
    """When, on what and with which versions the figures of `command` were measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": cpu_cores(),
        "memory_gib": round(memory()[0] / 2**30, 1),
        "gpus": gpus(),
        "load_average": _load(),
        "packages": installed(),
        "command": command,
    }


def cpu_model() -> str:
    """The processor's name as the system gives it; empty where it gives none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def installed() -> dict[str, str]:
    """The versions of those packages on which figures depend that are installed here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def keep(path: Path, figures: Any) -> None:
    """Write figures as JSON, whole or not at all. Raises EvalError when the place cannot be written."""
    keep_text(path, json.dumps(figures, ensure_ascii=False, indent=1) + "\n")


def keep_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all. Raises EvalError when the place cannot be written."""
    unfinished = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise EvalError(f"The figures could not be written to {path}: {error.strerror}.") from error


def read_kept(path: Path) -> Any:
    """Figures that were kept before. Raises EvalError for a file that is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvalError(
            f"{path} cannot be read as JSON ({error}). Name another file, or delete it."
        ) from error


def _load() -> float | None:
    """How many processes wanted the processor during the last minute: above zero, timings suffer."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
