"""Wires the assistant together: the one place that reads settings and chooses an engine."""

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import Engine
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop


def open_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for. Raises EngineError when it lacks a setting."""
    if settings.engine == "remote":
        from shopwright.agent.engines.remote import RemoteEngine

        return RemoteEngine(
            settings.remote_url,
            settings.remote_model,
            settings.remote_api_key,
            settings.remote_timeout_seconds,
        )
    from shopwright.agent.engines.gguf import GgufChatModel
    from shopwright.agent.engines.in_process import InProcessEngine

    model = GgufChatModel(
        model_path=settings.model_path or settings.downloads / QWEN.name,
        context=settings.model_context,
        slots=settings.model_slots,
        threads=settings.model_threads,
        cache_dir=settings.cache_dir / "kv",
    )
    return InProcessEngine(model)


def open_assistant(settings: Settings) -> Assistant:
    """The assistant over the shop in the data folder. The model loads at the first request or `warm()`."""
    return Assistant(Shop(settings), open_engine(settings))
