"""The demo import on a small data set of the real one's shape, made by the test, and on the real one."""

import os
import signal
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import func
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel, select

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.demo import DEMO_NOTICE, DemoReport, import_demo
from shopwright.knowledge.demo_names import product_name, readable_size, readable_type
from shopwright.knowledge.demo_values import age_band, income_band
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import (
    Campaign,
    CampaignTarget,
    Coupon,
    Customer,
    IndexOutbox,
    Order,
    OrderLine,
    Product,
    Promotion,
    Redemption,
    Snapshot,
)

COLUMNS = {
    "products": (
        "product_id", "manufacturer_id", "department", "brand", "product_category", "product_type",
        "package_size",
    ),
    "transactions": (
        "household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value", "retail_disc",
        "coupon_disc", "coupon_match_disc", "week", "transaction_timestamp",
    ),
    "demographics": (
        "household_id", "age", "income", "home_ownership", "marital_status", "household_size",
        "household_comp", "kids_count",
    ),
    "campaigns": ("campaign_id", "household_id"),
    "campaign_descriptions": ("campaign_id", "campaign_type", "start_date", "end_date"),
    "coupons": ("coupon_upc", "product_id", "campaign_id"),
    "coupon_redemptions": ("household_id", "coupon_upc", "campaign_id", "redemption_date"),
    "promotions": ("product_id", "store_id", "display_location", "mailer_location", "week"),
}  # fmt: skip
JAN = pd.Timestamp("2017-01-02 10:00:00")


def small_source() -> dict[str, list[tuple[object, ...]]]:
    """Rows with each pitfall of the real data set."""
    return {
        "products": [
            (11, 1, "GROCERY", "Private", "FLUID MILK PRODUCTS", "FLUID MILK WHITE ONLY", "1 GA"),
            (12, 1, "GROCERY", "National", "FRZN MEAT/MEAT DINNERS", "FRZN SS PREMIUM ENTREES/DNRS/T", None),
            (13, 1, "GROCERY", "National", None, None, None),
            (14, 1, "FUEL", "National", "FUEL", "GASOLINE-REG UNLEADED", None),
            (15, 1, "GROCERY", "National", "COUPON/MISC ITEMS", "MISC SALES TRANS", None),
            (16, 1, "MISCELLANEOUS", "National", None, None, None),
        ],
        "transactions": [
            (1, 300, 5001, 11, 2, 5.0, 1.0, 0.0, 0.0, 1, JAN),
            (1, 300, 5001, 12, 1, 3.0, 0.0, 1.0, 0.5, 1, JAN),
            (1, 300, 5001, 14, 12345, 30.0, 0.0, 0.0, 0.0, 1, JAN),
            (2, 301, 5002, 11, 1, 2.0, 0.0, 0.0, 0.0, 2, JAN + pd.Timedelta(days=7)),
            (2, 301, 5002, 99, 1, 9.0, 0.0, 0.0, 0.0, 2, JAN + pd.Timedelta(days=7)),
            (2, 301, 5002, 15, 1, 1.0, 0.0, 0.0, 0.0, 2, JAN + pd.Timedelta(days=7)),
            (3, 301, 5003, 14, 9000, 20.0, 0.0, 0.0, 0.0, 2, JAN + pd.Timedelta(days=8)),
            (3, 301, 5004, 11, 0, 0.0, 0.0, 0.0, 0.0, 2, JAN + pd.Timedelta(days=9)),
        ],
        "demographics": [
            (1, "65+", "250K+", "Probable Homeowner", "Married", "5+", "2 Adults Kids", "3+"),
            (4, "19-24", "Under 15K", None, None, "1", "1 Adult No Kids", "0"),
        ],
        "campaigns": [(7, 1), (7, 5)],
        "campaign_descriptions": [(7, "Type A", pd.Timestamp("2017-02-01"), pd.Timestamp("2017-03-01"))],
        "coupons": [(900, 11, 7), (900, 11, 7), (900, 12, 7), (900, 14, 7), (900, 99, 7)],
        "coupon_redemptions": [(1, 900, 7, pd.Timestamp("2017-02-03"))],
        "promotions": [
            (11, 300, "9", "0", 1),
            (11, 300, "3", "A", 1),
            (11, 300, "0", "A", 1),
            (11, 301, "0", "D", 1),
            (11, 300, "1", "0", 2),
            (14, 300, "1", "0", 2),
            (99, 300, "1", "0", 2),
        ],
    }


def write_source(folder: Path, source: dict[str, list[tuple[object, ...]]]) -> Path:
    """Write the source as the eight parquet files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in source.items():
        pd.DataFrame(rows, columns=list(COLUMNS[name])).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", small_source())


def quiet(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def everything(engine: Engine) -> dict[str, list[object]]:
    """All rows of the imported tables."""
    with Session(engine) as session:
        return {
            model.__name__: [row.model_dump(exclude={"id"} if model in (OrderLine, Redemption) else None)
                             for row in session.exec(select(model))]
            for model in (Customer, Product, Order, OrderLine, Campaign, CampaignTarget, Coupon, Redemption,
                          Promotion)
        }  # fmt: skip


def test_every_row_is_imported_or_accounted_for(database: Engine, folder: Path) -> None:
    report = import_demo(database, folder, quiet)
    by_name = {table.table: table for table in report.tables}
    assert all(table.balanced for table in report.tables)
    assert by_name["product"].dropped == {
        "department FUEL": 1, "department MISCELLANEOUS": 1, "category COUPON/MISC ITEMS": 1,
    }  # fmt: skip
    lines = by_name["order_line"]
    assert (lines.read, lines.imported) == (8, 4)
    assert lines.dropped == {"department FUEL": 2, "product not listed": 1, "category COUPON/MISC ITEMS": 1}
    assert by_name["orders"].dropped == {"no line kept": 1}
    assert by_name["coupon"].dropped == {"duplicate": 1, "department FUEL": 1, "product not listed": 1}
    promotion = by_name["promotion"]
    assert (promotion.read, promotion.imported, promotion.merged) == (7, 2, 3)
    assert promotion.dropped == {"department FUEL": 1, "product not listed": 1}
    assert report.notice == DEMO_NOTICE
    assert [row[0] for row in report.count_table()] == [table.table for table in report.tables]


def test_rows_as_they_should_be(database: Engine, folder: Path) -> None:
    import_demo(database, folder, quiet)
    with Session(database) as session:
        customers = {c.id: c for c in session.exec(select(Customer))}
        assert sorted(customers) == [1, 2, 3, 4, 5]
        assert [c.id for c in customers.values() if c.consent_marketing] == [1, 5]
        one = customers[1]
        assert (one.age_min, one.age_max, one.income_min, one.income_max) == (65, None, 250_000, None)
        assert (one.home_ownership, one.marital_status, one.household_size, one.kids_count) == (
            "homeowner", "married", 5, 3,
        )  # fmt: skip
        assert (customers[4].income_min, customers[4].income_max) == (0, 14_999)
        milk = session.get_one(Product, 11)
        assert milk.name == "Fluid Milk White Only, 1 gal, store brand"
        assert (milk.price, milk.active) == (2.25, True)
        assert session.get_one(Product, 12).price == 3.5
        assert (session.get_one(Product, 13).price, session.get_one(Product, 13).active) == (None, False)
        order = session.get_one(Order, 5001)
        assert (order.customer_id, order.store_id, order.total) == (1, 300, 8.0)
        assert order.ordered_at == datetime(2017, 1, 2, 10)
        promotion = session.get_one(Promotion, (11, 1))
        assert (promotion.display_stores, promotion.mailer_stores) == (1, 2)
        campaign = session.get_one(Campaign, 7)
        assert (campaign.campaign_type, campaign.name) == ("A", "Campaign 7 (type A)")
        assert campaign.start_date == date(2017, 2, 1)
        assert [o.ref for o in session.exec(select(IndexOutbox))] == ["*"]


def test_times_compare_in_sql(database: Engine, folder: Path) -> None:
    """Bulk rows are stored as SQLAlchemy itself stores them, so that equality finds them."""
    import_demo(database, folder, quiet)
    with Session(database) as session:
        at = select(Order.id).where(Order.ordered_at == datetime(2017, 1, 2, 10))
        assert session.exec(at).all() == [5001]
        day = select(Redemption.customer_id).where(Redemption.redeemed_on == date(2017, 2, 3))
        assert session.exec(day).all() == [1]


def test_second_import_does_nothing(database: Engine, folder: Path) -> None:
    first = import_demo(database, folder, quiet)
    before = everything(database)
    second = import_demo(database, folder, quiet)
    assert second.fresh == []
    assert second.tables == first.tables
    assert everything(database) == before


def test_changed_source_replaces_the_demo(database: Engine, folder: Path) -> None:
    import_demo(database, folder, quiet)
    source = small_source()
    source["transactions"].append((4, 300, 5005, 12, 1, 4.0, 0.0, 0.0, 0.0, 3, JAN))
    write_source(folder, source)
    report = import_demo(database, folder, quiet)
    assert len(report.fresh) == 9
    with Session(database) as session:
        assert session.exec(select(func.count()).select_from(Order)).one() == 4


def test_another_shop_is_not_touched(database: Engine, folder: Path) -> None:
    with Session(database) as session:
        session.add(Customer(id=1, name="Ann"))
        session.commit()
    with pytest.raises(RuntimeError, match="data folder of its own"):
        import_demo(database, folder, quiet)
    assert len(everything(database)["Customer"]) == 1


def test_own_rows_beside_the_demo_are_kept(database: Engine, folder: Path) -> None:
    import_demo(database, folder, quiet)
    with Session(database) as session:
        session.add(Customer(id=777, name="Ann"))
        session.commit()
    assert import_demo(database, folder, quiet).fresh == []
    source = small_source()
    source["campaigns"].append((7, 2))
    write_source(folder, source)
    with pytest.raises(RuntimeError, match="rows that are not the demo's"):
        import_demo(database, folder, quiet)
    with Session(database) as session:
        assert session.get(Customer, 777) is not None


def test_missing_file_says_which(database: Engine, folder: Path) -> None:
    (folder / "coupons.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"coupons\.parquet"):
        import_demo(database, folder, quiet)


def test_basket_of_two_households_is_refused(database: Engine, folder: Path) -> None:
    source = small_source()
    source["transactions"].append((2, 300, 5001, 11, 1, 2.0, 0.0, 0.0, 0.0, 1, JAN))
    with pytest.raises(ValueError, match="more than one household"):
        import_demo(database, write_source(folder, source), quiet)


IMPORT = """
import sys, time
from pathlib import Path
from shopwright.knowledge.database import open_database
from shopwright.knowledge.demo import import_demo

def stop_here(step, done, total):
    if step == "Importing order_line" and 0 < done < total:
        print("part of the lines are in", flush=True)
        time.sleep(600)

import_demo(open_database(sys.argv[1]), Path(sys.argv[2]), stop_here)
"""


def test_killed_in_the_middle_of_a_table_the_next_run_completes(database_url: str, folder: Path) -> None:
    engine = open_database(database_url)
    migrate(engine)
    source = small_source()
    many = 45_000
    source["transactions"] += [
        (1, 300, 6000 + n // 10, 11 + n % 2, 1, 2.0, 0.0, 0.0, 0.0, 3, JAN) for n in range(many)
    ]
    write_source(folder, source)
    command = [sys.executable, "-c", IMPORT, database_url, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "part of the lines are in\n"
        process.send_signal(signal.SIGKILL)
    with Session(engine) as session:
        assert session.get(Snapshot, "demo:orders") is not None
        assert session.get(Snapshot, "demo:order_line") is None
        assert session.exec(select(func.count()).select_from(OrderLine)).one() == 0
    report = import_demo(engine, folder, quiet)
    assert report.fresh == ["order_line", "campaign", "campaign_target", "coupon", "redemption", "promotion"]
    with Session(engine) as session:
        assert session.exec(select(func.count()).select_from(OrderLine)).one() == many + 4
        assert session.exec(select(func.count()).select_from(Order)).one() == many // 10 + 3
    assert import_demo(engine, folder, quiet).fresh == []
    engine.dispose()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (("FRZN SS PREMIUM ENTREES/DNRS/T", "FRZN MEAT", "9.5 OZ", "National"),
         "Frozen Single Serve Premium Entrees/Dinners, 9.5 oz, national brand"),
        (("TRADITIONAL", "ICE CREAM/MILK/SHERBTS", "56 OZ", "Private"),
         "Ice Cream: Traditional, 56 oz, store brand"),
        (("CANDY BARS (SINGLES)(INCLUDING", "CANDY", ".5 OZ", "National"),
         "Candy Bars (Singles), 0.5 oz, national brand"),
        (("", "HOSIERY/SOCKS", "", "National"), "Hosiery/Socks, national brand"),
        (("", "", "", ""), "Product"),
    ],
)  # fmt: skip
def test_names_are_readable(source: tuple[str, str, str, str], name: str) -> None:
    assert product_name(*source) == name


def test_abbreviations_and_sizes() -> None:
    assert readable_type("FRZN FRUIT W/O SUGAR") == "Frozen Fruit without Sugar"
    assert readable_type("WOMEN S GENERAL-MAGAZINE") == "Women's General Magazine"
    assert readable_type("APPLES GALA (BULK&BAG)") == "Apples Gala (Bulk or Bagged)"
    assert readable_size("12 PK/12 OZ") == "12 pack/12 oz"
    assert readable_size("QT") == "1 qt"


def test_bands() -> None:
    assert (age_band("45-54"), age_band("65+"), age_band(None)) == ((45, 54), (65, None), (None, None))
    assert income_band("35-49K") == (35_000, 49_999)
    assert income_band("Under 15K") == (0, 14_999)
    assert income_band("250K+") == (250_000, None)


REAL = {
    "customer": (2_469, 2_469), "product": (92_331, 91_665), "orders": (155_848, 141_086),
    "order_line": (1_469_307, 1_445_373), "campaign": (27, 27), "campaign_target": (6_589, 6_589),
    "coupon": (116_204, 111_062), "redemption": (2_102, 2_102), "promotion": (20_940_529, 1_183_140),
}  # fmt: skip


@pytest.mark.demo
def test_the_whole_demo_is_there(demo_settings: Settings) -> None:
    engine = open_database(demo_settings.database)
    with Session(engine) as session:
        snapshots = {name: session.get_one(Snapshot, f"demo:{name}") for name in REAL}
        stored = {
            name: session.exec(select(func.count()).select_from(SQLModel.metadata.tables[name])).one()
            for name in REAL
        }
        report = DemoReport.model_validate({"tables": [s.details for s in snapshots.values()], "fresh": []})
        assert {t.table: (t.read, t.imported) for t in report.tables} == REAL
        assert stored == {name: imported for name, (_read, imported) in REAL.items()}
        assert all(table.balanced for table in report.tables)
        dropped = snapshots["order_line"].details["dropped"]
        assert sum(dropped.values()) == 23_934
        assert dropped["product not listed"] == 4_836
        assert snapshots["coupon"].details["dropped"]["duplicate"] == 4_872
        consenting = select(func.count()).select_from(Customer).where(tables.Customer.consent_marketing)
        assert session.exec(consenting).one() == len(
            session.exec(select(CampaignTarget.customer_id).distinct()).all()
        )
        orders, lines = (session.exec(select(func.sum(c))).one() for c in (Order.total, OrderLine.amount))
        assert orders == pytest.approx(lines, abs=1.0)
    engine.dispose()
