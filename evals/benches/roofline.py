"""How fast decoding could be: the bytes that a token must read over the bytes that memory yields a second.

A token of a single conversation reads every weight once, so memory sets the pace (Williams et al., "Roofline:
An Insightful Visual Performance Model", 2009). The KV cache is left out: it is small beside the weights here.
"""

import importlib.util
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from shopwright.knowledge.machine import cpu_cores

BYTES_A_THREAD = 2**28
READS = 5


def cpu_bandwidth(threads: int = 0) -> float:
    """Bytes a second that this machine reads from memory: the best of some reads, one thread a core.

    Each thread reduces an array far larger than the caches; numpy lets go of the interpreter meanwhile.
    """
    threads = threads or cpu_cores()
    arrays = [np.ones(BYTES_A_THREAD // 8, dtype=np.int64) for _ in range(threads)]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(READS):
            started = time.perf_counter()
            list(pool.map(np.bitwise_or.reduce, arrays))
            best = max(best, threads * BYTES_A_THREAD / (time.perf_counter() - started))
    return best


def gguf_bytes_a_token(path: Path) -> int:
    """Bytes of a GGUF model's weights that every token reads: all tensors, but the table of embeddings.

    Of that table a token reads one row, unless it is the output's matrix too, which a model without a
    tensor `output.weight` means. Without the package gguf the file's size stands in.
    """
    if importlib.util.find_spec("gguf") is None:
        return path.stat().st_size
    from gguf import GGUFReader

    sizes = {tensor.name: int(tensor.n_bytes) for tensor in GGUFReader(path).tensors}
    embedding = sizes["token_embd.weight"] if "output.weight" in sizes else 0
    return sum(sizes.values()) - embedding


def roofline(bytes_a_token: int | None, bandwidth: float | None, decode: float | None) -> dict[str, Any]:
    """Tokens a second at the roof, and the share of it that `decode` tokens a second reach."""
    roof = bandwidth / bytes_a_token if bandwidth and bytes_a_token else None
    return {
        "bytes_a_token": bytes_a_token,
        "bandwidth_gb_a_second": round(bandwidth / 1e9, 2) if bandwidth else None,
        "tokens_a_second_at_the_roof": round(roof, 1) if roof else None,
        "share_reached": round(decode / roof, 4) if roof and decode else None,
    }
