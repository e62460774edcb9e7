"""A crash in the middle of an import leaves the file that was on its way as it was before."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from shopwright.knowledge import tables
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.import_staging import table_of
from shopwright.knowledge.importing import ImportFailedError, import_folder

# The process kills itself with SIGKILL right after the rows of a table are written and before they
# are committed; nothing in it gets the chance to clean up.
SCRIPT = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from shopwright.knowledge.database import open_database
from shopwright.knowledge.importing import import_folder

engine = open_database(sys.argv[1])

@event.listens_for(engine, "after_cursor_execute")
def kill(connection, cursor, statement, parameters, context, executemany):
    if statement.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

import_folder(engine, Path(sys.argv[2]), out=Path(sys.argv[2]).parent)
"""


def _count(engine: Engine, model: object) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table_of(model))) or 0


def test_killed_before_the_commit(tmp_path: Path, database: Engine) -> None:
    _kill_and_import_again(tmp_path, database, "INSERT INTO product")


def test_killed_while_reading(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    _kill_and_import_again(tmp_path, engine, "INSERT INTO import_products")


def _kill_and_import_again(tmp_path: Path, database: Engine, statement: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "products.csv").write_text("id,name\n1,Tea\n2,Milk\n")
    import_folder(database, folder, out=tmp_path)
    (folder / "customers.csv").write_text("id\n1\n2\n3\n")
    (folder / "products.csv").write_text(
        "id,name\n1,Green tea\n" + "".join(f"{n},P\n" for n in range(3, 3000))
    )
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", SCRIPT, url, str(folder), statement]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    assert _count(database, tables.Customer) == 3
    with database.connect() as connection:
        names = connection.execute(select(table_of(tables.Product).c.name)).scalars().all()
    assert sorted(names) == ["Milk", "Tea"]
    report = import_folder(database, folder, out=tmp_path)
    assert report.ok
    assert _count(database, tables.Product) == 2999


def test_a_database_that_refuses_says_which_file(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "products.csv").write_text("id,name\n1,Tea\n")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON product BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(ImportFailedError, match=r"products\.csv: .*disk full.*Nothing of this file"):
        import_folder(engine, tmp_path / "shop", out=tmp_path)
    assert _count(engine, tables.Product) == 0


def test_readers_see_a_file_whole_or_not_at_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    engine, reader = open_database(url), open_database(url)
    migrate(engine)
    (tmp_path / "shop").mkdir()
    rows = "".join(f"{n},P\n" for n in range(1, 45_001))
    (tmp_path / "shop" / "products.csv").write_text("id,name\n" + rows)
    seen: list[int] = []
    import_folder(
        engine,
        tmp_path / "shop",
        out=tmp_path,
        progress=lambda *_: seen.append(_count(reader, tables.Product)),
    )
    assert seen == [0, 0, 0]
    assert _count(reader, tables.Product) == 45_000
