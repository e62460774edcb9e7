"""The doctor's looks at the shop's database. They create nothing, not even an empty SQLite file."""

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import false, func
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from shopwright.knowledge import tables
from shopwright.knowledge.database import MIGRATIONS, open_database
from shopwright.knowledge.finding import Finding
from shopwright.knowledge.settings import Settings

INIT = "Run `shopwright init --demo` (demo shop), or `shopwright init` and `shopwright import FOLDER`."
INIT_ZH = "请运行 `shopwright init --demo`(演示商店),或先 `shopwright init` 再 `shopwright import 目录`。"


def _no_database(found: str, found_zh: str) -> Finding:
    return Finding(status="missing", found=found, found_zh=found_zh, remedy=INIT, remedy_zh=INIT_ZH)


def look_at_database(settings: Settings) -> Finding:
    """Whether the database answers, is current, and what it holds."""
    return unreachable(settings) or _look_inside(settings)


def unreachable(settings: Settings) -> Finding | None:
    """Why the database cannot be worked with at all; None when it can, or when SQLite's file is yet to be."""
    try:
        url = make_url(settings.database)
        if url.get_backend_name() == "sqlite" and not _sqlite_exists(url.database):
            return None
        engine = open_database(settings.database)
        try:
            _revision(engine)
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        return _unusable(str(error.__cause__ or error).strip().splitlines()[0])
    return None


def _unusable(reason: str) -> Finding:
    return Finding(
        status="missing",
        found=f"The database cannot be used: {reason}",
        found_zh=f"数据库无法使用:{reason}",
        remedy="Check that the server runs and that SHOPWRIGHT_DATABASE_URL is right.",
        remedy_zh="请检查数据库服务是否运行,以及 SHOPWRIGHT_DATABASE_URL 是否正确。",
    )


def _look_inside(settings: Settings) -> Finding:
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not _sqlite_exists(url.database):
        return _no_database(f"There is no database at {url.database}", f"{url.database} 处没有数据库")
    engine = open_database(settings.database)
    try:
        current, newest = _revision(engine), _newest_revision()
        if current is None:
            shown = url.render_as_string(hide_password=True)
            return _no_database(f"The database {shown} is empty", f"数据库 {shown} 是空的")
        if current != newest:
            return Finding(
                status="missing",
                found=f"The database is at revision {current}, this version needs {newest}",
                found_zh=f"数据库版本为 {current},当前程序需要 {newest}",
                remedy="Run `shopwright init`: it migrates and keeps the data.",
                remedy_zh="请运行 `shopwright init`:它会迁移并保留数据。",
            )
        return _counted(engine, f"{url.get_backend_name()}, {current}")
    finally:
        engine.dispose()


def _is_current(settings: Settings) -> bool:
    url = make_url(settings.database)
    if unreachable(settings) or (url.get_backend_name() == "sqlite" and not _sqlite_exists(url.database)):
        return False
    engine = open_database(settings.database)
    try:
        return _revision(engine) == _newest_revision()
    finally:
        engine.dispose()


def _sqlite_exists(path: str | None) -> bool:
    return path is not None and Path(path).is_file()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _newest_revision() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


_COUNTED = (
    ("customers", "顾客", tables.Customer),
    ("products", "商品", tables.Product),
    ("orders", "订单", tables.Order),
    ("reviews", "评论", tables.Review),
    ("passages", "帮助条目", tables.Document),
)


def _counted(engine: Engine, where: str) -> Finding:
    with Session(engine) as session:
        counts = [session.exec(select(func.count()).select_from(model)).one() for _, _, model in _COUNTED]
    named = ", ".join(f"{n:,} {name}" for n, (name, _, _) in zip(counts, _COUNTED, strict=True))
    named_zh = ",".join(f"{n:,} {name}" for n, (_, name, _) in zip(counts, _COUNTED, strict=True))
    if not counts[1]:
        return _no_database(f"The database holds no shop yet ({where})", f"数据库中还没有商店数据({where})")
    return Finding(status="ok", found=f"{named} ({where})", found_zh=f"{named_zh}({where})")


def look_at_users(settings: Settings) -> Finding:
    """Whether anybody can sign in to the console."""
    if not _is_current(settings):
        return Finding(status="warn", found="no database to look in", found_zh="没有数据库可查")
    engine = open_database(settings.database)
    try:
        with Session(engine) as session:
            active = session.exec(
                select(func.count()).select_from(tables.User).where(tables.User.disabled == false())
            ).one()
    finally:
        engine.dispose()
    found, found_zh = f"{active} can sign in", f"{active} 人可登录"
    if active:
        return Finding(status="ok", found=found, found_zh=found_zh)
    return Finding(
        status="warn",
        found=found,
        found_zh=found_zh,
        remedy="`shopwright serve` makes the first user, or run `shopwright users add NAME`.",
        remedy_zh="`shopwright serve` 会创建首个用户,也可运行 `shopwright users add 用户名`。",
    )
