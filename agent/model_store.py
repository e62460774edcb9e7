"""Models that were pulled: one folder each below the downloads, with a manifest of every file's SHA-256."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopwright.agent.model_catalogue import CATALOGUE, SupportedModel, known
from shopwright.agent.model_files import ModelError, Weights, look_at
from shopwright.knowledge.fetch_files import sha256_of, stamp, write_whole
from shopwright.knowledge.fetch_sources import ModelFile
from shopwright.knowledge.settings import Settings

Progress = Callable[[str, int, int], None]
"""Told (step, bytes done, bytes in all)."""

MANIFEST = "shopwright-manifest.json"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")


class PulledFile(BaseModel):
    """A file as it was pulled."""

    model_config = ConfigDict(frozen=True)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int


class PulledModel(BaseModel):
    """What was pulled: from where, at which commit, and every file."""

    model_config = ConfigDict(frozen=True)
    repository: str
    revision: str
    engine: Literal["gguf", "nf4"]
    licence: str = ""
    files: Mapping[str, PulledFile]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files.values())


def store(settings: Settings) -> Path:
    """The folder that holds all pulled models."""
    return settings.downloads / "models"


def folder_of(settings: Settings, repository: str) -> Path:
    """Where the model of a hub id is kept once it is whole."""
    return store(settings) / repository.replace("/", "--")


def read_manifest(folder: Path) -> PulledModel:
    """The manifest of a pulled model. Raises ModelError when it is missing or damaged."""
    path = folder / MANIFEST
    try:
        return PulledModel.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{folder} was not pulled by Shopwright: it has no {MANIFEST}.") from None
    except (ValidationError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is damaged. Delete {folder} and pull the model again.") from error


def write_manifest(folder: Path, model: PulledModel) -> None:
    """Write the manifest, whole or not at all."""
    write_whole(folder / MANIFEST, model.model_dump_json(indent=1))


def pulled(settings: Settings) -> list[tuple[Path, PulledModel]]:
    """All whole pulled models with a readable manifest, by name."""
    found = []
    for path in sorted(store(settings).glob(f"*/{MANIFEST}")):
        if path.parent.suffix not in (".partial", ".old"):
            try:
                found.append((path.parent, read_manifest(path.parent)))
            except ModelError:
                continue
    return found


def here(settings: Settings, model: SupportedModel) -> Path | None:
    """Where a model of the catalogue lies; None until it was fetched or pulled."""
    path = settings.downloads / model.file.name if model.file else folder_of(settings, model.repository)
    return path if path.exists() else None


def find(settings: Settings, text: str) -> Weights:
    """The model that a person means: a catalogue name, a hub id that was pulled, or a path.

    Headers are read, nothing is hashed. Raises ModelError when it is not here or cannot be used.
    """
    model = known(text) or _pinned_at(settings, Path(text))
    if model is not None and model.file is not None:
        path = settings.downloads / model.file.name
        if not path.is_file():
            raise ModelError(f"{model.name} is not here. Run `shopwright models pull {model.name}`.")
        return look_at(path)
    repository = model.repository if model else text
    folder = folder_of(settings, repository)
    if HUB_ID.match(repository) and folder.is_dir():
        read_manifest(folder)
        return look_at(folder)
    if model is None and Path(text).expanduser().exists():
        return look_at(Path(text).expanduser().absolute())
    if text.startswith(("/", "./", "../", "~")) or text.endswith(".gguf"):
        raise ModelError(f"There is nothing at {text}. Check the path.")
    if HUB_ID.match(repository):
        raise ModelError(f"{repository} is not here. Run `shopwright models pull {text}`.")
    raise ModelError(
        f"{text!r} is no model we know, no hub id (owner/name) and no path. `shopwright models list` shows "
        "the names."
    )


def _pinned_at(settings: Settings, path: Path) -> SupportedModel | None:
    """The embedded model whose place this path is."""
    places = {(settings.downloads / m.file.name).resolve(): m for m in CATALOGUE if m.file}
    return places.get(path.resolve())


def verify(settings: Settings, text: str, progress: Progress) -> tuple[Path, str]:
    """Hash a model's files and read their headers; returns the path and what was compared.

    Raises ModelError, which names the bad file and what to do.
    """
    weights = find(settings, text)
    pinned = _pinned_at(settings, weights.source)
    if pinned is not None and pinned.file is not None:
        _verify_pinned(settings.downloads / pinned.file.name, pinned.file, progress)
        return weights.source, "pinned SHA-256"
    folder = weights.source if weights.source.is_dir() else weights.source.parent
    if not (folder / MANIFEST).is_file():
        return weights.source, "headers only: it was not pulled, so there is no hash to compare"
    verify_files(folder, read_manifest(folder), progress)
    return folder, "manifest of the pull"


def verify_files(folder: Path, model: PulledModel, progress: Progress) -> None:
    """Compare every file with the manifest. Raises ModelError for the first that differs."""
    for name, wanted in model.files.items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing. {_again(model.repository)}")
        found = sha256_of(path, partial(_tell, progress, f"Checking {name}", wanted.size))
        if found != wanted.sha256:
            raise ModelError(
                f"{path} is damaged: its SHA-256 is {found}, not {wanted.sha256}. {_again(model.repository)}"
            )
    foreign = sorted(p.name for p in folder.iterdir() if p.name not in model.files and p.name != MANIFEST)
    if foreign:
        raise ModelError(
            f"{folder / foreign[0]} was not pulled with the model. Move it elsewhere or delete it."
        )


def _tell(progress: Progress, step: str, size: int, done: int) -> None:
    progress(step, done, size)


def _again(repository: str) -> str:
    return f"Run `shopwright models pull {repository}` again: it fetches what is bad anew."


def _verify_pinned(path: Path, file: ModelFile, progress: Progress) -> None:
    found = sha256_of(path, lambda done: progress(f"Checking {file.name}", done, file.size))
    if found != file.sha256:
        raise ModelError(
            f"{path} is damaged: its SHA-256 is {found}, not {file.sha256}. Delete it and run "
            f"`shopwright models pull {file.hub_repository}`."
        )
    stamp(path, found)
