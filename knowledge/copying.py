"""A throwaway copy of a shop, on which anything may be tried: the shop itself is only read."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from shopwright.knowledge.settings import Settings

FOLDER = "copy-"
SHARED = ("cache", "downloads", "models")


class CopyError(RuntimeError):
    """The shop cannot be copied; the message says why, and what to do."""


@contextmanager
def copied(settings: Settings) -> Iterator[Settings]:
    """Settings of a copy: database and search index are its own; models, downloads and cache are shared.

    The copy is gone when the block ends; one that a killed process left behind is removed by the next.
    Raises CopyError, OSError when the disk is full.
    """
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    _sweep(settings.cache_dir)
    folder = settings.cache_dir / f"{FOLDER}{os.getpid()}-{uuid4().hex[:6]}"
    folder.mkdir(mode=0o700)
    try:
        for name in SHARED:
            if (settings.data_dir / name).is_dir():
                (folder / name).symlink_to((settings.data_dir / name).resolve(), target_is_directory=True)
        if settings.index_dir.is_dir():
            shutil.copytree(settings.index_dir, folder / "index", ignore=shutil.ignore_patterns("owner.lock"))
        with _database(settings, folder) as url:
            yield settings.model_copy(update={"data_dir": folder, "database_url": url})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(settings: Settings, folder: Path) -> Iterator[str]:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).is_file():
            raise CopyError(
                f"There is no shop at {url.database}. Run `shopwright init --demo` or `shopwright import`."
            )
        target = folder / "shop.db"
        source = f"file:{Path(url.database).resolve()}?mode=ro"
        with closing(sqlite3.connect(source, uri=True)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
        yield ""
        return
    name = f"shopwright_copy_{uuid4().hex[:8]}"
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{url.database}"'))
    except DBAPIError as error:
        engine.dispose()
        raise CopyError(
            f"The database {url.database} could not be copied ({str(error.orig).strip()}). Stop what is "
            "connected to it, give its user the right to create databases, or set SHOPWRIGHT_DATABASE_URL "
            "to a copy of your own."
        ) from error
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with contextlib.suppress(DBAPIError), engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


def _sweep(parent: Path) -> None:
    """Remove copies whose process is gone."""
    for folder in parent.glob(f"{FOLDER}*"):
        process = folder.name.removeprefix(FOLDER).partition("-")[0]
        if process.isdigit() and not _alive(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
