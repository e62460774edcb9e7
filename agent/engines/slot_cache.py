"""A static KV cache with one row a conversation, written and read at any position of each row.

The buffers never move, so that a decode step over them can be captured as a CUDA graph; each row has its
own length, so that requests join and leave a batch as they come and go (continuous batching).
"""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import Cache
from transformers.cache_utils import CacheLayerMixin


@dataclass
class Focus:
    """Where a step writes: `rows` (b, 1) within the rows in view, `positions` (b, t) within each."""

    start: int
    count: int
    length: int
    rows: torch.Tensor
    positions: torch.Tensor


class SlotLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not typed for us
    """Keys and values of one layer: (slots, heads, length, head size)."""

    is_compileable = True

    def __init__(self, slots: int, length: int) -> None:
        super().__init__()
        self.slots, self.length = slots, length

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Allocate the buffers in the shape and on the device of the first keys and values."""
        self.keys, self.values = (
            torch.zeros(
                (self.slots, states.shape[1], self.length, states.shape[3]),
                dtype=states.dtype,
                device=states.device,
            )
            for states in (key_states, value_states)
        )
        self.is_initialized = True

    def look(self, focus: Focus) -> None:
        """Turn to the rows and columns that the next step reads."""
        self.rows, self.positions = focus.rows, focus.positions
        self.window = (slice(focus.start, focus.start + focus.count), slice(None), slice(0, focus.length))
        if self.is_initialized:
            self.seen_keys, self.seen_values = self.keys[self.window], self.values[self.window]

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new keys and values (b, heads, t, size); return all in view (b, heads, length, size)."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.seen_keys, self.seen_values = self.keys[self.window], self.values[self.window]
        self.seen_keys[self.rows, :, self.positions] = key_states.transpose(1, 2)
        self.seen_values[self.rows, :, self.positions] = value_states.transpose(1, 2)
        return self.seen_keys, self.seen_values

    def get_seq_length(self) -> int:
        """Zero: every row has a length of its own, and positions are always given."""
        return 0

    def get_max_length(self) -> int:
        """Columns of a row."""
        return self.length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """The columns in view, from the first."""
        return self.seen_keys.shape[2], 0


class SlotCache(Cache):  # type: ignore[misc]  # as above
    """The KV cache of all layers."""

    def __init__(self, layers: int, slots: int, length: int) -> None:
        self.slots, self.length = slots, length
        self.slot_layers = [SlotLayer(slots, length) for _ in range(layers)]
        super().__init__(layers=list(self.slot_layers))

    def look(self, focus: Focus) -> None:
        """Turn all layers to the rows and columns that the next step reads."""
        for layer in self.slot_layers:
            layer.look(focus)

    @torch.inference_mode()
    def copy_out(self, slot: int, length: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The first `length` keys and values of a row, as they are now."""
        return [
            (layer.keys[slot, :, :length].clone(), layer.values[slot, :, :length].clone())
            for layer in self.slot_layers
        ]

    @torch.inference_mode()
    def copy_in(self, slot: int, saved: list[tuple[torch.Tensor, torch.Tensor]], length: int) -> None:
        """Put the first `length` saved keys and values at a row's beginning."""
        for layer, (keys, values) in zip(self.slot_layers, saved, strict=True):
            layer.keys[slot, :, :length] = keys[:, :length]
            layer.values[slot, :, :length] = values[:, :length]
