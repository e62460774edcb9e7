"""Sequential patterns: what is bought in the days after something is bought for the first time.

A customer's first purchase is the first in the records, if there were some weeks without before it. What
follows counts once a customer. Two comparisons go with it: how often the other was bought within as many
days of any visit in the same calendar weeks (lift: so a season is not taken for a consequence), and whether
the same customers bought it in as many days before. After Agrawal and Srikant, Mining Sequential Patterns
(ICDE 1995), for pairs within a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.pattern_baskets import Baskets

WINDOW_DAYS = 30
SEEN_DAYS = 28
MIN_CUSTOMERS = 20

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Following:
    """By item: customers who bought it after (count), their median days, share before, share to expect."""

    customers: int
    count: Ints
    days: Floats
    before: Floats
    chance: Floats
    first_seen: bool


class Timeline:
    """Who bought which item on which day, and who came on which day; customers by number."""

    def __init__(self, baskets: Baskets, codes: Ints, width: int) -> None:
        self.width, self.end = width, baskets.end
        self.ids, number = np.unique(baskets.customers, return_inverse=True)
        self._span = baskets.end + WINDOW_DAYS + 1
        self.visits = np.unique(number * self._span + baskets.days)
        items = codes[baskets.kinds]
        held = items >= 0
        at = baskets.baskets[held]
        line = (number[at] * width + items[held]) * self._span + baskets.days[at]
        line = np.unique(line)
        self.day = line % self._span
        self.pair = line // self._span
        self.customer, self.item = self.pair // width, self.pair % width

    def chance(self) -> Floats:
        """(weeks, items): the share of customers there in a week who bought the item in WINDOW_DAYS after.

        The days count from a customer's first visit of the week; weeks without a whole window are 0.
        """
        weeks = self.end // 7 + 1
        day, customer = self.visits % self._span, self.visits // self._span
        kept = day + WINDOW_DAYS < self.end
        _, first = np.unique(customer[kept] * weeks + day[kept] // 7, return_index=True)
        anchors = self.visits[kept][first]
        week = anchors % self._span // 7
        # An entry follows the anchors of the days before it, up to the item's entry before.
        same = np.concatenate([[False], self.pair[1:] == self.pair[:-1]])
        earlier = np.where(same, np.concatenate([[0], self.day[:-1]]), 0)
        base = self.customer * self._span
        begin = np.searchsorted(anchors, base + np.maximum(self.day - WINDOW_DAYS, earlier))
        count = np.maximum(np.searchsorted(anchors, base + self.day) - begin, 0)
        covered = np.repeat(begin - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(
            count.sum()
        )
        cells = week[covered] * self.width + np.repeat(self.item, count)
        hits = np.bincount(cells, minlength=weeks * self.width).reshape(weeks, self.width)
        share: Floats = hits / np.maximum(np.bincount(week, minlength=weeks), 1)[:, None]
        return share

    def after(self, customers: Ints, days: Ints, chance: Floats, first_seen: bool) -> Following:
        """What follows the day of each of the customers (numbers, one a row); `chance` as above."""
        start = np.full(len(self.ids), -1, dtype=np.int64)
        start[customers] = days
        mine = start[self.customer] >= 0
        gap = self.day[mine] - start[self.customer[mine]]
        pair, item = self.pair[mine], self.item[mine]
        after = (gap > 0) & (gap <= WINDOW_DAYS)
        # Lines are in the order of pair and day, so the first of a pair is the nearest.
        _, nearest = np.unique(pair[after], return_index=True)
        items, waits = item[after][nearest], gap[after][nearest]
        count = np.bincount(items, minlength=self.width)
        earlier = np.unique(pair[(gap < 0) & (gap >= -WINDOW_DAYS)]) % self.width
        before = np.bincount(earlier, minlength=self.width) / max(1, len(customers))
        expected: Floats = chance[days // 7].mean(axis=0) if len(days) else np.zeros(self.width)
        medians = _medians(items, waits, self.width)
        return Following(len(customers), count, medians, before, expected, first_seen)

    def first_days(self, items: NDArray[np.bool_]) -> tuple[Ints, Ints, bool]:
        """Who bought any of the items for the first time with a whole window after it, and on which day.

        The last part says whether each was seen for SEEN_DAYS without; where too few were, all are taken.
        """
        wanted = items[self.item]
        who, day = self.customer[wanted], self.day[wanted]
        order = np.lexsort((day, who))
        customers, place = np.unique(who[order], return_index=True)
        days = day[order][place]
        arrived = np.full(len(self.ids), self.end, dtype=np.int64)
        np.minimum.at(arrived, self.visits // self._span, self.visits % self._span)
        whole = days + WINDOW_DAYS < self.end
        seen = whole & (days - arrived[customers] >= SEEN_DAYS)
        first_seen = int(seen.sum()) >= MIN_CUSTOMERS
        kept = seen if first_seen else whole
        return customers[kept], days[kept], first_seen


def _medians(items: Ints, waits: Ints, width: int) -> Floats:
    medians = np.zeros(width)
    order = np.lexsort((waits, items))
    items, waits = items[order], waits[order]
    found, start, count = np.unique(items, return_index=True, return_counts=True)
    low, high = start + (count - 1) // 2, start + count // 2
    medians[found] = (waits[low] + waits[high]) / 2
    return medians
