"""A small shop behind a real server, a scripted assistant, and a headless browser that must stay at home."""

import importlib.util
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlmodel import Session

from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.database import migrate, open_database, transaction
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import Customer, Order, OrderLine, Product, Snapshot
from shopwright.knowledge.users import Users
from shopwright.ui.app import create_app

PASSWORD = "sunny-market-42"
# Machines that run these tests are often busy with a model.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _sibling(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ui_tests_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass
class Site:
    """A running web app over a data folder; `restart` serves the same folder from a new process state."""

    settings: Settings
    assistant: Any
    conversations: Conversations
    url: str = ""
    username: str = "maria"
    patience: float = 60.0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a free port (the same one after a restart)."""
        port = int(self.url.rsplit(":", 1)[1]) if self.url else 0
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(self.settings, self.assistant)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop serving."""
        assert self._server is not None
        assert self._thread is not None
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def restart(self) -> None:
        """Stop and start again on the same port."""
        self.stop()
        self.start()


def fill_shop(session: Session) -> None:
    """Three departments, two customers, a few orders; marked as the demo shop."""
    session.add(Snapshot(name="demo:customer", fingerprint="test"))
    session.add_all([Customer(id=7, name="Household 7"), Customer(id=8, name="Household 8")])
    shelves = {
        "PRODUCE": ["BANANAS", "CUCUMBERS", "HEAD LETTUCE", "APPLES FUJI"],
        "GROCERY": ["FLUID MILK WHITE ONLY", "YOGURT NOT MULTI-PACKS", "SOFT DRINKS 12PK", "CIGARETTES"],
        "PASTRY": ["COOKIES: REGULAR", "BREAD: ITALIAN/FRENCH", "BAGELS <b>", "DONUTS: YEAST"],
    }
    number = 100
    lines: list[OrderLine] = []
    for department, kinds in shelves.items():
        for kind in kinds:
            number += 1
            product = Product(
                id=number,
                name=kind.capitalize(),
                department=department,
                category=kind,
                product_type=kind,
                brand="Sunny",
                size="1 LB",
                price=1.25 + number % 7,
            )
            session.add(product)
            lines.append(OrderLine(order_id=1 + number % 2, product_id=number, quantity=1, amount=2.0))
    moment = datetime(2017, 12, 30, 12)
    session.flush()
    session.add(Order(id=1, customer_id=7, ordered_at=moment, total=12))
    session.add(Order(id=2, customer_id=8, ordered_at=moment - timedelta(days=1), total=12))
    session.flush()
    session.add_all(lines)


@contextmanager
def running_site(folder: Path, delay: float = 0.01, **options: Any) -> Iterator[Site]:
    """A site over a new small shop, with users maria and otto."""
    settings = Settings(data_dir=folder, **options)
    engine = open_database(settings.database)
    migrate(engine)
    with transaction(engine) as session:
        fill_shop(session)
    users = Users(engine, folder)
    users.add("maria", PASSWORD)
    users.add("otto", PASSWORD)
    conversations = Conversations(engine)
    assistant = _sibling("scripted").ScriptedAssistant(conversations, delay)
    site = Site(settings, assistant, conversations)
    site.start()
    yield site
    site.stop()
    engine.dispose()


@contextmanager
def served(settings: Settings, engine: Any) -> Iterator[Site]:
    """The pages of a shop that is there already, with the scripted assistant."""
    conversations = Conversations(engine)
    site = Site(settings, _sibling("scripted").ScriptedAssistant(conversations, 0.01), conversations)
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[Site]]:
    """Serves the pages of a shop that is there already."""
    return served


@contextmanager
def real_site(folder: Path) -> Iterator[Site]:
    """A site over a copy of this machine's demo shop, with the embedded model."""
    source = Settings().data_dir
    if not (source / "shop.db").is_file():
        pytest.skip(f"needs the demo shop in {source}: run `shopwright init --demo`")
    shutil.copy(source / "shop.db", folder / "shop.db")
    if (source / "index").is_dir():
        shutil.copytree(source / "index", folder / "index")
    for name in ("downloads", "models", "cache"):
        if (source / name).exists():
            (folder / name).symlink_to(source / name)
    settings = Settings(data_dir=folder, database_url="")
    engine = open_database(settings.database)
    migrate(engine)
    Users(engine, folder).add("maria-lee", PASSWORD)
    site = Site(settings, None, Conversations(engine))
    site.start()
    yield site
    site.stop()
    engine.dispose()


@pytest.fixture(
    scope="module",
    params=["scripted", pytest.param("embedded", marks=[pytest.mark.model, pytest.mark.demo])],
)
def any_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the scripted assistant, and one with the embedded model over the demo shop."""
    folder = tmp_path_factory.mktemp("site")
    if request.param == "embedded":
        with real_site(folder) as running:
            running.username, running.patience = "maria-lee", 240.0
            yield running
    else:
        with running_site(folder) as running:
            yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site, shared by a file's tests."""
    with running_site(tmp_path_factory.mktemp("site"), shop_origins="https://shop.example") as running:
        yield running


@pytest.fixture
def hub() -> Iterator[Any]:
    """An empty model hub on this machine."""
    with _sibling("hub").running_hub() as running:
        yield running


@pytest.fixture
def hub_repository() -> Any:
    """Makes repositories for the hub."""
    return _sibling("hub").Repository


@pytest.fixture(scope="session")
def site_at() -> Callable[..., AbstractContextManager[Site]]:
    """Runs a site over a new shop in a folder, with settings of one's own."""
    return running_site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the path")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages that are watched: no error in the console, no request to another host, no HTTP failure."""
    problems: list[str] = []
    contexts = []

    def opened(language: str = "en", width: int = 1280, height: int = 800, context: Any = None) -> Page:
        locale = "zh-CN" if language == "zh" else "en-US"
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
            context.set_default_timeout(PATIENCE_MS)
            contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note_console(message, problems))
        page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
        page.on("request", lambda request: _note_request(request.url, problems))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems, "\n".join(problems)


def _note_console(message: Any, problems: list[str]) -> None:
    if message.type in ("error", "warning"):
        problems.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")


def _note_request(url: str, problems: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
        problems.append(f"request to another host: {url}")
