"""The Complete Journey's parquet files, turned into rows of the shop's tables, every dropped row counted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.bulk import Row
from shopwright.knowledge.demo_names import product_name
from shopwright.knowledge.demo_promotions import count_stores
from shopwright.knowledge.demo_values import demographics, plain_rows, reason_counts, typical_prices

FILES = (
    "transactions", "products", "demographics", "campaigns",
    "campaign_descriptions", "coupons", "coupon_redemptions", "promotions",
)  # fmt: skip
# Fuel, coupon bookings and till corrections are no merchandise, and fuel's quantities are no pieces.
DROPPED_DEPARTMENTS = ("FUEL", "COUPON", "MISCELLANEOUS")
DROPPED_CATEGORIES = ("COUPON", "COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "FUEL")


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
        frame = self.frame("demographics")
        records = (dict(zip(frame.columns, row, strict=True)) for row in plain_rows(frame))
        known: dict[int, dict[str, Any]] = {row["household_id"]: row for row in records}
        households = sorted(set(self.transactions.household_id.unique().tolist()) | set(known) | targeted)
        rows = [
            (h, f"Household {h}", *demographics(known.get(h, {})), None, None, h in targeted, None)
            for h in households
        ]
        columns = (
            "id", "name", "age_min", "age_max", "income_min", "income_max", "home_ownership",
            "marital_status", "household_size", "kids_count", "language", "email", "consent_marketing",
            "consent_at",
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
            for key, department, category, kind, brand, size in plain_rows(kept[fields])
        )  # fmt: skip
        columns = (
            "id", "name", "department", "category", "product_type", "brand", "size", "price", "description",
            "active",
        )  # fmt: skip
        return Load(
            tables.Product, "products", columns, rows, len(kept), len(listed), reason_counts(listed.reason)
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
            baskets.index.tolist(), baskets.customer.tolist(), baskets["at"].astype(object).tolist(),
            baskets.store.tolist(), repeat("completed", len(baskets)), baskets.total.round(2).tolist(),
            strict=True,
        )  # fmt: skip
        read = self.transactions.basket_id.nunique()
        dropped = {"no line kept": read - len(baskets)} if read > len(baskets) else {}
        columns = ("id", "customer_id", "ordered_at", "store_id", "status", "total")
        return Load(tables.Order, "baskets of transactions", columns, rows, len(baskets), read, dropped)

    def order_lines(self) -> Load:
        """Every kept transaction line; its amount is what the shop received, coupons' refunds included."""
        fields = [
            "basket_id", "product_id", "quantity", "sales_value", "retail_disc", "coupon_disc",
            "coupon_match_disc",
        ]  # fmt: skip
        columns = (
            "order_id", "product_id", "quantity", "amount", "retail_discount", "coupon_discount",
            "coupon_match_discount",
        )  # fmt: skip
        rows = plain_rows(self.kept[fields])
        dropped = reason_counts(self.transactions.reason)
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
        dropped |= reason_counts(reason)
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
        """Per product and week, the number of stores with a display and with the product in the mailer."""
        for name in ("transactions", "kept"):  # no longer needed, and large
            self.__dict__.pop(name, None)
        counts = count_stores(self.path("promotions"), self.listed.reason, self.on_scan)
        columns = ("product_id", "week", "display_stores", "mailer_stores")
        merged = counts.used - counts.cells
        return Load(
            tables.Promotion,
            "promotions",
            columns,
            counts.rows,
            counts.cells,
            counts.read,
            counts.dropped,
            merged,
        )
