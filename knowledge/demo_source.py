"""The Complete Journey's parquet files, turned into rows of the shop's tables, every dropped row counted."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.bulk import Row
from shopwright.knowledge.demo_names import product_name

FILES = (
    "transactions", "products", "demographics", "campaigns",
    "campaign_descriptions", "coupons", "coupon_redemptions", "promotions",
)  # fmt: skip
# Fuel, coupon bookings and till corrections are no merchandise; fuel is even counted in hundredths of a gallon.
DROPPED_DEPARTMENTS = ("FUEL", "COUPON", "MISCELLANEOUS")
DROPPED_CATEGORIES = ("COUPON", "COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "FUEL")
PRICE_LINES = 20
SCAN = 500_000


@dataclass(frozen=True)
class Load:
    """One table's rows, ready to write, and the account of the source's rows behind them.

    `read` source rows = `dropped` (by reason) + `merged` (folded into another row) + `total` rows to write.
    """

    model: type[SQLModel]
    source: str
    columns: tuple[str, ...]
    rows: Iterator[Row]
    total: int
    read: int
    dropped: dict[str, int]
    merged: int = 0


class DemoSource:
    """Reads a folder of the data set's eight parquet files; each is read when first needed."""

    def __init__(
        self, folder: Path, on_scan: Callable[[int, int], None] = lambda _done, _total: None
    ) -> None:
        self.folder = folder
        self.on_scan = on_scan

    def path(self, name: str) -> Path:
        """The file of one source table."""
        return self.folder / f"{name}.parquet"

    def frame(self, name: str) -> pd.DataFrame:
        """A source table as it stands."""
        return pd.read_parquet(self.path(name))

    @cached_property
    def listed(self) -> pd.DataFrame:
        """All listed products with the reason why one is dropped ('' when kept)."""
        products = self.frame("products")
        text = ["department", "brand", "product_category", "product_type", "package_size"]
        products[text] = products[text].fillna("").map(str.strip)
        reason = np.select(
            [
                products.department.isin(DROPPED_DEPARTMENTS),
                products.product_category.isin(DROPPED_CATEGORIES),
            ],
            ["department " + products.department, "category " + products.product_category],
            default="",
        )
        return products.assign(reason=reason).set_index("product_id", drop=False)

    @cached_property
    def transactions(self) -> pd.DataFrame:
        """All transaction lines, with the reason why one is dropped ('' when kept)."""
        lines = self.frame("transactions")
        reason = lines.product_id.map(self.listed.reason).fillna("product not listed")
        return lines.assign(reason=reason)

    @cached_property
    def kept(self) -> pd.DataFrame:
        """The transaction lines that are imported, in the order of baskets."""
        lines = self.transactions
        return lines[lines.reason == ""].sort_values(["basket_id", "product_id"], kind="stable")

    def loads(self) -> dict[str, Callable[[], Load]]:
        """How to make each table's rows, in the order in which tables refer to each other."""
        return {
            "customer": self.customers,
            "product": self.products,
            "orders": self.orders,
            "order_line": self.order_lines,
            "campaign": self.campaigns,
            "campaign_target": self.targets,
            "coupon": self.coupons,
            "redemption": self.redemptions,
            "promotion": self.promotions,
        }

    def customers(self) -> Load:
        """Every household of the transactions, the demographics or the campaigns.

        The data set says nothing of consent. The demo's rule: a household that was ever targeted by a
        campaign counts as having agreed to marketing, all others as not.
        """
        targeted = set(self.frame("campaigns").household_id.tolist())
        demographics = {row["household_id"]: row for row in self.frame("demographics").to_dict("records")}
        households = sorted(
            set(self.transactions.household_id.unique().tolist()) | set(demographics) | targeted
        )
        rows = [
            (h, f"Household {h}", *_demographics(demographics.get(h, {})), None, None, h in targeted, None)
            for h in households
        ]
        columns = (
            "id", "name", "age_min", "age_max", "income_min", "income_max", "home_ownership", "marital_status",
            "household_size", "kids_count", "language", "email", "consent_marketing", "consent_at",
        )  # fmt: skip
        source = "households of transactions, demographics and campaigns"
        return Load(tables.Customer, source, columns, iter(rows), len(rows), len(rows), {})

    def products(self) -> Load:
        """Every listed product that is merchandise, sold or not; price: see `typical_prices`."""
        listed = self.listed
        kept = listed[listed.reason == ""]
        prices = typical_prices(self.kept)
        sold = set(self.kept.product_id.unique().tolist())
        fields = ["product_id", "department", "product_category", "product_type", "brand", "package_size"]
        rows = (
            (key, product_name(kind, category, size, brand), department, category, kind, brand, size,
             prices.get(key), "", key in sold)
            for key, department, category, kind, brand, size in kept[fields].itertuples(index=False, name=None)
        )  # fmt: skip
        columns = (
            "id", "name", "department", "category", "product_type", "brand", "size", "price", "description", "active",
        )  # fmt: skip
        return Load(
            tables.Product, "products", columns, rows, len(kept), len(listed), _reasons(listed.reason)
        )

    def orders(self) -> Load:
        """One order a basket, at its earliest time, totalling its kept lines."""
        baskets = self.kept.groupby("basket_id").agg(
            customer=("household_id", "first"),
            households=("household_id", "nunique"),
            at=("transaction_timestamp", "min"),
            store=("store_id", "first"),
            total=("sales_value", "sum"),
        )
        if (baskets.households > 1).any():
            raise ValueError(
                "The demo data has a basket of more than one household; its transactions are damaged."
            )
        rows = zip(
            baskets.index.tolist(), baskets.customer.tolist(), baskets["at"].dt.to_pydatetime().tolist(),
            baskets.store.tolist(), ["completed"] * len(baskets), baskets.total.round(2).tolist(), strict=True,
        )  # fmt: skip
        read = self.transactions.basket_id.nunique()
        dropped = {"no line kept": read - len(baskets)} if read > len(baskets) else {}
        columns = ("id", "customer_id", "ordered_at", "store_id", "status", "total")
        return Load(tables.Order, "baskets of transactions", columns, rows, len(baskets), read, dropped)

    def order_lines(self) -> Load:
        """Every kept transaction line. The amount is what the shop received, manufacturers' coupons included."""
        fields = [
            "basket_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc",
        ]  # fmt: skip
        columns = (
            "order_id", "product_id", "quantity", "amount", "retail_discount", "coupon_discount",
            "coupon_match_discount",
        )  # fmt: skip
        rows = zip(*(self.kept[name].tolist() for name in fields), strict=True)
        dropped = _reasons(self.transactions.reason)
        return Load(
            tables.OrderLine, "transactions", columns, rows, len(self.kept), len(self.transactions), dropped
        )

    def campaigns(self) -> Load:
        """Every campaign; 'Type A' becomes A."""
        frame = self.frame("campaign_descriptions")
        rows = []
        for row in frame.to_dict("records"):
            kind = row["campaign_type"].removeprefix("Type ").strip()
            name = f"Campaign {row['campaign_id']} (type {kind})"
            rows.append((row["campaign_id"], kind, name, row["start_date"].date(), row["end_date"].date()))
        columns = ("id", "campaign_type", "name", "start_date", "end_date")
        return Load(tables.Campaign, "campaign_descriptions", columns, iter(rows), len(rows), len(frame), {})

    def targets(self) -> Load:
        """Every household that a campaign was sent to; none was held out."""
        frame = self.frame("campaigns")
        rows = (
            (c, h, False)
            for c, h in frame[["campaign_id", "household_id"]].itertuples(index=False, name=None)
        )
        columns = ("campaign_id", "customer_id", "holdout")
        return Load(tables.CampaignTarget, "campaigns", columns, rows, len(frame), len(frame), {})

    def coupons(self) -> Load:
        """Every coupon, campaign and product, once each."""
        frame = self.frame("coupons")
        once = frame.drop_duplicates()
        reason = once.product_id.map(self.listed.reason).fillna("product not listed")
        kept = once[reason == ""]
        dropped = {"duplicate": len(frame) - len(once)} if len(frame) > len(once) else {}
        fields = ["coupon_upc", "campaign_id", "product_id"]
        rows = kept[fields].itertuples(index=False, name=None)
        columns = ("coupon_id", "campaign_id", "product_id")
        dropped |= _reasons(reason)
        return Load(tables.Coupon, "coupons", columns, rows, len(kept), len(frame), dropped)

    def redemptions(self) -> Load:
        """Every redemption, of whatever coupon."""
        frame = self.frame("coupon_redemptions")
        fields = ["household_id", "campaign_id", "coupon_upc"]
        days = frame.redemption_date.dt.date.tolist()
        rows = zip(*(frame[name].tolist() for name in fields), days, strict=True)
        columns = ("customer_id", "campaign_id", "coupon_id", "redeemed_on")
        return Load(tables.Redemption, "coupon_redemptions", columns, rows, len(frame), len(frame), {})

    def promotions(self) -> Load:
        """Per product and week, the number of stores with a display and with the product in the mailer.

        The source has one row a product, store, week and place (20.9 million); it is scanned in pieces,
        and a store is counted once however many places it has.
        """
        listed = self.listed
        keys = np.sort(listed.index[listed.reason == ""].to_numpy())
        reasons = listed.reason.to_dict()
        file = pq.ParquetFile(
            self.path("promotions"), read_dictionary=["display_location", "mailer_location"]
        )
        read, used, dropped = 0, 0, Counter[str]()
        shown: dict[str, list[np.ndarray[Any, Any]]] = {
            "display_location": [],
            "mailer_location": [],
            "any": [],
        }
        for batch in file.iter_batches(SCAN, columns=["product_id", "store_id", "week", "display_location",
                                                      "mailer_location"]):  # fmt: skip
            product = batch.column("product_id").to_numpy()
            place = np.minimum(np.searchsorted(keys, product), len(keys) - 1)
            known = keys[place] == product
            cell = (place.astype(np.int64) << 8) | batch.column("week").to_numpy()
            store = (cell << 20) | batch.column("store_id").to_numpy()
            for name in ("display_location", "mailer_location"):
                on = pc.not_equal(pc.cast(batch.column(name), "string"), "0").to_numpy(zero_copy_only=False)
                shown[name].append(store[known & on])
            shown["any"].append(np.unique(cell[known]))
            for key, count in zip(*np.unique(product[~known], return_counts=True), strict=True):
                dropped[reasons.get(key, "product not listed")] += int(count)
            read, used = read + batch.num_rows, used + int(known.sum())
            self.on_scan(read, file.metadata.num_rows)
        cells = np.unique(np.concatenate(shown["any"])) if read else np.array([], dtype=np.int64)
        counts = [
            _stores(cells, shown.pop(name)).tolist() for name in ("display_location", "mailer_location")
        ]
        rows = zip(keys[cells >> 8].tolist(), (cells & 255).tolist(), *counts, strict=True)
        columns = ("product_id", "week", "display_stores", "mailer_stores")
        return Load(
            tables.Promotion, "promotions", columns, rows, len(cells), read, dict(dropped), used - len(cells)
        )


def _stores(cells: np.ndarray[Any, Any], found: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """How many distinct stores each product and week (`cells`, sorted) has among `found`."""
    distinct = np.unique(np.concatenate(found)) if found else np.array([], dtype=np.int64)
    return np.bincount(np.searchsorted(cells, distinct >> 20), minlength=len(cells))


def typical_prices(lines: pd.DataFrame) -> dict[int, float]:
    """Each product's median price a unit, with the loyalty card, over its last 20 sales.

    The data set's documentation gives the card price as (sales_value + coupon_match_disc) / quantity:
    what the shop asked before coupons. Lines without quantity or price say nothing of it.
    """
    paid = lines.sales_value + lines.coupon_match_disc
    usable = lines[(lines.quantity > 0) & (paid > 0)].sort_values("transaction_timestamp", kind="stable")
    usable = usable.assign(price=paid[usable.index] / usable.quantity).groupby("product_id").tail(PRICE_LINES)
    median = usable.groupby("product_id").price.median().round(2)
    return {key: price for key, price in median.to_dict().items() if price > 0}


def _reasons(reason: pd.Series) -> dict[str, int]:
    counts = reason[reason != ""].value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def _demographics(row: dict[str, Any]) -> tuple[int | str | None, ...]:
    """Age, income, home, marriage, household size, children: as the tables keep them, None where unknown."""
    home = {"Homeowner": "homeowner", "Probable Homeowner": "homeowner", "Renter": "renter",
            "Probable Renter": "renter"}.get(row.get("home_ownership") or "")  # fmt: skip
    marital = row.get("marital_status")
    return (
        *age_band(row.get("age")),
        *income_band(row.get("income")),
        home,
        marital.lower() if isinstance(marital, str) else None,
        _count(row.get("household_size")),
        _count(row.get("kids_count")),
    )


def age_band(text: object) -> tuple[int | None, int | None]:
    """'45-54' -> (45, 54); '65+' -> (65, None); anything else -> (None, None)."""
    if not isinstance(text, str):
        return None, None
    low, _, high = text.partition("-")
    return int(low.rstrip("+")), int(high) if high else None


def income_band(text: object) -> tuple[int | None, int | None]:
    """'35-49K' -> (35000, 49999); 'Under 15K' -> (0, 14999); '250K+' -> (250000, None); else (None, None)."""
    if not isinstance(text, str):
        return None, None
    if text.startswith("Under "):
        return 0, int(text.removeprefix("Under ").rstrip("K")) * 1000 - 1
    low, _, high = text.replace("K", "").partition("-")
    return int(low.rstrip("+")) * 1000, int(high) * 1000 + 999 if high else None


def _count(text: object) -> int | None:
    """'3+' -> 3, the table's way of saying three or more."""
    return int(text.rstrip("+")) if isinstance(text, str) else None
