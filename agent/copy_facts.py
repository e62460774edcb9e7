"""What a copy may rest on: the product, the offer, and what the person asked to have said."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*")
DENIED = re.compile(
    r"\b(?:no|not|never|without|avoid|don'?t|do not|nor|isn'?t)\b|不要|不能|不得|不许|不含|别|勿|禁止|避免",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[,.;:!?，。；：！？\n]")
LONGEST_NAME = 80


@dataclass(frozen=True)
class Copy:
    """A text to be checked, with what it may rest on.

    `facts` is the data of the `write_copy` result that it was written from; two keys may be added:
    `currency` (the shop's symbol) and `request` (what the person asked, whose own claims may be said).
    """

    text: str
    channel: str
    language: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    disclose: Sequence[str] = ()
    banned: Sequence[str] = ()

    @property
    def product(self) -> Mapping[str, Any]:
        """The product's facts; empty without one."""
        found = self.facts.get("product")
        return found if isinstance(found, Mapping) else {}

    @property
    def request(self) -> str:
        """What the person asked."""
        return str(self.facts.get("request") or "")

    @property
    def discount(self) -> float | None:
        """The discount offered, percent; None without one."""
        return _number(self.facts.get("discount_percent")) or None

    @property
    def price(self) -> float | None:
        """The product's price; None where it is unknown."""
        return _number(self.product.get("price"))

    @property
    def names(self) -> list[str]:
        """The product's names and brand, the longest first."""
        found = {str(self.product.get(key) or "").strip() for key in ("name", "name_zh", "brand")}
        found |= {name.split(",")[0].split("，")[0].strip() for name in found}
        return sorted((name for name in found if len(name) > 1), key=lambda name: (-len(name), name))

    @property
    def kinds(self) -> str:
        """The shop's own words for what the product is: type, category, department, size, offer, audience."""
        keys = ("product_type", "category", "category_zh", "department", "department_zh", "size")
        found = [str(self.product.get(key) or "") for key in keys]
        return "\n".join([*found, str(self.facts.get("offer") or ""), str(self.facts.get("audience") or "")])

    @property
    def without_names(self) -> str:
        """The text with the product's names taken out, so that no rule stumbles over them."""
        text = self.text
        for name in self.names:
            text = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", " ", text, flags=re.IGNORECASE)
        return text


@dataclass(frozen=True)
class CopyProblem:
    """One thing that is wrong with a copy; `unsafe`: it must not reach a customer."""

    rule: str
    message: str
    unsafe: bool = False


def asked_for(copy: Copy) -> str:
    """What the person asked to have said: the request without the clauses that forbid something."""
    parts = [part for part in CLAUSE.split(copy.request) if not DENIED.search(part)]
    return "\n".join(parts)


def short_names(copy: Copy) -> str:
    """The product's names as far as they are names: one longer than a label licenses no claim."""
    found = (str(copy.product.get(key) or "") for key in ("name", "name_zh", "brand"))
    return "\n".join(name for name in found if len(name) <= LONGEST_NAME)


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
