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
from shopwright.knowledge.words import has_chinese, latin_words, words

# A known name must make up this share of the words that carry meaning.
ENOUGH = 0.6
# A name that is only similar is used from this cosine similarity on, if it holds this share of the words.
SURE, SHARED = 0.80, 0.7
MOSTLY = 0.6  # of what is bought under a type's name must be what the words mean
BAND = 0.03  # names this much less near than the nearest are taken in as well
# Ends of names that say nothing about what a product is.
GENERIC = frozenset({
    "care", "supply", "accessory", "sweet", "item", "product", "pack", "drink", "mix", "food",
    "snack", "dish", "misc", "goods", "other", "set", "用品", "商品", "产品", "食品", "礼品",
    "配件", "护理", "制品", "补充剂", "套装", "饮料", "零食", "沙拉", "酱料", "小物", "冷", "热",
    "玩具", "装饰",
})  # fmt: skip
WHOLE = ("火鸡",)  # its second half is another animal: a name is not cut inside these
_FILLER = re.compile(
    r"^(一些|各种|所有|全部|便宜的|新鲜的|什么|哪些)|(类商品|类产品|类的东西|的商品|的产品|的东西|相关商品|商品|产品|之类|类)$"
)
_PUNCTUATION = re.compile(r"[\s,.;:!?，。；：！？、“”\"'()（）]+")

Phrases = defaultdict[str, set[int]]
LEVELS = {"departments": "department", "categories": "category", "product_types": "product_type"}


class ScopeFinder:
    """Finds scopes in one assortment."""

    def __init__(self, assortment: Assortment, index: VectorIndex) -> None:
        self._kinds, self._index = assortment.kinds, index
        self._orders = assortment.kind_orders()
        self._type_orders: defaultdict[str, float] = defaultdict(float)
        for kind, orders in zip(self._kinds, self._orders, strict=True):
            self._type_orders[kind.product_type] += float(orders)
        texts = assortment.kind_texts()
        self._rows = {text_key(text): rows for text, rows in texts.items()}
        self._words = {text_key(text): frozenset(words(text)) for text in texts}
        self._groups = self._read_groups()
        # Which kinds (positions) a phrase means: as a name of a level, as another word, as a name's end.
        self._names: dict[str, Phrases] = {level: defaultdict(set) for level in LEVELS}
        self._also: dict[str, Phrases] = {level: defaultdict(set) for level in LEVELS}
        self._ends: Phrases = defaultdict(set)
        self._read_names()

    def find(self, text: str) -> Scope | None:
        """The scope that the text means; None when it means nothing that the shop sells."""
        for phrase in _phrases(text):
            found = self._named(phrase, text)
            if found:
                return found
        return self._ending(text) or self._nearest(text)

    def mentioned(self, text: str) -> Scope | None:
        """The scope of the longest name of the assortment that stands anywhere in the text."""
        chinese = has_chinese(text)
        plain = _PUNCTUATION.sub("", text).lower() if chinese else _phrases(text)[0]
        parts, glue = (list(plain), "") if chinese else (plain.split(" "), " ")
        for length in range(min(len(parts), 8 if chinese else 4), 1 if chinese else 0, -1):
            for start in range(len(parts) - length + 1):
                phrase = glue.join(parts[start : start + length])
                found = self._named(phrase, phrase)
                if found:
                    return found
        return None

    def _named(self, phrase: str, text: str) -> Scope | None:
        """The scope of which the phrase is a name: the wider level first, another word last."""
        group = self._groups.get(phrase)
        if group:
            return group.model_copy(update={"query": text})
        types = self._names["product_types"].get(phrase) or self._also["product_types"].get(phrase, set())
        ends = self._ends.get(phrase, set())
        for level, rows in (
            ("departments", self._names["departments"].get(phrase)),
            ("categories", self._names["categories"].get(phrase)),
            ("product_types", types | ends),
            ("departments", self._also["departments"].get(phrase)),
            ("categories", self._also["categories"].get(phrase)),
        ):
            found = self._scope(text, level, rows, types or ends) if rows else None
            if found:
                return found
        return None

    def _ending(self, text: str) -> Scope | None:
        """The scope of the longest known name with which the text ends, if it is most of the text."""
        phrase = _phrases(text)[0]
        glue = "" if has_chinese(phrase) else " "
        parts = list(phrase) if has_chinese(phrase) else phrase.split(" ")
        for start in range(1, len(parts)):
            if (len(parts) - start) / len(parts) < ENOUGH:
                break
            found = self._named(glue.join(parts[start:]), text)
            if found:
                return found
        return None

    def _nearest(self, text: str) -> Scope | None:
        """The product types whose names are nearest in meaning, if they are near enough."""
        near = self._index.nearest("kinds", shared_embedder().embed([text])[0], 30)
        asked = set(words(text))
        near = {key: value for key, value in near.items() if value >= SURE and self._shares(key, asked)}
        least = max(near.values(), default=0.0) - BAND
        rows = {row for key, value in near.items() if value >= least for row in self._rows[key]}
        return self._scope(text, "product_types", rows, rows) if rows else None

    def _shares(self, key: str, asked: set[str]) -> bool:
        """Whether the name under the key holds most of the words asked for."""
        held = self._words.get(key, frozenset())
        return bool(asked) and len(asked & held) >= SHARED * len(asked)

    def _scope(self, text: str, level: str, rows: set[int], best: set[int]) -> Scope | None:
        """A scope of several names of one level, called after the one of `best` that is bought most.

        A type that stands for other things in other categories ('PREMIUM') is no filter and left out.
        """
        bought: defaultdict[str, float] = defaultdict(float)
        for row in rows:
            bought[getattr(self._kinds[row], LEVELS[level])] += float(self._orders[row])
        if level == "product_types":
            bought.pop("", None)
            whole = self._type_orders
            bought = defaultdict(float, {n: v for n, v in bought.items() if v >= MOSTLY * whole[n]})
        if not bought:
            return None
        kept = [row for row in rows if getattr(self._kinds[row], LEVELS[level]) in bought]
        main = max(kept, key=lambda row: (row in best, self._orders[row], -row))
        name = _name(level, getattr(self._kinds[main], LEVELS[level]), self._kinds[main].category)
        english, chinese = name.en, name.zh
        if len(bought) > 1 and level == "product_types":
            english, chinese = english.split(",")[0], chinese.split("（")[0]
        ordered = sorted(bought, key=lambda name: (-bought[name], name))
        return Scope.model_validate({"query": text, "label": english, "label_zh": chinese, level: ordered})

    def _read_groups(self) -> dict[str, Scope]:
        """Groups by phrase, as far as this shop has what they name."""
        held = {
            level: {getattr(kind, attribute) for kind in self._kinds} - {""}
            for level, attribute in LEVELS.items()
        }
        groups: dict[str, Scope] = {}
        for row in _group_rows():
            parts = {level: [name for name in row[level].split(";") if name in held[level]] for level in held}
            if any(parts.values()):
                label = {"query": "", "label": row["name_en"], "label_zh": row["name_zh"]}
                scope = Scope.model_validate({**label, **parts})
                for phrase in _phrase_set([row["name_en"], row["name_zh"], *row["also"].split(";")]):
                    groups.setdefault(phrase, scope)
        return groups

    def _read_names(self) -> None:
        """Every name of every department, category and product type, and what the types' names end with."""
        for row, kind in enumerate(self._kinds):
            for level, attribute in LEVELS.items():
                name = getattr(kind, attribute)
                if name:
                    spoken, also = _names_of(level, name, kind.category)
                    for phrase in spoken:
                        self._names[level][phrase].add(row)
                    for phrase in also:
                        self._also[level][phrase].add(row)
            if kind.product_type:
                for phrase in _ends_of(kind.product_type, kind.category):
                    self._ends[phrase].add(row)


def _name(level: str, name: str, category: str) -> names.Name:
    if level == "product_types":
        return names.product_type(name, category)
    return names.category(name) if level == "categories" else names.department(name)


@cache
def _names_of(level: str, name: str, category: str) -> tuple[frozenset[str], frozenset[str]]:
    """The phrases that are the entry's own and readable names, and those that are other words for it."""
    known = _name(level, name, category)
    spoken = [name, known.en, known.zh, known.zh.split("（")[0]]
    if level == "product_types":
        spoken.append(known.en.split(",")[0])
    return _phrase_set(spoken), _phrase_set(known.also)


@cache
def _ends_of(product_type: str, category: str) -> frozenset[str]:
    """What the type's names end with: 'chicken wings' of 'frozen chicken wings'."""
    known = names.product_type(product_type, category)
    english = latin_words(known.en.split(",")[0])
    chinese = _phrases(known.zh.split("（")[0])[0]
    ends = {" ".join(english[start:]) for start in range(1, len(english))}
    inside = {chinese.find(whole) + 1 for whole in WHOLE if whole in chinese}
    ends |= {chinese[start:] for start in range(1, len(chinese) - 1) if start not in inside}
    return frozenset(end for end in ends if end not in GENERIC)


def _phrase_set(spoken: Iterable[str]) -> frozenset[str]:
    return frozenset(phrase for word in spoken for phrase in _phrases(word) if phrase)


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
