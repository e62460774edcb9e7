"""The doctor's looks at the machine: is it enough for the embedded model and the shop?"""

import platform
import sys

from shopwright.knowledge.finding import Finding
from shopwright.knowledge.machine import GIB, cpu_cores, free_disk, gpus, memory, port_is_free
from shopwright.knowledge.settings import Settings

MEMORY_NEEDED, DISK_NEEDED = 4 * GIB, 6 * GIB


def look_at_python(_settings: Settings) -> Finding:
    """The Python that runs this."""
    version = platform.python_version()
    if (3, 11) <= sys.version_info < (3, 13):
        return Finding(status="ok", found=version, found_zh=version)
    return Finding(
        status="warn",
        found=version,
        found_zh=version,
        remedy="Use Python 3.11 or 3.12: others are not tested.",
        remedy_zh="请使用 Python 3.11 或 3.12,其他版本未经测试。",
    )


def look_at_platform(_settings: Settings) -> Finding:
    """Operating system and processor family."""
    name = f"{platform.platform(terse=True)}, {platform.machine()}"
    return Finding(status="ok", found=name, found_zh=name)


def look_at_cpu(_settings: Settings) -> Finding:
    """Cores this process may use."""
    cores = cpu_cores()
    few = cores < 2
    return Finding(
        status="warn" if few else "ok",
        found=f"{cores} core(s)",
        found_zh=f"{cores} 核",
        remedy="Answers will be slow: give it two cores or more." if few else "",
        remedy_zh="回答会较慢:请分配至少两个核心。" if few else "",
    )


def look_at_memory(_settings: Settings) -> Finding:
    """Total and free memory."""
    total, available = memory()
    figures = f"{total / GIB:.1f} GiB, {available / GIB:.1f} GiB"
    short = available < MEMORY_NEEDED
    return Finding(
        status="warn" if short else "ok",
        found=figures + " of it free",
        found_zh=f"共 {total / GIB:.1f} GiB,可用 {available / GIB:.1f} GiB",
        remedy="The embedded model and the shop want 4 GiB free: close other programs." if short else "",
        remedy_zh="内置模型和商店数据需要 4 GiB 可用内存:请关闭其他程序。" if short else "",
    )


def look_at_disk(settings: Settings) -> Finding:
    """Free disk space where the data folder is."""
    free = free_disk(settings.data_dir) / GIB
    short = free * GIB < DISK_NEEDED
    return Finding(
        status="warn" if short else "ok",
        found=f"{free:.1f} GiB free at {settings.data_dir}",
        found_zh=f"{settings.data_dir} 处可用 {free:.1f} GiB",
        remedy="A fresh set-up takes 6 GiB; set SHOPWRIGHT_DATA_DIR to a folder on a larger disk."
        if short
        else "",
        remedy_zh="首次安装需要 6 GiB;请将 SHOPWRIGHT_DATA_DIR 设为更大磁盘上的目录。" if short else "",
    )


def look_at_gpu(_settings: Settings) -> Finding:
    """NVIDIA cards, asked of nvidia-smi."""
    cards = gpus()
    if not cards:
        return Finding(status="ok", found="none; not needed", found_zh="无;不需要")
    return Finding(status="ok", found="; ".join(cards), found_zh=";".join(cards))


def look_at_port(settings: Settings) -> Finding:
    """Whether the web app could listen where the settings say."""
    where = f"{settings.host}:{settings.port}"
    if settings.port == 0 or port_is_free(settings.host, settings.port):
        return Finding(status="ok", found=f"{where} is free", found_zh=f"{where} 可用")
    return Finding(
        status="warn",
        found=f"{where} is in use, perhaps by Shopwright itself",
        found_zh=f"{where} 已被占用,也许正是 Shopwright 自己",
        remedy="If it is another program, set SHOPWRIGHT_PORT to a free port.",
        remedy_zh="如果是其他程序占用,请将 SHOPWRIGHT_PORT 设为空闲端口。",
    )
