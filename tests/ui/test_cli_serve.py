"""`serve` as a person starts and stops it."""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest
from sqlmodel import Session

from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import Product
from shopwright.knowledge.users import Users
from shopwright.ui.cli_serve import url_of

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from shopwright.ui.cli import main; main()", "serve", "--no-open"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    with Session(engine) as session:
        session.add(Product(id=1, name="Milk", department="GROCERY", category="MILK", product_type="MILK"))
        session.commit()
    engine.dispose()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SHOPWRIGHT_", "LC_"))}
    return clean | {
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY / ".links"),
        "SHOPWRIGHT_DATA_DIR": str(tmp_path),
        "SHOPWRIGHT_ENGINE": "remote",
        "SHOPWRIGHT_REMOTE_URL": "http://127.0.0.1:1/v1",
        "SHOPWRIGHT_REMOTE_MODEL": "none",
    }


def test_it_says_where_it_is_and_stops_when_told(environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(180, process.kill)
        watchdog.start()
        assert process.stderr is not None
        said = [process.stderr.readline()]
        while said[-1] and "Shopwright is at" not in said[-1]:
            said.append(process.stderr.readline())
        address = re.search(r"http://127\.0\.0\.1:\d+", said[-1])
        assert address is not None, said
        with urllib.request.urlopen(address[0], timeout=30) as response:  # noqa: S310 - our own server
            assert response.status == 200
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=30) == 0, rest
        watchdog.cancel()
    assert "Traceback" not in "".join([*said, rest])
    password = re.search(r"Sign in as marketer with the password (\S+)", "".join(said))
    assert password is not None
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    assert Users(engine).verify("marketer", password[1]) is not None
    engine.dispose()
    assert (tmp_path / "first-password.txt").read_text() == f"marketer\n{password[1]}\n"


def test_addresses_are_as_a_person_types_them() -> None:
    for host, shown in [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - read, not bound
        ("::", "[::1]"),
        ("::1", "[::1]"),
    ]:
        assert url_of(Settings(host=host, port=80)) == f"http://{shown}:80"
