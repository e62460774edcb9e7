"""Members under pseudonyms, and what is kept back of small groups.

A pseudonym is an HMAC-SHA256 of the customer id under a random key that never leaves the data folder,
cut to 40 bits: the same customer always has the same one, and without the key nobody gets back to the
id. A group of fewer than `Settings.k_anonymity` members is never listed or broken down, and within a
larger one no breakdown shows a cell of fewer (k-anonymity as in Sweeney, 2002). Counting queries that
differ by one condition can still be subtracted from each other; that they are marketers' own is why
this is accepted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from shopwright.knowledge.columns import STATS
from shopwright.knowledge.filters import Moment, select_members
from shopwright.knowledge.segment_types import (
    Drift,
    MemberRow,
    Overlap,
    SegmentDetail,
    SegmentPreview,
    SizeForecast,
)
from shopwright.knowledge.types import CustomerFilter, SegmentReport, Share

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

KEY_FILE = "pseudonyms.key"
KEY_BYTES = 32
MOST_MEMBERS = 100


def pseudonym(data_dir: Path, customer_id: int) -> str:
    """The customer's pseudonym in this shop, such as C-7F3A2KQM. Makes the key when first used."""
    digest = hmac.new(_key(data_dir), str(customer_id).encode(), hashlib.sha256).digest()
    return f"C-{base64.b32encode(digest[:5]).decode()}"


@lru_cache(maxsize=8)
def _key(data_dir: Path) -> bytes:
    path = data_dir / KEY_FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} does not hold a key of {KEY_BYTES} bytes. Delete it to get a new one.")
    return key


def preview(shop: Shop, wanted: CustomerFilter, moment: Moment, n: int) -> SegmentPreview:
    """See Segments.preview."""
    threshold = shop.settings.k_anonymity
    chosen = select_members(wanted, moment).subquery()
    query = (
        select(chosen, STATS.c.lifecycle)
        .outerjoin(STATS, STATS.c.customer_id == chosen.c.id)
        .order_by(chosen.c.spend.desc(), chosen.c.id)
        .limit(max(0, min(n, MOST_MEMBERS)))
    )
    size = shop.segments.size(wanted)
    if size < threshold:
        return SegmentPreview(size=None if size else 0, threshold=threshold, members=[])
    with shop.engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return SegmentPreview(
        size=size,
        threshold=threshold,
        members=[
            MemberRow(
                pseudonym=pseudonym(shop.settings.data_dir, row["id"]),
                stage=row["lifecycle"] or "",
                recency_days=row["recency_days"],
                orders=row["orders"],
                spend=float(f"{row['spend']:.2g}"),
            )
            for row in rows
        ],
    )


def protect(report: SegmentReport, threshold: int) -> SegmentReport:
    """The report without cells of fewer than `threshold` members; of a smaller segment only that it is small.

    Such a segment's report has size 0 and zeros: say 'fewer than N' in its place (`is_small`).
    """
    if is_small(report.size, threshold):
        nothing: dict[str, Any] = {**dict.fromkeys(_FIGURES, 0), "size": 0, "ages": [], "top_categories": []}
        return report.model_copy(update=nothing)
    return report.model_copy(
        update={
            "ages": _large(report.ages, threshold),
            "top_categories": _large(report.top_categories, threshold),
        }
    )


def protect_detail(detail: SegmentDetail, threshold: int) -> SegmentDetail:
    """The same for a report with its outlook."""
    report, outlook = protect(detail.report, threshold), detail.outlook
    if is_small(detail.report.size, threshold):
        return SegmentDetail(report=report, lifecycle=[], outlook=None)
    stages = [share for share in detail.lifecycle if share.count >= threshold]
    if outlook is not None:
        outlook = outlook.model_copy(
            update={
                "lifecycle": stages,
                "clusters": [share for share in outlook.clusters if share.count >= threshold],
                "tags": [tag for tag in outlook.tags if tag.count >= threshold],
            }
        )
    return SegmentDetail(report=report, lifecycle=stages, outlook=outlook)


def protect_drift(drift: Drift, threshold: int) -> Drift:
    """The drift without counts of fewer than `threshold` customers."""
    names = ("size_before", "size_now", "entered", "left", "left_lapsed")
    counts = {name: getattr(drift, name) or 0 for name in names}
    kept = {name: None if is_small(count, threshold) else count for name, count in counts.items()}
    few = min(counts["size_before"], counts["size_now"]) < threshold
    return drift.model_copy(update={**kept, **({"mix": []} if few else {})})


def protect_history(history: SizeForecast, threshold: int) -> SizeForecast:
    """The sizes without those of fewer than `threshold` customers."""
    points = [
        point.model_copy(update={"size": None}) if is_small(point.size or 0, threshold) else point
        for point in history.history
    ]
    return history.model_copy(update={"history": points})


def protect_overlaps(overlaps: list[Overlap], threshold: int) -> list[Overlap]:
    """The overlaps without those of fewer than `threshold` customers."""
    return [overlap for overlap in overlaps if overlap.both >= threshold]


def is_small(size: int, threshold: int) -> bool:
    """Whether somebody matches, but too few to be broken down."""
    return 0 < size < threshold


def _large(shares: list[Share], threshold: int) -> list[Share]:
    return [share for share in shares if share.count >= threshold]


_FIGURES = (
    "share",
    "spend_total",
    "spend_share",
    "spend_mean",
    "order_value_mean",
    "orders_mean",
    "recency_days_median",
)
