"""Fetching a file from the Hugging Face hub, where the hub can be reached."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

HUB_SECONDS = 5.0


def hub_answers(repository: str, file: str, seconds: float = HUB_SECONDS) -> bool:
    """Whether the hub tells us of the file within `seconds`.

    Asked in a thread, because resolving a name can block for longer than any timeout of the request.
    """
    answered = threading.Event()
    thread = threading.Thread(target=_ask, args=(repository, file, seconds, answered.set), daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def _ask(repository: str, file: str, seconds: float, yes: Callable[[], None]) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of its HTTP library

    try:
        get_hf_file_metadata(hf_hub_url(repository, file), timeout=seconds)
    except (OSError, HTTPError):  # refused, unreachable, offline by setting, or not there
        return
    yes()


def hub_download(repository: str, file: str, folder: Path, on_bytes: Callable[[int], None]) -> Path | None:
    """Download the file below `folder`, going on where an earlier try stopped; None when the hub fails.

    `on_bytes` is told the bytes had so far.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of its HTTP library

    try:
        return Path(hf_hub_download(repository, file, local_dir=folder, tqdm_class=bar_of(on_bytes)))
    except (OSError, HTTPError, RuntimeError):  # RuntimeError: the hub's transfer library
        return None


def bar_of(on_bytes: Callable[[int], None]) -> Any:
    """A progress bar class for the hub's library that draws nothing and tells the bytes had so far."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        """Passes the hub's own progress on instead of drawing it."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **(options | {"disable": False, "file": _Nowhere()}))

        def update(self, n: float | None = 1) -> Any:
            shown = super().update(n)
            on_bytes(int(self.n))
            return shown

    return Bar


class _Nowhere:
    """A stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Accept and drop."""
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
