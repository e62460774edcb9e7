"""Pulling a model from the Hugging Face hub: weights and tokenizer as data, at one commit, hashed.

Files come one after the other into a folder of their own, `.partial` until all are there, hashed and looked
into; an interrupted pull goes on where it stopped, within a file too. Only then does the folder get its name.
"""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from shopwright.agent.model_catalogue import known
from shopwright.agent.model_files import (
    PICKLES,
    ModelError,
    check_config,
    first_gguf,
    look_at,
    parts_of,
)
from shopwright.agent.model_store import (
    HUB_ID,
    MANIFEST,
    Progress,
    PulledFile,
    PulledModel,
    folder_of,
    read_manifest,
    verify_files,
    write_manifest,
)
from shopwright.knowledge.fetch import fetch_model
from shopwright.knowledge.fetch_files import sha256_of
from shopwright.knowledge.fetch_hub import bar_of
from shopwright.knowledge.settings import Settings

T = TypeVar("T")
HUB_SECONDS = 20.0
SPARE = 1 << 30
_WORDS = re.compile(
    r"(merges|vocab)\.txt\Z|.*\.json\Z|(tokenizer|sentencepiece\.bpe|spiece)\.model\Z|.*\.jinja\Z"
)
_NO_HUB = (
    "Without a hub, copy the model's folder (its *.safetensors, *.json and tokenizer files) or a GGUF file "
    "here from elsewhere and run `shopwright models use PATH`."
)


@dataclass(frozen=True)
class Remote:
    """One file of a repository: its name, bytes, and its SHA-256 or, for a small one, Git's own hash."""

    name: str
    size: int
    sha256: str = ""
    blob: str = ""


def pull(settings: Settings, text: str, progress: Progress, *, file: str = "") -> Path:
    """Bring a model here: a name of the catalogue or a hub id; returns its folder or file.

    `file` names one of several GGUF files of a repository. What is here and whole is not fetched again;
    what is damaged is. Raises ModelError, or FetchError for an embedded model.
    """
    model = known(text)
    if model is not None and model.file is not None:
        return fetch_model(
            settings.model_copy(update={"model_path": None}), progress, verify=True, model=model.file
        )
    repository = model.repository if model else text
    if not HUB_ID.match(repository):
        raise ModelError(
            f"{text!r} is neither a name that `shopwright models list` shows nor a hub id (owner/name)."
        )
    info = _asked(repository, lambda: _model_info(repository))
    engine, wanted = choose(repository, _files(info), file)
    final = folder_of(settings, repository)
    partial = final.with_name(final.name + ".partial")
    if _is_whole(final, str(info.sha), wanted, progress):
        return final
    _begin(final, partial)
    _check_space(partial, repository, wanted)
    pulled: dict[str, PulledFile] = {}
    for remote in wanted:
        pulled[remote.name] = _fetch(repository, str(info.sha), remote, partial, progress)
        if remote.name in ("config.json", "tokenizer_config.json"):
            check_config(partial)
    for left in [path for path in partial.iterdir() if path.name not in pulled]:
        left.unlink()
    look_at(partial)
    licence = str((info.card_data or {}).get("license") or "")
    manifest = PulledModel(
        repository=repository, revision=str(info.sha), engine=engine, licence=licence, files=pulled
    )
    write_manifest(partial, manifest)
    _settle(partial, final)
    return final


def choose(
    repository: str, files: Iterable[Remote], file: str = ""
) -> tuple[Literal["gguf", "nf4"], list[Remote]]:
    """The engine and the files to fetch, small ones first. Raises ModelError when there is nothing to take.

    Safetensors go before GGUF; a GGUF repository with several quantisations needs `file`.
    """
    by_name = {remote.name: remote for remote in files if "/" not in remote.name}
    tensors = [name for name in by_name if name.endswith(".safetensors")]
    ggufs = [name for name in by_name if name.lower().endswith(".gguf")]
    if file and file not in ggufs:
        raise ModelError(
            f"{repository} has no GGUF file {file!r}. It has: {', '.join(sorted(ggufs)) or 'none'}."
        )
    if tensors and not file:
        if "config.json" not in by_name:
            raise ModelError(
                f"{repository} has no config.json, so it is no whole model (perhaps an adapter)."
            )
        words = [name for name in by_name if _WORDS.match(name)]
        names = sorted(words, key=lambda name: (name != "config.json", by_name[name].size)) + sorted(tensors)
        return "nf4", [by_name[name] for name in names]
    if ggufs:
        return "gguf", [by_name[name] for name in parts_of(_one_gguf(repository, ggufs, file), ggufs)]
    pickles = sorted(name for name in by_name if Path(name).suffix in PICKLES)
    if pickles:
        raise ModelError(
            f"{repository} has its weights as pickles only ({pickles[0]}), and opening a pickle runs the "
            "code in it, so it is refused. Choose a repository with safetensors or GGUF files."
        )
    raise ModelError(f"{repository} has no weights in safetensors or GGUF form. Choose another repository.")


def _one_gguf(repository: str, ggufs: list[str], file: str) -> str:
    first = file or first_gguf(ggufs)
    if first is None:
        usual = [name for name in ggufs if "q4_k_m" in name.lower()]
        first = first_gguf(usual)
    if first is None:
        raise ModelError(
            f"{repository} has several GGUF files: {', '.join(sorted(ggufs))}. Say which with `--file NAME`."
        )
    return first


# The hub


def _model_info(repository: str) -> Any:
    from huggingface_hub import HfApi

    return HfApi().model_info(repository, files_metadata=True, timeout=HUB_SECONDS)


def _files(info: Any) -> list[Remote]:
    return [
        Remote(str(s.rfilename), int(s.size or 0), str(s.lfs.sha256) if s.lfs else "", str(s.blob_id or ""))
        for s in info.siblings or ()
    ]


def _asked(repository: str, ask: Callable[[], T]) -> T:
    """What the hub answers. In a thread, because resolving a name can block for longer than any timeout."""
    answers: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread, which says what it means
            failures.append(error)

    thread = threading.Thread(target=work, daemon=True, name="hub")
    thread.start()
    thread.join(HUB_SECONDS + 5)
    if answers:
        return answers[0]
    raise _failure(repository, failures[0] if failures else TimeoutError("it did not answer"))


def _failure(repository: str, error: BaseException) -> ModelError:
    from huggingface_hub import constants, errors

    if isinstance(error, errors.GatedRepoError):
        said = (
            f"{repository} is only given to people who accepted its terms. Accept them on the hub, set "
            "HF_TOKEN, and pull again."
        )
    elif isinstance(error, errors.RepositoryNotFoundError):
        said = f"The hub has no model {repository}, or it is private. Check the name, or set HF_TOKEN."
    else:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        said = f"The hub ({constants.ENDPOINT}) could not give us {repository}: {reason}. {_NO_HUB}"
    return ModelError(said)


# Files


def _is_whole(final: Path, revision: str, wanted: list[Remote], progress: Progress) -> bool:
    """Whether just these files of the commit are here already, unchanged."""
    if not final.is_dir():
        return False
    try:
        manifest = read_manifest(final)
        if manifest.revision != revision or set(manifest.files) != {remote.name for remote in wanted}:
            return False
        verify_files(final, manifest, progress)
    except ModelError:
        return False
    return True


def _begin(final: Path, partial: Path) -> None:
    """Make the folder for what is being pulled; what an older state of the model has in common is linked."""
    partial.mkdir(parents=True, exist_ok=True)
    for path in final.iterdir() if final.is_dir() else ():
        if path.is_file() and path.name != MANIFEST and not (partial / path.name).exists():
            try:
                os.link(path, partial / path.name)
            except OSError:  # a file system without links: then it is fetched again
                continue


def _settle(partial: Path, final: Path) -> None:
    """Give the whole folder its name; an older state stays until then."""
    old = final.with_name(final.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if final.is_dir():
        final.replace(old)
    partial.replace(final)
    shutil.rmtree(old, ignore_errors=True)


def _check_space(folder: Path, repository: str, wanted: list[Remote]) -> None:
    had = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    needed = sum(remote.size for remote in wanted) - had + SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{repository} needs {needed / 1e9:.1f} GB more in {folder.parent}, and {free / 1e9:.1f} GB are "
            "free. Make room, or set SHOPWRIGHT_DATA_DIR to a larger disk."
        )


def _fetch(repository: str, revision: str, remote: Remote, folder: Path, progress: Progress) -> PulledFile:
    """One file, whole, with its SHA-256; fetched unless it lies there as the hub has it."""
    target = folder / remote.name
    found = _as_on_hub(target, remote, progress)
    if not found:
        _download(repository, revision, remote, folder, progress)
        found = _as_on_hub(target, remote, progress)
    if not found:
        target.unlink()
        raise ModelError(
            f"{remote.name} of {repository} came with another hash than the hub names; it was deleted. "
            "Pull again."
        )
    return PulledFile(sha256=found, size=target.stat().st_size)


def _as_on_hub(path: Path, remote: Remote, progress: Progress) -> str:
    """The file's SHA-256 where it is as the hub has it, else nothing."""
    if not path.is_file() or path.stat().st_size != remote.size:
        return ""
    found = sha256_of(path, lambda done: progress(f"Checking {remote.name}", done, remote.size))
    if remote.sha256:
        return found if found == remote.sha256 else ""
    if remote.blob:
        git = hashlib.sha1(b"blob %d\0" % remote.size + path.read_bytes(), usedforsecurity=False)
        return found if git.hexdigest() == remote.blob else ""
    return found


def _download(repository: str, revision: str, remote: Remote, folder: Path, progress: Progress) -> None:
    """Append to NAME.COMMIT.part, so that what another run fetched of the same file is not fetched again."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of its HTTP library
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    part = folder / f"{remote.name}.{revision[:12]}.part"
    step = f"Fetching {remote.name}"
    progress(step, 0, remote.size)
    try:
        where = get_hf_file_metadata(
            hf_hub_url(repository, remote.name, revision=revision), timeout=HUB_SECONDS
        )
        headers = build_hf_headers() if where.location.startswith(_endpoint()) else {}
        with part.open("ab") as file:
            if file.tell() > remote.size:
                file.truncate(0)
            http_get(
                where.location,
                file,
                resume_size=file.tell(),
                headers=headers,
                expected_size=remote.size,
                tqdm_class=bar_of(lambda done: progress(step, done, remote.size)),
            )
    except (OSError, HTTPError, ValueError) as error:
        raise _failure(repository, error) from error
    part.replace(folder / remote.name)


def _endpoint() -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/"
