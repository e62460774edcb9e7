"""Which model answers: the settings' word first, then the choice of `shopwright models use`, then auto."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from shopwright.agent.engines.hardware import cuda_available
from shopwright.agent.model_catalogue import CATALOGUE, EMBEDDED, known
from shopwright.agent.model_files import ModelError, first_gguf
from shopwright.agent.model_store import HUB_ID, find, folder_of, here, pulled
from shopwright.knowledge.fetch_files import write_whole
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.settings import Settings

EngineName = Literal["gguf", "nf4", "remote"]


@dataclass(frozen=True)
class Choice:
    """The engine to open, and what it loads."""

    engine: EngineName
    source: Path | str
    """A GGUF file, a folder of safetensors, a hub id (nf4 alone), or the remote server's URL."""
    name: str
    """What people call the model."""


@dataclass(frozen=True)
class Listed:
    """A line of `shopwright models list`."""

    name: str
    repository: str
    engine: Literal["gguf", "nf4"]
    bytes: int
    """Of the weights: on disk for what was pulled besides the catalogue, else as the engine holds them."""
    licence: str
    parameters: int = 0
    card_gib: int = 0
    context_tokens: int = 0
    why: str = ""
    why_zh: str = ""
    here: bool = True
    in_use: bool = False


class _Kept(BaseModel):
    """The file that `shopwright models use` writes."""

    model_config = ConfigDict(frozen=True)
    name: str
    engine: Literal["gguf", "nf4"]
    source: Path


def choice_file(settings: Settings) -> Path:
    """Where the choice is kept."""
    return settings.data_dir / "model.json"


def use(settings: Settings, text: str) -> Choice:
    """Keep a model as the choice, after a look into its files; `default` forgets the choice.

    Returns what was chosen, which the environment may still overrule: see `overruled`. Raises ModelError.
    """
    if text.strip().lower() == "default":
        choice_file(settings).unlink(missing_ok=True)
        return Choice("gguf", embedded_file(settings), EMBEDDED.name)
    weights = find(settings, text)
    kept = _Kept(name=_name(text, weights.source), engine=weights.engine, source=weights.source)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    write_whole(choice_file(settings), kept.model_dump_json(indent=1))
    return Choice(kept.engine, kept.source, kept.name)


def overruled(settings: Settings) -> list[str]:
    """The environment variables that are set and win over the kept choice."""
    values = {"ENGINE": settings.engine != "auto", "MODEL": settings.model, "MODEL_PATH": settings.model_path}
    return [f"SHOPWRIGHT_{name}" for name, value in values.items() if value]


def chosen(settings: Settings) -> Choice:
    """What is to be opened. Nothing is read but the kept choice and folders' names; nothing is loaded.

    Raises ModelError when the kept choice is damaged or gone, or does not go with SHOPWRIGHT_ENGINE.
    """
    if settings.engine == "remote":
        return Choice("remote", settings.remote_url, settings.remote_model)
    if settings.model and settings.engine != "gguf":
        return _of_setting(settings)
    if settings.model_path:
        return Choice(_engine_for_gguf(settings), settings.model_path, settings.model_path.stem)
    kept = _kept(settings)
    if kept is None:
        return Choice(_engine_for_gguf(settings), embedded_file(settings), EMBEDDED.name)
    if kept.engine == "gguf":
        return Choice(_engine_for_gguf(settings), kept.source, kept.name)
    if settings.engine == "gguf":
        raise ModelError(
            f"SHOPWRIGHT_ENGINE is gguf, but the model in use, {kept.name}, is not a GGUF file. Unset "
            "SHOPWRIGHT_ENGINE, or run `shopwright models use default`."
        )
    return Choice("nf4", kept.source, kept.name)


def listing(settings: Settings) -> list[Listed]:
    """The catalogue, then what else was pulled."""
    try:
        using = chosen(settings).name
    except ModelError:
        using = ""
    listed = [
        Listed(
            name=model.name,
            repository=model.repository,
            engine=model.engine,
            bytes=model.size,
            licence=model.licence,
            parameters=model.shape.parameters,
            card_gib=model.card,
            context_tokens=model.room,
            why=model.why,
            why_zh=model.why_zh,
            here=here(settings, model) is not None,
            in_use=using in (model.name, model.repository),
        )
        for model in CATALOGUE
    ]
    ours = {model.repository for model in CATALOGUE}
    return listed + [
        Listed(m.repository, m.repository, m.engine, m.size, m.licence, in_use=using == m.repository)
        for _, m in pulled(settings)
        if m.repository not in ours
    ]


def _of_setting(settings: Settings) -> Choice:
    """SHOPWRIGHT_MODEL: a name of the catalogue, a hub id (pulled or not), a folder or a GGUF file."""
    text = settings.model
    model, path = known(text), Path(text).expanduser()
    if model is not None and model.file is not None:
        return Choice(_engine_for_gguf(settings), settings.downloads / model.file.name, model.name)
    if model is None and path.exists():
        engine = _engine_for_gguf(settings) if path.is_file() else "nf4"
        return Choice(engine, path, _name(text, path))
    repository = model.repository if model else text
    if not HUB_ID.match(repository):
        raise ModelError(
            f"SHOPWRIGHT_MODEL is {text!r}: no model we know, no hub id (owner/name) and no path. "
            "Correct or unset it."
        )
    folder = folder_of(settings, repository)
    if not folder.is_dir():
        return Choice("nf4", repository, repository)
    first = first_gguf(entry.name for entry in folder.iterdir())
    if first is not None:
        return Choice(_engine_for_gguf(settings), folder / first, repository)
    return Choice("nf4", folder, repository)


def _engine_for_gguf(settings: Settings) -> EngineName:
    """Both engines can take a GGUF file: nf4 where the setting or a CUDA device says so."""
    if settings.engine != "auto":
        return settings.engine
    return "nf4" if cuda_available() else "gguf"


def embedded_file(settings: Settings) -> Path:
    """Where the embedded model's file is, or will be once it was fetched."""
    return settings.downloads / QWEN.name


def _name(text: str, source: Path) -> str:
    model = known(text)
    if model is not None:
        return model.name
    return (
        text
        if HUB_ID.match(text) and not Path(text).exists()
        else source.stem
        if source.is_file()
        else source.name
    )


def _kept(settings: Settings) -> _Kept | None:
    path = choice_file(settings)
    try:
        kept = _Kept.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{path} is damaged. Run `shopwright models use NAME`, or `shopwright models use default`."
        ) from error
    if not kept.source.exists():
        raise ModelError(
            f"The model in use, {kept.name}, is gone from {kept.source}. Bring it back, or run "
            "`shopwright models use default`."
        )
    return kept
