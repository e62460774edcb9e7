"""Signed tokens: sessions of the console, and identities of the shop's visitors.

Both are JWTs (RFC 7519, HS256). The two kinds carry different audiences and are signed with different
keys, each the HMAC of its audience's name under one secret: who holds the visitor key, such as the
shop's own back-end, still cannot sign a console session.
"""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from pydantic import Field, StrictInt, StrictStr, ValidationError

from shopwright.knowledge.types import Frozen

KEY_FILE = "secret.key"
ISSUER = "shopwright"
CONSOLE = "shopwright-console"
VISITOR = "shopwright-visitor"
_VISITOR_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


class SessionClaims(Frozen):
    """Who is signed in to the console."""

    username: StrictStr = Field(min_length=1)
    role: StrictStr = Field(min_length=1)
    stamp: StrictStr = Field(description="Changes with the password; see `Users.signed_in`.")
    expires_at: datetime


class VisitorClaims(Frozen):
    """Who visits the shop: an anonymous browser, or a customer that the shop vouches for."""

    visitor_id: StrictStr
    customer_id: StrictInt | None = None
    expires_at: datetime

    @property
    def actor(self) -> str:
        """Owner of this visitor's conversations; another customer on the same browser is another actor."""
        return self.visitor_id if self.customer_id is None else f"{self.visitor_id}:{self.customer_id}"


class Tokens:
    """Signs and checks tokens with one installation's secret (32 bytes or more)."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("A secret of at least 32 bytes is needed to sign tokens.")
        self._console_key = _derive(secret, CONSOLE)
        self._visitor_key = _derive(secret, VISITOR)

    @classmethod
    def open(cls, data_dir: Path) -> "Tokens":
        """Use the secret in `data_dir`, making it on first use (readable by its owner only)."""
        return cls(_read_or_make_secret(data_dir / KEY_FILE))

    @property
    def visitor_secret(self) -> str:
        """The key that a shop's own back-end signs visitor tokens with: HS256, these characters as UTF-8."""
        return self._visitor_key

    def issue_session(self, username: str, role: str, stamp: str = "", *, hours: float = 12) -> str:
        """A console session that ends after `hours`."""
        return _sign(self._console_key, CONSOLE, username, timedelta(hours=hours), role=role, stamp=stamp)

    def session(self, token: str) -> SessionClaims:
        """Check a console session. ValueError when it is forged, expired or not a console session."""
        claims = _verified(self._console_key, CONSOLE, token)
        try:
            return SessionClaims(
                username=claims["sub"],
                role=claims.get("role", ""),
                stamp=claims.get("stamp", ""),
                expires_at=_moment(claims["exp"]),
            )
        except ValidationError as error:
            raise ValueError("The session token lacks what a session needs. Sign in again.") from error

    def issue_visitor(
        self, visitor_id: str = "", customer_id: int | None = None, *, hours: float = 24 * 30
    ) -> str:
        """An identity for the shop's widget; without arguments an anonymous one with a random id."""
        visitor = visitor_id or secrets.token_urlsafe(16)
        return _sign(
            self._visitor_key,
            VISITOR,
            _checked_visitor_id(visitor),
            timedelta(hours=hours),
            role="shopper",
            customer_id=customer_id,
        )

    def visitor(self, token: str) -> VisitorClaims:
        """Check a visitor's token. ValueError when it is forged, expired or not a visitor's."""
        claims = _verified(self._visitor_key, VISITOR, token)
        if claims.get("role", "shopper") != "shopper":
            raise ValueError("A visitor token is good for the role shopper only.")
        try:
            return VisitorClaims(
                visitor_id=_checked_visitor_id(claims["sub"]),
                customer_id=claims.get("customer_id"),
                expires_at=_moment(claims["exp"]),
            )
        except ValidationError as error:
            raise ValueError("The visitor token's customer_id must be a whole number, or absent.") from error


def _derive(secret: bytes, purpose: str) -> str:
    return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()


def _sign(key: str, audience: str, subject: str, lifetime: timedelta, **claims: object) -> str:
    issued = datetime.now(UTC)
    payload = {"iss": ISSUER, "aud": audience, "sub": subject, "iat": issued, "exp": issued + lifetime}
    return jwt.encode(payload | {k: v for k, v in claims.items() if v is not None}, key, algorithm="HS256")


def _verified(key: str, audience: str, token: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            audience=audience,
            issuer=ISSUER,
            options={"require": ["exp", "sub", "aud", "iss"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise ValueError("The token has expired. Get a new one by signing in or reloading.") from error
    except (jwt.InvalidTokenError, UnicodeError) as error:
        raise ValueError(f"The token is not valid here: {error}") from error


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("The token's expiry lies outside of any calendar.") from error


def _checked_visitor_id(visitor_id: str) -> str:
    if not _VISITOR_ID.match(visitor_id):
        raise ValueError("A visitor id has 8 to 64 letters, digits, - or _.")
    return visitor_id


def _read_or_make_secret(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, secrets.token_hex(32), replace=False)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    secret = path.read_bytes().strip()
    if len(secret) < 32:
        raise ValueError(
            f"{path} holds no usable secret. Delete it: a new one is made, and people sign in again."
        )
    return secret


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file that only its owner may read, whole or not at all.

    With `replace` False a file that another process made meanwhile is left as it is.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partial.replace(path)
        else:
            with suppress(FileExistsError):
                os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
