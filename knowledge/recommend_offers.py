"""Which products stood out in the stores lately: on display, in the mailer.

Promotions carry week numbers of the shop's own calendar and no dates. Weeks are taken to follow each other
without gaps, and the newest week that has promotions to be the week that ends with the shop's last order; the
week of an earlier day follows by counting back. Weeks after a day are never looked at for that day.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, func, select
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.tables import Promotion

LATELY = 2  # weeks

Floats = NDArray[np.float64]


class Offers(NamedTuple):
    """Stores a week, a position a catalogue row: in the last LATELY weeks, and in all weeks until then."""

    display: Floats
    usual_display: Floats
    mailer: Floats
    usual_mailer: Floats


def read_offers(engine: Engine, catalogue: Catalogue, days_before_end: float) -> Offers:
    """As of `days_before_end` days before the shop's last order; zeros for a shop without promotions."""
    p = SQLModel.metadata.tables[str(Promotion.__tablename__)].c
    with engine.connect() as connection:
        first, newest = connection.execute(select(func.min(p.week), func.max(p.week))).one()
        if newest is None:
            return Offers(*(np.zeros(len(catalogue.ids)) for _ in range(4)))
        week = newest - floor(days_before_end / 7)
        lately = p.week > week - LATELY
        stores = (p.display_stores, p.mailer_stores)
        sums = [
            total
            for column in stores
            for total in (func.sum(case((lately, column), else_=0)), func.sum(column))
        ]
        rows = connection.execute(select(p.product_id, *sums).where(p.week <= week).group_by(p.product_id))
        table = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 5)
    places = catalogue.rows(table[:, 0])
    weeks = (LATELY, max(1, week - first + 1))
    found = []
    for column in range(1, 5):
        values = np.zeros(len(catalogue.ids))
        values[places[places >= 0]] = table[places >= 0, column] / weeks[(column - 1) % 2]
        found.append(values)
    return Offers(*found)
