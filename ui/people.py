"""Who is on the other end of a request: read from signed cookies, never from what a page sends."""

from collections.abc import Mapping

from shopwright.knowledge.tokens import Tokens, VisitorClaims
from shopwright.knowledge.types import Frozen
from shopwright.knowledge.users import UserInfo, Users
from shopwright.tools.base import Role

CONSOLE_COOKIE = "shopwright_console"
VISITOR_COOKIE = "shopwright_visitor"
STORE_COOKIE = "shopwright_store"
LANGUAGE_COOKIE = "shopwright_language"
SESSION_HOURS = 12.0


class Person(Frozen):
    """The owner of a session: `actor` owns conversations, `customer_id` is a signed-in shopper's."""

    role: Role
    actor: str
    name: str = ""
    customer_id: int | None = None


class People:
    """Turns cookies into persons, and persons into cookies' values."""

    def __init__(self, tokens: Tokens, users: Users) -> None:
        self.tokens = tokens
        self.users = users

    def marketer(self, cookies: Mapping[str, str]) -> Person | None:
        """Who is signed in to the console, or None. Checked against the database each time."""
        try:
            claims = self.tokens.session(cookies.get(CONSOLE_COOKIE, ""))
        except ValueError:
            return None
        user = self.users.signed_in(claims)
        return Person(role="marketer", actor=user.username, name=user.username) if user else None

    def shopper(self, cookies: Mapping[str, str]) -> Person | None:
        """The visitor of the widget, or None when there is no valid visitor token."""
        claims = self.visitor(cookies.get(VISITOR_COOKIE, ""))
        return Person(role="shopper", actor=claims.actor, customer_id=claims.customer_id) if claims else None

    def person(self, role: Role, cookies: Mapping[str, str]) -> Person | None:
        """The person of this role, or None. A role reads its own cookie only."""
        return self.marketer(cookies) if role == "marketer" else self.shopper(cookies)

    def visitor(self, token: str) -> VisitorClaims | None:
        """What a visitor token says, or None when it is not valid."""
        try:
            return self.tokens.visitor(token)
        except ValueError:
            return None

    def session_for(self, user: UserInfo) -> str:
        """A console session's token."""
        return self.tokens.issue_session(user.username, user.role, user.stamp, hours=SESSION_HOURS)


def cookie_header(
    name: str, value: str, path: str, *, seconds: float, secure: bool, framed: bool = False
) -> tuple[bytes, bytes]:
    """A Set-Cookie header: unreadable for scripts, and Lax.

    A `framed` cookie over https may be set inside another site's page, and is kept apart per site
    (CHIPS): the widget in a shop's page needs that.
    """
    site = "SameSite=None; Partitioned" if framed and secure else "SameSite=Lax"
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={int(seconds)}", "HttpOnly", site]
    if secure:
        parts.append("Secure")
    return b"set-cookie", "; ".join(parts).encode()
