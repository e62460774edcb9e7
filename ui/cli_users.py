"""`shopwright users`: who may sign in to the console."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from shopwright.ui.cli_output import (
    RefusedError,
    emit,
    emit_json,
    load_settings,
    note,
    pick,
    require_database,
)

if TYPE_CHECKING:
    from shopwright.knowledge.users import Users

app = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The user's name.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin instead of generating one.")
]


def _users() -> "Users":
    from shopwright.knowledge.database import migrate, open_database
    from shopwright.knowledge.users import Users

    settings = load_settings()
    require_database(settings)
    engine = open_database(settings.database)
    migrate(engine)
    return Users(engine, settings.data_dir)


def _audit(users: "Users", action: str, name: str) -> None:
    from shopwright.knowledge.audit import record

    record(users.engine, "terminal", "admin", action, name)


def _given_password(from_stdin: bool) -> str | None:
    if not from_stdin:
        return None
    if sys.stdin.isatty():
        return str(
            typer.prompt(pick("Password", "密码"), hide_input=True, confirmation_prompt=True, err=True)
        )
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise RefusedError("No password came on stdin.", "标准输入中没有密码。", code=2)
    return password


def _tell(given: str | None, password: str) -> None:
    if given is None:
        note(pick("Password, shown this once:", "密码(仅显示一次):"))
        emit(password)


@app.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="marketer, engineer or admin")] = "marketer",
    password_stdin: FromStdin = False,
) -> None:
    """Add a user; a generated password is printed once."""
    users, given = _users(), _given_password(password_stdin)
    password = users.add(name, given, role)
    _audit(users, "user.add", name)
    _tell(given, password)


@app.command()
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Change a user's password; running sessions end."""
    users, given = _users(), _given_password(password_stdin)
    changed = users.set_password(name, given)
    _audit(users, "user.password", name)
    _tell(given, changed)


@app.command()
def disable(
    name: Name, undo: Annotated[bool, typer.Option("--undo", help="Allow sign-in again.")] = False
) -> None:
    """Refuse a user's sign-in from now on; running sessions end."""
    users = _users()
    users.disable(name, disabled=not undo)
    _audit(users, "user.enable" if undo else "user.disable", name)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON value a line.")] = False) -> None:
    """List all users."""
    for user in _users().list():
        if as_json:
            emit_json(user.model_dump(mode="json", exclude={"stamp"}))
        else:
            state = pick("disabled", "已停用") if user.disabled else pick("active", "可用")
            emit(f"{user.username}\t{user.role}\t{state}\t{user.created_at:%Y-%m-%d}")
