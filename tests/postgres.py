"""A real PostgreSQL server for tests, started in a temporary folder and reached by a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
# A crash loses the whole server with the test, so nothing needs to reach the disk.
OPTIONS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def find_binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, from PATH or where packages put them; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = (path for folder in FOLDERS for path in Path("/").glob(folder.lstrip("/")))
    return next((path for path in sorted(places, reverse=True) if (path / "initdb").exists()), None)


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: the user to run it as then, else None for oneself."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Server:
    """A running server; `new_database` makes an empty database and returns its SQLAlchemy URL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_database(self) -> str:
        """Create an empty database with a random name."""
        name = f"shop_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(f"host={self.folder} user=shop dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://shop@/{name}?host={self.folder}"


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server for the block and remove it afterwards; skips the test where there are no binaries."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb was not found; install the package `postgresql` to run this test")
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-"))
    if user:
        shutil.chown(folder, user)
    cluster = folder / "data"

    def call(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL, timeout=120)

    try:
        initdb = str(binaries / "initdb")
        call(initdb, "-D", str(cluster), "-U", "shop", "-A", "trust", "-E", "UTF8", "--no-sync")
        control = (str(binaries / "pg_ctl"), "-D", str(cluster), "-w", "-l", str(folder / "log"))
        call(*control, "-o", f"{OPTIONS} -c unix_socket_directories='{folder}'", "start")
        try:
            yield Server(folder)
        finally:
            call(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
