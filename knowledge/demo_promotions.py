"""Promotions of the demo's source, counted per product and week without loading the 20.9 million rows."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from shopwright.knowledge.bulk import Row

Numbers = np.ndarray[Any, Any]
SCAN = 500_000
PLACES = ("display_location", "mailer_location")


@dataclass(frozen=True)
class StoreCounts:
    """`cells` rows of (product, week, stores with a display, stores with a mailer), from `used` rows read."""

    rows: Iterator[Row]
    cells: int
    read: int
    used: int
    dropped: dict[str, int]


def count_stores(path: Path, reason: pd.Series, on_scan: Callable[[int, int], None]) -> StoreCounts:
    """Count distinct stores per product and week; `reason` says why a product is dropped ('' when kept).

    The source has one row a product, store, week and place. A store is counted once however many
    places it has, so each row becomes one number (product, week, store) and repeats fall together.
    """
    keys = np.sort(reason.index[reason == ""].to_numpy())
    why = reason.to_dict()
    file = pq.ParquetFile(path, read_dictionary=list(PLACES))
    read, used, dropped = 0, 0, Counter[str]()
    seen: list[Numbers] = [np.array([], dtype=np.int64)]
    placed: dict[str, list[Numbers]] = {place: list(seen) for place in PLACES}
    for batch in file.iter_batches(SCAN, columns=["product_id", "store_id", "week", *PLACES]):
        product = batch.column("product_id").to_numpy()
        position = np.minimum(np.searchsorted(keys, product), len(keys) - 1)
        known = keys[position] == product
        cell = (position.astype(np.int64) << 8) | batch.column("week").to_numpy()
        store = (cell << 20) | batch.column("store_id").to_numpy()
        seen.append(_distinct([cell[known]]))
        for place in PLACES:
            placed[place].append(store[known & _on(batch.column(place))])
        for key, count in zip(*np.unique(product[~known], return_counts=True), strict=True):
            dropped[why.get(int(key), "product not listed")] += int(count)
        read, used = read + batch.num_rows, used + int(known.sum())
        on_scan(read, file.metadata.num_rows)
    cells = _distinct(seen)
    stores = [_stores(cells, placed.pop(place)).tolist() for place in PLACES]
    rows = zip(keys[cells >> 8].tolist(), (cells & 255).tolist(), *stores, strict=True)
    return StoreCounts(rows, len(cells), read, used, dict(dropped))


def _on(places: pa.DictionaryArray) -> Numbers:
    """Which rows name a place; the source writes '0' for none."""
    none = [code for code, text in enumerate(places.dictionary.to_pylist()) if text in ("0", None)]
    chosen: Numbers = ~np.isin(places.indices.to_numpy(zero_copy_only=False), none)
    return chosen


def _stores(cells: Numbers, found: list[Numbers]) -> Numbers:
    """How many distinct stores each product and week (`cells`, sorted) has among `found`."""
    distinct = _distinct(found)
    return np.bincount(np.searchsorted(cells, distinct >> 20), minlength=len(cells))


def _distinct(pieces: list[Numbers]) -> Numbers:
    """The distinct values, sorted; by sorting, ten times as quick here as `np.unique`'s hashing."""
    values = np.concatenate(pieces)
    values.sort()
    return values[np.concatenate(([True], values[1:] != values[:-1]))] if len(values) else values
