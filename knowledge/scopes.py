"""What part of the assortment words mean: 'cat food', '零食', 'produce', 'frozen pizza'.

Words are looked up among the names of groups (`data/groups_zh.csv`), departments, categories and product
types, in both languages; then the longest known name at the end of the words; then the nearest name by
meaning, if it is near enough to be used as a filter.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from shopwright.knowledge import names
from shopwright.knowledge.assortment import Assortment, text_key
from shopwright.knowledge.embedding import shared_embedder
from shopwright.knowledge.types import Scope
from shopwright.knowledge.vectors import VectorIndex
from shopwright.knowledge.words import has_chinese, latin_words

# A known name must make up this share of the words that carry meaning.
ENOUGH = 0.6
# Cosine similarity from which a name that shares no wording may be used; calibrated on words of both kinds.
SURE = 0.80
BAND = 0.03  # names this much less near than the nearest are taken in as well
_FILLER = re.compile(
    r"^(一些|各种|所有|全部|便宜的|新鲜的|什么|哪些)|(类商品|类产品|类的东西|的商品|的产品|的东西|相关商品|商品|产品|之类|类)$"
)
_PUNCTUATION = re.compile(r"[\s,.;:!?，。；：！？、“”\"'()（）]+")

Place = tuple[str, str]  # level (department, category, product_type) and name


class ScopeFinder:
    """Finds scopes in one assortment."""

    def __init__(self, assortment: Assortment, index: VectorIndex) -> None:
        self._assortment, self._index = assortment, index
        self._orders = assortment.kind_orders()
        self._groups: dict[str, Scope] = {}
        self._levels: dict[str, dict[str, list[str]]] = {}
        self._texts = {text_key(text): rows for text, rows in assortment.kind_texts().items()}
        self._read_groups()
        self._read_levels()

    def find(self, text: str) -> Scope | None:
        """The scope that the text means; None when it means nothing that the shop sells."""
        for phrase in _phrases(text):
            found = self._named(phrase, text)
            if found:
                return found
        return self._ending(text) or self._nearest(text)

    def _named(self, phrase: str, text: str) -> Scope | None:
        """The scope of which the phrase is a name."""
        group = self._groups.get(phrase)
        if group:
            return group.model_copy(update={"query": text})
        for level in ("departments", "categories", "product_types"):
            found = self._levels[level].get(phrase)
            if found:
                return self._scope(text, level, found)
        return None

    def _ending(self, text: str) -> Scope | None:
        """The scope of the longest known name with which the text ends, if it is most of the text."""
        phrase = _phrases(text)[0]
        if not phrase:
            return None
        parts: list[str] = list(phrase) if has_chinese(phrase) else phrase.split(" ")
        glue = "" if has_chinese(phrase) else " "
        for start in range(1, len(parts)):
            if (len(parts) - start) / len(parts) < ENOUGH:
                return None
            found = self._named(glue.join(parts[start:]), text)
            if found:
                return found
        return None

    def _nearest(self, text: str) -> Scope | None:
        """The product types whose names are nearest in meaning, if they are near enough."""
        near = self._index.nearest("kinds", shared_embedder().embed([text])[0], 30)
        best = max(near.values(), default=0.0)
        if best < SURE:
            return None
        rows = {
            row for key, value in near.items() if value >= best - BAND for row in self._texts.get(key, ())
        }
        kinds = [self._assortment.kinds[row] for row in sorted(rows)]
        types = sorted({kind.product_type for kind in kinds if kind.product_type})
        return self._scope(text, "product_types", types) if types else None

    def _scope(self, text: str, level: str, found: list[str]) -> Scope:
        """A scope of several names of one level, called after the one bought most."""
        bought: defaultdict[str, float] = defaultdict(float)
        attribute = {"departments": "department", "categories": "category"}.get(level, "product_type")
        main: dict[str, names.Name] = {}
        for row, kind in enumerate(self._assortment.kinds):
            name = getattr(kind, attribute)
            bought[name] += float(self._orders[row])
            main.setdefault(name, _name(level, name, kind.category))
        first = main[max(found, key=lambda name: (bought[name], name))]
        english, chinese = first.en, first.zh
        if len(found) > 1 and level == "product_types":
            english, chinese = english.split(",")[0], chinese.split("（")[0]
        return Scope.model_validate(
            {"query": text, "label": english, "label_zh": chinese, level: sorted(found)}
        )

    def _read_groups(self) -> None:
        """Groups as far as this shop has what they name."""
        held = {
            "departments": {kind.department for kind in self._assortment.kinds},
            "categories": {kind.category for kind in self._assortment.kinds},
            "product_types": {kind.product_type for kind in self._assortment.kinds},
        }
        for row in _group_rows():
            parts = {level: [name for name in row[level].split(";") if name in held[level]] for level in held}
            if any(parts.values()):
                label = {"query": "", "label": row["name_en"], "label_zh": row["name_zh"]}
                scope = Scope.model_validate({**label, **parts})
                for word in [row["name_en"], row["name_zh"], *row["also"].split(";")]:
                    for phrase in _phrases(word):
                        self._groups.setdefault(phrase, scope)

    def _read_levels(self) -> None:
        """Every name of every department, category and product type."""
        levels: dict[str, defaultdict[str, set[str]]] = {
            level: defaultdict(set) for level in ("departments", "categories", "product_types")
        }
        for kind in self._assortment.kinds:
            for level, name in (
                ("departments", kind.department), ("categories", kind.category),
                ("product_types", kind.product_type),
            ):  # fmt: skip
                for phrase in _names_of(level, name, kind.category) if name else ():
                    levels[level][phrase].add(name)
        self._levels = {
            level: {phrase: sorted(found) for phrase, found in table.items() if phrase}
            for level, table in levels.items()
        }


def _name(level: str, name: str, category: str) -> names.Name:
    if level == "product_types":
        return names.product_type(name, category)
    return names.category(name) if level == "categories" else names.department(name)


@cache
def _names_of(level: str, name: str, category: str) -> tuple[str, ...]:
    """The phrases that name a level's entry: its own name, its readable ones, other words for it."""
    known = _name(level, name, category)
    spoken = [name, known.en, known.zh, known.zh.split("（")[0], *known.also]
    return tuple(dict.fromkeys(phrase for word in spoken for phrase in _phrases(word)))


@cache
def _group_rows() -> tuple[dict[str, str], ...]:
    with (names.DATA / "groups_zh.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(csv.DictReader(handle))


def _phrases(text: str) -> list[str]:
    """The text as it is compared: English as stems, Chinese without filler; the fuller form first."""
    if not has_chinese(text):
        return [" ".join(latin_words(text))]
    plain = _PUNCTUATION.sub("", text).lower()
    forms: Iterable[str] = (plain, _FILLER.sub("", plain), _FILLER.sub("", _FILLER.sub("", plain)))
    return list(dict.fromkeys(form for form in forms if form)) or [plain]
