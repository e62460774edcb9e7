"""What stands before every page and every Gradio call: who may pass, and what browsers may do.

Gradio authorises most of its routes by `auth_dependency`, but leaves some open (cancel, reset, streams,
monitoring). So a request to a chat passes here first: only the few routes that a chat needs exist,
and each needs the person that its side is for.
"""

import re
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopwright.tools.base import Language, Role
from shopwright.ui.people import LANGUAGE_COOKIE, People, Person

PAGES = re.compile(r"/(console|widget)/(en|zh)/?\Z")
CHATS = re.compile(r"/(console|widget)/(?:en|zh)(/.*)?\Z")
PUBLIC = re.compile(r"/(static|assets)/[\w./-]+\Z|/theme\.css\Z|/favicon\.ico\Z|/manifest\.json\Z")
NEEDED = re.compile(
    r"GET /?\Z|GET /config/?\Z|GET /gradio_api/(queue/data|heartbeat/\w+|startup-events|app_id)\Z"
    r"|POST /gradio_api/(queue/join|cancel|reset/?|run/\w+|api/\w+)\Z"
)
MAX_BODY = 1_000_000
MAX_PAGES = 20_000
Dress = Callable[[str, Role, Language, Person, str], str]


class Guard:
    """ASGI middleware: origin check, routes, persons, page dressing and security headers."""

    def __init__(self, app: ASGIApp, people: People, dress: Dress, shop_origins: tuple[str, ...]) -> None:
        self.app = app
        self.people = people
        self.dress = dress
        self.shop_origins = shop_origins
        self._pages: dict[str, tuple[Role, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self.app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), scope["path"]
        nonce = secrets.token_urlsafe(18)
        send = self._with_headers(send, path, nonce)
        if not self._same_site(scope, headers) or _too_large(headers):
            await _refuse(send, 403 if not _too_large(headers) else 413)
            return
        chat = CHATS.match(path)
        if chat is None:
            await self.app(scope, receive, send)
            return
        role: Role = "marketer" if chat[1] == "console" else "shopper"
        rest = chat[2] or "/"
        if PUBLIC.match(rest) and ".." not in rest:
            await self.app(scope, receive, send)
        elif not NEEDED.match(f"{scope['method']} {rest}"):
            await _refuse(send, 404)
        else:
            await self._chat(scope, receive, send, role, nonce)

    async def _chat(self, scope: Scope, receive: Receive, send: Send, role: Role, nonce: str) -> None:
        person = self.people.person(role, cookies_of(scope))
        page = PAGES.match(scope["path"]) if scope["method"] == "GET" else None
        if person is None:
            # The widget's page hands out an identity and comes back once; then cookies are not kept.
            fresh = "&fresh=1" if b"fresh=1" in scope["query_string"] else ""
            await (_redirect(send, f"/{page[1]}?language={page[2]}{fresh}") if page else _refuse(send, 401))
        elif page is None:
            if self._taken(scope, person):
                await _refuse(send, 403)
            else:
                await self.app(scope, receive, send)
        elif not scope["path"].endswith("/"):
            await _redirect(send, scope["path"] + "/")
        else:
            language: Language = "zh" if page[2] == "zh" else "en"

            def dressed(html: str) -> str:
                return self.dress(html, role, language, person, nonce)

            if role == "marketer":
                send = _remembering(send, language)
            await self.app(_uncompressed(scope), receive, _rewriting(send, dressed))

    def _taken(self, scope: Scope, person: Person) -> bool:
        """Whether an open page's stream of events belongs to somebody else."""
        query = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[0]
        name = scope["path"].rsplit("/", 1)[1] if "/heartbeat/" in scope["path"] else query
        if not name:
            return False
        owner = self._pages.setdefault(name, (person.role, person.actor))
        if len(self._pages) > MAX_PAGES:
            self._pages.pop(next(iter(self._pages)))
        return owner != (person.role, person.actor)

    def _same_site(self, scope: Scope, headers: Headers) -> bool:
        """Whether what may change something comes from our own pages, or a shop's (to the widget)."""
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return True
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
        if scope["path"] == "/widget/session" and origin in self.shop_origins:
            return True
        return urlsplit(origin).netloc == headers.get("host", "")

    def _with_headers(self, send: Send, path: str, nonce: str) -> Send:
        framable = path.startswith("/widget/")
        ancestors = " ".join(("'self'", *self.shop_origins)) if framable else "'none'"
        policy = (
            f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
            f"object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
        )

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["content-security-policy"] = policy
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "same-origin"
                headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
                headers["cross-origin-opener-policy"] = "same-origin"
                if not framable:
                    headers["x-frame-options"] = "DENY"
                chat_page = CHATS.match(path) and "html" in headers.get("content-type", "")
                if "set-cookie" in headers or chat_page:
                    headers["cache-control"] = "no-store"
            await send(message)

        return sending


def cookies_of(scope: Scope) -> dict[str, str]:
    """The request's cookies; none when they cannot be read."""
    found: dict[str, str] = {}
    for header in Headers(scope=scope).getlist("cookie"):
        for chunk in header.split(";"):
            try:
                found |= {name: morsel.value for name, morsel in SimpleCookie(chunk.strip()).items()}
            except CookieError:
                continue
    return found


def _too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdigit() or int(length) > MAX_BODY


def _uncompressed(scope: Scope) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
    return {**scope, "headers": kept}


def _remembering(send: Send, language: Language) -> Send:
    """Keep the language of the page that was opened, whichever link led to it."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = f"{LANGUAGE_COOKIE}={language}; Path=/; Max-Age={365 * 86400}; SameSite=Lax"
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return sending


def _rewriting(send: Send, rewrite: Callable[[str], str]) -> Send:
    """Gather an HTML answer, and send it rewritten."""
    start: list[Message] = []
    body: list[bytes] = []

    async def gathering(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.append(message)
            return
        body.append(message.get("body", b""))
        if message.get("more_body"):
            return
        html = b"".join(body).decode("utf-8")
        payload = (rewrite(html) if start[0]["status"] == 200 else html).encode()
        MutableHeaders(scope=start[0])["content-length"] = str(len(payload))
        await send(start[0])
        await send({"type": "http.response.body", "body": payload})

    return gathering


async def _refuse(send: Send, status: int) -> None:
    words = {401: "Sign in first.", 403: "Requests from other sites are refused.", 404: "Not found."}
    body = words.get(status, "The request is too large.").encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect(send: Send, where: str) -> None:
    headers = [(b"location", where.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
