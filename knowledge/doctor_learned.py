"""The doctor's looks at what is fetched, fitted and indexed. The vector index itself is not opened."""

from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from shopwright.knowledge.database import open_database
from shopwright.knowledge.fetch import QWEN
from shopwright.knowledge.fetch_files import stamped
from shopwright.knowledge.finding import Finding
from shopwright.knowledge.saved import Manifest, SavedModelError, read_manifest
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.tables import IndexOutbox

FIT, FIT_ZH = "Run `shopwright fit`.", "请运行 `shopwright fit`。"


def look_at_engine(settings: Settings) -> Finding:
    """Which chat model engine would answer."""
    if settings.engine != "remote":
        chosen = "gguf" + (" (auto)" if settings.engine == "auto" else "")
        return Finding(
            status="ok",
            found=f"{chosen}: the embedded model on the CPU",
            found_zh=f"{chosen}:内置模型,由 CPU 运行",
        )
    where = f"remote: {settings.remote_model or '?'} @ {settings.remote_url or '?'}"
    if settings.remote_url and settings.remote_model:
        return Finding(status="ok", found=where, found_zh=where)
    return Finding(
        status="missing",
        found=where,
        found_zh=where,
        remedy="Set SHOPWRIGHT_REMOTE_URL and SHOPWRIGHT_REMOTE_MODEL, or SHOPWRIGHT_ENGINE=auto.",
        remedy_zh="请设置 SHOPWRIGHT_REMOTE_URL 和 SHOPWRIGHT_REMOTE_MODEL,或设 SHOPWRIGHT_ENGINE=auto。",
    )


def look_at_model(settings: Settings) -> Finding:
    """Whether the embedded model's file is there and was found to be the right one."""
    if settings.engine == "remote":
        return Finding(status="ok", found="not needed by the remote engine", found_zh="远程引擎不需要")
    path = settings.model_path or settings.downloads / QWEN.name
    if not path.is_file():
        return Finding(
            status="missing",
            found=f"none at {path}",
            found_zh=f"{path} 处没有文件",
            remedy="Run `shopwright init --demo`, or set SHOPWRIGHT_MODEL_PATH to a GGUF file.",
            remedy_zh="请运行 `shopwright init --demo`,或将 SHOPWRIGHT_MODEL_PATH 设为一个 GGUF 文件。",
        )
    size = f"{path.name}, {path.stat().st_size / 1e9:.2f} GB"
    if settings.model_path:
        return Finding(status="ok", found=f"{size}, your own", found_zh=f"{size},自备")
    if stamped(path, QWEN.sha256):
        return Finding(status="ok", found=f"{size}, checked", found_zh=f"{size},已校验")
    return Finding(
        status="warn",
        found=f"{size}, not checked",
        found_zh=f"{size},未校验",
        remedy="Run `shopwright init --demo`: it checks the file's SHA-256.",
        remedy_zh="请运行 `shopwright init --demo`:它会校验文件的 SHA-256。",
    )


def look_at_fitted(settings: Settings) -> Finding:
    """Which models are fitted, and since when."""
    folders = sorted(settings.models_dir.iterdir()) if settings.models_dir.is_dir() else []
    fitted: list[Manifest] = []
    damaged: list[str] = []
    for folder in (f for f in folders if f.is_dir()):
        try:
            fitted.append(read_manifest(folder))
        except SavedModelError:
            damaged.append(folder.name)
    if not fitted and not damaged:
        return Finding(status="missing", found="none", found_zh="无", remedy=FIT, remedy_zh=FIT_ZH)
    found = ", ".join(f"{m.name} ({m.fitted_at:%Y-%m-%d})" for m in fitted)
    if not damaged:
        return Finding(status="ok", found=found, found_zh=found)
    broken = ", ".join(damaged)
    return Finding(
        status="missing",
        found=f"{found}; damaged: {broken}",
        found_zh=f"{found};损坏:{broken}",
        remedy=FIT,
        remedy_zh=FIT_ZH,
    )


def look_at_index(settings: Settings) -> Finding:
    """Whether the vector index is there, and what it has still to take in."""
    if not (settings.index_dir / "saved" / "stamp.json").is_file():
        return Finding(status="missing", found="none", found_zh="无", remedy=FIT, remedy_zh=FIT_ZH)
    size = sum(f.stat().st_size for f in settings.index_dir.rglob("*") if f.is_file()) / 1e6
    waiting = _waiting(settings)
    if not waiting:
        return Finding(status="ok", found=f"{size:.0f} MB, up to date", found_zh=f"{size:.0f} MB,已是最新")
    return Finding(
        status="warn",
        found=f"{size:.0f} MB, {waiting:,} changes to take in",
        found_zh=f"{size:.0f} MB,{waiting:,} 处变更待处理",
        remedy=FIT,
        remedy_zh=FIT_ZH,
    )


def _waiting(settings: Settings) -> int:
    engine = open_database(settings.database)
    try:
        with Session(engine) as session:
            return session.exec(select(func.count()).select_from(IndexOutbox)).one()
    except SQLAlchemyError:
        return 0
    finally:
        engine.dispose()
