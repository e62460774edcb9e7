"""The signals by which products, or product types, are ranked for a customer: one row a candidate.

Each signal belongs to a family, the kind of reason that a person is told. The same code makes the table
that the blend is learned from, that the backtest judges and that a request is answered with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.recommend_items import NEVER, Items
from shopwright.knowledge.recommend_learned import Learned
from shopwright.knowledge.recommend_lines import History

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Table = NDArray[np.float32]

HALF_LIVES = (15, 45, 150)
FAMILIES = ("repeat", "timing", "habit", "together", "content", "popular", "offer", "customer")
_PREFIXES = {
    "own": "repeat", "face": "repeat", "time": "timing", "kind": "habit", "with": "together",
    "text": "content", "sold": "popular", "offer": "offer", "who": "customer",
}  # fmt: skip


def family(signal: str) -> str:
    """The family of a signal, which its name's first word tells."""
    return _PREFIXES[signal.split("_")[0]]


@dataclass(frozen=True)
class Own:
    """A customer's purchases of items at one level, an item a position, sorted by item.

    `orders`, `recent` (28 days), `quarter` (91 days), `faded` (a column a half-life), `newest` and `oldest`
    ages in days.
    """

    items: Ints
    orders: Floats
    recent: Floats
    quarter: Floats
    faded: Floats
    newest: Floats
    oldest: Floats

    def at(self, items: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """The position of each item (0 where absent), and whether it was bought."""
        if not len(self.items):
            return np.zeros(len(items), np.int64), np.zeros(len(items), bool)
        found = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return found, self.items[found] == items

    def take(self, values: Floats, items: Ints, missing: float = 0.0) -> Floats:
        """`values` (a position an item bought) for `items`; `missing` where an item was not bought."""
        found, bought = self.at(items)
        if not len(self.items):
            return np.full(len(items), missing)
        return np.where(bought, values[found], missing)


def own(history: History, codes: Ints | None = None) -> Own:
    """The purchases of a history, whose rows are items by `codes` (None: products are the items)."""
    items = history.rows if codes is None else codes[history.rows]
    order = np.lexsort((history.orders, items))
    items, orders, ages = items[order], history.orders[order], history.ages[order]
    if not len(items):
        none = np.empty(0)
        return Own(items, none, none, none, np.empty((0, len(HALF_LIVES))), none, none)
    new_item = np.concatenate([[True], np.diff(items) != 0])
    once = new_item | np.concatenate([[True], np.diff(orders) != 0])
    items, ages, new_item = items[once], ages[once], new_item[once]
    starts = np.flatnonzero(new_item)

    def added(values: Floats) -> Floats:
        return np.add.reduceat(values, starts)

    return Own(
        items[starts],
        np.diff(np.append(starts, len(items))).astype(np.float64),
        added((ages < 28).astype(np.float64)),
        added((ages < 91).astype(np.float64)),
        np.stack([added(np.exp2(-ages / life)) for life in HALF_LIVES], axis=1),
        np.minimum.reduceat(ages, starts),
        np.maximum.reduceat(ages, starts),
    )


@dataclass(frozen=True)
class Customer:
    """A customer as the signals see one: purchases at each level, tastes, what goes with the purchases."""

    history: History
    products: Own
    kinds: Own
    faces: Own
    categories: Own
    taste: Floats
    kind_taste: Floats
    together: Floats
    text: NDArray[np.float32] | None


def look_at(learned: Learned, history: History) -> Customer:
    """Everything about a customer that does not depend on the candidate. Arrays over the catalogue's rows."""
    c = learned.catalogue
    products, kinds = own(history), own(history, c.types)
    faces, categories = own(history, c.faces), own(history, c.categories)
    fresh = products.faded[:, 1]
    rows, parts, _ = learned.together.beside(products.items, np.sqrt(fresh))
    content = learned.content
    return Customer(
        history, products, kinds, faces, categories,
        learned.factors.liking(learned.factors.taste(products.items, fresh)),
        learned.kind_factors.liking(learned.kind_factors.taste(kinds.items, kinds.faded[:, 1])),
        np.bincount(rows, parts, minlength=len(c.ids)).astype(np.float64),
        None if content is None else content.taste(faces.items, faces.faded[:, 1]),
    )  # fmt: skip


class _Columns:
    """Signals as they are gathered, in a fixed order."""

    def __init__(self, count: int) -> None:
        self.count, self.names, self.values = count, list[str](), list[Floats]()

    def add(self, name: str, values: Floats | float) -> Floats:
        column = np.broadcast_to(np.asarray(values, dtype=np.float64), (self.count,))
        self.names.append(name)
        self.values.append(column)
        return column

    def table(self) -> tuple[tuple[str, ...], Table]:
        return tuple(self.names), np.stack(self.values, axis=1).astype(np.float32)


class Signals(NamedTuple):
    """Names of the columns, and the table: shape (candidates, columns)."""

    names: tuple[str, ...]
    table: Table


def product_signals(learned: Learned, customer: Customer, rows: Ints) -> Signals:
    """The signals of the products at `rows` of the catalogue."""
    c, columns = learned.catalogue, _Columns(len(rows))
    kinds = c.types[rows]
    orders = _purchased(columns, "own", "time", customer.products, rows, learned.items)
    kind_orders = _purchased(columns, "kind", "kind", customer.kinds, kinds, learned.kinds)
    _alike(learned, customer, columns, rows, orders, kind_orders)
    columns.add("with_taste", customer.taste[rows])
    columns.add("with_kind_taste", customer.kind_taste[kinds])
    columns.add("with_pairs", customer.together[rows])
    _sold(columns, "sold", learned.items, rows)
    _sold(columns, "sold_kind", learned.kinds, kinds)
    recent = learned.kinds.recent[kinds]
    columns.add("sold_in_kind", learned.items.recent[rows] / np.maximum(recent, 1))
    columns.add("sold_alike", learned.face_recent[c.faces[rows]])
    columns.add("offer_display", learned.offers.display[rows])
    columns.add("offer_display_more", learned.offers.display[rows] - learned.offers.usual_display[rows])
    columns.add("offer_mailer", learned.offers.mailer[rows])
    columns.add("offer_mailer_more", learned.offers.mailer[rows] - learned.offers.usual_mailer[rows])
    columns.add("offer_discount", learned.items.discount[rows])
    columns.add("offer_discount_more", learned.items.discount[rows] - learned.items.usual_discount[rows])
    if learned.content is None or customer.text is None:
        columns.add("text_alike", np.nan)
    else:
        columns.add("text_alike", (learned.content.vectors[c.faces[rows]] @ customer.text).astype(np.float64))
    _who(columns, customer)
    return Signals(*columns.table())


def kind_signals(learned: Learned, customer: Customer, kinds: Ints) -> Signals:
    """The signals of the product types with the codes `kinds`."""
    c = learned.catalogue
    columns, category, count = _Columns(len(kinds)), learned.category_of_kind[kinds], len(c.type_names)
    _purchased(columns, "own", "time", customer.kinds, kinds, learned.kinds)
    variety = np.bincount(c.types[customer.products.items], minlength=count).astype(np.float64)
    columns.add("kind_variety", variety[kinds])
    taken = customer.categories.take
    columns.add("kind_category", taken(customer.categories.faded[:, 1], category))
    columns.add("kind_category_newest", taken(customer.categories.newest, category, np.nan))
    columns.add("with_taste", customer.kind_taste[kinds])
    order, starts = learned.rows_of_kind
    for name, values in (("with_product_taste", customer.taste), ("with_pairs", customer.together)):
        columns.add(name, np.maximum.reduceat(values[order], starts)[kinds])
    _sold(columns, "sold", learned.kinds, kinds)
    columns.add("offer_discount_more", (learned.kinds.discount - learned.kinds.usual_discount)[kinds])
    _who(columns, customer)
    return Signals(*columns.table())


def _purchased(columns: _Columns, own: str, time: str, bought: Own, items: Ints, sold: Items) -> Floats:
    """What the customer bought of each item, and when it would be due; returns the orders."""
    orders = columns.add(f"{own}_orders", bought.take(bought.orders, items))
    columns.add(f"{own}_recent", bought.take(bought.recent, items))
    columns.add(f"{own}_quarter", bought.take(bought.quarter, items))
    for place, life in enumerate(HALF_LIVES):
        columns.add(f"{own}_faded_{life}", bought.take(bought.faded[:, place], items))
    newest = columns.add(f"{time}_newest", bought.take(bought.newest, items, np.nan))
    oldest = columns.add(f"{time}_oldest", bought.take(bought.oldest, items, np.nan))
    gap = columns.add(f"{time}_gap", expected_gap(orders, newest, oldest, sold.gap[items]))
    columns.add(f"{time}_due", newest / gap)
    columns.add(f"{own}_rate", 28 * orders / np.fmax(oldest, 14.0))
    return orders


def expected_gap(orders: Floats, newest: Floats, oldest: Floats, usual: Floats) -> Floats:
    """Days from one purchase to the next: the customer's own, drawn to everybody's while few."""
    return (oldest - newest + 2 * usual) / (orders + 1)


def _alike(
    learned: Learned, customer: Customer, columns: _Columns, rows: Ints, orders: Floats, kind_orders: Floats
) -> None:
    """How well a product fits what the customer buys of its kind: brand, size, price, variety."""
    c, history = learned.catalogue, customer.history
    faces, categories = customer.faces, customer.categories
    columns.add("face_orders", faces.take(faces.orders, c.faces[rows]))
    columns.add("face_faded", faces.take(faces.faded[:, 1], c.faces[rows]))
    columns.add("face_newest", faces.take(faces.newest, c.faces[rows], np.nan))
    columns.add("kind_category", categories.take(categories.faded[:, 1], c.categories[rows]))
    columns.add("kind_category_orders", categories.take(categories.orders, c.categories[rows]))
    every = np.maximum(kind_orders, 1)
    columns.add("kind_share", orders / every)
    variety = np.bincount(c.types[customer.products.items], minlength=len(c.type_names)).astype(np.float64)
    columns.add("kind_variety", variety[c.types[rows]])
    columns.add("kind_variety_rate", variety[c.types[rows]] / every)
    bought = history.rows
    brands = np.bincount(c.brands[bought], minlength=int(c.brands.max(initial=0)) + 1)
    columns.add("kind_brand", brands[c.brands[rows]] / max(1, len(bought)))
    for name, labels in (("kind_brand_within", c.brands), ("kind_size_within", c.sizes)):
        columns.add(name, _same(c.types, labels, bought, rows) / every)
    paid = np.bincount(c.types[bought], history.prices, minlength=len(c.type_names))
    lines = np.bincount(c.types[bought], minlength=len(c.type_names))
    usual = (paid / np.maximum(lines, 1))[c.types[rows]]
    price = learned.items.price[rows]
    with np.errstate(divide="ignore", invalid="ignore"):
        fit = np.where((usual > 0) & (price > 0), np.log(price / usual), np.nan)
    columns.add("kind_price_fit", fit)


def _same(kinds: Ints, labels: Ints, bought: Ints, rows: Ints) -> Floats:
    """Lines of what was bought that share both kind and label with each of `rows`."""
    width = int(labels.max(initial=0)) + 1
    keys, counts = np.unique(kinds[bought] * width + labels[bought], return_counts=True)
    if not len(keys):
        return np.zeros(len(rows))
    wanted = kinds[rows] * width + labels[rows]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, counts[at], 0).astype(np.float64)


def _sold(columns: _Columns, name: str, sold: Items, items: Ints) -> None:
    names: Sequence[str] = (
        "week", "half", "recent", "quarter", "buyers", "first_time", "repeat", "times", "last", "first",
        "price",
    )  # fmt: skip
    for field in names if name == "sold" else ("recent", "first_time"):
        columns.add(f"{name}_{field}", getattr(sold, field)[items])
    recent, before = sold.recent[items], sold.before[items]
    columns.add(f"{name}_trend", np.log((recent + 3) / (before + 3)))
    columns.add(f"{name}_trend_week", np.log((sold.week[items] + 1) / (recent / 4 + 1)))


def _who(columns: _Columns, customer: Customer) -> None:
    """How the customer shops at all; the same for every candidate."""
    history, products = customer.history, customer.products
    orders, first = np.unique(history.orders, return_index=True)
    ages = history.ages[first]
    columns.add("who_orders", len(orders))
    columns.add("who_recent", int((ages < 28).sum()))
    columns.add("who_quarter", int((ages < 91).sum()))
    columns.add("who_products", len(products.items))
    bought = float((products.newest < 28).sum())
    columns.add("who_tries", float((products.oldest < 28).sum()) / max(1.0, bought))
    columns.add("who_since", float(history.ages.min(initial=NEVER)))
