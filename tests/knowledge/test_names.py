"""The Chinese and English names: complete, translated, each once."""

import csv
import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from shopwright.knowledge import names
from shopwright.knowledge.settings import Settings

HAN = re.compile(r"[\u4e00-\u9fff]")
FILES = {"departments_zh.csv": "name", "categories_zh.csv": "name", "types_zh.csv": "product_type"}


def rows(file: str) -> list[dict[str, str]]:
    with (names.DATA / file).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("file", FILES)
def test_every_name_is_filled_in_and_translated(file: str) -> None:
    for row in rows(file):
        assert row["name_en"].strip(), row
        assert HAN.search(row["name_zh"]), row
        assert not HAN.search(row["name_en"]), row


@pytest.mark.parametrize("file", FILES)
def test_no_entry_stands_twice(file: str) -> None:
    counts = Counter((row[FILES[file]], row.get("category", "")) for row in rows(file))
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("file", ["departments_zh.csv", "categories_zh.csv"])
@pytest.mark.parametrize("column", ["name_en", "name_zh"])
def test_no_two_departments_or_categories_share_a_name(file: str, column: str) -> None:
    counts = Counter(row[column] for row in rows(file))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.demo
def test_all_of_the_source_is_named(demo_settings: Settings) -> None:
    found = sorted(Path(demo_settings.downloads).rglob("products.parquet"))
    if not found:
        pytest.skip("the demo shop's source files were removed")
    source = pd.read_parquet(found[0])
    for file, column, expected in (
        ("departments_zh.csv", "department", 32),
        ("categories_zh.csv", "product_category", 303),
    ):
        wanted = set(source[column].dropna()) - {""}
        assert len(wanted) == expected
        assert {row["name"] for row in rows(file)} == wanted
    sold = source[~source["department"].isin(["FUEL", "COUPON"])]
    assert set(sold["product_type"].dropna()) <= {row["product_type"] for row in rows("types_zh.csv")}


def test_names_in_both_languages() -> None:
    assert names.category_names("FRZN ICE") == ("Frozen ice", "冰块")
    assert names.department_names("PRODUCE") == ("Fruit and vegetables", "新鲜蔬果")


def test_a_bare_type_is_named_by_its_category() -> None:
    assert names.type_names("PREMIUM", "BACON") == ("Premium bacon", "高级培根")
    assert names.type_names("PREMIUM", "ICE CREAM/MILK/SHERBTS")[0] == "Ice cream, premium"


@pytest.mark.parametrize(
    ("name", "clean"),
    [("FRZN VEG W/SAUCE", "Frozen vegetable with sauce"), ("Running shoes", "Running shoes"), ("", "")],
)
def test_a_name_of_ones_own_comes_back_cleaned(name: str, clean: str) -> None:
    assert names.type_names(name) == (clean, clean)


@pytest.mark.parametrize(
    ("size", "zh"),
    [("12 OZ", "12 盎司"), (".15 OZ", "0.15 盎司"), ("6 PK/12 OZ", "6 包/12 盎司"), ("", ""), ("XL", "XL")],
)
def test_sizes_in_chinese(size: str, zh: str) -> None:
    assert names.size_zh(size) == zh


def test_a_real_product_name_is_kept() -> None:
    assert names.product_name_zh("Lurpak", "BUTTER", "BUTTER", "Arla", "250 G") == "Lurpak"
    assert names.product_name_zh("Butter", "BUTTER", "BUTTER", "Private", "1 LB") == "黄油，1 磅，自有品牌"
