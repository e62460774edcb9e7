"""The doctor's look at the model in use."""

from pathlib import Path

from shopwright.agent.engines.hardware import cuda_available, missing_for_nf4
from shopwright.agent.model_files import ModelError
from shopwright.agent.models import Choice, chosen
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.finding import Finding
from shopwright.knowledge.settings import Settings


def look_at_choice(settings: Settings) -> Finding:
    """Which engine would answer with which model, and whether both are here.

    Whether the embedded model is here is a look of its own.
    """
    try:
        choice = chosen(settings)
    except ModelError as error:
        return Finding(status="missing", found=str(error), found_zh=str(error))
    what = f"{choice.engine}: {choice.name}"
    if choice.engine == "nf4" and missing_for_nf4():
        names = ", ".join(missing_for_nf4())
        return Finding(
            status="missing",
            found=f"{what}; packages are missing: {names}",
            found_zh=f"{what};缺少软件包:{names}",
            remedy='Run `pip install "shopwright[gpu]"`, or `shopwright models use default`.',
            remedy_zh='请运行 `pip install "shopwright[gpu]"`,或 `shopwright models use default`。',
        )
    embedded = settings.downloads / QWEN.name
    if isinstance(choice.source, Path) and choice.source != embedded and not choice.source.exists():
        return _not_here(what, choice)
    if choice.engine == "nf4" and not cuda_available():
        return Finding(
            status="warn",
            found=f"{what}, on the CPU: there is no CUDA card here",
            found_zh=f"{what},由 CPU 运行:本机没有 CUDA 显卡",
            remedy="Answers will be slow. `shopwright models use default` goes back to the CPU engine.",
            remedy_zh="回答会较慢。`shopwright models use default` 可换回 CPU 引擎。",
        )
    return Finding(status="ok", found=what, found_zh=what)


def embedded_stands_by(settings: Settings) -> bool:
    """Whether another model answers, so that the embedded one is not needed but as the spare."""
    try:
        return chosen(settings).source != settings.downloads / QWEN.name
    except ModelError:
        return False


def _not_here(what: str, choice: Choice) -> Finding:
    return Finding(
        status="missing",
        found=f"{what}, but there is nothing at {choice.source}",
        found_zh=f"{what},但 {choice.source} 不存在",
        remedy=f"Run `shopwright models pull {choice.name}`, or correct the setting that names it.",
        remedy_zh=f"请运行 `shopwright models pull {choice.name}`,或更正指定它的设置。",
    )
