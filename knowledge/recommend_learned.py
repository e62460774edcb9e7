"""Everything the ranking knows as of a day, as arrays over the catalogue's rows and product types."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.catalogue import Catalogue
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.recommend_content import Content
from shopwright.knowledge.recommend_factors import Factors, fit_factors
from shopwright.knowledge.recommend_items import FIELDS, NEVER, Items, count_items
from shopwright.knowledge.recommend_lines import Lines
from shopwright.knowledge.recommend_offers import Offers
from shopwright.knowledge.recommend_pairs import PAIR_DAYS, Together, fit_together

if TYPE_CHECKING:
    from collections.abc import Mapping

COLD_SHARE = 0.5

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Counted(NamedTuple):
    """Customers who bought each row in the last 28 days, in the 28 days before those, and in PAIR_DAYS days.

    Counted over all customers of the shop: the figures that people read.
    """

    recent: Floats
    before: Floats
    longer: Floats  # 0 where only a sample of the customers was read


@dataclass(frozen=True)
class Learned:
    """As of `day` (days since 1970), the end of the last day that was learned from.

    `items`, `factors`: by catalogue row; `kinds`, `kind_factors`: by product type. `offers`: by row.
    `content`: None without a search index. `lookalikes`: for a product never sold, the row of the sold
    product whose text is nearest, from which its figures are borrowed; -1 elsewhere.
    """

    catalogue: Catalogue
    day: float
    items: Items
    kinds: Items
    factors: Factors
    kind_factors: Factors
    together: Together
    offers: Offers
    content: Content | None
    lookalikes: Ints
    baskets: Together | None = None
    counted: Counted | None = None

    @property
    def until(self) -> str:
        """The day as YYYY-MM-DD."""
        return str(np.datetime64(round(self.day * 86400), "s").astype("datetime64[D]"))

    @cached_property
    def category_of_kind(self) -> Ints:
        """A category that each product type stands in, for those that stand in several the last."""
        found = np.zeros(len(self.catalogue.type_names), dtype=np.int64)
        found[self.catalogue.types] = self.catalogue.categories
        return found

    @cached_property
    def rows_of_kind(self) -> tuple[Ints, Ints]:
        """All rows by product type, and where each type starts."""
        order = np.argsort(self.catalogue.types, kind="stable")
        return order, np.searchsorted(self.catalogue.types[order], np.arange(len(self.catalogue.type_names)))

    @cached_property
    def face_recent(self) -> Floats:
        """Buyers in the last 28 days of all products that look alike, by face."""
        c = self.catalogue
        counted = np.bincount(c.faces, self.items.recent, minlength=int(c.faces.max(initial=0)) + 1)
        return counted.astype(np.float64)

    @cached_property
    def best_sold(self) -> Ints:
        """Rows that may be recommended, by buyers in the last 28 days, then ever."""
        rows = np.flatnonzero(self.catalogue.offered)
        return rows[np.lexsort((rows, -self.items.buyers[rows], -self.items.recent[rows]))]

    @cached_property
    def by_kind(self) -> tuple[Ints, Ints]:
        """`best_sold` by product type, and where each type starts (one more at the end)."""
        kinds = self.catalogue.types[self.best_sold]
        order = np.argsort(kinds, kind="stable")
        starts = np.searchsorted(kinds[order], np.arange(len(self.catalogue.type_names) + 1))
        return self.best_sold[order], starts


def learn(
    catalogue: Catalogue,
    lines: Lines,
    day: float,
    offers: Offers,
    content: Content | None,
    progress: Progress,
) -> Learned:
    """Learn from lines that end with `day`."""
    count, users = len(catalogue.ids), len(lines.customers)
    items, pairs = count_items(lines, np.arange(count), count, day)
    progress("recommender: tastes", 0, 2)
    factors = fit_factors(pairs, users, count)
    late = pairs.newest < PAIR_DAYS
    together = fit_together(pairs.users[late], pairs.items[late], users, progress)
    kinds, pairs = count_items(lines, catalogue.types, len(catalogue.type_names), day)
    progress("recommender: tastes", 1, 2)
    kind_factors = fit_factors(pairs, users, len(catalogue.type_names))
    progress("recommender: tastes", 2, 2)
    alone = np.full(count, -1, dtype=np.int64)
    return Learned(catalogue, day, items, kinds, factors, kind_factors, together, offers, content, alone)


def borrow(learned: Learned) -> Learned:
    """The same, with figures for products that may be recommended and were never sold.

    Such a product is given, of the product most alike in its own type by the text (or the best sold one
    where there are no vectors), the taste, and COLD_SHARE of the buyers; what it has of its own is kept.
    """
    c, items = learned.catalogue, learned.items
    cold = np.flatnonzero(c.offered & (items.buyers == 0))
    if not len(cold):
        return learned
    order, starts = learned.by_kind
    alike = learned.lookalikes.copy()
    for row in cold.tolist():
        among = order[starts[c.types[row]] : starts[c.types[row] + 1]]
        among = among[items.buyers[among] > 0]
        if len(among):
            alike[row] = _nearest(learned.content, c, row, among)
    rows = np.flatnonzero(alike >= 0)
    values = {name: getattr(items, name).copy() for name in FIELDS}
    for name in FIELDS:
        share = COLD_SHARE if name in ("week", "half", "recent", "before", "quarter", "first_time") else 1.0
        values[name][rows] = share * values[name][alike[rows]]
    values["price"][rows] = c.prices[rows]
    for name in ("discount", "usual_discount", "buyers"):
        values[name][rows] = 0.0
    values["first"][rows] = values["last"][rows] = 0.0
    vectors = learned.factors.items.copy()
    vectors[rows] = vectors[alike[rows]]
    return _replaced(learned, items=Items(**values), factors=Factors(vectors), lookalikes=alike)


def _nearest(content: Content | None, catalogue: Catalogue, row: int, among: Ints) -> int:
    if content is None:
        return int(among[0])
    best, _ = content.alike(int(catalogue.faces[row]), catalogue.faces[among])
    return int(among[best[0]]) if len(best) else int(among[0])


def _replaced(learned: Learned, **values: Any) -> Learned:
    held = {field.name: getattr(learned, field.name) for field in fields(learned)}
    return Learned(**{**held, **values})


def save(learned: Learned, path: Path) -> None:
    """Write the arrays by product id and type name; catalogue and texts are read from the shop again."""
    c, together = learned.catalogue, learned.together
    sold = np.flatnonzero(learned.items.buyers > 0)
    arrays: dict[str, Any] = {"day": np.array(learned.day), "products": c.ids[sold]}
    arrays["type_names"] = np.array([str(name) for name in c.type_names], dtype=np.str_)
    for name in FIELDS:
        arrays[f"item_{name}"] = getattr(learned.items, name)[sold].astype(np.float32)
        arrays[f"kind_{name}"] = getattr(learned.kinds, name).astype(np.float32)
    for name, values in zip(Offers._fields, learned.offers, strict=True):
        arrays[f"offer_{name}"] = values[sold].astype(np.float32)
    arrays["factors"], arrays["kind_factors"] = learned.factors.items[sold], learned.kind_factors.items
    arrays |= _held(together, c, "pair")
    if learned.baskets is not None:
        arrays |= _held(learned.baskets, c, "basket")
    if learned.counted is not None:
        arrays |= {
            f"counted_{name}": values[sold].astype(np.int32)
            for name, values in zip(Counted._fields, learned.counted, strict=True)
        }
    np.savez(path, **arrays)


def load(path: Path, catalogue: Catalogue, content: Content | None) -> Learned:
    """What `save` wrote, on the catalogue as it is now; products that came since have no figures."""
    with np.load(path, allow_pickle=False) as file:
        held = {name: file[name] for name in file.files}
    rows = catalogue.rows(held["products"].astype(np.int64))
    place = {str(name): at for at, name in enumerate(catalogue.type_names)}
    kinds = np.array([place.get(str(name), -1) for name in held["type_names"]], dtype=np.int64)
    items, of_kinds = (len(catalogue.ids), rows), (len(catalogue.type_names), kinds)
    return Learned(
        catalogue,
        float(held["day"]),
        Items(**{name: _spread(held[f"item_{name}"], *items, name) for name in FIELDS}),
        Items(**{name: _spread(held[f"kind_{name}"], *of_kinds, name) for name in FIELDS}),
        Factors(_spread(held["factors"], *items).astype(np.float32)),
        Factors(_spread(held["kind_factors"], *of_kinds).astype(np.float32)),
        _together(held, catalogue, "pair"),
        Offers(*(_spread(held[f"offer_{name}"], *items) for name in Offers._fields)),
        content,
        np.full(len(catalogue.ids), -1, dtype=np.int64),
        _together(held, catalogue, "basket") if "basket_products" in held else None,
        Counted(*(_spread(held[f"counted_{name}"], *items) for name in Counted._fields))
        if "counted_recent" in held
        else None,
    )


def _spread(values: NDArray[Any], count: int, places: Ints, name: str = "") -> Floats:
    """Values put at their places of `count`; elsewhere 0, or NEVER for the days since the last sale."""
    single = values.ndim > 1
    found = np.zeros((count, *values.shape[1:]), dtype=np.float32 if single else np.float64)
    if name == "last":
        found[:] = NEVER
    found[places[places >= 0]] = values[places >= 0]
    return found


def _held(together: Together, catalogue: Catalogue, name: str) -> dict[str, NDArray[Any]]:
    ids = catalogue.ids
    return {
        f"{name}_products": ids[together.rows],
        f"{name}_buyers": together.buyers.astype(np.int32),
        f"{name}_neighbours": np.where(together.neighbours >= 0, ids[together.neighbours], -1),
        f"{name}_cosines": together.cosines,
        f"{name}_both": together.both.astype(np.int32),
    }


def _together(held: Mapping[str, NDArray[Any]], catalogue: Catalogue, name: str) -> Together:
    rows = catalogue.rows(held[f"{name}_products"].astype(np.int64))
    neighbours = held[f"{name}_neighbours"].astype(np.int64)
    known = rows >= 0
    places = np.where(neighbours >= 0, catalogue.rows(neighbours.ravel()).reshape(neighbours.shape), -1)
    return Together(
        rows[known],
        held[f"{name}_buyers"][known].astype(np.int64),
        places[known],
        held[f"{name}_cosines"][known],
        held[f"{name}_both"][known].astype(np.int64),
    )
