"""What the orders say of each product, or of each product type: how many buy it, how often, at what price.

Products and types are both called items here; the same figures are counted for either.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.recommend_lines import Lines

WEEK, HALF, RECENT_DAYS, QUARTER = 7, 14, 28, 91
NEVER = 999.0
GAP_PRIOR = 5.0

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Items:
    """One position an item. All is counted over the customers whose lines were read.

    `week`, `half`, `recent`, `before`, `quarter`, `buyers`: customers who bought it in the last 7, 14 and
    28 days, in the 28 days before those, in the last 91 days, ever. `first_time`: customers whose first
    purchase of it lies in the last 28 days. `repeat`: share of its buyers who bought it again. `times`:
    orders with it a buyer. `gap`: days from one purchase to the next of the same customer. `last`, `first`:
    days since it was last and first sold. `price`: mean shelf price. `discount`, `usual_discount`: share of
    the shelf value taken off in the last 14 days, ever.
    """

    week: Floats
    half: Floats
    recent: Floats
    before: Floats
    quarter: Floats
    buyers: Floats
    first_time: Floats
    repeat: Floats
    times: Floats
    gap: Floats
    last: Floats
    first: Floats
    price: Floats
    discount: Floats
    usual_discount: Floats


FIELDS = tuple(field.name for field in fields(Items))


@dataclass(frozen=True)
class Pairs:
    """Customer and item pairs with an order, sorted by customer and item: orders, and ages in days.

    `fresh`: the sum of 2 ** (-age / 60) over the orders.
    """

    users: Ints
    items: Ints
    orders: Floats
    newest: Floats
    oldest: Floats
    fresh: Floats


def pair(lines: Lines, codes: Ints, day: float) -> Pairs:
    """The pairs in `lines`, whose rows are items by `codes`, with ages as of `day`."""
    users, items, ages = lines.users, codes[lines.rows], day - lines.days
    # A product on two lines of an order was bought once.
    order = np.lexsort((lines.orders, items, users))
    users, items, ages, orders = users[order], items[order], ages[order], lines.orders[order]
    if not len(users):
        empty = np.empty(0)
        return Pairs(users, items, empty, empty, empty, empty)
    new_pair = np.concatenate([[True], (np.diff(users) != 0) | (np.diff(items) != 0)])
    new_order = new_pair | np.concatenate([[True], np.diff(orders) != 0])
    users, items, ages, new_pair = users[new_order], items[new_order], ages[new_order], new_pair[new_order]
    starts = np.flatnonzero(new_pair)
    return Pairs(
        users[starts],
        items[starts],
        np.diff(np.append(starts, len(users))).astype(np.float64),
        np.minimum.reduceat(ages, starts),
        np.maximum.reduceat(ages, starts),
        np.add.reduceat(np.exp2(-ages / 60), starts),
    )


def count_items(lines: Lines, codes: Ints, count: int, day: float) -> tuple[Items, Pairs]:
    """The figures of `count` items as of `day`, from lines that end there, and the pairs they rest on."""
    pairs = pair(lines, codes, day)
    items, ages = codes[lines.rows], day - lines.days
    buyers = np.bincount(pairs.items, minlength=count).astype(np.float64)
    again = pairs.orders > 1
    gaps = (pairs.oldest - pairs.newest)[again] / (pairs.orders[again] - 1)
    usual = float(gaps.mean()) if len(gaps) else float(RECENT_DAYS)
    repeated = np.bincount(pairs.items[again], minlength=count)
    last, first = np.full(count, NEVER), np.zeros(count)
    np.minimum.at(last, items, ages)
    np.maximum.at(first, items, ages)
    every = np.maximum(buyers, 1)
    value = lines.paid + lines.discounts
    week, half, recent, before, quarter = (_buyers(items, ages, lines, span, count) for span in _SPANS)
    return Items(
        week=week,
        half=half,
        recent=recent,
        before=before,
        quarter=quarter,
        buyers=buyers,
        first_time=np.bincount(pairs.items[pairs.oldest < RECENT_DAYS], minlength=count).astype(np.float64),
        repeat=repeated / every,
        times=np.bincount(pairs.items, pairs.orders, minlength=count) / every,
        gap=(np.bincount(pairs.items[again], gaps, minlength=count) + GAP_PRIOR * usual)
        / (repeated + GAP_PRIOR),
        last=last,
        first=first,
        price=np.bincount(items, lines.prices, minlength=count)
        / np.maximum(np.bincount(items, minlength=count), 1),
        discount=_share(items, lines.discounts, value, ages < HALF, count),
        usual_discount=_share(items, lines.discounts, value, ages >= 0, count),
    ), pairs


_SPANS = ((0, WEEK), (0, HALF), (0, RECENT_DAYS), (RECENT_DAYS, 2 * RECENT_DAYS), (0, QUARTER))


def _buyers(items: Ints, ages: Floats, lines: Lines, span: tuple[int, int], count: int) -> Floats:
    within = (ages >= span[0]) & (ages < span[1])
    users = lines.users[within].astype(np.int64)
    found = np.unique(users * count + items[within])
    return np.bincount(found % count, minlength=count).astype(np.float64)


def _share(items: Ints, parts: Floats, wholes: Floats, within: NDArray[np.bool_], count: int) -> Floats:
    part = np.bincount(items[within], parts[within], minlength=count)
    whole = np.bincount(items[within], wholes[within], minlength=count)
    return np.divide(part, whole, out=np.zeros(count), where=whole > 0)
