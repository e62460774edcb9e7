"""Takes personal data out of text, and finds what is left of it.

`personal.yaml` says how e-mail addresses, phone numbers (China and abroad), numbers of cards and accounts,
postal addresses, links, keys, number plates and names that are introduced or carry a title look. From the
shop come its customers' names, its staff's usernames, and the ids of customers and orders. An id becomes the
placeholder of a case ({own_order}, {customer} ...), all else a word in angle brackets. Names that nobody
introduces and the shop does not know cannot be told from other words: that is why a person reviews each case.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from yaml import safe_load

from shopwright.agent.mentions import ID_KINDS

DATA = Path(__file__).parent / "personal.yaml"
HAN = r"[\u4e00-\u9fff]"
TICKETS = re.compile(
    r"(?:\b(?:ticket|case)\s*(?:no\.?|number|#)?\s*#?|工单(?:号|编号)?\s*(?:是|为|"
    r"[:：#])?\s*)(?P<id>\d{1,12})",
    re.I,
)
NUMBERS = re.compile(r"(?<![\d.,])\d{1,19}(?![\d])")
PRODUCT = re.compile(
    r"(?:product|item|sku|campaign|商品|产品|货号|活动)\W{0,3}(?:id|no\.?|number|编号)?\W{0,3}$", re.I
)
HIDDEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
MASK = re.compile(r"<(?:url|email|token|number|ip|phone|account|plate|address|name|birthday|ticket)>|\{\w+\}")
LONG_NUMBER = re.compile(r"(?<![\d.])\d{8,}(?![\d.]*\d)")
LEAST_ID = 6  # digits of a number that is looked up without a word that says what it is
ROLES = frozenset(("admin", "marketer", "engineer", "shopper", "shop", "owner", "marketing", "user", "test"))


@dataclass(frozen=True)
class Known:
    """What the shop knows of the people in a text."""

    names: frozenset[str] = frozenset()
    """Customers' names, in lower case."""
    usernames: frozenset[str] = frozenset()
    orders: Mapping[int, int] = field(default_factory=dict)
    """Orders, and whose they are."""
    customers: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Asker:
    """Who wrote the text: it decides which placeholder an id becomes."""

    role: str = "marketer"
    customer_id: int | None = None
    actor: str = ""


@cache
def patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What personal data looks like: label and pattern, in the order in which it is looked for."""
    data = safe_load(DATA.read_text(encoding="utf-8"))
    found = []
    for kind in data["kinds"]:
        text = "|".join(kind["any"])
        for word, meaning in reversed(data["words"].items()):
            text = text.replace(word, meaning)
        found.append((kind["label"], re.compile(text, 0 if kind.get("case") else re.IGNORECASE)))
    return tuple(found)


def plain(text: str) -> str:
    """The text with wide digits, letters and signs made narrow and invisible characters taken out."""
    narrow = "".join(
        unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" and c not in "，：；！？（）" else c
        for c in text
    )
    return HIDDEN.sub("", narrow)


def mask(text: str, known: Known, asker: Asker) -> str:
    """The text without personal data."""
    text = _ids(plain(text), known, asker)
    for name in sorted(known.names, key=len, reverse=True):
        text = _word(name).sub("<name>", text)
    for name in (*_staff(known), asker.actor.partition(":")[0].strip("@")):
        if len(name) > 1:
            text = _word(name).sub("<name>", text)
    for label, pattern in patterns():
        text = pattern.sub(f"<{label}>", text)
    return text


def masked(value: Any, known: Known, asker: Asker, key: str = "") -> Any:
    """A JSON value without personal data; ids of people and orders stand under their own keys."""
    if isinstance(value, str):
        return mask(value, known, asker)
    if isinstance(value, Mapping):
        return {name: masked(item, known, asker, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, known, asker, key) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and key in ("customer_id", "order_id"):
        return _placeholder(key, value, known, asker)
    return value


def left(text: str, known: Known = Known()) -> list[str]:
    """What of the text may still be personal data; empty when nothing is. It looks closer than `mask`."""
    bare = MASK.sub(" ", plain(text))
    found = [match[0].strip() for _, pattern in patterns() for match in pattern.finditer(bare)]
    found += [number for number in LONG_NUMBER.findall(bare) if not _harmless(number, known)]
    found += [m[0] for m in NUMBERS.finditer(bare) if len(m[0]) >= LEAST_ID and int(m[0]) in known.orders]
    low = bare.lower()
    found += [name for name in sorted({*known.names, *_staff(known)}) if _word(name).search(low)]
    squeezed = re.sub(r"[\W_]+", "", low)
    found += [name for name in sorted(known.names) if len(name) > 5 and re.sub(r"\W+", "", name) in squeezed]
    return list(dict.fromkeys(found))


def words_of(text: str) -> Iterator[str]:
    """The runs of words that may be a name, in lower case: up to four words, or two to four characters."""
    bare = plain(text)
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", bare)
    for at, word in enumerate(words):
        if word[0].isupper() and len(word) > 1:
            yield word.lower()
        for size in (2, 3, 4):
            if at + size <= len(words):
                yield " ".join(words[at : at + size]).lower()
    for run in re.findall(rf"{HAN}+(?:·{HAN}+)*", bare):
        for size in (2, 3, 4):
            yield from (run[at : at + size] for at in range(len(run) - size + 1))


def numbers_of(text: str) -> Iterator[int]:
    """The whole numbers of a text that may be ids."""
    for match in NUMBERS.finditer(plain(text)):
        yield int(match[0])


def _staff(known: Known) -> list[str]:
    """Usernames that are a person's, not a role's."""
    return sorted(name for name in known.usernames if name.lower() not in ROLES)


def _ids(text: str, known: Known, asker: Asker) -> str:
    text = TICKETS.sub(lambda match: match[0][: match.start("id") - match.start()] + "<ticket>", text)
    for kind in ("customer_id", "order_id"):
        for pattern in ID_KINDS[kind]:
            replace = partial(_inside, kind=kind, known=known, asker=asker)
            text = re.sub(pattern, replace, text, flags=re.IGNORECASE)

    def alone(match: re.Match[str]) -> str:
        number = int(match[0])
        if len(match[0]) < LEAST_ID or PRODUCT.search(text[: match.start()]):
            return match[0]
        if number in known.orders:
            return str(_placeholder("order_id", number, known, asker))
        if number in known.customers and number not in known.products:
            return str(_placeholder("customer_id", number, known, asker))
        return match[0]

    return NUMBERS.sub(alone, text)


def _inside(match: re.Match[str], *, kind: str, known: Known, asker: Asker) -> str:
    """The match with its number replaced."""
    start, end = match.start("id") - match.start(), match.end("id") - match.start()
    return match[0][:start] + str(_placeholder(kind, int(match["id"]), known, asker)) + match[0][end:]


def _placeholder(kind: str, number: int, known: Known, asker: Asker) -> str | int:
    """What an id becomes. An order that does not exist stays one that does not: its digits become nines."""
    own = asker.role == "shopper" and asker.customer_id is not None
    if kind == "customer_id":
        if asker.role != "shopper":
            return "{customer}"
        return "{own_customer}" if own and number == asker.customer_id else "{other_customer}"
    owner = known.orders.get(number)
    if owner is None:
        return int("9" * len(str(number)))
    return "{own_order}" if own and owner == asker.customer_id else "{other_order}"


def _word(name: str) -> re.Pattern[str]:
    """A name as a word of its own; in Chinese, words have no bounds."""
    edge = ("", "") if re.search(HAN, name) else (r"(?<![^\W_])", r"(?![^\W_])")
    inner = r"\s+".join(re.escape(part) for part in name.split())
    return re.compile(f"{edge[0]}{inner}{edge[1]}", re.I)


def _harmless(number: str, known: Known) -> bool:
    """A round number, a day, a product's id, or an order that does not exist."""
    day = re.fullmatch(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", number)
    return bool(day) or number.endswith("0000") or set(number) == {"9"} or int(number) in known.products
