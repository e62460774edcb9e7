"""Who may pass where: pages, Gradio's own routes, sessions, origins and headers, over real HTTP."""

import json
import time
from typing import Any

import httpx
import pytest

from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tokens import Tokens
from shopwright.ui.people import CONSOLE_COOKIE, VISITOR_COOKIE

PASSWORD = "sunny-market-42"


def client_of(site: Any, username: str = "") -> httpx.Client:
    """A browser-like client, signed in to the console when a name is given."""
    client = httpx.Client(base_url=site.url, timeout=20)
    if username:
        fields = {"username": username, "password": PASSWORD}
        assert client.post("/console/sign-in?language=en", data=fields).status_code == 303
    return client


def call(
    client: httpx.Client, page: str, function: str, data: list[Any], session: str = "abc123"
) -> dict[str, Any]:
    """Call one of a page's functions as Gradio's own client does; the last event's output."""
    config = client.get(f"{page}config").json()
    index = next(d["id"] for d in config["dependencies"] if d["api_name"] == function)
    body = {"data": data, "fn_index": index, "session_hash": session, "trigger_id": None}
    joined = client.post(f"{page}gradio_api/queue/join", json=body)
    assert joined.status_code == 200, joined.text
    last: dict[str, Any] = {}
    with client.stream("GET", f"{page}gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                last = json.loads(line[5:])
                if last["msg"] == "process_completed":
                    break
    return last


def test_pages_answer_at_once_and_say_who_may_frame_them(site: Any) -> None:
    client = client_of(site)
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        shop = client.get("/")
        seconds.append(time.monotonic() - started)
    assert min(seconds) < 1.0
    assert shop.status_code == 200
    assert "milk" in shop.text
    assert "igarette" not in shop.text
    assert "&lt;b&gt;" in shop.text
    assert "<b>" not in shop.text.split("Bagels")[1][:6]
    policy = shop.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert shop.headers["x-content-type-options"] == "nosniff"
    widget = client.get("/widget/en/", follow_redirects=True)
    assert "frame-ancestors 'self' https://shop.example" in widget.headers["content-security-policy"]
    assert "x-frame-options" not in widget.headers
    console = client_of(site, "maria").get("/console/en/")
    assert "frame-ancestors 'none'" in console.headers["content-security-policy"]
    assert console.headers["x-frame-options"] == "DENY"
    assert console.headers["cache-control"] == "no-store"
    assert client.get("/healthz").json() == {"status": "ok", "assistant": "ready"}


def test_every_inline_script_of_a_chat_page_carries_the_nonce(site: Any) -> None:
    page = client_of(site, "maria").get("/console/zh/")
    nonce = page.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"') > 3
    assert 'lang="zh-CN"' in page.text
    assert "raw.githubusercontent.com" not in page.text
    assert "fonts.googleapis.com" not in client_of(site, "maria").get("/console/en/theme.css").text


def test_console_needs_a_session(site: Any) -> None:
    stranger = client_of(site)
    assert stranger.get("/console/en/").headers["location"] == "/console?language=en"
    assert stranger.get("/console").headers["location"] == "/console/sign-in?language=en"
    for path in ("config", "gradio_api/queue/data?session_hash=x", "gradio_api/heartbeat/x"):
        assert stranger.get(f"/console/en/{path}").status_code == 401, path
    for path in ("gradio_api/queue/join", "gradio_api/cancel", "gradio_api/run/_act", "gradio_api/reset"):
        assert stranger.post(f"/console/en/{path}", json={}).status_code == 401, path


@pytest.mark.parametrize(
    "path",
    [
        "GET gradio_api/file=/etc/passwd", "GET gradio_api/file/etc/passwd", "GET gradio_api/info",
        "GET gradio_api/openapi.json", "GET gradio_api/proxy=https://x.hf.space/", "POST gradio_api/upload",
        "GET monitoring", "GET monitoring/summary", "GET gradio_api/token", "POST gradio_api/vibe-edit",
        "POST gradio_api/component_server", "GET gradio_api/runs", "POST gradio_api/call/_act",
        "POST login", "GET static/../../etc/passwd", "GET gradio_api/deep_link",
    ],
)  # fmt: skip
def test_routes_that_no_chat_needs_do_not_exist(site: Any, path: str) -> None:
    method, rest = path.split(" ")
    client = client_of(site, "maria")
    response = client.request(method, f"/console/en/{rest}")
    assert response.status_code == 404


def test_a_visitor_is_no_marketer_and_a_marketer_no_visitor(site: Any) -> None:
    visitor = client_of(site)
    visitor.post("/widget/session", data={"token": ""})
    token = visitor.cookies[VISITOR_COOKIE]
    visitor.cookies.set(CONSOLE_COOKIE, token)
    assert visitor.get("/console/en/config").status_code == 401
    marketer = client_of(site, "maria")
    marketer.cookies.set(VISITOR_COOKIE, marketer.cookies[CONSOLE_COOKIE])
    assert marketer.get("/widget/en/config").status_code == 401


def test_sign_in_refuses_and_slows_down(site: Any) -> None:
    client = client_of(site)
    wrong = {"username": "nobody", "password": "x"}
    first = client.post("/console/sign-in?language=zh", data=wrong)
    assert first.status_code == 401
    assert "用户名或密码不正确" in first.text
    for _ in range(4):
        client.post("/console/sign-in", data=wrong)
    slowed = client.post("/console/sign-in?language=en", data=wrong)
    assert slowed.status_code == 429
    assert "Too many attempts" in slowed.text
    assert CONSOLE_COOKIE not in client.cookies
    assert client.post("/console/sign-in", content=b"\xff\xfe=%%%").status_code == 401
    assert client.post("/console/sign-in", content=b"a" * 100_000).status_code == 401


def test_session_cookie_is_closed_to_scripts_and_other_paths(site: Any) -> None:
    client = client_of(site)
    fields = {"username": "maria", "password": PASSWORD}
    response = client.post("/console/sign-in?language=en", data=fields)
    cookie = next(c for c in response.headers.get_list("set-cookie") if c.startswith(CONSOLE_COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/console;" in cookie
    assert client.get("/console/en/").status_code == 200
    client.post("/console/sign-out")
    assert client.get("/console/en/").status_code == 303


def test_other_sites_cannot_post(site: Any) -> None:
    client = client_of(site, "maria")
    evil = {"origin": "https://evil.example"}
    assert client.post("/console/sign-out", headers=evil).status_code == 403
    assert client.post("/console/sign-in", headers=evil).status_code == 403
    assert client.post("/console/en/gradio_api/queue/join", json={}, headers=evil).status_code == 403
    assert client.post("/widget/session", headers=evil).status_code == 403
    assert client.post("/console/sign-out", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/widget/session", headers={"origin": "null"}).status_code == 403
    shop = client.post("/widget/session", headers={"origin": "https://shop.example"}, data={"token": ""})
    assert shop.status_code == 200
    assert shop.headers["access-control-allow-origin"] == "https://shop.example"
    assert client.post("/console/sign-out", headers={"origin": "https://shop.example"}).status_code == 403
    assert client.get("/console/en/").status_code == 200


def test_nobody_opens_or_rates_what_belongs_to_somebody_else(site: Any) -> None:
    private = site.conversations.start("marketer", "otto", "secret plans")
    site.conversations.append_user(private, "secret plans")
    answer = site.conversations.append_assistant(private, "the secret", {"text": "the secret"})
    maria = client_of(site, "maria")
    for action in (
        {"do": "open", "conversation": private},
        {"do": "rename", "conversation": private, "title": "mine"},
        {"do": "delete", "conversation": private},
        {"do": "rate", "message": answer, "rating": 1},
    ):
        done = call(maria, "/console/en/", "_act", [json.dumps(action), ""])
        assert done["success"] is False, action
        assert "secret" not in json.dumps(done)
    done = call(maria, "/console/en/", "_act", ["not json", private])
    assert done["success"] is False
    done = call(maria, "/console/en/", "_retry", [private])
    assert "secret" not in json.dumps(done)
    assert len(site.conversations.messages(private, role="marketer", actor="otto")) == 2
    visitor = client_of(site)
    visitor.post("/widget/session", data={"token": ""})
    done = call(visitor, "/widget/en/", "_act", [json.dumps({"do": "tickets"}), ""], "visitor1")
    assert done["success"] is False
    done = call(visitor, "/widget/en/", "_ask", ["hello", private], "visitor1")
    assert "secret" not in json.dumps(done)


def test_a_page_s_events_go_to_its_owner_only(site: Any) -> None:
    maria, otto = client_of(site, "maria"), client_of(site, "otto")
    call(maria, "/console/en/", "_act", [json.dumps({"do": "new"}), ""], "mariaspage")
    response = otto.get("/console/en/gradio_api/queue/data", params={"session_hash": "mariaspage"})
    assert response.status_code == 403


def test_visitor_tokens_are_checked_and_customers_come_from_them_only(site: Any) -> None:
    client = client_of(site)
    assert client.post("/widget/session", data={"token": "forged"}).status_code == 400
    tokens = Tokens.open(site.settings.data_dir)
    client.post("/widget/session", data={"token": tokens.issue_visitor(customer_id=8)})
    call(client, "/widget/en/", "_ask", ["hello, I am customer 7", ""], "visitor2")
    request = site.assistant.requests[-1]
    assert (request.role, request.customer_id) == ("shopper", 8)
    client.post("/widget/session", data={"token": ""})
    call(client, "/widget/en/", "_ask", ["hello", ""], "visitor3")
    assert site.assistant.requests[-1].customer_id is None
    foreign = Tokens(b"another installation's secret 12345").issue_visitor(customer_id=8)
    assert client.post("/widget/session", data={"token": foreign}).status_code == 400


def test_only_simulated_customers_can_be_played(site: Any) -> None:
    client = client_of(site)
    client.post("/demo/sign-in", data={"customer": "99"})
    visitor = Tokens.open(site.settings.data_dir).visitor(client.cookies["shopwright_store"])
    assert visitor.customer_id is None


def test_widget_says_so_when_cookies_are_blocked(site: Any) -> None:
    client = client_of(site)
    page = "/widget/zh/"
    for _ in range(4):
        response = client.get(page)
        client.cookies.clear()
        page = response.headers.get("location", "")
        if not page:
            break
    assert response.status_code == 403
    assert "Cookie" in response.text


def test_settings_name_shop_origins() -> None:
    assert Settings(shop_origins="https://a.example, https://b.example/").shop_origins
