"""Keeping models that were fitted on the shop's data, without pickle.

A model is a folder: `manifest.json` (what it was fitted on and how well it did), and a folder of data
files (JSON, npz, LightGBM text, skops) that the manifest names with their SHA-256. The manifest is
replaced in one step after its files are complete, so a reader sees the old model or the new one.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import ColumnElement, Engine, func, select

from shopwright.knowledge.columns import CUSTOMER, ORDERS, PRODUCT, REDEMPTIONS, TARGETS
from shopwright.knowledge.tables import now

MANIFEST = "manifest.json"


class SavedModelError(LookupError):
    """A fitted model is missing or damaged; the message says which and how to get it back."""


class Manifest(BaseModel):
    """What a saved model was made from, and how well it did."""

    model_config = ConfigDict(frozen=True)
    name: str
    fingerprint: str
    fitted_at: datetime
    config: dict[str, Any]
    figures: dict[str, Any]
    versions: dict[str, str]
    folder: str
    files: dict[str, str]


@dataclass(frozen=True)
class SavedModel:
    """A saved model whose files were found complete and unchanged."""

    manifest: Manifest
    folder: Path

    def path(self, name: str) -> Path:
        """The data file `name`."""
        return self.folder / name


@dataclass
class Draft:
    """A model being saved: write files into `folder`; `figures` may be filled until the end."""

    folder: Path
    figures: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """Where the data file `name` is to be written."""
        return self.folder / name


@contextmanager
def saving(
    model: Path, *, fingerprint: str, config: dict[str, Any], libraries: Sequence[str]
) -> Iterator[Draft]:
    """Save a model into the folder `model`; when the block raises, what was there before stays.

    `libraries` names the distributions whose versions matter for reading the files.
    """
    model.mkdir(parents=True, exist_ok=True)
    draft = Draft(model / uuid.uuid4().hex)
    draft.folder.mkdir()
    try:
        yield draft
        files = {path.name: _digest(path) for path in sorted(draft.folder.iterdir())}
        manifest = Manifest(
            name=model.name,
            fingerprint=fingerprint,
            fitted_at=now(),
            config=config,
            figures=draft.figures,
            versions={name: version(name) for name in libraries},
            folder=draft.folder.name,
            files=files,
        )
        staged = draft.folder.with_suffix(".json")
        staged.write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    except BaseException:
        shutil.rmtree(draft.folder, ignore_errors=True)
        raise
    os.replace(staged, model / MANIFEST)
    for other in model.iterdir():
        if other.is_dir() and other != draft.folder:
            shutil.rmtree(other, ignore_errors=True)


def load(model: Path) -> SavedModel:
    """The saved model in the folder `model`.

    Raises SavedModelError when there is none, or when a file is missing or is not what was saved.
    """
    manifest = read_manifest(model)
    folder = model / manifest.folder
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise SavedModelError(
                f"The fitted model '{model.name}' is damaged: {path} is missing or was changed. "
                f"Fit it again: `shopwright fit {model.name}`."
            )
    return SavedModel(manifest, folder)


def read_manifest(model: Path) -> Manifest:
    """The manifest alone, files unread. Raises SavedModelError when there is none or it is damaged."""
    path = model / MANIFEST
    if not path.is_file():
        raise SavedModelError(
            f"The model '{model.name}' has not been fitted yet ({path} is missing). "
            f"Run `shopwright fit {model.name}`, or `shopwright init` to set up everything."
        )
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise SavedModelError(
            f"The manifest of the fitted model '{model.name}' is damaged ({path}). "
            f"Fit it again: `shopwright fit {model.name}`."
        ) from error


def shop_fingerprint(engine: Engine) -> str:
    """A hash that changes when customers, products, orders or redemptions do (by count and sum)."""
    facts: list[tuple[str, ColumnElement[Any]]] = [
        ("customers", select(func.count(CUSTOMER.c.id)).scalar_subquery()),
        ("products", select(func.count(PRODUCT.c.id)).scalar_subquery()),
        ("orders", select(func.count(ORDERS.c.id)).scalar_subquery()),
        ("latest", select(func.max(ORDERS.c.ordered_at)).scalar_subquery()),
        ("total", select(func.sum(ORDERS.c.total)).scalar_subquery()),
        ("targets", select(func.count(TARGETS.c.customer_id)).scalar_subquery()),
        ("redemptions", select(func.count(REDEMPTIONS.c.id)).scalar_subquery()),
    ]
    with engine.connect() as connection:
        row = connection.execute(select(*(fact.label(name) for name, fact in facts))).mappings().one()
    values = {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
