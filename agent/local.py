"""Wires the assistant together: the one place that reads settings and chooses an engine."""

from pathlib import Path

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import Decoding, Engine, EngineError
from shopwright.agent.model_files import ModelError
from shopwright.agent.models import chosen, embedded_file
from shopwright.agent.turn import Traces
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop


def open_engine(settings: Settings, decoding: Decoding | None = None) -> Engine:
    """The engine that the settings ask for. Raises EngineError when it lacks a setting or a model."""
    try:
        choice = chosen(settings)
    except ModelError as error:
        raise EngineError(str(error)) from error
    if choice.engine == "remote":
        return _remote(settings, decoding)
    if choice.engine == "nf4":
        return _on_gpu(settings, str(choice.source), decoding or _decoding(settings))
    return _on_cpu(settings, Path(choice.source), decoding or _decoding(settings))


def _decoding(settings: Settings) -> Decoding:
    return Decoding(choose_step=settings.choose_step != "off")


def _remote(settings: Settings, decoding: Decoding | None) -> Engine:
    from shopwright.agent.engines.remote import RemoteEngine

    return RemoteEngine(
        settings.remote_url,
        settings.remote_model,
        settings.remote_api_key,
        settings.remote_timeout_seconds,
        retries=settings.remote_retries,
        decoding=decoding or Decoding(choose_step=settings.choose_step == "on"),
    )


def _on_cpu(settings: Settings, path: Path, decoding: Decoding) -> Engine:
    from shopwright.agent.engines.gguf import GgufChatModel
    from shopwright.agent.engines.in_process import InProcessEngine

    model = GgufChatModel(
        model_path=path,
        context=settings.model_context,
        slots=settings.model_slots,
        threads=settings.model_threads,
        cache_dir=settings.cache_dir / "kv",
        decoding=decoding,
    )
    return InProcessEngine(model)


def _on_gpu(settings: Settings, source: str, decoding: Decoding) -> Engine:
    from shopwright.agent.engines.fallback import FallbackEngine
    from shopwright.agent.engines.hardware import cuda_available
    from shopwright.agent.engines.in_process import InProcessEngine
    from shopwright.agent.engines.nf4 import Nf4ChatModel

    model = Nf4ChatModel(
        source=source,
        adapter=settings.adapter,
        device="cuda" if cuda_available() else "cpu",
        memory_gb=settings.gpu_memory_gb,
        context=settings.model_context,
        slots=settings.model_slots,
        cache_dir=settings.cache_dir / "nf4",
        decoding=decoding,
    )
    spare = settings.model_path or embedded_file(settings)
    return FallbackEngine(InProcessEngine(model), model, lambda: _on_cpu(settings, spare, decoding))


def open_assistant(settings: Settings) -> Assistant:
    """The assistant over the shop in the data folder. The model loads at the first request or `warm()`."""
    return Assistant(Shop(settings), open_engine(settings), tracer=_tracer(settings))


def _tracer(settings: Settings) -> Traces | None:
    if not settings.traces:
        return None
    from shopwright.agent.tracing import open_tracer

    return open_tracer(settings.traces, text=settings.traces_text)
