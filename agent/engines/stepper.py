"""One step of a model over the slot cache: eager for prefill, a captured CUDA graph for decoding.

Decoding one token at a time launches some hundred small kernels; on a fast GPU the launches, not the
memory, set the speed. A step is therefore compiled (fewer kernels) and captured as a CUDA graph (one
launch), for every shape that decoding uses. Where either fails, the step falls back to what works.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import torch

from shopwright.agent.engines.slot_cache import Focus, SlotCache

log = logging.getLogger(__name__)

WIDTHS = (1, 8)
"""Tokens a row in a decode step: one, or one with drafts and forced tokens behind it."""
SHORTEST_VIEW = 512
CAPTURED_VIEWS = 2
"""Lengths of the cache that captured steps look at: half of it, and all of it. Each takes compiling."""
WARM_UP_STEPS = 2
CAPTURING = threading.Lock()


class Stepper:
    """Runs the model on token ids at positions and returns logits."""

    def __init__(self, model: Any, cache: SlotCache, *, graphs: bool, compiled: bool) -> None:
        self.model, self.cache = model, cache
        self.device = next(model.parameters()).device
        self.graphs, self.compiled = graphs, compiled
        self._captured: dict[tuple[int, int, int, int], _Graph] = {}
        self._pool: Any = None
        self._columns = torch.arange(cache.length, device=self.device)
        self._rows = torch.arange(cache.slots, device=self.device)[:, None]
        self._windows = _windows(model.config)
        self._compiled = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def view(self, longest: int) -> int:
        """The columns to look at for rows up to `longest` tokens: few different numbers, each captured."""
        length = -(-self.cache.length // CAPTURED_VIEWS) if self.graphs else SHORTEST_VIEW
        while length < longest:
            length *= 2
        return min(length, self.cache.length)

    def prepare(self) -> None:
        """Capture the steps of single conversations, before a person waits for them."""
        if not self.graphs or self._captured:
            return
        self.prefill(0, [0], 0)  # allocates the cache
        for width in WIDTHS:
            for longest in sorted({self.view(width), self.cache.length}):
                for slot in range(self.cache.slots):
                    self.decode(slot, [[0] * width], [list(range(longest - width, longest))])

    @torch.inference_mode()
    def prefill(self, slot: int, tokens: Sequence[int], position: int) -> torch.Tensor:
        """Logits (1, 1, vocabulary) after the last of `tokens`, which begin at `position` of a slot."""
        ids = torch.tensor([list(tokens)], device=self.device)
        positions = torch.arange(position, position + len(tokens), device=self.device)[None]
        self._look(slot, 1, self.view(position + len(tokens)), positions)
        return self._forward(ids, positions, keep=1)

    @torch.inference_mode()
    def decode(self, start: int, tokens: list[list[int]], positions: list[list[int]]) -> torch.Tensor:
        """Logits (rows, t, vocabulary) of t tokens in each of the rows from slot `start` on."""
        longest = max(row[-1] for row in positions) + 1
        ids, places = torch.tensor(tokens), torch.tensor(positions)
        key = (start, len(tokens), len(tokens[0]), self.view(longest))
        if self.graphs and key[2] in WIDTHS:
            graph = self._captured.get(key) or self._capture(key)
            if graph is not None:
                return graph.replay(ids, places)
        ids, places = ids.to(self.device), places.to(self.device)
        self._look(start, key[1], key[3], places)
        step = self._compiled if self.compiled and key[1] == 1 else self._forward
        return step(ids, places)

    def _look(self, start: int, count: int, length: int, positions: torch.Tensor) -> None:
        self.cache.look(Focus(start, count, length, self._rows[:count], positions))

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor, keep: int = 0) -> torch.Tensor:
        columns = self._columns[: self.cache.slot_layers[0].window[2].stop]
        seen = columns[None, None, None, :] <= positions[:, None, :, None]
        masks = {
            kind: seen if window is None else seen & (columns > positions[:, None, :, None] - window)
            for kind, window in self._windows.items()
        }
        mask: Any = masks if len(masks) > 1 else next(iter(masks.values()))
        logits: torch.Tensor = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=keep,
        ).logits
        return logits

    # Captured steps

    def _capture(self, key: tuple[int, int, int, int]) -> "_Graph | None":
        start, count, width, length = key
        try:
            with CAPTURING:
                graph = _Graph(self, start, count, width, length, self._pool)
            self._pool = graph.pool
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever a compiler or the driver cannot do, eager can)
            log.warning("step %s was not captured: %s", key, error)
            if self.compiled:
                self.compiled = False
                return self._capture(key)
            self.graphs = False
            return None
        self._captured[key] = graph
        return graph


class _Graph:
    """A step captured for one shape: fill the inputs, replay, read the output."""

    def __init__(self, stepper: Stepper, start: int, count: int, width: int, length: int, pool: Any) -> None:
        device = stepper.device
        # Trial runs write keys and values; they do it where the row's next real tokens overwrite them.
        self.ids = torch.zeros((count, width), dtype=torch.long, device=device)
        last = stepper.cache.length - width
        self.positions = torch.arange(last, last + width, device=device).expand(count, width).clone()
        self.positions.clamp_(max=length - 1)
        step = stepper._compiled if stepper.compiled and count == 1 else stepper._forward
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # untyped in torch
        stream.wait_stream(torch.cuda.current_stream())
        saved = [stepper.cache.copy_out(slot, length) for slot in range(start, start + count)]
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_STEPS):
                stepper._look(start, count, length, self.positions)
                step(self.ids, self.positions)
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool):
            self.logits = step(self.ids, self.positions)
        self.pool = self.graph.pool()
        for slot, rows in zip(range(start, start + count), saved, strict=True):
            stepper.cache.copy_in(slot, rows, length)

    def replay(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Logits for new ids and positions, valid until the next replay."""
        self.ids.copy_(ids)
        self.positions.copy_(positions)
        self.graph.replay()
        return self.logits


def _windows(config: Any) -> dict[str, int | None]:
    """Kinds of attention that the layers have, each with its window in tokens; None: all of the past."""
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    kinds = set(getattr(text, "layer_types", None) or [])
    if not kinds:
        kinds = {
            "sliding_attention" if window and getattr(text, "use_sliding_window", True) else "full_attention"
        }
    return {kind: window if kind == "sliding_attention" else None for kind in sorted(kinds)}
