"""The audit trail: who did what, appended and never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.stored_text import clean_json, clean_text
from shopwright.knowledge.tables import AuditEvent
from shopwright.knowledge.types import Frozen


class AuditEntry(Frozen):
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    details: dict[str, Any]


def record(
    engine: Engine,
    actor: str,
    role: str,
    action: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append an event; `action` is a dotted verb such as `user.sign_in`, `details` JSON values."""
    event = AuditEvent(
        actor=clean_text(actor),
        role=role,
        action=action,
        subject=clean_text(subject),
        details=clean_json(dict(details or {})),
    )
    with transaction(engine) as session:
        session.add(event)


def entries(engine: Engine, action: str = "", limit: int = 100) -> list[AuditEntry]:
    """The newest events, optionally of one action."""
    query = select(AuditEvent).order_by(col(AuditEvent.id).desc()).limit(limit)
    if action:
        query = query.where(AuditEvent.action == action)
    with Session(engine) as session:
        return [AuditEntry(**event.model_dump()) for event in session.exec(query)]
