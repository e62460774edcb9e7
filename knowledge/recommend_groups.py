"""What the customers of a group buy more than others do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sqlalchemy import select
from sqlalchemy.engine import Engine

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.columns import LINES, ORDERS
from shopwright.knowledge.recommend_lines import Lines

GROUP_DAYS = 91
LIFT_PRIOR = 60.0
DRAWN = 500

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Shares(NamedTuple):
    """Lift by catalogue row; share of the group's active customers who bought each; how many are active.

    Active: with an order in the last GROUP_DAYS days. The lift is that share over everyone's, drawn towards 1
    as if LIFT_PRIOR average customers belonged to the group. `drawn`: the active ones are a sample of it.
    """

    lifts: Floats
    shares: Floats
    active: int
    drawn: bool


@dataclass(frozen=True)
class Groups:
    """What each active customer read at fitting bought in the last GROUP_DAYS days (rows as CSR)."""

    customers: Ints
    bought: csr_matrix
    sampled: bool
    day: float

    @property
    def everyone(self) -> Floats:
        """Share of all active customers who bought each row."""
        share: Floats = np.asarray(self.bought.sum(axis=0)).ravel() / max(1, len(self.customers))
        return share

    def shares(self, engine: Engine, catalogue: Catalogue, members: Ints) -> Shares:
        """What the members buy beside what everyone buys.

        Where only a sample of the customers was read at fitting, a sample of DRAWN members is read now.
        """
        if self.sampled:
            chosen = members
            if len(members) > DRAWN:
                chosen = np.sort(np.random.default_rng(0).choice(members, DRAWN, replace=False))
            counts, active = _read(engine, catalogue, chosen, self.day)
        else:
            rows = np.flatnonzero(np.isin(self.customers, members))
            counts, active = np.asarray(self.bought[rows].sum(axis=0)).ravel(), len(rows)
        everyone, share = self.everyone, counts / max(1, active)
        drawn = (counts + LIFT_PRIOR * everyone) / (active + LIFT_PRIOR)
        lifts = np.divide(drawn, everyone, out=np.ones_like(drawn), where=everyone > 0)
        return Shares(lifts, share, active, self.sampled and len(members) > DRAWN)

    def save(self, path: Path, catalogue: Catalogue) -> None:
        """Write as ids of customers and products."""
        np.savez(
            path, customers=self.customers, starts=self.bought.indptr.astype(np.int64),
            products=catalogue.ids[self.bought.indices], sampled=np.array(self.sampled),
            day=np.array(self.day),
        )  # fmt: skip


def group(lines: Lines, catalogue: Catalogue, day: float) -> Groups:
    """From lines that end with `day`."""
    late = lines.days > day - GROUP_DAYS
    users, rows = lines.users[late], lines.rows[late]
    active, places = np.unique(users, return_inverse=True)
    bought = csr_matrix((np.ones(len(rows)), (places, rows)), shape=(len(active), len(catalogue.ids)))
    bought.data[:] = 1.0
    return Groups(lines.customers[active], bought, lines.sampled, day)


def load_groups(path: Path, catalogue: Catalogue) -> Groups:
    """What `save` wrote, on the catalogue as it is now."""
    with np.load(path, allow_pickle=False) as file:
        starts, products = file["starts"], file["products"]
        customers, sampled, day = file["customers"], bool(file["sampled"]), float(file["day"])
    rows = catalogue.rows(products.astype(np.int64))
    users = np.repeat(np.arange(len(customers)), np.diff(starts))
    known = rows >= 0
    shape = (len(customers), len(catalogue.ids))
    bought = csr_matrix((np.ones(int(known.sum())), (users[known], rows[known])), shape=shape)
    return Groups(customers, bought, sampled, day)


def _read(engine: Engine, catalogue: Catalogue, members: Ints, day: float) -> tuple[Floats, int]:
    """Members who bought each row in the GROUP_DAYS days that end with `day`, and how many bought at all."""
    end = datetime.fromtimestamp(day * 86400, UTC).replace(tzinfo=None)
    start = end - timedelta(days=GROUP_DAYS)
    query = (
        select(ORDERS.c.customer_id, LINES.c.product_id)
        .join(LINES, LINES.c.order_id == ORDERS.c.id)
        .where(ORDERS.c.customer_id.in_(members.tolist()), ORDERS.c.status != "cancelled")
        .where(ORDERS.c.ordered_at > start, ORDERS.c.ordered_at <= end + timedelta(seconds=1))
        .distinct()
    )
    with engine.connect() as connection:
        found = np.array([tuple(row) for row in connection.execute(query)], dtype=np.int64).reshape(-1, 2)
    rows = catalogue.rows(found[:, 1])
    counts = np.bincount(rows[rows >= 0], minlength=len(catalogue.ids)).astype(np.float64)
    return counts, len(np.unique(found[:, 0]))
