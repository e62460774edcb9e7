"""The people who sign in to the console: their names, password hashes and failed attempts."""

import hashlib
import re
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field
from sqlalchemy import func
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.tables import User
from shopwright.knowledge.tokens import SessionClaims, write_private
from shopwright.knowledge.types import Frozen

ROLES = ("marketer", "engineer", "admin")
PASSWORD_MIN, PASSWORD_MAX = 10, 128
FIRST_USER = "marketer"
FIRST_PASSWORD_FILE = "first-password.txt"  # noqa: S105 - a file's name
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}\Z")
_READABLE = "23456789abcdefghjkmnpqrstuvwxyz"
# An argon2 hash takes 64 MiB while it is computed; two at a time bound what a flood of attempts takes.
_HASHING = threading.BoundedSemaphore(2)


class UserInfo(Frozen):
    """A person who may sign in."""

    username: str
    role: str
    disabled: bool
    created_at: datetime
    stamp: str = Field(description="Changes whenever the password does; carried by sessions.", repr=False)


class Users:
    """Adds, checks and lists users. Keep one per process: it counts failed attempts in memory."""

    def __init__(
        self, engine: Engine, data_dir: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.engine = engine
        self.data_dir = data_dir
        self._attempts = _Attempts(clock)

    def add(self, username: str, password: str | None = None, role: str = "marketer") -> str:
        """Add a user and return the password: a generated one when None was given.

        Raises ValueError for a name that is taken or not allowed, a weak password or an unknown role.
        """
        name = checked_username(username)
        if role not in ROLES:
            raise ValueError(f"{role!r} is no role. Roles are: {', '.join(ROLES)}.")
        chosen = generate_password() if password is None else checked_password(password, name)
        try:
            with transaction(self.engine) as session:
                session.add(User(username=name, password_hash=_hash(chosen), role=role))
        except IntegrityError as error:
            raise ValueError(f"There is a user {name!r} already. Choose another name.") from error
        return chosen

    def verify(self, username: str, password: str) -> UserInfo | None:
        """The user when name and password are right, else None.

        An unknown name takes as long as a wrong password. After five failures in a row a name is
        refused for a minute, whatever the password; `wait_seconds` says how much of it is left.
        """
        name = _folded(username)
        if self._attempts.wait(name) > 0:
            return None
        with Session(self.engine) as session:
            user = session.exec(select(User).where(User.username == name)).first()
        right = _matches(user.password_hash if user else _dummy_hash(), password)
        if user is None or user.disabled or not right:
            self._attempts.failed(name)
            return None
        self._attempts.succeeded(name)
        return _info(user)

    def wait_seconds(self, username: str) -> int:
        """Seconds for which this name is still refused after too many failures; 0 when it is not."""
        return self._attempts.wait(_folded(username))

    def get(self, username: str) -> UserInfo | None:
        """The user of this name, or None."""
        with Session(self.engine) as session:
            user = session.exec(select(User).where(User.username == _folded(username))).first()
            return _info(user) if user else None

    def signed_in(self, claims: SessionClaims) -> UserInfo | None:
        """The user of a session, or None once the user is gone, disabled or has another password."""
        user = self.get(claims.username)
        return user if user and not user.disabled and user.stamp == claims.stamp else None

    def set_password(self, username: str, password: str | None = None) -> str:
        """Change a password (None: a generated one) and return it; running sessions end.

        Raises LookupError for an unknown user, ValueError for a weak password.
        """
        name = _folded(username)
        chosen = generate_password() if password is None else checked_password(password, name)
        with transaction(self.engine) as session:
            _existing(session, name).password_hash = _hash(chosen)
        self._forget_first_password(name)
        return chosen

    def disable(self, username: str, disabled: bool = True) -> None:
        """Refuse (or allow again) this user's sign-in; running sessions end. LookupError if unknown."""
        with transaction(self.engine) as session:
            _existing(session, _folded(username)).disabled = disabled

    def count(self) -> int:
        """How many users there are, disabled ones included."""
        with Session(self.engine) as session:
            return session.exec(select(func.count()).select_from(User)).one()

    def add_first(self) -> tuple[str, str] | None:
        """When there are no users yet: add one, and return its name and generated password.

        The password is also kept in `first-password.txt` of the data folder until it is changed.
        """
        if self.count():
            return None
        password = self.add(FIRST_USER)
        if self.data_dir is not None:
            write_private(self.data_dir / FIRST_PASSWORD_FILE, f"{FIRST_USER}\n{password}\n")
        return FIRST_USER, password

    def _forget_first_password(self, name: str) -> None:
        if self.data_dir is None:
            return
        path = self.data_dir / FIRST_PASSWORD_FILE
        with suppress(OSError):
            if path.read_text(encoding="utf-8").split("\n", 1)[0] == name:
                path.unlink()

    # Last, because below it the name `list` means this method to a type checker.
    def list(self) -> "_Users":
        """All users by name."""
        with Session(self.engine) as session:
            return [_info(user) for user in session.exec(select(User).order_by(User.username))]


_Users = list[UserInfo]


class _Attempts:
    """Failures in a row by name: five within fifteen minutes close a name for one minute."""

    LIMIT, WINDOW, PAUSE, NAMES = 5, 900.0, 60.0, 10_000

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, list[float]] = {}

    def wait(self, name: str) -> int:
        with self._lock:
            times = self._failures.get(name, [])
            if len(times) < self.LIMIT:
                return 0
            left = times[-1] + self.PAUSE - self._clock()
            return max(0, int(left) + 1) if left > 0 else 0

    def failed(self, name: str) -> None:
        with self._lock:
            moment = self._clock()
            recent = [t for t in self._failures.pop(name, []) if moment - t < self.WINDOW]
            self._failures[name] = [*recent, moment][-self.LIMIT :]
            if len(self._failures) > self.NAMES:
                self._failures.pop(next(iter(self._failures)))

    def succeeded(self, name: str) -> None:
        with self._lock:
            self._failures.pop(name, None)


def checked_username(username: str) -> str:
    """The name as stored: lower case. ValueError when it is not allowed."""
    name = _folded(username)
    if not _USERNAME.match(name):
        raise ValueError(
            "A user name has 3 to 32 characters: letters a-z, digits, dot, - or _, a letter or digit first."
        )
    return name


def checked_password(password: str, username: str) -> str:
    """The password, when it is long enough and not trivial; else ValueError."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise ValueError(f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters.")
    if len(set(password)) < 4 or _folded(password) == username:
        raise ValueError("This password is too easy to guess. Use more than a few different characters.")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in password):
        raise ValueError("A password has no control characters.")
    return password


def generate_password() -> str:
    """A random password of 79 bits, in groups that can be read aloud: no 0, o, 1, i or l."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().lower().replace("\x00", "")[:200]


def _prepared(password: str) -> bytes:
    # NFKC, so that a password typed through another input method is the same password.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")


def _hash(password: str) -> str:
    with _HASHING:
        return PasswordHasher().hash(_prepared(password))


@cache
def _dummy_hash() -> str:
    return _hash(generate_password())


def _matches(password_hash: str, password: str) -> bool:
    with _HASHING:
        try:
            return PasswordHasher().verify(password_hash, _prepared(password[: PASSWORD_MAX + 1]))
        except (VerificationError, InvalidHashError):
            return False


def _existing(session: Session, name: str) -> User:
    user = session.exec(select(User).where(User.username == name)).first()
    if user is None:
        raise LookupError(f"There is no user {name!r}. `shopwright users list` shows all.")
    return user


def _info(user: User) -> UserInfo:
    stamp = hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
    return UserInfo(
        username=user.username,
        role=user.role,
        disabled=user.disabled,
        created_at=user.created_at,
        stamp=stamp,
    )
