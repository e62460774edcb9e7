"""Cells of every kind: what is read as what, and what is refused with which code."""

import io
import string
import tempfile
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.engine import Engine

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.import_checks import check, schema_of
from shopwright.knowledge.import_csv import CsvRecords
from shopwright.knowledge.import_messages import MESSAGES
from shopwright.knowledge.import_parsing import parse
from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_schema import Column, Kind, TableFile
from shopwright.knowledge.import_staging import table_of
from shopwright.knowledge.import_tables import TABLES
from shopwright.knowledge.importing import import_folder

CODES = [
    ("id", "9223372036854775807", 2**63 - 1, ""),
    ("id", " 7 ", 7, ""),
    ("id", "5.0", 5, ""),
    ("id", "+0012", 12, ""),
    ("id", "9223372036854775808", None, "too_large"),
    ("id", "-9223372036854775809", None, "too_large"),
    ("id", "-1", -1, "negative"),
    ("id", "1e3", None, "not_whole"),
    ("id", "2.5", None, "not_whole"),
    ("id", "１２", None, "not_a_number"),
    ("id", "1,299", None, "number_format"),
    ("integer", "2147483648", 2**31, "out_of_range"),
    ("number", "12.50", 12.5, ""),
    ("number", ".5", 0.5, ""),
    ("number", "1e2", 100.0, ""),
    ("number", "1e400", None, "too_large"),
    ("number", "1e13", 1e13, "out_of_range"),
    ("number", "-0.01", -0.01, "negative"),
    ("number", "Infinity", None, "not_finite"),
    ("number", "-inf", None, "not_finite"),
    ("number", "NaN", None, "not_finite"),
    ("number", "¥12.5", None, "number_format"),
    ("number", "￥12.5", None, "number_format"),
    ("number", "1,299.50", None, "number_format"),
    ("number", "12,5", None, "number_format"),
    ("number", "12.5元", None, "number_format"),
    ("number", "1,2,3", None, "not_a_number"),
    ("number", "twelve", None, "not_a_number"),
    ("number", "N/A", None, "not_a_number"),
    ("date", "2026-03-05", datetime(2026, 3, 5), ""),
    ("date", "2026/3/5", datetime(2026, 3, 5), ""),
    ("date", "2026-03-05 00:00:00", datetime(2026, 3, 5), ""),
    ("date", "2026-03-05 14:20", None, "not_a_date"),
    ("date", "2026-02-30", None, "not_a_date"),
    ("date", "05.03.2026", None, "not_a_date"),
    ("date", "1066-10-14", datetime(1066, 10, 14), "out_of_range"),
    ("time", "2026-03-05T14:20:11.5Z", datetime(2026, 3, 5, 14, 20, 11, 500_000), ""),
    ("time", "2026-03-05 14:20 +0800", datetime(2026, 3, 5, 14, 20), ""),
    ("time", "2026-03-05 25:00", None, "not_a_date"),
    ("time", "soon", None, "not_a_date"),
    ("flag", "是", True, ""),
    ("flag", "FALSE", False, ""),
    ("flag", "maybe", None, "not_a_flag"),
    ("choice", "EN", "en", ""),
    ("choice", "fr", "fr", "unknown_value"),
    ("text", "a\r\nb", "a b", ""),
    ("text", "a\x07b", "a\x07b", "control_characters"),
    ("text", "a\u202eb", "a\u202eb", "control_characters"),
    ("text", "👩‍🍳", "👩‍🍳", ""),
    ("text", "x" * 501, "x" * 501, "too_long"),
    ("long_text", "a\r\nb", "a\nb", ""),
    ("email", "li.wei+1@example.com.cn", "li.wei+1@example.com.cn", ""),
    ("email", "li wei@example.com", "li wei@example.com", "not_an_email"),
    ("email", "li@example", "li@example", "not_an_email"),
]


def _judge(
    kind: Kind, cells: list[str], required: bool = False
) -> tuple[list[object], list[tuple[int, str]]]:
    column = Column("c", kind, "", "", required=required, choices=("en", "zh"))
    table = TableFile("t", tables.Product, "", (column,))
    values, bad = parse(column, pd.Series(cells, dtype="str", index=range(2, 2 + len(cells))))
    broken = check(schema_of(table, {"c"}), table, pd.DataFrame({"c": values}))
    found = [(cell.line, cell.code) for cell in bad] + [(cell.line, cell.code) for _, cell in broken]
    return [None if pd.isna(value) else value for value in values], found


@pytest.mark.parametrize(
    ("kind", "text", "value", "code"), CODES, ids=[f"{k}:{t[:20]}" for k, t, _, _ in CODES]
)
def test_cell(kind: Kind, text: str, value: object, code: str) -> None:
    values, found = _judge(kind, ["", text])
    assert values == [None, value]
    assert found == ([(3, code)] if code else [])


def test_a_remedy_shows_the_number_as_it_should_be() -> None:
    column = Column("c", "number", "", "")
    cells = pd.Series(["$1,299.50", "1.299,50", "12,5", "€ 7"], dtype="str")
    assert [cell.detail for cell in parse(column, cells)[1]] == ["1299.50", "1299.50", "12.5", "7"]


def test_every_code_speaks_both_languages() -> None:
    for code, said in MESSAGES.items():
        for language in ("en", "zh"):
            assert all(said[language]), code
        detail = "" if code.endswith(":") else "x"
        problem = Problem("f.csv", 1, "c", "v", code.rstrip(":"), detail)
        assert "{" not in problem.sentence("en") + problem.sentence("zh")


def test_values_are_shown_short_and_visible() -> None:
    assert shorten("a\x00b\n") == r"a\x00b\n"
    assert shorten("x" * 200) == "x" * 80 + "…"


KINDS: list[Kind] = [
    "id",
    "integer",
    "number",
    "date",
    "time",
    "text",
    "long_text",
    "choice",
    "flag",
    "email",
]
CELL = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.from_regex(r"[-+$¥]?[0-9]{0,25}[.,]?[0-9]{0,5}(e[0-9]{1,4})?", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?Z?", fullmatch=True
    ),
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20, deadline=None)
@given(cells=st.lists(CELL, max_size=8))
def test_any_cell_is_read_or_refused(kind: Kind, cells: list[str]) -> None:
    values, found = _judge(kind, cells)
    refused = {line for line, _ in found}
    for line, (text, value) in enumerate(zip(cells, values, strict=True), start=2):
        if value is None and text.strip(" \t\r\n\xa0\u3000\ufeff"):
            assert line in refused


@settings(max_examples=200, deadline=None)
@given(text=st.text('ab,"\n\r1', max_size=60))
def test_any_text_is_split_into_records_that_tell_their_line(text: str) -> None:
    stream = io.StringIO("x,y\n" + text, newline="")
    records = CsvRecords(stream)
    assert records.header() == (1, ["x", "y"])
    lines = [line for line, _ in records.rows(2, {0, 1})]
    assert lines == sorted(set(lines))
    io_lines = len(io.StringIO(text, newline="").readlines())
    assert all(2 <= line <= io_lines + 1 for line in lines)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """One SQLite shop for many imports."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('cells') / 'shop.db'}")
    migrate(engine)
    return engine


NAME = st.text(string.ascii_letters + "茶é,\"'-\n", min_size=1).filter(lambda name: name.strip() != "")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(CELL, CELL, CELL, st.booleans(), NAME), max_size=12), parquet=st.booleans())
def test_good_rows_always_go_in_whatever_stands_beside_them(
    shop: Engine, rows: list[tuple[str, str, str, bool, str]], parquet: bool
) -> None:
    good = {1_000_000 + at: row[4] for at, row in enumerate(rows) if row[3]}
    cells = [
        (str(1_000_000 + at), row[4], "1.5", "yes") if row[3] else (row[0], row[1], row[2], row[1])
        for at, row in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        frame = pd.DataFrame(cells, columns=["id", "name", "price", "active"], dtype="str")
        if parquet:
            frame.to_parquet(folder / "products.parquet")
        else:
            frame.to_csv(folder / "products.csv", index=False)
        report = import_folder(shop, folder, out=folder)
    product = table_of(tables.Product)
    with shop.begin() as connection:
        stored = {row.id: row.name for row in connection.execute(select(product))}
        connection.execute(delete(product))
    one = report.files[0]
    assert one.read == one.inserted + one.rejected
    assert len(stored) == one.inserted
    assert len({problem.line for problem in report.problems}) == one.rejected
    for number, name in good.items():
        assert stored[number].split() == name.split()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.binary(max_size=200),
    header=st.booleans(),
    ending=st.sampled_from(["csv", "csv.gz", "parquet"]),
)
def test_no_bytes_raise(shop: Engine, content: bytes, header: bool, ending: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        head = b"source_ref,text,product_id,rating\n" if header else b""
        (folder / f"reviews.{ending}").write_bytes(head + content)
        report = import_folder(shop, folder, out=folder)
    assert report.files[0].read >= 0
    assert report.summary_lines("zh")


def test_every_file_has_a_key_or_replaces_whole_orders() -> None:
    for table in TABLES:
        assert bool(table.key) != bool(table.replaced_by)
        assert set(table.key) <= {column.name for column in table.columns}
