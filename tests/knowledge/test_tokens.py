"""Signed tokens: what is accepted, what is refused, and that the two kinds never stand in for each other."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from shopwright.knowledge.tokens import KEY_FILE, Tokens


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens.open(tmp_path)


def signed(key: str, **claims: object) -> str:
    soon = datetime.now(UTC) + timedelta(hours=1)
    payload = {"iss": "shopwright", "aud": "shopwright-visitor", "sub": "visitor-1", "exp": soon} | claims
    return jwt.encode({k: v for k, v in payload.items() if v is not None}, key, algorithm="HS256")


def test_a_session_says_who_signed_in(tokens: Tokens) -> None:
    claims = tokens.session(tokens.issue_session("ann", "marketer", "abc", hours=1))
    assert (claims.username, claims.role, claims.stamp) == ("ann", "marketer", "abc")
    assert timedelta(minutes=59) < claims.expires_at - datetime.now(UTC) <= timedelta(hours=1)


def test_a_visitor_is_anonymous_unless_the_shop_says_who_it_is(tokens: Tokens) -> None:
    first, second = tokens.visitor(tokens.issue_visitor()), tokens.visitor(tokens.issue_visitor())
    assert first.customer_id is None
    assert first.visitor_id != second.visitor_id
    known = tokens.visitor(tokens.issue_visitor(first.visitor_id, 42))
    assert (known.visitor_id, known.customer_id) == (first.visitor_id, 42)
    assert known.actor != first.actor


def test_a_shops_own_back_end_can_sign_a_visitor(tokens: Tokens) -> None:
    assert tokens.visitor(signed(tokens.visitor_secret, customer_id=7)).customer_id == 7


def test_neither_kind_passes_for_the_other(tokens: Tokens) -> None:
    with pytest.raises(ValueError, match="not valid"):
        tokens.session(tokens.issue_visitor())
    with pytest.raises(ValueError, match="not valid"):
        tokens.visitor(tokens.issue_session("visitor-1", "shopper"))
    for forged in (
        signed(tokens.visitor_secret, aud="shopwright-console", sub="ann", role="admin"),
        signed(tokens.visitor_secret, aud=["shopwright-console", "shopwright-visitor"], role="admin"),
    ):
        with pytest.raises(ValueError, match="not valid"):
            tokens.session(forged)
    with pytest.raises(ValueError, match="shopper only"):
        tokens.visitor(signed(tokens.visitor_secret, role="marketer"))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"sub": None},
        {"aud": None},
        {"iss": None},
        {"iss": "another"},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"customer_id": "7"},
        {"customer_id": True},
        {"customer_id": 7.5},
        {"sub": "short"},
        {"sub": "has spaces and 空格"},
        {"sub": "x" * 65},
        {"exp": 10**30},
    ],
)
def test_a_token_that_lacks_or_twists_something_is_refused(tokens: Tokens, claims: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"token|visitor id"):
        tokens.visitor(signed(tokens.visitor_secret, **claims))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.ü.ß", "\ud800", "." * 5000])
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    for check in (tokens.visitor, tokens.session):
        with pytest.raises(ValueError, match="not valid"):
            check(token)


def test_unsigned_and_otherwise_signed_tokens_are_refused(tokens: Tokens, tmp_path: Path) -> None:
    payload = {"iss": "shopwright", "aud": "shopwright-console", "sub": "ann", "exp": 2**31, "role": "admin"}
    other = Tokens.open(tmp_path / "other").issue_session("ann", "admin")
    for forged in (jwt.encode(payload, "", algorithm="none"), other):
        with pytest.raises(ValueError, match="not valid"):
            tokens.session(forged)


def test_the_secret_is_private_and_kept(tokens: Tokens, tmp_path: Path) -> None:
    key = tmp_path / KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    again = Tokens.open(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o600
    assert again.session(tokens.issue_session("ann", "marketer")).username == "ann"
    assert key.read_text() not in tokens.visitor_secret


def test_many_that_start_at_once_agree_on_one_secret(tmp_path: Path) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.append(Tokens.open(tmp_path).visitor_secret)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert [p.name for p in tmp_path.iterdir()] == [KEY_FILE]


def test_a_damaged_secret_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(ValueError, match="Delete it"):
        Tokens.open(tmp_path)
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short")
