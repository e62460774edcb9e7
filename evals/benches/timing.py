"""How long calls take: percentiles over many."""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any


def timed(call: Callable[[], Any]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def milliseconds(seconds: Iterable[float], prefix: str) -> dict[str, float]:
    """Median, 95th percentile and longest in milliseconds, named `prefix`_p50_ms and so on."""
    ordered = sorted(1000 * value for value in seconds)
    return {
        f"{prefix}_p95_ms": round(percentile(ordered, 0.95), 2),
        f"{prefix}_p50_ms": round(statistics.median(ordered), 2),
        f"{prefix}_longest_ms": round(ordered[-1], 2),
    }


def percentile(ordered: list[float], share: float) -> float:
    """The value below which `share` of the `ordered` values lie, between two of them where it falls there."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
