"""How single values of the demo's source become the shop's: bands, prices, rows."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from shopwright.knowledge.bulk import Row

PRICE_LINES = 20
PIECE = 100_000


def plain_rows(frame: pd.DataFrame) -> Iterator[Row]:
    """The frame's rows as tuples of plain Python values, a piece at a time to keep memory low."""
    for start in range(0, len(frame), PIECE):
        piece = frame.iloc[start : start + PIECE]
        yield from zip(*(piece[name].tolist() for name in piece), strict=True)


def typical_prices(lines: pd.DataFrame) -> dict[int, float]:
    """Each product's median price a unit, with the loyalty card, over its last 20 sales.

    The data set's documentation gives the card price as (sales_value + coupon_match_disc) / quantity:
    what the shop asked before coupons. Lines without quantity or price say nothing of it.
    """
    paid = lines.sales_value + lines.coupon_match_disc
    usable = lines[(lines.quantity > 0) & (paid > 0)].sort_values("transaction_timestamp", kind="stable")
    usable = usable.assign(price=paid[usable.index] / usable.quantity).groupby("product_id").tail(PRICE_LINES)
    median = usable.groupby("product_id").price.median().round(2)
    median = median[median > 0]
    return dict(zip(median.index.tolist(), median.tolist(), strict=True))


def reason_counts(reason: pd.Series) -> dict[str, int]:
    """How often each reason for dropping a row occurs."""
    counts = reason[reason != ""].value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def demographics(row: dict[str, Any]) -> tuple[int | str | None, ...]:
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
