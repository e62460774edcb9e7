"""Fetching what set-up needs."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told (step, done, total) as long work goes on; `total` is 0 where it is not known."""
