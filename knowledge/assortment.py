"""The products that search can find, in memory: which texts stand for them, and how often each is bought."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Engine

from shopwright.knowledge import names
from shopwright.knowledge.columns import LINES, PRODUCT
from shopwright.knowledge.types import ProductHit
from shopwright.knowledge.words import Lexicon, words

BRAND_WORDS = {
    "Private": "private label store brand own brand 自有品牌 商店品牌",
    "National": "national brand name brand 全国品牌",
}


@dataclass(frozen=True)
class Kind:
    """A product type within its category and department: the level at which people ask for things."""

    department: str
    category: str
    product_type: str

    @property
    def name(self) -> names.Name:
        """The names of the most specific level that the shop's data give."""
        if self.product_type:
            return names.product_type(self.product_type, self.category)
        return names.category(self.category) if self.category else names.department(self.department)

    def texts(self) -> list[str]:
        """The texts by which the kind is found: its names, with its category's, and other words for it."""
        name, category = self.name, names.category(self.category)
        english = [word for word in name.also if word.isascii()]
        chinese = [word for word in name.also if not word.isascii()]
        texts = [
            name.en, f"{name.en}, {category.en}", ", ".join([name.en, *english]),
            name.zh, f"{name.zh}，{category.zh}", "，".join([name.zh, *chinese]),
            *name.also,
        ]  # fmt: skip
        return list(dict.fromkeys(text.strip(" ,，") for text in texts if text.strip(" ,，")))


@dataclass(frozen=True)
class Entry:
    """Products that a person cannot tell apart: same kind, name, brand, size and description."""

    kind: Kind
    name: str
    brand: str
    size: str
    description: str

    @property
    def text(self) -> str:
        """The text by which the products are found."""
        kind = self.kind.name.en
        named = self.name if self.brand not in names.BRANDS_ZH else kind
        parts = (named, self.size, self.brand, kind if named != kind else "", self.description[:300])
        return ", ".join(part for part in parts if part)

    def terms(self) -> list[str]:
        """The words of the product itself, beside those of its kind."""
        return words(
            f"{self.name} {self.brand} {BRAND_WORDS.get(self.brand, '')} {self.size} {self.description[:300]}"
        )

    def hit(self, product_id: int, price: float | None, score: float) -> ProductHit:
        """The product as search returns it."""
        kind = self.kind
        zh = names.product_name_zh(self.name, kind.product_type, kind.category, self.brand, self.size)
        return ProductHit(
            product_id=product_id,
            name=self.name,
            name_zh=zh,
            product_type=kind.product_type,
            category=kind.category,
            category_zh=names.category_names(kind.category)[1],
            department=kind.department,
            department_zh=names.department_names(kind.department)[1],
            brand=self.brand,
            size=self.size,
            price=price,
            score=score,
        )


def text_key(text: str) -> str:
    """The id of a text in the vector index."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:24]


_COLUMNS = ("department", "category", "product_type", "name", "brand", "size", "description")


def entry_of(row: Sequence[str]) -> Entry:
    """The entry of a product whose columns are in the order department .. description."""
    return Entry(Kind(row[0], row[1], row[2]), row[3], row[4], row[5], row[6])


class Assortment:
    """Every active product with a price, as arrays; `entries` and `kinds` are the distinct ones."""

    def __init__(self, engine: Engine) -> None:
        c = PRODUCT.c
        query = select(c.id, c.price, *(c[column] for column in _COLUMNS)).where(
            c.active, c.price.is_not(None)
        )
        with engine.connect() as connection:
            rows = connection.execute(query.order_by(c.id)).all()
            orders = _order_lines(connection)
        places: dict[tuple[str, ...], int] = {}
        held = [places.setdefault(tuple(row[2:]), len(places)) for row in rows]
        self.entries = [entry_of(columns) for columns in places]
        kinds: dict[Kind, int] = {}
        kind_rows = [kinds.setdefault(entry.kind, len(kinds)) for entry in self.entries]
        self.kinds = list(kinds)
        self.ids: NDArray[np.int64] = np.array([row[0] for row in rows], dtype=np.int64)
        self.prices: NDArray[np.float64] = np.array([row[1] for row in rows], dtype=np.float64)
        self.entry: NDArray[np.int64] = np.array(held, dtype=np.int64)
        self.kind: NDArray[np.int64] = np.array(kind_rows, dtype=np.int64)  # of each entry
        self.orders: NDArray[np.float64] = np.array([orders.get(row[0], 0) for row in rows], dtype=np.float64)

    def kind_orders(self) -> NDArray[np.float64]:
        """How often each kind was bought, in order lines."""
        kinds = self.kind[self.entry]
        return np.bincount(kinds, weights=self.orders, minlength=len(self.kinds)).astype(np.float64)

    def kind_texts(self) -> dict[str, list[int]]:
        """Which kinds (positions in `kinds`) each text stands for."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row, kind in enumerate(self.kinds):
            for text in kind.texts():
                found[text].append(row)
        return dict(found)

    def entry_texts(self) -> dict[str, list[int]]:
        """Which entries (positions in `entries`) each text stands for."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row, entry in enumerate(self.entries):
            found[entry.text].append(row)
        return dict(found)

    def lexicon(self) -> Lexicon:
        """The words of every entry, its kind's included."""
        of_kind = [set(words(" . ".join(kind.texts()))) for kind in self.kinds]
        return Lexicon(
            [of_kind[kind].union(entry.terms()) for kind, entry in zip(self.kind, self.entries, strict=True)]
        )


def _order_lines(connection: Connection) -> dict[int, int]:
    query = select(LINES.c.product_id, func.count()).group_by(LINES.c.product_id)
    return {int(product): int(count) for product, count in connection.execute(query)}
