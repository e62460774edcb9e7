"""Behaviour patterns: what is bought together, and what is bought next.

Everything is counted in a sample of baskets that the fit wrote (all of them, in a shop of up to
pattern_baskets.MOST_BASKETS), so an answer takes a moment whatever the size of the shop. Patterns describe;
they do not say that selling the one would make people buy the other.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from shopwright.knowledge import saved
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.names import category_names, department_names, type_names
from shopwright.knowledge.pattern_baskets import Baskets, Kinds, draw, in_sample
from shopwright.knowledge.pattern_rules import (
    BEYOND_SIZE,
    MIN_COUNT,
    Sizes,
    distinct,
    frequent_rules,
    low_share,
)
from shopwright.knowledge.pattern_sequences import MIN_CUSTOMERS, WINDOW_DAYS, Following, Timeline
from shopwright.knowledge.pattern_types import Follow, Item, PatternReport, Rule
from shopwright.knowledge.types import CustomerFilter, Frozen, Scope

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from shopwright.knowledge.shop import Shop

NAME = "patterns"
SHOWN = 12
MIN_BASKETS, MIN_DAYS = 200, 2 * WINDOW_DAYS
MIN_SHARE = 0.02
MIN_LIFT = 1.1
SURE, SURE_OF_MANY = 1.96, 3.29
"""Standard errors by which a sequence must lie above what is to be expected: of one first, of all."""
MIN_OF_MANY = 30  # customers, where the strongest of all pairs are sought


class Found(Frozen):
    """What the fit found in the whole sample: the answers to questions without a category or a group."""

    together: PatternReport
    next: PatternReport


def fit_patterns(shop: Shop, progress: Progress = lambda _step, _done, _total: None) -> None:
    """Draw the sample of baskets, find the whole shop's patterns, and save both.

    Raises LookupError where the shop has too few orders, or sells only one kind of thing.
    """
    with shop.engine.connect() as connection:
        progress("patterns: reading baskets", 0, 3)
        baskets, kinds = draw(connection)
    if len(baskets) < MIN_BASKETS:
        raise LookupError(
            f"Too few baskets to find patterns in: it takes {MIN_BASKETS}, there are {len(baskets)}."
        )
    fingerprint = saved.shop_fingerprint(shop.engine)
    config = {"baskets": len(baskets), "sampled_one_in": baskets.one_in, "level": kinds.level}
    with saved.saving(
        shop.model_dir(NAME), fingerprint=fingerprint, config=config, libraries=["numpy", "scipy", "mlxtend"]
    ) as draft:
        finder = Finder(baskets, kinds, shop.settings.k_anonymity)
        progress("patterns: what is bought together", 1, 3)
        together = finder.together(None)
        progress("patterns: what is bought next", 2, 3)
        found = Found(together=together, next=finder.next(None))
        baskets.write(draft.path("baskets.npz"))
        draft.path("found.json").write_text(found.model_dump_json(), encoding="utf-8")
        draft.path("kinds.json").write_text(KindRows(rows=kinds.rows).model_dump_json(), encoding="utf-8")
        draft.figures.update(
            {
                **config,
                "rules": len(together.rules),
                "follows": len(found.next.follows),
                "customers": together.customers,
            }
        )
    progress("patterns: what is bought next", 3, 3)


class KindRows(Frozen):
    """Kinds as they are saved: department, category, product type."""

    rows: list[tuple[str, str, str]]


class Patterns:
    """The shop's patterns. Every method raises SavedModelError (a LookupError) when not fitted."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def together(self, scope: Scope | None = None, filter: CustomerFilter | None = None) -> PatternReport:
        """What is bought in the same basket: with the scope if given, by those who match if given."""
        if scope is None and filter is None:
            return self._found.together
        return self._finder(filter).together(scope)

    def next(self, scope: Scope | None = None, filter: CustomerFilter | None = None) -> PatternReport:
        """What is bought within WINDOW_DAYS of first buying something, or the scope if given."""
        if scope is None and filter is None:
            return self._found.next
        return self._finder(filter).next(scope)

    def _finder(self, filter: CustomerFilter | None) -> Finder:
        if filter is None:
            return self._everybody
        baskets = self._everybody.baskets
        chosen = select_members(filter, Moment(self._shop.today.date())).subquery()
        query = select(chosen.c.id).where(*in_sample(chosen.c.id, baskets.one_in))
        with self._shop.engine.connect() as connection:
            members = np.array(list(connection.execute(query).scalars()), dtype=np.int64)
        return Finder(baskets.of(members), self._everybody.kinds, self._shop.settings.k_anonymity)

    @cached_property
    def _saved(self) -> saved.SavedModel:
        return saved.load(self._shop.model_dir(NAME))

    @cached_property
    def _found(self) -> Found:
        return Found.model_validate_json(self._saved.path("found.json").read_bytes())

    @cached_property
    def _everybody(self) -> Finder:
        kinds = KindRows.model_validate_json(self._saved.path("kinds.json").read_bytes())
        return Finder(
            Baskets.read(self._saved.path("baskets.npz")),
            Kinds.of(kinds.rows),
            self._shop.settings.k_anonymity,
        )


class Finder:
    """Patterns of some baskets; none of fewer than `least` customers or MIN_COUNT baskets is told."""

    def __init__(self, baskets: Baskets, kinds: Kinds, least: int) -> None:
        self.baskets, self.kinds = baskets, kinds
        self._least = max(least, 1)
        self._customers = len(np.unique(baskets.customers))
        self._width = len(kinds.items)

    def together(self, scope: Scope | None) -> PatternReport:
        """Association rules, strongest first."""
        rules: list[Rule] = []
        about, with_it = None, 0
        if len(self.baskets):
            if scope is None:
                rules = self._rules()
            else:
                about = Item(key=scope.label, name=scope.label, name_zh=scope.label_zh)
                with_it, rules = self._rules_with(scope, about)
        return PatternReport(
            kind="together",
            about=about,
            rules=rules,
            baskets=len(self.baskets),
            customers=self._customers,
            with_it=with_it,
            whole=self.baskets.one_in == 1,
        )

    def next(self, scope: Scope | None) -> PatternReport:
        """Sequential patterns, strongest first."""
        follows: list[Follow] = []
        about, with_it, first_seen = None, 0, True
        if len(self.baskets) and self.baskets.end >= MIN_DAYS:
            if scope is None:
                follows = self._all_follows()
            else:
                about = Item(key=scope.label, name=scope.label, name_zh=scope.label_zh)
                with_it, follows, first_seen = self._follows_of(scope, about)
        return PatternReport(
            kind="next",
            about=about,
            follows=follows,
            baskets=len(self.baskets),
            customers=self._customers,
            with_it=with_it,
            whole=self.baskets.one_in == 1,
            days=WINDOW_DAYS,
            first_seen=first_seen,
        )

    @cached_property
    def _matrix(self) -> csr_array:
        return self.baskets.matrix(self.kinds.codes, self._width)

    @cached_property
    def _sizes(self) -> Sizes:
        return Sizes(self._matrix)

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        return np.asarray(self._matrix.sum(axis=0)).ravel() / max(1, len(self.baskets))

    def _rules_with(self, scope: Scope, about: Item) -> tuple[int, list[Rule]]:
        inside = self.kinds.within(scope)
        chosen = np.zeros(len(self.baskets), dtype=bool)
        chosen[self.baskets.baskets[inside[self.baskets.kinds]]] = True
        total = int(chosen.sum())
        if total < MIN_COUNT or len(np.unique(self.baskets.customers[chosen])) < self._least:
            return total, []
        counts = np.asarray(self._matrix[chosen].sum(axis=0)).ravel().astype(np.float64)
        same_size = counts / np.maximum(self._sizes.expected(chosen), 1e-9)
        rank = low_share(counts, total) / np.maximum(self._shares, 1e-9)
        own = self._own(inside)
        rules = []
        for item in np.argsort(-rank, kind="stable").tolist():
            if own[item] or counts[item] < MIN_COUNT or counts[item] < MIN_SHARE * total:
                continue
            if same_size[item] < BEYOND_SIZE or not self._enough(chosen, item):
                continue
            rules.append(self._rule([about], item, int(counts[item]), total, float(same_size[item])))
            if len(rules) == SHOWN:
                break
        return total, rules

    def _rules(self) -> list[Rule]:
        found: list[tuple[tuple[tuple[int, ...], int], Rule]] = []
        columns = self._matrix.tocsc()
        for given, then in frequent_rules(self._matrix, MIN_COUNT, SHOWN):
            chosen = np.ones(len(self.baskets), dtype=bool)
            for item in given:
                chosen &= columns[:, [item]].toarray().ravel() > 0
            total = int(chosen.sum())
            hits = chosen & (columns[:, [then]].toarray().ravel() > 0)
            count = int(hits.sum())
            if count < MIN_COUNT or len(np.unique(self.baskets.customers[hits])) < self._least:
                continue
            same_size = count / max(1e-9, float(self._sizes.expected(chosen)[then]))
            if same_size >= BEYOND_SIZE:
                items = [self._item(item) for item in given]
                found.append(((given, then), self._rule(items, then, count, total, same_size)))
            if len(found) == 8 * SHOWN:
                break
        lifts = [rule.lift_same_size for _, rule in found]
        return [found[place][1] for place in distinct([pair for pair, _ in found], lifts, SHOWN)]

    def _rule(self, given: list[Item], then: int, count: int, total: int, same_size: float) -> Rule:
        confidence = count / total
        return Rule(
            given=given,
            then=self._item(then),
            count=count,
            support=count / len(self.baskets),
            confidence=confidence,
            lift=confidence / max(1e-9, float(self._shares[then])),
            lift_same_size=same_size,
        )

    def _enough(self, chosen: NDArray[np.bool_], item: int) -> bool:
        held = self._matrix[:, [item]].toarray().ravel() > 0
        return len(np.unique(self.baskets.customers[chosen & held])) >= self._least

    @cached_property
    def _timeline(self) -> Timeline:
        return Timeline(self.baskets, self.kinds.codes, self._width)

    @cached_property
    def _chance(self) -> NDArray[np.float64]:
        return self._timeline.chance()

    def _follows_of(self, scope: Scope, about: Item) -> tuple[int, list[Follow], bool]:
        """A scope need not be a whole item, so its own purchases get a timeline of their own."""
        inside = self.kinds.within(scope)
        only = Timeline(self.baskets, np.where(inside, 0, -1), 1)
        customers, days, first_seen = only.first_days(np.ones(1, dtype=bool))
        found = self._timeline.after(customers, days, self._chance, first_seen)
        return found.customers, self._listed(about, found, self._own(inside), SHOWN, SURE), first_seen

    def _all_follows(self) -> list[Follow]:
        """The strongest of all."""
        found: list[Follow] = []
        buyers = np.bincount(np.unique(self._timeline.pair) % self._width, minlength=self._width)
        for item in np.flatnonzero(buyers >= MIN_OF_MANY).tolist():
            wanted = np.zeros(self._width, dtype=bool)
            wanted[item] = True
            customers, days, first_seen = self._timeline.first_days(wanted)
            if first_seen:
                following = self._timeline.after(customers, days, self._chance, first_seen)
                listed = self._listed(self._item(item), following, wanted, 3, SURE_OF_MANY)
                found += [follow for follow in listed if follow.count >= MIN_OF_MANY]
        found.sort(key=lambda follow: (-follow.lift, -follow.count, follow.first.key))
        return found[:SHOWN]

    def _listed(
        self, first: Item, found: Following, own: NDArray[np.bool_], most: int, sure: float
    ) -> list[Follow]:
        """The clearest, ranked by how far they are surely above what is to be expected."""
        if found.customers < max(MIN_CUSTOMERS, self._least):
            return []
        rank = low_share(found.count.astype(np.float64), found.customers, sure) / np.maximum(
            found.chance, 1e-9
        )
        least = max(self._least, MIN_CUSTOMERS // 2, round(MIN_SHARE * found.customers))
        follows = []
        for item in np.argsort(-rank, kind="stable").tolist():
            confidence = found.count[item] / found.customers
            lift = confidence / max(float(found.chance[item]), 1e-9)
            if rank[item] < 1 or own[item] or found.chance[item] <= 0:
                continue
            if found.count[item] < least or lift < MIN_LIFT:
                continue
            follows.append(
                Follow(
                    first=first,
                    then=self._item(item),
                    count=int(found.count[item]),
                    support=float(found.count[item] / max(1, self._customers)),
                    confidence=float(confidence),
                    lift=float(lift),
                    before=float(found.before[item]),
                    days=float(found.days[item]),
                )
            )
            if len(follows) == most:
                break
        return follows

    def _own(self, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The items that the scope is, or is mostly part of: to be bought with itself says nothing."""
        own = np.zeros(self._width, dtype=bool)
        codes = self.kinds.codes[inside]
        own[codes[codes >= 0]] = True
        return own

    def _item(self, code: int) -> Item:
        key = self.kinds.items[code]
        names = {"category": category_names, "department": department_names, "product_type": type_names}
        name, name_zh = names[self.kinds.level](key)
        return Item(key=key, name=name, name_zh=name_zh)
