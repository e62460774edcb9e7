"""`shopwright init`, `import` and `fit`: filling the shop and learning from it."""

from pathlib import Path
from typing import TYPE_CHECKING

from shopwright.ui.cli_output import RefusedError, chinese, emit, note, pick, require_database, require_shop
from shopwright.ui.progress import ProgressReport

if TYPE_CHECKING:
    from shopwright.knowledge.demo import DemoReport
    from shopwright.knowledge.importing import ImportReport
    from shopwright.knowledge.settings import Settings
    from shopwright.knowledge.setup import SetupReport


def initialise(settings: "Settings", *, demo: bool) -> None:
    """Make or migrate the database; with `demo`, set the whole demo shop up and say what was done."""
    require_database(settings)
    if not demo:
        from shopwright.knowledge.database import migrate, open_database

        migrate(open_database(settings.database))
        emit(
            pick(
                f"The database is ready ({settings.data_dir}). Next: `shopwright import FOLDER`.",
                f"数据库已就绪({settings.data_dir})。下一步:`shopwright import 目录`。",
            )
        )
        return
    from shopwright.agent.likely_tools import LikelyTools
    from shopwright.knowledge.setup import set_up_demo

    with ProgressReport() as progress:
        report = set_up_demo(settings, progress)
        LikelyTools(settings).prepare(progress)
    if report.demo is not None:
        _tell_demo(report.demo)
    _tell_steps(report)


def import_shop(settings: "Settings", folder: Path, *, strict: bool, report: Path | None, learn: bool) -> int:
    """Import a folder and learn from what changed; return 1 when a file was refused, else 0."""
    from shopwright.knowledge.database import migrate, open_database
    from shopwright.knowledge.importing import import_folder

    if not folder.is_dir():
        raise RefusedError(f"{folder} is not a folder.", f"{folder} 不是目录。")
    if report is not None and not report.parent.is_dir():
        raise RefusedError(
            f"There is no folder {report.parent} for the report.", f"没有目录 {report.parent}。"
        )
    require_database(settings)
    engine = open_database(settings.database)
    migrate(engine)
    out = settings.data_dir if report is None else report.parent
    with ProgressReport() as progress:
        done = import_folder(
            engine,
            folder,
            strict=strict,
            progress=progress,
            out=out,
            language="zh" if chinese() else "en",
        )
    _place_report(done, report)
    for line in done.summary_lines("zh" if chinese() else "en"):
        emit(line)
    if done.changed and learn:
        _learn(settings, [])
    return int(not done.files or any(file.refused for file in done.files))


def fit_models(settings: "Settings", names: list[str]) -> int:
    """Fit the models of these names; without names, what the data have outgrown.

    Returns 1 when a model that was named could not be fitted, else 0.
    """
    from shopwright.knowledge.setup import model_names

    require_shop(settings)
    known = model_names(settings)
    if unknown := [name for name in names if name not in known]:
        raise RefusedError(
            f"There is no model {unknown[0]!r}; there are: {', '.join(known)}. "
            "Without a name, everything that is out of date is fitted.",
            f"没有名为 {unknown[0]!r} 的模型;现有:{'、'.join(known)}。不写名称则训练所有过期的模型。",
            code=2,
        )
    report = _learn(settings, names)
    return int(any(step.skipped and step.model in names for step in report.steps))


def _learn(settings: "Settings", models: list[str]) -> "SetupReport":
    from shopwright.knowledge.setup import refresh

    with ProgressReport() as progress:
        report = refresh(settings, progress, models)
    _tell_steps(report)
    return report


def _place_report(done: "ImportReport", report: Path | None) -> None:
    if report is not None and done.error_file is not None and not done.error_file_failure:
        done.error_file = done.error_file.replace(report)


def _tell_steps(report: "SetupReport") -> None:
    for step in report.steps:
        if step.skipped:
            note(pick(f"! {step.name}: skipped. {step.skipped}", f"! {step.name}:已跳过。{step.skipped}"))
        elif step.fresh:
            note(f"✓ {step.name}: {step.seconds:.1f} s")
    if not any(step.fresh for step in report.steps):
        note(pick(f"Everything was set up already ({report.seconds:.1f} s).", "一切均已就绪。"))


def _tell_demo(demo: "DemoReport") -> None:
    from rich.console import Console
    from rich.table import Table

    heads = pick("table,rows in source,imported,merged,left out", "表,源数据行数,已导入,已合并,未导入").split(
        ","
    )
    table = Table(*heads, title=demo.shop, title_justify="left")
    for name, read, imported, merged, dropped in demo.count_table():
        table.add_row(name, f"{read:,}", f"{imported:,}", f"{merged:,}", dropped)
    if demo.fresh:
        console = Console()
        # A log has no width: there the table is as wide as it needs to be to stay readable.
        (console if console.is_terminal else Console(width=160)).print(table)
    language = "zh" if chinese() else "en"
    emit(demo.notice[language])
    emit(demo.consent_rule[language])
