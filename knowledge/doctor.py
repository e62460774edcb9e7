"""What is here, what is missing, and what to do about it. Looks only; changes and creates nothing."""

from collections.abc import Callable

from shopwright.knowledge.doctor_learned import look_at_engine, look_at_fitted, look_at_index, look_at_model
from shopwright.knowledge.doctor_machine import (
    look_at_cpu,
    look_at_disk,
    look_at_gpu,
    look_at_memory,
    look_at_platform,
    look_at_port,
    look_at_python,
)
from shopwright.knowledge.doctor_shop import look_at_database, look_at_users
from shopwright.knowledge.finding import Finding
from shopwright.knowledge.settings import Settings


class Check(Finding):
    """One thing looked at, with its name."""

    key: str
    name: str
    name_zh: str


_LOOKS: tuple[tuple[str, str, str, Callable[[Settings], Finding]], ...] = (
    ("python", "Python", "Python", look_at_python),
    ("platform", "Platform", "系统", look_at_platform),
    ("cpu", "Processor", "处理器", look_at_cpu),
    ("memory", "Memory", "内存", look_at_memory),
    ("disk", "Disk", "磁盘", look_at_disk),
    ("gpu", "Graphics card", "显卡", look_at_gpu),
    ("engine", "Engine", "引擎", look_at_engine),
    ("model", "Language model", "语言模型", look_at_model),
    ("database", "Database", "数据库", look_at_database),
    ("fitted", "Fitted models", "已训练模型", look_at_fitted),
    ("index", "Search index", "搜索索引", look_at_index),
    ("users", "Users", "用户", look_at_users),
    ("port", "Web address", "网页地址", look_at_port),
)


def examine(settings: Settings) -> list[Check]:
    """Look at everything Shopwright needs. Never raises; does not open the vector index."""
    return [
        Check(key=key, name=name, name_zh=name_zh, **_found(look, settings).model_dump())
        for key, name, name_zh, look in _LOOKS
    ]


def _found(look: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return look(settings)
    except Exception as error:  # noqa: BLE001 - the examination goes on, whatever one look runs into
        words = str(error).strip().splitlines()
        short = f"{type(error).__name__}: {words[0][:200] if words else ''}"
        return Finding(
            status="warn",
            found=f"could not be looked at ({short})",
            found_zh=f"无法检查({short})",
            remedy="Read the message in brackets, and check the setting that it is about.",
            remedy_zh="请阅读括号中的信息,并检查相关设置。",
        )
