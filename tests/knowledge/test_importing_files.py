"""Odd files: none of them may raise, each is told, and what is good in them goes in."""

import gzip
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.import_staging import table_of
from shopwright.knowledge.importing import ImportReport, import_folder

Found = list[tuple[int, str, str]]


@pytest.fixture
def shop(tmp_path: Path) -> Engine:
    """An empty SQLite shop."""
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    return engine


def _import(engine: Engine, tmp_path: Path, **files: bytes | str) -> ImportReport:
    """Import files given as name__ending=content (`products__csv`)."""
    folder = tmp_path / "shop"
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        raw = content.encode("utf-8") if isinstance(content, str) else content
        (folder / name.replace("__", ".").replace("_gz", ".gz")).write_bytes(raw)
    return import_folder(engine, folder, out=tmp_path / "out")


def _found(report: ImportReport) -> Found:
    return [(one.line, one.column, one.code) for one in report.problems]


def _names(engine: Engine) -> dict[int, str]:
    product = table_of(tables.Product)
    with engine.connect() as connection:
        return {row.id: row.name for row in connection.execute(select(product))}


@pytest.mark.parametrize(
    ("content", "found", "names"),
    [
        ("", [(0, "", "empty_file")], []),
        ("\n\n  \n", [(0, "", "empty_file")], []),
        ("id,name\n", [], []),
        ("id,name", [], []),
        ("\ufeffid,name\n1,Tea\n", [], ["Tea"]),
        ("ID, Name \r\n1,Tea\r\n\r\n,\r\n2,Milk", [], ["Tea", "Milk"]),
        ("id,name\r1,Tea\r\n2,Milk\n3,Egg\r", [], ["Tea", "Milk", "Egg"]),
        ("\nid,name\n1,\n", [(3, "name", "missing")], []),
        ("name\nTea\n", [(1, "id", "missing_column")], []),
        ("id,nmae\n1,Tea\n", [(1, "nmae", "unknown_column"), (1, "name", "missing_column")], []),
        ("id,name,colour\n1,Tea,red\n", [(1, "colour", "unknown_column")], ["Tea"]),
        ("id,name,name\n1,Tea,Milk\n", [(1, "name", "duplicate_column")], []),
        ("id;name\n1;Tea\n", [(1, "", "wrong_delimiter")], []),
        ("id\tname\n1\tTea\n", [(1, "", "wrong_delimiter")], []),
        ("1,Tea\n2,Milk\n", [(1, "", "no_header")], []),
        ('"id,name\n1,Tea\n', [(1, "", "broken_quoting")], []),
        ("id,name\n1,Tea\0\n2,Milk\n", [(2, "name", "control_characters")], ["Milk"]),
        ("id,name\n1," + "x" * 200_000 + "\n2,Milk\n", [(2, "", "too_long")], ["Milk"]),
        ("id,name\n1," + "x" * 9_000_000 + "\n2,Milk\n", [(2, "", "too_long")], ["Milk"]),
        ("id,name\n" + "9" * 5000 + ",Tea\n2,Milk\n", [(2, "id", "too_large")], ["Milk"]),
        ("id,name\n1,Tea,\n2\n3,Egg\n", [(2, "", "field_count"), (3, "", "field_count")], ["Egg"]),
        ('id,name\n1,"Big\nTea"\n2,Milk\n3,\n', [(5, "name", "missing")], ["Big Tea", "Milk"]),
        ('id,name\n1,"Tea\n2,Milk\n3,"Egg" x\n4,Oil\n',
         [(2, "", "broken_quoting"), (4, "", "broken_quoting")], ["Milk", "Oil"]),
        ('id,name\n1,"Tea\n2,Milk\n3,Egg\n', [(2, "", "broken_quoting")], ["Milk", "Egg"]),
        ('id,name\n1,"Tea\n2,Milk\n3,Egg"\n4,Oil\n', [(2, "", "broken_quoting")], ["Milk", 'Egg"', "Oil"]),
    ],
)  # fmt: skip
def test_text_files(shop: Engine, tmp_path: Path, content: str, found: Found, names: list[str]) -> None:
    report = _import(shop, tmp_path, products__csv=content)
    assert _found(report) == found
    assert list(_names(shop).values()) == names
    assert report.summary_lines("en")
    assert report.summary_lines("zh")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("products__csv", b"\x89PNG\r\n\x1a\n\0\0\0", "no_header"),
        ("products__csv", bytes(range(256)) * 40, "binary_file"),
        ("products__csv", b"PK\x03\x04 workbook", "binary_file"),
        ("products__csv", "id,name\n1,茶\n".encode("utf-16"), "binary_file"),
        ("products__csv_gz", b"no gzip at all", "unreadable"),
        ("products__csv_gz", gzip.compress(b"id,name\n1,Tea\n" * 9000)[:-40], "unreadable"),
        ("products__parquet", b"PAR1 and no more", "unreadable"),
        ("products__parquet", b"", "unreadable"),
    ],
)
def test_files_of_another_kind(shop: Engine, tmp_path: Path, name: str, content: bytes, code: str) -> None:
    report = _import(shop, tmp_path, **{name: content})
    assert [one.code for one in report.problems] == [code]
    assert report.files[0].refused
    assert _names(shop) == {}


def test_did_you_mean_names_the_column(shop: Engine, tmp_path: Path) -> None:
    report = _import(shop, tmp_path, products__csv="id,name,prise,catgory,weight\n1,Tea,1,x,2\n")
    assert [(one.value, one.detail) for one in report.problems] == [
        ("prise", "price"), ("catgory", "category"), ("weight", ""),
    ]  # fmt: skip
    assert "Did you mean price?" in report.problems[0].remedy("en")
    assert "price" in report.problems[0].remedy("zh")


def test_gb18030_is_read_with_a_notice(shop: Engine, tmp_path: Path) -> None:
    text = "id,name,category\n1,铁观音乌龙茶,茶叶\n2,全脂牛奶,乳制品\n"
    report = _import(shop, tmp_path, products__csv=text.encode("gb18030"))
    assert report.ok
    assert [notice.code for notice in report.files[0].notices] == ["read_as_gb18030"]
    assert _names(shop) == {1: "铁观音乌龙茶", 2: "全脂牛奶"}


def test_stray_bytes_in_a_utf8_file_cost_their_row_only(shop: Engine, tmp_path: Path) -> None:
    lines = [b"id,name", "1,铁观音".encode(), b"2,Caf\xe9", "3,牛奶".encode(), b"4,\xb2\xe8"]
    report = _import(shop, tmp_path, products__csv=b"\n".join(lines) + b"\n")
    assert _found(report) == [(3, "name", "wrong_encoding"), (5, "name", "wrong_encoding")]
    assert report.problems[0].value == r"Caf\xe9"
    assert _names(shop) == {1: "铁观音", 3: "牛奶"}


def test_western_accents_are_not_taken_for_chinese(shop: Engine, tmp_path: Path) -> None:
    content = "id,name\n1,pâté frais\n2,crème brûlée\n3,Tea\n".encode("latin-1")
    report = _import(shop, tmp_path, products__csv=content)
    assert _found(report) == [(2, "name", "wrong_encoding"), (3, "name", "wrong_encoding")]
    assert _names(shop) == {3: "Tea"}


def test_folders_and_names(shop: Engine, tmp_path: Path) -> None:
    assert _found(import_folder(shop, tmp_path / "nowhere", out=tmp_path)) == [(0, "", "no_folder")]
    folder = tmp_path / "shop"
    folder.mkdir()
    assert _found(import_folder(shop, folder, out=tmp_path)) == [(0, "", "no_files")]
    (folder / "products.csv").mkdir()
    os.mkfifo(folder / "orders.csv")
    (folder / "reviews.csv").write_text("")
    (folder / "reviews.parquet").write_text("")
    (folder / "Customer.csv").write_text("id\n1\n")
    (folder / "customers.xlsx").write_text("")
    (folder / "notes.txt").write_text("")
    report = import_folder(shop, folder, out=tmp_path)
    assert [(one.file, one.code) for one in report.problems] == [
        ("reviews.csv", "two_files"),
        ("reviews.parquet", "two_files"),
        ("products.csv", "not_a_file"),
        ("orders.csv", "not_a_file"),
    ]
    assert [(one.file, one.code, one.detail) for one in report.notices] == [
        ("Customer.csv", "unknown_file", "customers.csv"),
        ("customers.xlsx", "not_csv", "customers.csv"),
    ]


def test_what_refers_to_an_unreadable_file_says_so(shop: Engine, tmp_path: Path) -> None:
    report = _import(
        shop,
        tmp_path,
        customers__csv=b"PK\x03\x04",
        products__csv="id,price\n1,2\n",
        orders__csv="id,customer_id,ordered_at\n1,1,2026-03-01\n",
        promotions__csv="product_id,week\n1,1\n2,1\n",
    )
    assert [(one.file, one.line, one.code) for one in report.problems] == [
        ("customers.csv", 0, "binary_file"),
        ("products.csv", 1, "missing_column"),
        ("orders.csv", 2, "rejected_reference"),
        ("promotions.csv", 2, "rejected_reference"),
        ("promotions.csv", 3, "unknown_reference"),
    ]


def test_a_line_that_is_no_record_still_tells_its_id(shop: Engine, tmp_path: Path) -> None:
    report = _import(
        shop,
        tmp_path,
        products__csv='id,name,price\n1,Tea,2,5\n2,"Milk,1\n3,Oil,1\n',
        promotions__csv="product_id,week\n1,1\n2,1\n3,1\n",
    )
    assert [(one.file, one.line, one.code) for one in report.problems] == [
        ("products.csv", 2, "field_count"),
        ("products.csv", 3, "broken_quoting"),
        ("promotions.csv", 2, "rejected_reference"),
        ("promotions.csv", 3, "rejected_reference"),
    ]


def _parquet(tmp_path: Path, name: str, columns: dict[str, Any]) -> None:
    (tmp_path / "shop").mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), tmp_path / "shop" / f"{name}.parquet")


def test_parquet_types(shop: Engine, tmp_path: Path) -> None:
    moment = datetime(2026, 3, 5, 14, 20)
    _parquet(tmp_path, "customers", {
        "id": pa.array([1, 2, 3], pa.int32()),
        "name": pa.array(["Ann", None, "李伟"]).dictionary_encode(),
        "age": pa.array([30.0, None, 31.5]),
        "consent_marketing": pa.array([True, False, None]),
        "consent_at": pa.array([moment, None, moment], pa.timestamp("ns")),
    })  # fmt: skip
    _parquet(tmp_path, "campaigns", {
        "id": pa.array([1], pa.uint64()),
        "start_date": pa.array([date(2026, 3, 1)], pa.date32()),
        "end_date": pa.array([datetime(2026, 3, 14)], pa.timestamp("us")),
    })  # fmt: skip
    _parquet(tmp_path, "orders", {
        "id": [1],
        "customer_id": [1],
        "ordered_at": pa.array([datetime(2026, 3, 5, 6, 20, tzinfo=UTC)], pa.timestamp("us", "+08:00")),
        "total": pa.array([Decimal("12.50")]),
    })  # fmt: skip
    _parquet(
        tmp_path,
        "products",
        {"id": [1, 2, 3], "name": ["Tea", "Milk", "\0"], "price": [0.1, float("nan"), None]},
    )
    report = import_folder(shop, tmp_path / "shop", out=tmp_path)
    assert [(one.file, one.line, one.column, one.code) for one in report.problems] == [
        ("customers.parquet", 3, "age", "not_whole"),
        ("products.parquet", 2, "price", "not_finite"),
        ("products.parquet", 3, "name", "control_characters"),
    ]
    assert [notice.code for notice in report.files[3].notices] == ["time_zone_dropped"]
    with shop.connect() as connection:
        assert connection.execute(select(table_of(tables.Customer).c.consent_at)).scalars().all() == [
            moment,
            None,
        ]
        order = connection.execute(select(table_of(tables.Order))).one()
        assert (order.ordered_at, order.total) == (moment, 12.5)
        assert connection.execute(select(table_of(tables.Campaign).c.end_date)).scalar() == date(2026, 3, 14)


def test_parquet_columns_without_plain_values(shop: Engine, tmp_path: Path) -> None:
    _parquet(tmp_path, "products", {"id": [1], "name": [["Tea"]]})
    _parquet(tmp_path, "customers", {"id": [b"\xff\xfe"]})
    report = import_folder(shop, tmp_path / "shop", out=tmp_path)
    assert [(one.file, one.code) for one in report.problems] == [
        ("customers.parquet", "unreadable"),
        ("products.parquet", "column_type"),
    ]


def test_packed_csv(shop: Engine, tmp_path: Path) -> None:
    report = _import(shop, tmp_path, products__csv_gz=gzip.compress("id,name\n1,茶\n".encode()))
    assert report.ok
    assert _names(shop) == {1: "茶"}


def test_an_error_file_that_cannot_be_written_stops_nothing(shop: Engine, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    report = _import(shop, tmp_path, products__csv="id,name\n1,\n2,Milk\n")
    assert _names(shop) == {2: "Milk"}
    assert report.error_file is None
    assert report.error_file_failure in report.summary_lines("en")[-1]


def test_the_error_file_runs_no_formula(shop: Engine, tmp_path: Path) -> None:
    report = _import(shop, tmp_path, products__csv="id,name\n=1+1,Tea\n-5,Milk\n")
    assert report.error_file is not None
    text = report.error_file.read_text(encoding="utf-8-sig")
    assert "products.csv,2,id,'=1+1,not_a_number" in text
    assert "products.csv,3,id,-5,negative" in text


def test_a_hundred_thousand_rows(shop: Engine, tmp_path: Path) -> None:
    lines = [f"{n},Tea {n}" if n % 1000 else f"{n}," for n in range(1, 100_001)]
    report = _import(shop, tmp_path, products__csv="id,name\n" + "\n".join(lines))
    assert _found(report) == [(n + 1, "name", "missing") for n in range(1000, 100_001, 1000)]
    assert report.files[0].inserted == 99_900
