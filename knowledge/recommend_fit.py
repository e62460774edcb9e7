"""What the recommender learns from orders: who bought what lately, what is bought together, what sells.

Co-purchase is item-based collaborative filtering (Sarwar et al., 2001): the cosine between two products'
sets of buyers, shrunk towards 0 where few bought both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sqlalchemy import case, func, select
from sqlalchemy.engine import Engine

from shopwright.knowledge import saved
from shopwright.knowledge.columns import LINES, ORDERS
from shopwright.knowledge.fetch import Progress

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NAME = "recommender"
RECENT_DAYS = 28
SEGMENT_DAYS = 91
PAIR_DAYS = 182
MIN_BUYERS = 5
MIN_BOTH = 5
NEIGHBOURS = 40
SHRINK = 10.0
BLOCK = 500


@dataclass(frozen=True)
class Fitted:
    """Arrays over the products sold in the last PAIR_DAYS days (rows p) and their customers (rows c).

    `neighbours`, `cosines`, `both`: shape (p, NEIGHBOURS); rows of `products`, -1 where there are fewer.
    `indptr`, `indices`: the products that each customer bought in the last SEGMENT_DAYS days, as CSR.
    `buyers`, `recent`, `before`: customers who bought the product in the last PAIR_DAYS days, in the
    last RECENT_DAYS days, and in the RECENT_DAYS before those.
    """

    until: NDArray[np.datetime64]
    products: Ints
    customers: Ints
    buyers: Ints
    recent: Ints
    before: Ints
    neighbours: Ints
    cosines: Floats
    both: Ints
    indptr: Ints
    indices: Ints

    @property
    def day(self) -> str:
        """The last day of the orders it was fitted on, as YYYY-MM-DD."""
        return str(self.until.astype("datetime64[D]"))

    def save(self, path: Path) -> None:
        """Write the arrays to an npz file."""
        arrays: dict[str, Any] = {field.name: _narrow(getattr(self, field.name)) for field in fields(self)}
        np.savez(path, **arrays)

    @classmethod
    def read(cls, path: Path) -> Fitted:
        """The arrays from an npz file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Half the bytes where nothing is lost that matters."""
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64 and (not array.size or np.abs(array).max() < 2**31):
        return array.astype(np.int32)
    return array


def fit_recommender(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> None:
    """Fit on the last PAIR_DAYS days of orders and save. Raises LookupError when there are no orders."""
    fitted = learn(shop.engine, shop.today, progress)
    config = {
        "recent_days": RECENT_DAYS,
        "segment_days": SEGMENT_DAYS,
        "pair_days": PAIR_DAYS,
        "min_buyers": MIN_BUYERS,
        "min_both": MIN_BOTH,
        "neighbours": NEIGHBOURS,
        "shrink": SHRINK,
    }
    fingerprint = saved.shop_fingerprint(shop.engine)
    with saved.saving(
        shop.model_dir(NAME), fingerprint=fingerprint, config=config, libraries=["numpy", "scipy"]
    ) as draft:
        fitted.save(draft.path("arrays.npz"))
        draft.figures["products"] = len(fitted.products)
        draft.figures["customers"] = len(fitted.customers)
        draft.figures["products_with_neighbours"] = int((fitted.neighbours[:, 0] >= 0).sum())


def learn(engine: Engine, until: datetime, progress: Progress = lambda _step, _done, _total: None) -> Fitted:
    """Learn from the orders of the PAIR_DAYS days that end with `until` (inclusive)."""
    progress("recommender: reading purchases", 0, 1)
    rows = _purchases(engine, until)
    progress("recommender: reading purchases", 1, 1)
    customers, customer_row = np.unique(rows["customer_id"], return_inverse=True)
    products, product_row = np.unique(rows["product_id"], return_inverse=True)
    shape = (len(customers), len(products))
    bought = csr_matrix((np.ones(len(customer_row)), (customer_row, product_row)), shape=shape)
    lately = rows["segment"] > 0
    segment = csr_matrix(
        (np.ones(int(lately.sum())), (customer_row[lately], product_row[lately])), shape=shape
    )
    neighbours, cosines, both = _neighbours(bought, progress)
    return Fitted(
        until=np.array(until, dtype="datetime64[s]"),
        products=products,
        customers=customers,
        buyers=np.bincount(product_row, minlength=len(products)),
        recent=np.bincount(product_row, rows["recent"], minlength=len(products)).astype(np.int64),
        before=np.bincount(product_row, rows["before"], minlength=len(products)).astype(np.int64),
        neighbours=neighbours,
        cosines=cosines,
        both=both,
        indptr=segment.indptr.astype(np.int64),
        indices=segment.indices.astype(np.int64),
    )


def _purchases(engine: Engine, until: datetime) -> dict[str, Ints]:
    """One row a customer and product: flags for bought in the recent, the earlier and the segment days."""
    at = ORDERS.c.ordered_at
    recent, before, segment, start = (
        until - timedelta(days=days) for days in (RECENT_DAYS, 2 * RECENT_DAYS, SEGMENT_DAYS, PAIR_DAYS)
    )
    query = (
        select(
            ORDERS.c.customer_id,
            LINES.c.product_id,
            func.max(case((at > recent, 1), else_=0)).label("recent"),
            func.max(case(((at > before) & (at <= recent), 1), else_=0)).label("before"),
            func.max(case((at > segment, 1), else_=0)).label("segment"),
        )
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(at > start, at <= until, ORDERS.c.status != "cancelled")
        .group_by(ORDERS.c.customer_id, LINES.c.product_id)
    )
    with engine.connect() as connection:
        result = connection.execution_options(yield_per=50_000).execute(query)
        names = list(result.keys())
        parts = [np.array(part, dtype=np.int64) for part in result.partitions()]
    table = np.concatenate(parts) if parts else np.empty((0, len(names)), dtype=np.int64)
    return {name: table[:, column] for column, name in enumerate(names)}


def _neighbours(bought: csr_matrix, progress: Progress) -> tuple[Ints, Floats, Ints]:
    """The products most often bought by the same customers, best first, for each product."""
    count = bought.shape[1]
    buyers = np.asarray(bought.sum(axis=0)).ravel()
    known = np.flatnonzero(buyers >= MIN_BUYERS)
    kept = bought[:, known].tocsr()
    by_product = kept.T.tocsr()
    neighbours = np.full((count, NEIGHBOURS), -1, dtype=np.int64)
    cosines = np.zeros((count, NEIGHBOURS))
    both = np.zeros((count, NEIGHBOURS), dtype=np.int64)
    for start in range(0, len(known), BLOCK):
        progress("recommender: products bought together", start, len(known))
        rows = known[start : start + BLOCK]
        shared = (by_product[start : start + BLOCK] @ kept).tocsr()
        for offset, row in enumerate(rows):
            span = slice(shared.indptr[offset], shared.indptr[offset + 1])
            others, counts = shared.indices[span], shared.data[span]
            scores = counts / np.sqrt(buyers[row] * buyers[known[others]]) * counts / (counts + SHRINK)
            scores[(others == start + offset) | (counts < MIN_BOTH)] = -1.0
            best = _best(scores, known[others], NEIGHBOURS)
            best = best[scores[best] > 0]
            neighbours[row, : len(best)] = known[others[best]]
            cosines[row, : len(best)] = scores[best]
            both[row, : len(best)] = counts[best]
    progress("recommender: products bought together", len(known), len(known))
    return neighbours, cosines, both


def _best(scores: Floats, ids: Ints, count: int) -> Ints:
    """Positions of the `count` highest scores, best first; equal scores go by id."""
    if len(scores) > count:
        bar = np.partition(scores, -count)[-count]
        candidates = np.flatnonzero(scores >= bar)
    else:
        candidates = np.arange(len(scores))
    return candidates[np.lexsort((ids[candidates], -scores[candidates]))][:count]
