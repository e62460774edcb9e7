"""What this machine has: cores, memory, disk and graphics cards, as far as this process may use them."""

import errno
import os
import shutil
import socket
import subprocess
from pathlib import Path

GIB = 2**30
_CGROUP = Path("/sys/fs/cgroup")


def cpu_cores() -> int:
    """Cores this process may use: its affinity, cut by a container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = _words(_CGROUP / "cpu.max")
    if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit():
        cores = min(cores, max(1, round(int(quota[0]) / int(quota[1]))))
    return cores


def memory() -> tuple[int, int]:
    """Total and available memory in bytes, cut by a container's limit; zeros where it cannot be read."""
    fields = {
        line[0].rstrip(":"): int(line[1]) * 1024 for line in _lines(Path("/proc/meminfo")) if len(line) > 1
    }
    total, available = fields.get("MemTotal", 0), fields.get("MemAvailable", 0)
    if not total and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, used = _words(_CGROUP / "memory.max"), _words(_CGROUP / "memory.current")
    if limit and limit[0].isdigit() and used and int(limit[0]) < total:
        total = int(limit[0])
        available = min(available, max(0, total - int(used[0])))
    return total, available


def free_disk(folder: Path) -> int:
    """Free bytes on the disk that holds `folder`, or will hold it."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def gpus() -> list[str]:
    """NVIDIA cards as 'name, memory', asked of nvidia-smi; empty where there is none or it is silent."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - fixed words, a program found on PATH
    except (OSError, subprocess.TimeoutExpired):
        return []
    return (
        [line.strip() for line in asked.stdout.splitlines() if line.strip()] if asked.returncode == 0 else []
    )


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. OSError when `host` is no address of this machine."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            return False
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _lines(path: Path) -> list[list[str]]:
    try:
        return [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return []
