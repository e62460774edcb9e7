"""A shop of one's own comes in: every broken row told, every good row kept, again and again the same."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.import_staging import table_of
from shopwright.knowledge.importing import ImportReport, import_folder

MODELS = {
    "customers": tables.Customer,
    "products": tables.Product,
    "campaigns": tables.Campaign,
    "orders": tables.Order,
    "order_lines": tables.OrderLine,
    "coupons": tables.Coupon,
}


def _own_shop() -> ModuleType:
    path = Path(__file__).parents[1] / "fixtures" / "own_shop.py"
    spec = importlib.util.spec_from_file_location("own_shop", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_shop"] = module
    spec.loader.exec_module(module)
    return module


OWN_SHOP = _own_shop()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An empty SQLite shop."""
    engine = open_database(f"sqlite:///{tmp_path / 'one.db'}")
    migrate(engine)
    return engine


def _found(report: ImportReport) -> list[tuple[str, int, str, str]]:
    return [(one.file, one.line, one.column, one.code) for one in report.problems]


def _counts(report: ImportReport, file: str) -> tuple[int, int, int, int, int]:
    one = next(one for one in report.files if one.file == file)
    assert one.read == one.inserted + one.updated + one.unchanged + one.rejected
    return one.read, one.inserted, one.updated, one.unchanged, one.rejected


def _stored(engine: Engine, name: str) -> list[tuple[object, ...]]:
    table = table_of(MODELS[name])
    with engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(select(table)))


def _write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return folder


@pytest.mark.parametrize("parquet", [False, True], ids=["csv", "parquet"])
def test_one_broken_row_in_a_hundred_is_told_and_no_good_row_is_lost(
    database: Engine, tmp_path: Path, parquet: bool
) -> None:
    shop = OWN_SHOP.break_shop(tmp_path / "shop", parquet=parquet)
    report = import_folder(database, tmp_path / "shop", out=tmp_path / "out")
    found = _found(report)
    assert set(found) == shop.expected
    assert len(found) == len(shop.expected)
    assert len({code for *_, code in shop.expected}) >= 17
    for name in ("customers", "products", "campaigns", "orders"):
        ids = {int(row["id"]) for row in shop.good[name]}
        assert {row[0] for row in _stored(database, name)} == ids
    lines = sorted((int(row["order_id"]), int(row["product_id"]), float(row["amount"]))
                   for row in shop.good["order_lines"])  # fmt: skip
    assert sorted((row[1], row[2], row[4]) for row in _stored(database, "order_lines")) == lines
    with report.error_file.open(encoding="utf-8-sig", newline="") as stream:  # type: ignore[union-attr]
        listed = {
            (row["file"], int(row["line"]), row["column"], row["code"]) for row in csv.DictReader(stream)
        }
    assert listed == shop.expected


def test_importing_again_changes_nothing_and_a_changed_row_is_updated(
    database: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    shop = OWN_SHOP.write_clean(folder, size=120)
    first = import_folder(database, folder, out=tmp_path)
    assert first.ok, _found(first)
    before = {name: _stored(database, name) for name in MODELS}
    assert {name: len(rows) for name, rows in before.items()} == {
        name: len(rows) for name, rows in shop.items()
    }
    again = import_folder(database, folder, out=tmp_path)
    assert all(one.unchanged == one.read and one.read > 0 for one in again.files)
    assert {name: _stored(database, name) for name in MODELS} == before
    text = (folder / "products.csv").read_text(encoding="utf-8")
    (folder / "products.csv").write_text(
        text.replace("茶 Tea 5,", "茶 Tea five,") + "9999,New,,,,\n", encoding="utf-8"
    )
    third = import_folder(database, folder, out=tmp_path)
    assert _counts(third, "products.csv") == (121, 1, 1, 119, 0)
    assert third.changed == 2


def test_every_changed_product_and_document_waits_for_the_index(database: Engine, tmp_path: Path) -> None:
    folder = _write(
        tmp_path / "shop",
        products="id,name\n" + "".join(f"{n},Tea {n}\n" for n in range(1, 151)),
        documents="slug,language,title,text\nreturns,en,Returns,Thirty days.\nreturns,zh,退货,三十天。\n",
    )
    outbox = table_of(tables.IndexOutbox)

    def waiting() -> list[tuple[str, str]]:
        with database.begin() as connection:
            rows = [
                (row.kind, row.ref) for row in connection.execute(select(outbox).order_by(outbox.c["id"]))
            ]
            connection.execute(outbox.delete())
        return rows

    import_folder(database, folder, out=tmp_path)
    assert waiting() == [("product", "*"), ("document", "1"), ("document", "2")]
    import_folder(database, folder, out=tmp_path)
    assert waiting() == []
    _write(folder, products="id,name\n7,Green tea\n8,Tea 8\n")
    import_folder(database, folder, out=tmp_path)
    assert waiting() == [("product", "7")]


def test_lines_of_an_order_are_replaced_and_its_total_follows(database: Engine, tmp_path: Path) -> None:
    folder = _write(
        tmp_path / "shop",
        customers="id\n1\n",
        products="id,name\n1,Tea\n2,Milk\n",
        orders="id,customer_id,ordered_at,total\n1,1,2026-03-01,\n2,1,2026-03-02,99.5\n3,1,2026-03-03,0\n",
        order_lines="order_id,product_id,quantity,amount\n1,1,1,2.1\n1,2,1,1.2\n2,1,1,5\n2,1,1,5\n3,2,1,4\n",
    )
    import_folder(database, folder, out=tmp_path)
    assert [row[5] for row in _stored(database, "orders")] == [3.3, 99.5, 0.0]
    again = import_folder(database, folder, out=tmp_path)
    assert _counts(again, "order_lines.csv") == (5, 0, 0, 5, 0)
    _write(folder, order_lines="order_id,product_id,quantity,amount\n1,2,1,1.2\n2,1,1,5\n2,1,1,5\n")
    third = import_folder(database, folder, out=tmp_path)
    assert _counts(third, "order_lines.csv") == (3, 0, 1, 2, 0)
    assert [row[5] for row in _stored(database, "orders")] == [1.2, 99.5, 0.0]
    assert [(row[1], row[2]) for row in _stored(database, "order_lines")] == [(2, 1), (2, 1), (3, 2), (1, 2)]


def test_columns_left_out_keep_what_is_stored_and_empty_cells_clear_it(
    database: Engine, tmp_path: Path
) -> None:
    folder = _write(tmp_path / "shop", customers="id,name,age,consent_marketing\n1,Ann,30,yes\n2,Bob,,\n")
    import_folder(database, folder, out=tmp_path)
    _write(folder, customers="id,age_min,age_max\n1,40,\n2,20,29\n")
    report = import_folder(database, folder, out=tmp_path)
    assert _counts(report, "customers.csv") == (2, 0, 2, 0, 0)
    stored = _stored(database, "customers")
    assert [row[:4] for row in stored] == [(1, "Ann", 40, None), (2, "Bob", 20, 29)]
    assert [row[-2] for row in stored] == [True, False]


def test_strict_refuses_a_file_with_any_bad_row_and_what_refers_to_it(
    database: Engine, tmp_path: Path
) -> None:
    folder = _write(
        tmp_path / "shop",
        customers="id\n1\n",
        products="id,name,price\n1,Tea,1\n2,Milk,free\n",
        orders="id,customer_id,ordered_at\n1,1,2026-03-01\n",
        order_lines="order_id,product_id,quantity,amount\n1,1,1,2\n",
    )
    report = import_folder(database, folder, strict=True, out=tmp_path)
    assert _found(report) == [
        ("products.csv", 3, "price", "not_a_number"),
        ("order_lines.csv", 2, "product_id", "rejected_reference"),
    ]
    assert [one.refused for one in report.files] == [False, True, False, True]
    assert _counts(report, "products.csv") == (2, 0, 0, 0, 2)
    assert _stored(database, "products") == []
    assert len(_stored(database, "orders")) == 1


def test_a_stored_product_can_be_referred_to_though_its_new_row_is_rejected(
    engine: Engine, tmp_path: Path
) -> None:
    folder = _write(tmp_path / "shop", products="id,name\n1,Tea\n")
    import_folder(engine, folder, out=tmp_path)
    _write(folder, products="id,name\n1,\n", promotions="product_id,week,display_stores\n1,2,3\n")
    report = import_folder(engine, folder, out=tmp_path)
    assert _found(report) == [("products.csv", 2, "name", "missing")]
    assert _counts(report, "promotions.csv") == (1, 1, 0, 0, 0)


def test_every_table_comes_in_with_required_columns_alone(database: Engine, tmp_path: Path) -> None:
    from shopwright.knowledge.import_tables import TABLES

    folder = tmp_path / "shop"
    examples = {"customer_id": "1001", "product_id": "501", "order_id": "90001", "campaign_id": "7"}
    files = {}
    for table in TABLES:
        required = [column for column in table.columns if column.required]
        cells = [examples.get(column.name, column.example) for column in required]
        files[table.name] = (
            ",".join(c.name for c in required) + "\n" + ",".join(f'"{c}"' for c in cells) + "\n"
        )
    report = import_folder(database, _write(folder, **files), out=tmp_path)
    assert report.ok, _found(report)
    assert all(one.inserted == 1 for one in report.files)
    full = {
        table.name: ",".join(c.name for c in table.columns if c.name != "age")
        + "\n"
        + ",".join(f'"{c.example}"' for c in table.columns if c.name != "age")
        + "\n"
        for table in TABLES
    }
    report = import_folder(database, _write(folder, **full), out=tmp_path)
    assert report.ok, _found(report)
    again = import_folder(database, folder, out=tmp_path)
    assert all(one.unchanged == 1 for one in again.files)


def test_summary_speaks_both_languages(engine: Engine, tmp_path: Path) -> None:
    folder = _write(tmp_path / "shop", products="id,name\n1,Tea\n2,\n", product="id\n")
    seen: list[tuple[str, int, int]] = []
    report = import_folder(
        engine, folder, out=tmp_path, language="zh", progress=lambda *step: seen.append(step)
    )
    assert seen == [("products.csv", 2, 3)]
    english, chinese = report.summary_lines("en"), report.summary_lines("zh")
    assert english[0] == "products.csv: 2 rows read, 1 new, 0 updated, 0 unchanged, 1 rejected"
    assert chinese[0] == "products.csv：读取 2 行，新增 1 行，更新 0 行，未变 0 行，拒绝 1 行"
    assert "Did you mean products.csv?" in english[1]
    assert english[2] == "products.csv, line 3, name: A required value is missing. Fill in the cell."
    assert chinese[2] == "products.csv，第 3 行，name：缺少必填的值。请填写该单元格。"
    assert str(report.error_file) in english[-1]
    assert "缺少必填的值。" in report.error_file.read_text(encoding="utf-8-sig")  # type: ignore[union-attr]


def test_readme_lists_the_columns_as_they_are() -> None:
    from shopwright.knowledge.importing import readme_tables

    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert readme_tables() in readme


def test_nothing_staged_stays_behind(engine: Engine, tmp_path: Path) -> None:
    folder = _write(tmp_path / "shop", products="id,name\n1,Tea\n")
    import_folder(engine, folder, out=tmp_path)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(table_of(tables.Product))) == 1
        assert connection.exec_driver_sql("SELECT name FROM sqlite_temp_master").fetchall() == []
