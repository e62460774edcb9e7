"""How the database answers: each statement's seconds, and the indexes and scans that its plan has.

For measuring only: every statement is explained before it runs, which takes time of its own.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_EXPLAINED = re.compile(r"\s*(SELECT|INSERT|WITH|CREATE TEMP\w* TABLE \S+ AS)\b", re.IGNORECASE)


@dataclass
class Statement:
    """One statement that ran: its text, how long it took, and how each table in it was read."""

    sql: str
    reads: list[str] = field(default_factory=list)
    seconds: float = 0.0


@contextmanager
def watched(engine: Engine) -> Iterator[list[Statement]]:
    """What the block runs on `engine`, in the order in which it ran; filled as it goes."""
    ran: list[Statement] = []
    began: list[float] = []

    def before(
        connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        reads = [] if many else _reads(connection.dialect.name, cursor, statement, parameters)
        ran.append(Statement(statement, reads))
        began.append(time.perf_counter())

    def after(*_given: Any) -> None:
        ran[-1].seconds = time.perf_counter() - began[-1]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def _reads(dialect: str, cursor: Any, statement: str, parameters: Any) -> list[str]:
    """How the plan reads each table: 'Index Only Scan on orders by ix_orders_customer_time'."""
    if not _EXPLAINED.match(statement):
        return []
    beside = cursor.connection.cursor()
    try:
        if dialect == "postgresql":
            beside.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            return list(dict.fromkeys(_nodes(_document(beside.fetchone()[0]))))
        beside.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return list(
            dict.fromkeys(row[3] for row in beside.fetchall() if row[3].startswith(("SCAN", "SEARCH")))
        )
    finally:
        beside.close()


def _document(found: Any) -> Any:
    return (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]


def _nodes(plan: dict[str, Any]) -> Iterator[str]:
    """The reading nodes of a plan, depth first."""
    kind, index = plan["Node Type"], plan.get("Index Name")
    if "Relation Name" in plan:
        by = f" by {index}" if index else ""
        parallel = "Parallel " if plan.get("Parallel Aware") else ""
        yield f"{parallel}{kind} on {plan['Relation Name']}{by}"
    elif index:
        yield f"{kind} by {index}"
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
