"""Keeps the vector index in step with SQL: what is missing is added, what is gone is removed."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlmodel import col, func, select

from shopwright.knowledge.assortment import Assortment, text_key
from shopwright.knowledge.database import transaction
from shopwright.knowledge.documents import passage_texts
from shopwright.knowledge.embedding import shared_embedder
from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.passage_meaning import MeaningCache
from shopwright.knowledge.tables import Document, IndexOutbox
from shopwright.knowledge.vectors import IndexBusyError, VectorIndex, open_index

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

__all__ = ["IndexBusyError", "apply_outbox", "build_index"]
EMBED_BATCH = 400
LABELS = {"products": "products", "kinds": "kinds of product", "passages": "help passages"}


def build_index(shop: "Shop", progress: Progress) -> dict[str, Any]:
    """Bring the index to the state of the database; returns what was held, added and removed, and seconds.

    Texts that are indexed already are left alone, so an interrupted run goes on where it stopped and a
    repeated one is quick. Raises IndexBusyError when another process owns the index.
    """
    started = time.perf_counter()
    index = open_index(shop.settings.index_dir)
    index.require()
    last = _last_outbox(shop)
    assortment = Assortment(shop.engine)
    report: dict[str, Any] = {}
    changed = not index.stamp() or last > 0
    for name, texts in (
        ("kinds", assortment.kind_texts()),
        ("products", assortment.entry_texts()),
        ("passages", _passages(shop)),
    ):
        added, removed = _sync(index, name, texts, progress)
        report |= {name: len(texts), f"{name}_added": added, f"{name}_removed": removed}
        changed = changed or bool(added or removed)
    if changed:
        index.save()
    with shop.session() as session:
        MeaningCache(shop.settings).keep(session.exec(select(Document)).all())
    _clear_outbox(shop, last)
    return report | {"seconds": round(time.perf_counter() - started, 2)}


def apply_outbox(shop: "Shop") -> int:
    """Take in what changed since the index was last brought up to date; returns the outbox rows consumed.

    Raises IndexBusyError when another process owns the index: that process applies the outbox.
    """
    with shop.session() as session:
        waiting = session.exec(select(func.count()).select_from(IndexOutbox)).one()
    if waiting:
        build_index(shop, lambda step, done, total: None)
    return waiting


def _sync(index: VectorIndex, name: str, texts: Collection[str], progress: Progress) -> tuple[int, int]:
    """Add the missing texts to the collection and remove the gone ones; returns how many of each."""
    wanted = {text_key(text): text for text in texts}
    held = index.ids(name)
    gone = sorted(held - wanted.keys())
    index.remove(name, gone)
    missing = [key for key in wanted if key not in held]
    step = f"indexing {LABELS[name]}"
    for start in range(0, len(missing), EMBED_BATCH):
        progress(step, start, len(missing))
        keys = missing[start : start + EMBED_BATCH]
        part = [wanted[key] for key in keys]
        index.add(name, keys, shared_embedder().embed(part), part)
    if missing:
        progress(step, len(missing), len(missing))
    return len(missing), len(gone)


def _passages(shop: "Shop") -> list[str]:
    with shop.session() as session:
        documents = session.exec(select(Document)).all()
    return list(dict.fromkeys(text for document in documents for text in passage_texts(document)))


def _last_outbox(shop: "Shop") -> int:
    with shop.session() as session:
        return session.exec(select(func.max(IndexOutbox.id))).one() or 0


def _clear_outbox(shop: "Shop", last: int) -> None:
    """Forget the rows that the build has seen; rows written meanwhile stay for the next one."""
    with transaction(shop.engine) as session:
        session.exec(delete(IndexOutbox).where(col(IndexOutbox.id) <= last))
