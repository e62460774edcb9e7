"""What a CUDA device's memory holds and yields."""

import time

import torch

BYTES = 2**32
READS = 10


def peak_memory() -> int:
    """The most bytes that torch had taken of the device in this process."""
    return int(torch.cuda.max_memory_allocated())


def bandwidth() -> float:
    """Bytes a second that the device reads from its memory: the best of some sums over 4 GiB."""
    free, _ = torch.cuda.mem_get_info()
    numbers = torch.ones(min(BYTES, free // 2) // 4, dtype=torch.float32, device="cuda")
    best = 0.0
    for _ in range(READS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        numbers.sum()
        torch.cuda.synchronize()
        best = max(best, numbers.numel() * 4 / (time.perf_counter() - started))
    return best
