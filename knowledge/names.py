"""Names a person can read, in English and Chinese, for departments, categories and product types.

The names of the demo shop stand in `data/departments_zh.csv`, `categories_zh.csv` and `types_zh.csv`
(written for Shopwright). A shop of one's own that uses other names gets its own words back, cleaned.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
# Abbreviations that shops print on shelf labels and receipts.
ABBREVIATIONS = {
    "BF": "beef", "BRD": "breaded", "BRKFST": "breakfast", "BTL": "bottle", "CHIX": "chicken",
    "CHOC": "chocolate", "CKN": "chicken", "CND": "canned", "DNR": "dinner", "DNRS": "dinners",
    "DRNK": "drink", "DRNKS": "drinks", "FD": "food", "FLVR": "flavour", "FLVRD": "flavoured",
    "FRSH": "fresh", "FRZ": "frozen", "FRZN": "frozen", "GRND": "ground", "HSHLD": "household",
    "JCE": "juice", "LIQ": "liquid", "MISC": "other", "MLK": "milk", "ORG": "organic",
    "PKG": "packaged", "PKGD": "packaged", "PLSTC": "plastic", "PNT": "peanut", "PREM": "premium",
    "PREP": "prepared", "REFRIG": "refrigerated", "REFRGRATD": "refrigerated", "SAUS": "sausage",
    "SFT": "soft", "SHP": "shop", "SHRT": "short", "SHLFSH": "shellfish", "SNGL": "single",
    "SNDWCH": "sandwich", "SPLY": "supplies", "SUPP": "supplement", "TRKY": "turkey",
    "UNSWT": "unsweetened", "VEG": "vegetable", "W": "with", "WHL": "whole", "WTR": "water",
    "XMAS": "christmas",
}  # fmt: skip
UNITS_ZH = {
    "OZ": "盎司", "FL": "液", "LB": "磅", "LBS": "磅", "GAL": "加仑", "GA": "加仑", "QT": "夸脱",
    "PT": "品脱", "L": "升", "LT": "升", "LTR": "升", "LITER": "升", "ML": "毫升", "G": "克", "GM": "克",
    "KG": "千克", "CT": "个", "EA": "个", "PC": "件", "PK": "包", "PKG": "包", "CTN": "盒", "KIT": "套",
    "DZ": "打", "DOZ": "打", "IN": "英寸", "FT": "英尺", "SQ": "平方", "YD": "码", "CM": "厘米", "MM": "毫米",
    "ROLL": "卷", "RL": "卷", "BAG": "袋", "BTL": "瓶", "CAN": "罐", "LOAD": "次用量", "LOADS": "次用量",
    "STEM": "枝", "STEMS": "枝", "LARGE": "大", "MED": "中", "MEDIUM": "中", "SMALL": "小", "MINI": "迷你",
    "HALF": "半",
}  # fmt: skip
BRANDS_ZH = {"National": "全国品牌", "Private": "自有品牌"}


@dataclass(frozen=True)
class Name:
    """A name in both languages, and other words by which people ask for the thing."""

    en: str
    zh: str
    also: tuple[str, ...] = ()
    known: bool = True


def department_names(name: str) -> tuple[str, str]:
    """The department in readable English and in Chinese."""
    found = department(name)
    return found.en, found.zh


def category_names(name: str) -> tuple[str, str]:
    """The category in readable English and in Chinese."""
    found = category(name)
    return found.en, found.zh


def type_names(name: str, category: str = "") -> tuple[str, str]:
    """The product type in readable English and in Chinese.

    Bare types such as 'PREMIUM' mean something else in another category, so give the category if known.
    """
    found = product_type(name, category)
    return found.en, found.zh


def department(name: str) -> Name:
    """The department's names; cleaned English in both languages when it has no translation."""
    return _table("departments_zh.csv").get((name, "")) or _own(name)


def category(name: str) -> Name:
    """The category's names; cleaned English in both languages when it has no translation."""
    return _table("categories_zh.csv").get((name, "")) or _own(name)


def product_type(name: str, category: str = "") -> Name:
    """The product type's names, the category deciding where a type stands in several."""
    table = _table("types_zh.csv")
    return table.get((name, category)) or table.get((name, "")) or _own(name)


def product_name_zh(name: str, product_type_name: str, category_name: str, brand: str, size: str) -> str:
    """A product's name in Chinese; its own name where the shop has real names or no translation.

    Only the demo shop's products, whose brand is just National or Private, have names made from their type.
    """
    kind = product_type(product_type_name, category_name)
    if brand not in BRANDS_ZH or not kind.known:
        return name
    return "，".join(part for part in (kind.zh, size_zh(size), BRANDS_ZH[brand]) if part)


def size_zh(size: str) -> str:
    """A package size such as '12 OZ' with its units in Chinese; unknown words stay as they are.

    A size of a thousand and more is an article number in the wrong column: '' as where it is unknown.
    """
    if re.search(r"\d{4}", size):
        return ""
    spaced = re.sub(r"(?<!\d)\.(?=\d)", "0.", " ".join(size.split()))
    return re.sub(r"[A-Za-z]+", lambda word: UNITS_ZH.get(word.group().upper(), word.group()), spaced)


def readable(name: str) -> str:
    """A shop's own name cleaned: abbreviations written out, punctuation spaced, capitals tamed.

    >>> readable("FRZN ICE")
    'Frozen ice'
    """
    words = re.findall(r"[^\s/&:;,()]+", name.replace("W/", " with ").replace("&", " and "))
    clean = " ".join(ABBREVIATIONS.get(word.upper().rstrip("."), word) for word in words).strip(" -")
    if clean.upper() == clean or name.upper() == name:
        clean = clean.lower()
    return clean[:1].upper() + clean[1:]


def _own(name: str) -> Name:
    words = readable(name)
    return Name(words, words, known=False)


@cache
def _table(file: str) -> dict[tuple[str, str], Name]:
    """Rows of a names file by (name, category); the first row of a name also answers without category."""
    table: dict[tuple[str, str], Name] = {}
    with (DATA / file).open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            key = row.get("product_type") or row.get("name") or ""
            also = tuple(word.strip() for word in row["also"].split(";") if word.strip())
            found = Name(row["name_en"], row["name_zh"], also)
            table.setdefault((key, ""), found)
            table[key, row.get("category", "")] = found
    return table
