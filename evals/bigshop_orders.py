"""The baskets of a generated shop, a few days at a time, so that a hundred million lines need no memory.

Customers order at rates that are lognormal (a few order very often), from the day they join to the day
they are lost; days follow the week, the year and the shop's growth. Two thirds of a basket are the
customer's own favourites, the rest is what sells in that quarter. Every part has a generator of its own,
seeded by the plan's seed and the part's first day: the same plan gives the same shop.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from shopwright.evals.bigshop_catalogue import PERSONAS, QUARTERS, SLOTS, Stock
from shopwright.evals.bigshop_plan import BigShop

FAVOURITES = 24
OWN_SHARE = 0.65
CANCELLED = 0.015
COUPON_FANS = 3
TRIES = 40
COUPON_EVERY = 7
"""One customer in so many uses coupons often."""
LINES_AT_ONCE = 1_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class People:
    """How customers buy; row i has id i + 1. `first`, `last`: days of the plan's span."""

    ends: Floats
    first: Ints
    last: Ints


@dataclass(frozen=True)
class Baskets:
    """Orders of some days (first part) and their lines (second part), both in the order of time.

    `at`: seconds since the first day of 2000; `line_order`: the order's id for each line.
    """

    order: Ints
    customer: Ints
    at: Ints
    store: Ints
    cancelled: NDArray[np.bool_]
    total: Floats
    line_order: Ints
    product: Ints
    quantity: Ints
    amount: Floats
    retail_discount: Floats
    coupon_discount: Floats


def make_people(plan: BigShop) -> People:
    """Rates and spans of all customers."""
    chance = np.random.default_rng([plan.seed, 2])
    count, days = plan.customers, plan.days
    rates = np.exp(chance.normal(0.0, 0.9, count))
    first = np.where(chance.random(count) < 0.6, 0, chance.integers(0, days, count))
    lost = chance.random(count) < 0.3
    last = np.where(lost, first + ((days - first) * chance.random(count)).astype(np.int64), days)
    return People(np.cumsum(rates), first, last)


def orders_a_day(plan: BigShop) -> Ints:
    """How many orders each day of the span has, in all `plan.orders`."""
    day = np.arange(plan.days)
    growth = 1 + 0.25 * day / plan.days
    year = 1 + 0.12 * np.cos(2 * np.pi * (day - 350) / 365.25)
    week = np.array([0.9, 0.85, 0.9, 0.95, 1.15, 1.35, 1.1])[(day + plan.first_day.weekday()) % 7]
    ends = np.cumsum(growth * year * week)
    counts: Ints = np.diff(np.round(plan.orders * ends / ends[-1]).astype(np.int64), prepend=0)
    return counts


def baskets(plan: BigShop, stock: Stock, people: People) -> Iterator[Baskets]:
    """All baskets, in parts of about LINES_AT_ONCE lines."""
    counts = orders_a_day(plan)
    done = start = 0
    for day in range(plan.days):
        so_far = int(counts[start : day + 1].sum())
        if so_far * plan.lines_an_order >= LINES_AT_ONCE or day == plan.days - 1:
            if so_far:
                yield _part(
                    plan, stock, people, np.repeat(np.arange(start, day + 1), counts[start : day + 1]), done
                )
            done, start = done + so_far, day + 1


def _part(plan: BigShop, stock: Stock, people: People, day: Ints, before: int) -> Baskets:
    """One basket for each entry of `day`; ids of orders begin after `before`."""
    chance = np.random.default_rng([plan.seed, 3, int(day[0])])
    customer = _buyers(chance, people, day)
    sizes = chance.geometric(1 / plan.lines_an_order, len(day))
    order = before + 1 + np.arange(len(day))
    product = _products(chance, stock, np.repeat(customer, sizes), np.repeat(day, sizes))
    quantity = 1 + (chance.random(len(product)) < 0.25) + 2 * (chance.random(len(product)) < 0.05)
    full = stock.prices[product] * quantity
    retail = _part_of(full, 0.2, chance.random(len(product)) < 0.2)
    often = np.where(np.repeat(customer, sizes) % COUPON_EVERY == COUPON_FANS, 0.05, 0.001)
    coupon = _part_of(full, 0.15, chance.random(len(product)) < often)
    amount = np.round(full - retail - coupon, 2)
    total: Floats = np.add.reduceat(amount, np.cumsum(sizes) - sizes).astype(np.float64)
    return Baskets(
        order=order,
        customer=customer + 1,
        at=_times(chance, plan, day),
        store=1 + chance.integers(0, 400, len(day)),
        cancelled=chance.random(len(day)) < CANCELLED,
        total=np.round(total, 2),
        line_order=np.repeat(order, sizes),
        product=product + 1,
        quantity=quantity,
        amount=amount,
        retail_discount=retail,
        coupon_discount=coupon,
    )


def _part_of(full: Floats, share: float, where: NDArray[np.bool_]) -> Floats:
    return np.where(where, np.round(share * full, 2), 0.0)


def _times(chance: np.random.Generator, plan: BigShop, day: Ints) -> Ints:
    """Moments of the days between eight and ten, in order."""
    first = (plan.first_day - date(2000, 1, 1)).days
    hour = 8 + 14 * chance.beta(2.5, 2.0, len(day))
    moments: Ints = np.sort((first + day) * 86_400 + (3600 * hour).astype(np.int64))
    return moments


def _buyers(chance: np.random.Generator, people: People, day: Ints) -> Ints:
    """Who buys on each day: by rate, among those who have joined and are not lost. Rows of customers."""
    found = np.zeros(len(day), dtype=np.int64)
    left = np.arange(len(day))
    for _ in range(TRIES):
        drawn = np.searchsorted(people.ends, chance.random(len(left)) * people.ends[-1])
        found[left] = np.minimum(drawn, len(people.ends) - 1)
        here = (people.first[found[left]] <= day[left]) & (day[left] <= people.last[found[left]])
        left = left[~here]
        if not len(left):
            break
    return found


def _products(chance: np.random.Generator, stock: Stock, customer: Ints, day: Ints) -> Ints:
    """A product row a line: one of the customer's favourites, or what sells in the quarter."""
    count = len(customer)
    favourite = (FAVOURITES * chance.random(count) ** 2).astype(np.int64)
    slot = _mixed(customer * FAVOURITES + favourite) % SLOTS
    own = stock.tastes[customer % PERSONAS, slot]
    quarter = day // 91 % QUARTERS
    sells = stock.quarters[quarter, chance.integers(0, SLOTS, count)]
    return np.where(chance.random(count) < OWN_SHARE, own, sells)


def _mixed(values: Ints) -> Ints:
    """Numbers mixed well, the same for the same number: the finaliser of SplitMix64 (Steele et al., 2014)."""
    mixed = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).astype(np.int64)
