"""Segments that people saved by name: a name, unique in the shop whatever its case, and a filter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from shopwright.knowledge.audit import record
from shopwright.knowledge.database import transaction
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.segment_types import SavedInfo
from shopwright.knowledge.stored_text import clean_text
from shopwright.knowledge.tables import SavedSegment, now
from shopwright.knowledge.types import CustomerFilter

LONGEST_NAME = 60
SHOWN_NAMES = 8


class SegmentNameError(LookupError):
    """A name that cannot be used, or that no saved segment has; `zh` says it in Chinese."""

    def __init__(self, message: str, zh: str) -> None:
        super().__init__(message)
        self.zh = zh


def name_key(name: str) -> str:
    """The name as it is compared: width, case and runs of spaces do not matter."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()


class SavedSegments:
    """The saved segments of a shop. Whoever changes one is written into the audit trail."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[SavedInfo]:
        """All of them, by name."""
        with Session(self._engine) as session:
            rows = session.exec(select(SavedSegment).order_by(col(SavedSegment.name_key)))
            return [_info(row) for row in rows]

    def names(self) -> tuple[str, ...]:
        """Their names."""
        with Session(self._engine) as session:
            return tuple(session.exec(select(SavedSegment.name).order_by(col(SavedSegment.name_key))))

    def get(self, name: str) -> SavedInfo:
        """The segment of that name. Raises SegmentNameError with the nearest names when there is none."""
        with Session(self._engine) as session:
            return _info(self._row(session, name))

    def save(self, name: str, filter: CustomerFilter, owner: str, *, role: str = "marketer") -> SavedInfo:
        """Save a new segment. Raises SegmentNameError for a name that is taken or cannot be one."""
        name = _checked(name)
        row = SavedSegment(
            name=name, name_key=name_key(name), filter=_stored(filter), owner=clean_text(owner)
        )
        try:
            with transaction(self._engine) as session:
                session.add(row)
        except IntegrityError as error:
            raise _taken(name) from error
        self._record(owner, role, "segment.save", name, row.filter)
        return _info(row)

    def update(self, name: str, filter: CustomerFilter, actor: str, *, role: str = "marketer") -> SavedInfo:
        """Give a saved segment another filter. Raises SegmentNameError when there is none of that name."""
        with transaction(self._engine) as session:
            row = self._row(session, name)
            row.filter, row.updated_at = _stored(filter), now()
            session.add(row)
        self._record(actor, role, "segment.update", row.name, row.filter)
        return _info(row)

    def rename(self, name: str, new_name: str, actor: str, *, role: str = "marketer") -> SavedInfo:
        """Call it differently. Raises SegmentNameError as `save` and `get` do."""
        new_name = _checked(new_name)
        try:
            with transaction(self._engine) as session:
                row = self._row(session, name)
                before = row.name
                row.name, row.name_key, row.updated_at = new_name, name_key(new_name), now()
                session.add(row)
        except IntegrityError as error:
            raise _taken(new_name) from error
        self._record(actor, role, "segment.rename", new_name, {"before": before})
        return _info(row)

    def delete(self, name: str, actor: str, *, role: str = "marketer") -> None:
        """Forget it. Raises SegmentNameError when there is none of that name."""
        with transaction(self._engine) as session:
            row = self._row(session, name)
            was, meant = row.name, row.filter
            session.delete(row)
        self._record(actor, role, "segment.delete", was, meant)

    def _row(self, session: Session, name: str) -> SavedSegment:
        row = session.exec(select(SavedSegment).where(SavedSegment.name_key == name_key(name))).first()
        if row is None:
            raise _unknown(name, [*session.exec(select(SavedSegment.name))])
        return row

    def _record(self, actor: str, role: str, action: str, subject: str, details: Mapping[str, Any]) -> None:
        record(self._engine, actor, role, action, subject, details)


def _info(row: SavedSegment) -> SavedInfo:
    return SavedInfo(
        name=row.name,
        filter=CustomerFilter.model_validate(row.filter),
        owner=row.owner,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _stored(filter: CustomerFilter) -> dict[str, Any]:
    return filter.model_dump(mode="json", exclude_none=True)


def _checked(name: str) -> str:
    """The name as it is stored. Raises SegmentNameError for one that cannot be told from others."""
    name = re.sub(r"\s+", " ", clean_text(name)).strip()
    if not re.search(r"\w", name):
        raise SegmentNameError("A segment needs a name of letters or digits.", "人群名称需要包含文字或数字。")
    if len(name) > LONGEST_NAME:
        raise SegmentNameError(
            f"The name has {len(name)} characters; at most {LONGEST_NAME} fit.",
            f"名称有{len(name)}个字符，最多{LONGEST_NAME}个。",
        )
    if name_key(name) in {
        name_key(word) for info in SEGMENTS for word in (info.key, info.name, info.name_zh)
    }:
        raise SegmentNameError(
            f"'{name}' is the name of a segment that every shop has. Choose another name.",
            f"“{name}”是系统自带人群的名称，请换一个名称。",
        )
    return name


def _taken(name: str) -> SegmentNameError:
    return SegmentNameError(
        f"There is a saved segment '{name}' already. Choose another name, or update that one.",
        f"已有名为“{name}”的人群。请换一个名称，或更新原有人群。",
    )


def _unknown(name: str, names: list[str]) -> SegmentNameError:
    near = get_close_matches(name, names, n=3, cutoff=0.5) or sorted(names)[:SHOWN_NAMES]
    if not near:
        return SegmentNameError(
            f"There is no saved segment '{name}'; none has been saved yet.",
            f"没有名为“{name}”的人群，目前还没有保存过人群。",
        )
    return SegmentNameError(
        f"There is no saved segment '{name}'. There are: {', '.join(near)}.",
        f"没有名为“{name}”的人群。已保存的有：{'、'.join(near)}。",
    )
