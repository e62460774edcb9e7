"""What this machine offers the engines that run on a graphics card."""

import importlib.util
import sys
from pathlib import Path

NF4_NEEDS = ("torch", "transformers", "bitsandbytes", "llguidance")


def missing_for_nf4() -> list[str]:
    """The packages that the 4-bit engine needs and this installation lacks; nothing is imported."""
    return [name for name in NF4_NEEDS if importlib.util.find_spec(name) is None]


def cuda_available() -> bool:
    """Whether the 4-bit engine finds a CUDA device. torch is imported only where a driver is present."""
    if missing_for_nf4() or not _driver_present():
        return False
    import torch

    return bool(torch.cuda.is_available())


def _driver_present() -> bool:
    if sys.platform != "linux":
        return True
    # The driver's own node, and the one that WSL has instead.
    return any(Path(place).exists() for place in ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg"))
