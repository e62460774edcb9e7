"""Plain pages around the chats: signing in and out, the demo shop, the widget's script and session."""

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.concurrency import run_in_threadpool

from shopwright.knowledge.shelves import DemoCustomer, Shelf
from shopwright.tools.base import Language
from shopwright.ui.icons import art_name
from shopwright.ui.language import HTML_LANGUAGE, known, other, say
from shopwright.ui.people import (
    CONSOLE_COOKIE,
    LANGUAGE_COOKIE,
    SESSION_HOURS,
    STORE_COOKIE,
    VISITOR_COOKIE,
    People,
    cookie_header,
)

HERE = Path(__file__).parent / "storefront"
VISITOR_DAYS = 30
YEAR = 365 * 24 * 3600


@cache
def templates() -> Environment:
    """The pages' templates; everything put into them is escaped."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, language: Language, **values: Any) -> str:
    """A page in a language."""

    def words(key: str, **fills: Any) -> str:
        return say(language, key, **fills)

    return (
        templates()
        .get_template(template)
        .render(
            say=words,
            language=language,
            html_language=HTML_LANGUAGE[language],
            other=other(language),
            **values,
        )
    )


def language_of(request: Request) -> Language:
    """The language asked for in the address, remembered in the cookie, or preferred by the browser."""
    asked = request.query_params.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return known(asked or request.headers.get("accept-language"))


def sign_in_routes(people: People) -> APIRouter:
    """Signing in to the console and out of it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console")
    @router.get("/console/")
    def console(request: Request) -> Response:
        language = language_of(request)
        where = (
            f"/console/{language}/"
            if people.marketer(request.cookies)
            else f"/console/sign-in?{_in(language)}"
        )
        return remember(RedirectResponse(where, 303), language)

    @router.get("/console/sign-in")
    def form(request: Request) -> Response:
        language = language_of(request)
        return remember(HTMLResponse(render("sign_in.html", language, problem="", username="")), language)

    @router.post("/console/sign-in")
    async def sign_in(request: Request) -> Response:
        language = language_of(request)
        fields = await form_fields(request)
        username, password = fields.get("username", ""), fields.get("password", "")
        user = await run_in_threadpool(people.users.verify, username, password)
        if user is None:
            wait = people.users.wait_seconds(username)
            problem = say(language, "wait", seconds=wait) if wait else say(language, "wrong_password")
            page = render("sign_in.html", language, problem=problem, username=username[:64])
            return HTMLResponse(page, 429 if wait else 401)
        response = remember(RedirectResponse(f"/console/{language}/", 303), language)
        seconds = SESSION_HOURS * 3600
        put_cookie(request, response, CONSOLE_COOKIE, people.session_for(user), "/console", seconds)
        return response

    @router.post("/console/sign-out")
    def sign_out(request: Request) -> Response:
        response = RedirectResponse(f"/console/sign-in?{_in(language_of(request))}", 303)
        put_cookie(request, response, CONSOLE_COOKIE, "", "/console", 0)
        return response

    return router


def widget_routes(people: People, shop_origins: tuple[str, ...]) -> APIRouter:
    """The widget's script, and the visitor's cookie that its frame needs."""
    router = APIRouter(include_in_schema=False)

    @router.get("/widget.js")
    def script() -> Response:
        return FileResponse(HERE / "static" / "widget.js", media_type="text/javascript")

    @router.get("/widget")
    @router.get("/widget/")
    def frame(request: Request) -> Response:
        language = language_of(request)
        if request.query_params.get("fresh"):
            return HTMLResponse(render("no_cookies.html", language), 403)
        response = RedirectResponse(f"/widget/{language}/?fresh=1", 303)
        if people.shopper(request.cookies) is None:
            _put_visitor(request, response, people.tokens.issue_visitor())
        return response

    @router.post("/widget/session")
    async def session(request: Request) -> Response:
        """Take over the identity that the shop's page vouches for; without one, stay or become anonymous."""
        fields = await form_fields(request)
        token = fields.get("token", "")
        response: Response = JSONResponse({"ok": True})
        if token:
            if people.visitor(token) is None:
                return JSONResponse({"ok": False, "error": "The visitor token is not valid."}, 400)
            _put_visitor(request, response, token)
        else:
            current = people.shopper(request.cookies)
            if current is None or current.customer_id is not None:
                _put_visitor(request, response, people.tokens.issue_visitor())
        origin = request.headers.get("origin", "")
        if origin in shop_origins:
            response.headers["access-control-allow-origin"] = origin
            response.headers["access-control-allow-credentials"] = "true"
            response.headers["vary"] = "origin"
        return response

    return router


def shop_routes(
    people: People,
    shelves: Callable[[], list[Shelf]],
    customers: Callable[[], list[DemoCustomer]],
    currency: str,
) -> APIRouter:
    """The demo shop's page; visitors may play one of its simulated customers."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def front(request: Request) -> Response:
        language = language_of(request)
        token = request.cookies.get(STORE_COOKIE, "")
        visitor = people.visitor(token)
        page = render(
            "shop.html",
            language,
            shelves=shelves(),
            customers=customers(),
            chosen=visitor.customer_id if visitor else None,
            token=token if visitor else "",
            art=art_name,
            currency=currency,
        )
        return remember(HTMLResponse(page), language)

    @router.post("/demo/sign-in")
    async def play(request: Request) -> Response:
        fields = await form_fields(request)
        response = RedirectResponse(f"/?{_in(language_of(request))}", 303)
        allowed = {str(c.customer_id): c.customer_id for c in await run_in_threadpool(customers)}
        customer = allowed.get(fields.get("customer", ""))
        token = people.tokens.issue_visitor(customer_id=customer)
        put_cookie(request, response, STORE_COOKIE, token, "/", VISITOR_DAYS * 86400)
        return response

    return router


async def form_fields(request: Request) -> dict[str, str]:
    """The last value of each field of a posted form (application/x-www-form-urlencoded, up to 16 KB)."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > 16_384:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[-1] for name, values in fields.items()}


def remember(response: Response, language: Language) -> Response:
    """Keep the interface language for a year."""
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR, samesite="lax")
    return response


def put_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    path: str,
    seconds: float,
    *,
    framed: bool = False,
) -> None:
    """Set one of our signed cookies."""
    secure = request.url.scheme == "https"
    response.raw_headers.append(
        cookie_header(name, value, path, seconds=seconds, secure=secure, framed=framed)
    )


def plotly_script() -> Path:
    """plotly.js as the installed Python package brings it; nothing is fetched."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package plotly is not installed. Reinstall shopwright.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _put_visitor(request: Request, response: Response, token: str) -> None:
    put_cookie(request, response, VISITOR_COOKIE, token, "/widget", VISITOR_DAYS * 86400, framed=True)


def _in(language: Language) -> str:
    return urlencode({"language": language})
