"""Fitting the recommender: what the orders say as of the last day, and a blend learned on earlier windows.

The blend is learned where the future is known: signals as of 28, 56 and 84 days before the end, answers
from the 28 days after each. Then the signals are made anew as of the end. Nothing of a window's answers is
in its signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, func, select

from shopwright.knowledge import saved
from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.columns import LINES, ORDERS
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.recommend_blend import Blend, Examples, Fixed, Trees, joined, train
from shopwright.knowledge.recommend_candidates import candidates
from shopwright.knowledge.recommend_content import Content, read_content
from shopwright.knowledge.recommend_groups import group
from shopwright.knowledge.recommend_items import RECENT_DAYS, pair
from shopwright.knowledge.recommend_learned import Counted, Learned, learn, save
from shopwright.knowledge.recommend_lines import Lines, day_of, read_lines
from shopwright.knowledge.recommend_offers import read_offers
from shopwright.knowledge.recommend_pairs import MIN_BUYERS, PAIR_DAYS, fit_together
from shopwright.knowledge.recommend_signals import Signals, kind_signals, look_at, product_signals
from shopwright.knowledge.vectors import open_index

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

NAME = "recommender"
AHEAD_DAYS = 28
WINDOWS = 3
CUSTOMERS = 700  # a window
NOT_BOUGHT = 150  # rows a customer and target that were not bought
SEED = 3

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """What a shop is learned from: read once, cut at any day."""

    shop: Shop
    catalogue: Catalogue
    lines: Lines
    content: Content | None
    until: datetime

    def learned(self, days_before: float, progress: Progress) -> tuple[Learned, Lines]:
        """Everything as of so many days before `until`, and the lines until then."""
        day = day_of(self.until) - days_before
        cut = self.lines.until(day)
        gone = day_of(self.shop.today) - day
        offers = read_offers(self.shop.engine, self.catalogue, gone)
        return learn(self.catalogue, cut, day, offers, self.content, progress), cut


def read(shop: Shop, until: datetime, progress: Progress) -> Source:
    """Read the shop's orders until `until`. Raises LookupError when there are none."""
    catalogue = Catalogue(shop.engine)
    lines = read_lines(shop.engine, catalogue, until, progress)
    if not len(lines.rows):
        raise LookupError("There are no orders to learn recommendations from. Run `shopwright import`.")
    content = read_content(shop.engine, catalogue, open_index(shop.settings.index_dir))
    return Source(shop, catalogue, lines, content, until)


def fit_recommender(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> dict[str, Any]:
    """Fit on the orders until the shop's last and save; returns the figures of the manifest.

    Raises LookupError when there are no orders.
    """
    source = read(shop, shop.today, progress)
    blend = learn_blend(source, progress)
    learned = finished(source, progress)
    config = {
        "ahead_days": AHEAD_DAYS, "windows": WINDOWS, "customers_a_window": CUSTOMERS,
        "pair_days": PAIR_DAYS, "min_buyers": MIN_BUYERS,
    }  # fmt: skip
    fingerprint = saved.shop_fingerprint(shop.engine)
    with saved.saving(
        shop.model_dir(NAME),
        fingerprint=fingerprint,
        config=config,
        libraries=["numpy", "scipy", "implicit", "lightgbm"],
    ) as draft:
        save(learned, draft.path("arrays.npz"))
        group(source.lines, source.catalogue, learned.day).save(draft.path("groups.npz"), source.catalogue)
        if isinstance(blend, Trees):
            blend.save(draft.folder)
            draft.figures["shares_of_gain"] = blend.weights()
        draft.figures |= {
            "blend": "learned" if isinstance(blend, Trees) else "fixed weights: too little history",
            "products": int((learned.items.buyers > 0).sum()),
            "customers": len(source.lines.customers),
            "sampled": source.lines.sampled,
            "products_with_neighbours": int((learned.together.cosines[:, :1] > 0).sum()),
            "text_vectors": source.content is not None,
        }
    return draft.figures


def finished(source: Source, progress: Progress) -> Learned:
    """Everything as of the end, with what only requests need: baskets, and buyers among all customers."""
    learned, lines = source.learned(0, progress)
    return replace(with_baskets(source, learned, progress), counted=_count(source, lines, learned))


def with_baskets(source: Source, learned: Learned, progress: Progress) -> Learned:
    """The same, with what lies in the same orders of the last PAIR_DAYS days."""
    lines = source.lines
    late = (lines.days > learned.day - PAIR_DAYS) & (lines.days <= learned.day)
    _, baskets = np.unique(lines.orders[late], return_inverse=True)
    found = np.unique(np.stack([baskets, lines.rows[late]]), axis=1)
    together = fit_together(found[0], found[1], int(baskets.max(initial=-1)) + 1, progress)
    return replace(learned, baskets=together)


def _count(source: Source, lines: Lines, learned: Learned) -> Counted:
    """From the lines where they are everybody's, else counted in the database."""
    if not lines.sampled:
        count = len(source.catalogue.ids)
        pairs = pair(lines, np.arange(count), learned.day)
        longer = np.bincount(pairs.items[pairs.newest < PAIR_DAYS], minlength=count).astype(np.float64)
        return Counted(learned.items.recent, learned.items.before, longer)
    at, who = ORDERS.c.ordered_at, ORDERS.c.customer_id
    recent, before = (source.until - timedelta(days=days) for days in (RECENT_DAYS, 2 * RECENT_DAYS))
    query = (
        select(
            LINES.c.product_id,
            func.count(case((at > recent, who)).distinct()),
            func.count(case(((at > before) & (at <= recent), who)).distinct()),
        )
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(at > before, at <= source.until, ORDERS.c.status != "cancelled")
        .group_by(LINES.c.product_id)
    )
    with source.shop.engine.connect() as connection:
        table = np.array([tuple(row) for row in connection.execute(query)], dtype=np.int64).reshape(-1, 3)
    rows = source.catalogue.rows(table[:, 0])
    values = np.zeros((3, len(source.catalogue.ids)))
    values[:2, rows[rows >= 0]] = table[rows >= 0, 1:].T
    return Counted(*values)


def learn_blend(source: Source, progress: Progress) -> Blend:
    """The blend learned on windows that end with `source.until`; the fixed one when there is too little."""
    first = float(source.lines.days.min())
    parts: dict[str, list[Examples]] = {}
    for window in range(1, WINDOWS + 1):
        before = window * AHEAD_DAYS
        if day_of(source.until) - before - first < AHEAD_DAYS:
            break
        learned, cut = source.learned(before, progress)
        for target, found in _examples(source, learned, cut, window, progress).items():
            parts.setdefault(target, []).append(found)
    blend = train({target: joined(found) for target, found in parts.items()})
    return Fixed() if blend is None else blend


def _examples(
    source: Source, learned: Learned, cut: Lines, window: int, progress: Progress
) -> dict[str, Examples]:
    """Signals of a sample of customers as of the cut, and what they bought in the AHEAD_DAYS days after."""
    chance = np.random.default_rng(SEED + window)
    gathered: dict[str, _Gathered] = {}
    chosen = chance.permutation(len(cut.customers))[: 2 * CUSTOMERS]
    buyers = bought_after(source.lines, chosen, learned.day, AHEAD_DAYS)
    for done, (user, rows) in enumerate(islice(buyers, CUSTOMERS)):
        progress(f"recommender: learning what counts, window {window}", done, CUSTOMERS)
        for choice in tables(learned, cut, user, rows):
            gathered.setdefault(choice.target, _Gathered()).add(choice.signals, choice.bought, chance)
    progress(f"recommender: learning what counts, window {window}", CUSTOMERS, CUSTOMERS)
    return {target: found.examples() for target, found in gathered.items()}


def bought_after(lines: Lines, users: Ints, day: float, days: int) -> Iterator[tuple[int, Ints]]:
    """Each of `users` who bought in the `days` days after `day`, and the distinct rows."""
    for user in users.tolist():
        part = slice(int(lines.starts[user]), int(lines.starts[user + 1]))
        after = (lines.days[part] > day) & (lines.days[part] <= day + days)
        if after.any():
            yield user, np.unique(lines.rows[part][after])


class Choice(NamedTuple):
    """What a target chooses from: catalogue rows or types, their signals, and which were bought."""

    target: str
    items: Ints
    signals: Signals
    bought: NDArray[np.bool_]


def tables(learned: Learned, cut: Lines, user: int, rows: Ints, *, kinds: bool = True) -> Iterator[Choice]:
    """For each target: what stands for choice, and which of it is among `rows`; `kinds`: product types, too.

    Items with MIN_BUYERS or more buyers so far stand for choice.
    """
    customer = look_at(learned, cut.history(user, learned.day))
    chosen = candidates(learned, customer, learned.catalogue.offered & (learned.items.buyers >= MIN_BUYERS))
    signals = product_signals(learned, customer, chosen)
    yield from _both("all", "new", chosen, signals, np.isin(chosen, rows))
    if kinds:
        known = np.flatnonzero(learned.kinds.buyers >= MIN_BUYERS)
        signals = kind_signals(learned, customer, known)
        bought = np.isin(known, learned.catalogue.types[rows])
        yield from _both("kind_all", "kind_new", known, signals, bought)


def _both(every: str, new: str, items: Ints, signals: Signals, bought: NDArray[np.bool_]) -> Iterator[Choice]:
    yield Choice(every, items, signals, bought)
    first = signals.table[:, signals.names.index("own_orders")] == 0
    yield Choice(new, items[first], Signals(signals.names, signals.table[first]), bought[first])


class _Gathered:
    """Examples of one target as they come in: all that was bought, and some of what was not."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.tables, self.bought = list[NDArray[np.float32]](), list[NDArray[np.bool_]]()
        self.kept = self.passed = 0

    def add(self, signals: Signals, bought: NDArray[np.bool_], chance: np.random.Generator) -> None:
        self.names = signals.names
        others = np.flatnonzero(~bought)
        some = chance.choice(others, min(NOT_BOUGHT, len(others)), replace=False)
        rows = np.concatenate([np.flatnonzero(bought), some])
        self.kept, self.passed = self.kept + len(some), self.passed + len(others)
        self.tables.append(signals.table[rows])
        self.bought.append(bought[rows])

    def examples(self) -> Examples:
        table = Signals(self.names, np.concatenate(self.tables))
        kept = self.kept / max(1, self.passed)
        return Examples(table, np.concatenate(self.bought), len(self.tables), kept or 1.0)
