"""Users of the console: what is stored of a password, who gets in, who is kept waiting."""

import time
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from shopwright.knowledge.tables import User
from shopwright.knowledge.tokens import Tokens
from shopwright.knowledge.users import FIRST_PASSWORD_FILE, Users, generate_password

GOOD = "correct horse 电池"


@pytest.fixture
def users(database: Engine, tmp_path: Path) -> Users:
    return Users(database, tmp_path)


def test_a_password_is_stored_as_an_argon2_hash_only(users: Users) -> None:
    users.add("Ann", GOOD)
    with Session(users.engine) as session:
        row = session.exec(select(User)).one()
    assert row.password_hash.startswith("$argon2id$")
    assert GOOD not in str(row.model_dump())
    assert GOOD not in repr(users.list())


def test_name_and_password_let_in_and_nothing_else_does(users: Users) -> None:
    users.add("ann", GOOD)
    found = users.verify(" ANN ", GOOD)
    assert found is not None
    assert (found.username, found.role) == ("ann", "marketer")
    for name, password in [("ann", GOOD + "x"), ("ann", ""), ("bob", GOOD), ("", ""), ("ann\x00", "\ud800")]:
        assert users.verify(name, password) is None
    users.add("cho", "Ａｂｃｄｅｆｇｈｉｊｋ")
    assert users.verify("cho", "Abcdefghijk") is not None


def test_a_generated_password_is_returned_once_and_works(users: Users) -> None:
    password = users.add("ann")
    assert users.verify("ann", password) is not None
    assert len({generate_password() for _ in range(50)}) == 50


def test_an_unknown_name_takes_about_as_long_as_a_wrong_password(users: Users) -> None:
    users.add("ann", GOOD)
    users.verify("warm", "up")

    def quickest(name: str) -> float:
        times = []
        for _ in range(3):
            started = time.perf_counter()
            users.verify(name, "not it at all")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = quickest("ann"), quickest("nobody")
    assert 0.2 < unknown / known < 5


@pytest.mark.parametrize("name", ["", "ab", "a" * 33, "-ann", "an n", "安妮安妮", "ann;drop", "ann\n"])
def test_names_that_would_confuse_are_refused(users: Users, name: str) -> None:
    if name == "ann\n":  # white space around a name is a slip, not a name
        assert users.add(name, GOOD) == GOOD
        return
    with pytest.raises(ValueError, match="3 to 32 characters"):
        users.add(name, GOOD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "10 to 128"),
        ("x" * 129, "10 to 128"),
        ("aaaaaaaaaaaa", "too easy"),
        ("annemarie-", "too easy"),
        ("with\x00control chars", "control"),
    ],
)
def test_weak_passwords_are_refused(users: Users, password: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        users.add("annemarie-", password)
    assert users.list() == []


def test_a_name_is_taken_once_whatever_its_case(users: Users) -> None:
    users.add("ann", GOOD)
    with pytest.raises(ValueError, match="already"):
        users.add("ANN", GOOD)
    with pytest.raises(ValueError, match="no role"):
        users.add("bob", GOOD, role="root")


def test_disabling_and_a_new_password_end_running_sessions(users: Users, tmp_path: Path) -> None:
    tokens = Tokens.open(tmp_path)
    users.add("ann", GOOD)

    def sign_in(password: str) -> str:
        user = users.verify("ann", password)
        assert user is not None
        return tokens.issue_session(user.username, user.role, user.stamp)

    first = sign_in(GOOD)
    assert users.signed_in(tokens.session(first)) is not None
    second = sign_in(users.set_password("ann"[:3], "another good one"))
    assert users.signed_in(tokens.session(first)) is None
    users.disable("ann")
    assert users.signed_in(tokens.session(second)) is None
    assert users.verify("ann", "another good one") is None
    users.disable("ann", disabled=False)
    assert users.signed_in(tokens.session(second)) is not None


def test_unknown_users_are_named_in_the_error(users: Users) -> None:
    with pytest.raises(LookupError, match="'zoe'"):
        users.set_password("zoe")
    with pytest.raises(LookupError, match="'zoe'"):
        users.disable("zoe")


def test_five_failures_close_a_name_for_a_minute(database: Engine) -> None:
    moment = [0.0]
    users = Users(database, clock=lambda: moment[0])
    users.add("ann", GOOD)
    users.add("bob", GOOD)
    for _ in range(5):
        assert users.wait_seconds("ann") == 0
        users.verify("ann", "wrong password")
    assert users.wait_seconds("Ann") == 61
    assert users.verify("ann", GOOD) is None
    assert users.verify("bob", GOOD) is not None
    moment[0] = 61.0
    assert users.wait_seconds("ann") == 0
    assert users.verify("ann", GOOD) is not None


def test_the_first_user_is_made_once_and_its_password_file_goes_with_the_password(
    users: Users, tmp_path: Path
) -> None:
    made = users.add_first()
    assert made is not None
    name, password = made
    file = tmp_path / FIRST_PASSWORD_FILE
    assert file.read_text() == f"{name}\n{password}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert users.add_first() is None
    users.add("ann", GOOD)
    users.set_password("ann")
    assert file.exists()
    users.set_password(name)
    assert not file.exists()
