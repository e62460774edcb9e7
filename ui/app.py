"""The web app: the demo shop, the shopper's widget and the marketer's console in one process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import gradio as gr
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.database import migrate
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shelves import DemoCustomer, Shelf, demo_customers, popular_shelves
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tokens import Tokens
from shopwright.knowledge.users import Users
from shopwright.tools.base import Language, Role
from shopwright.ui.console import Console
from shopwright.ui.desk import Desk
from shopwright.ui.dress import dress
from shopwright.ui.guard import Guard
from shopwright.ui.language import LANGUAGES
from shopwright.ui.metrics import Metered, Metrics, metrics_routes
from shopwright.ui.pages import plotly_script, shop_routes, sign_in_routes, widget_routes
from shopwright.ui.people import People, Person
from shopwright.ui.segment_page import segment_routes
from shopwright.ui.theme import STATIC, market_theme
from shopwright.ui.warmup import Answering, Warmup
from shopwright.ui.widget import Widget

T = TypeVar("T")
YEAR = 365 * 24 * 3600


def create_app(settings: Settings, assistant: Answering | None = None) -> FastAPI:
    """The whole web app. The assistant is loaded in the background unless one is given.

    The database is brought to the newest revision first.
    """
    shop = Shop(settings)
    migrate(shop.engine)
    metrics = Metrics()

    def load() -> Answering:
        return Metered(_open_assistant(settings) if assistant is None else assistant, metrics)

    warmup = Warmup(load)
    metrics.follow(lambda: warmup.state)
    warmup.start()
    people = People(Tokens.open(settings.data_dir), Users(shop.engine, settings.data_dir))
    desk = Desk(Conversations(shop.engine), warmup)
    app = FastAPI(
        title="Shopwright",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_closing(warmup, shop),
    )
    origins = tuple(
        origin.strip().rstrip("/") for origin in settings.shop_origins.split(",") if origin.strip()
    )
    _add_files(app, warmup)
    app.include_router(metrics_routes(metrics, settings.metrics_token.get_secret_value()))
    app.include_router(sign_in_routes(people))
    app.include_router(segment_routes(people, shop))
    app.include_router(widget_routes(people, origins))
    _add_shop(app, shop, people)
    for language in LANGUAGES:
        _mount(app, Console(language, people, desk).blocks, f"/console/{language}", "marketer", people)
        _mount(app, Widget(language, people, desk).blocks, f"/widget/{language}", "shopper", people)
    version = _version()

    def dressed(html: str, role: Role, language: Language, person: Person, nonce: str) -> str:
        return dress(html, role, language, person, nonce, version)

    app.add_middleware(Guard, people=people, dress=dressed, shop_origins=origins)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    return app


def _closing(warmup: Warmup, shop: Shop) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        warmup.close()
        shop.close()

    return lifespan


def _open_assistant(settings: Settings) -> Answering:
    # The engine and LangChain take seconds to import: not before the pages are up.
    from shopwright.agent.local import open_assistant

    assistant = open_assistant(settings)
    assistant.warm()
    return assistant


def _mount(app: FastAPI, blocks: gr.Blocks, path: str, role: Role, people: People) -> None:
    def user_of(request: Request) -> str | None:
        person = people.person(role, request.cookies)
        return person.actor if person else None

    blocks.queue(max_size=64, api_open=False, default_concurrency_limit=8)
    gr.mount_gradio_app(
        app,
        blocks,
        path,
        auth_dependency=user_of,
        allowed_paths=[],
        max_file_size=0,
        enable_monitoring=False,
        # Sentences meant for people (gr.Error) are shown all the same; tracebacks' words are not.
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        footer_links=[],
        run_history=False,
        theme=market_theme(),
    )


def _add_files(app: FastAPI, warmup: Warmup) -> None:
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    plotly = plotly_script()

    @app.get("/vendor/plotly.min.js", include_in_schema=False)
    def plotly_js() -> Response:
        headers = {"cache-control": f"public, max-age={YEAR}, immutable"}
        return FileResponse(plotly, media_type="text/javascript", headers=headers)

    @app.get("/favicon.ico", include_in_schema=False)
    def favicon() -> Response:
        return FileResponse(STATIC / "mark.svg", media_type="image/svg+xml")

    @app.get("/manifest.json", include_in_schema=False)
    def manifest() -> Response:
        return JSONResponse({"name": "Shopwright", "icons": []})

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> Response:
        """Whether the pages answer, and where the assistant's loading stands."""
        return JSONResponse(
            {"status": "ok", "assistant": warmup.state}, headers={"cache-control": "no-store"}
        )


def _add_shop(app: FastAPI, shop: Shop, people: People) -> None:
    shelves = _Once[list[Shelf]](lambda: popular_shelves(shop))
    customers = _Once[list[DemoCustomer]](lambda: demo_customers(shop))
    # Counting what sold best takes a moment: begin before the first visitor comes.
    shop.meanwhile.begin("the shop's pages", lambda _over: (shelves(), customers()))
    app.include_router(shop_routes(people, shelves, customers, shop.settings.currency))


class _Once(Generic[T]):
    """A value made when first asked for, by one thread while others wait."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


def _version() -> str:
    """Changes with our scripts and styles, so that browsers fetch new ones."""
    digest = sha256()
    for path in sorted(Path(STATIC).glob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
