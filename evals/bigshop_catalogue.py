"""What a generated shop sells: products under the names that ours are known by, and who likes which.

Popularity falls with rank as Zipf's law has it, with a flattened head, as sales of a supermarket do
(Brynjolfsson, Hu & Smith, "From Niches to Riches", 2006, describe such tails). Each of PERSONAS tastes
likes some categories more, and each quarter of the year lifts others: so there is something to learn.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopwright.evals.bigshop_plan import BigShop

PERSONAS = 40
QUARTERS = 4
SLOTS = 2**16
"""Entries of a lookup table: a product stands in as many as its share of the sales."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stock:
    """The assortment; row i has id i + 1.

    `tastes`, `quarters`: product rows, shapes (PERSONAS, SLOTS) and (QUARTERS, SLOTS).
    """

    departments: list[str]
    categories: list[str]
    types: list[str]
    prices: Floats
    tastes: Ints
    quarters: Ints


def make_stock(plan: BigShop) -> Stock:
    """The assortment of a plan."""
    chance = np.random.default_rng([plan.seed, 1])
    names = _names()
    weights = 1 / (np.arange(len(names)) + 30.0)
    kinds = np.sort(chance.choice(len(names), plan.products, p=weights / weights.sum()))
    categories = sorted({category for _, category in names})
    number = {category: place for place, category in enumerate(categories)}
    category_of = np.array([number[names[kind][1]] for kind in kinds])
    departments = _department_names()
    department_of = (len(departments) * chance.random(len(categories)) ** 2).astype(int)
    popularity = 1 / (chance.permutation(plan.products) + 50.0) ** 0.9
    return Stock(
        departments=[departments[department_of[place]] for place in category_of],
        categories=[categories[place] for place in category_of],
        types=[names[kind][0] for kind in kinds],
        prices=np.round(np.exp(chance.normal(1.1, 0.6, plan.products)) + 0.29, 2),
        tastes=_tables(chance, popularity, category_of, PERSONAS, liked=0.12, lift=12.0),
        quarters=_tables(chance, popularity, category_of, QUARTERS, liked=0.1, lift=3.0),
    )


def _tables(
    chance: np.random.Generator,
    popularity: Floats,
    category_of: Ints,
    count: int,
    *,
    liked: float,
    lift: float,
) -> Ints:
    """For each of `count` tastes, product rows in SLOTS places; a share of the categories is lifted."""
    tables = np.empty((count, SLOTS), dtype=np.int64)
    for taste in range(count):
        lifted = chance.random(category_of.max() + 1) < liked
        weights = popularity * np.where(lifted[category_of], lift, 1.0)
        ends = np.cumsum(weights) / weights.sum()
        tables[taste] = np.searchsorted(ends, (np.arange(SLOTS) + chance.random(SLOTS)) / SLOTS)
    return np.minimum(tables, len(popularity) - 1)


def rows(stock: Stock) -> list[tuple[Any, ...]]:
    """Products as rows: id, name, department, category, product_type, brand, size, price."""
    sizes, brands = ("", "12 oz", "1 lb", "16 oz", "32 oz", "6 ct"), ("National", "National", "Private")
    found = []
    for row, kind in enumerate(stock.types):
        size = sizes[row % len(sizes)]
        name = f"{kind} {size}".strip()
        price = float(stock.prices[row])
        known = (stock.departments[row], stock.categories[row], kind)
        found.append((row + 1, name, *known, brands[row % len(brands)], size, price))
    return found


def _names() -> list[tuple[str, str]]:
    """Product types with their categories."""
    with _data("types_zh.csv") as handle:
        return [(row["product_type"], row["category"]) for row in csv.DictReader(handle) if row["category"]]


def _department_names() -> list[str]:
    with _data("departments_zh.csv") as handle:
        return [row["name"] for row in csv.DictReader(handle)]


def _data(name: str) -> Any:
    return (files("shopwright.knowledge") / "data" / name).open(encoding="utf-8")
