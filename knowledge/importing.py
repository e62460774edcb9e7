"""Bringing in a shop of one's own: a folder of CSV or Parquet files, one for each table.

The good rows of a file go in as one transaction, each file after those it refers to; every row that
does not go in is reported with its place, the reason and a remedy. Importing again updates what
changed and leaves the rest alone. The files and their columns: `import_tables`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.import_files import Found, find_files
from shopwright.knowledge.import_problems import ErrorFile, Language, Problem
from shopwright.knowledge.import_report import FileReport, ImportReport
from shopwright.knowledge.import_schema import TableFile, columns_markdown
from shopwright.knowledge.import_staging import INSERTED, UNCHANGED, UPDATED, Stage
from shopwright.knowledge.import_tables import TABLES
from shopwright.knowledge.import_writing import lock, write
from shopwright.knowledge.settings import Settings

__all__ = ["ImportFailedError", "ImportReport", "Problem", "import_folder", "readme_tables"]


class ImportFailedError(Exception):
    """The database refused a file; what went in before it stays in, nothing of it did."""


def readme_tables() -> str:
    """What the README says of the files and their columns, as Markdown."""
    return columns_markdown(TABLES)


def import_folder(
    engine: Engine,
    folder: Path,
    *,
    strict: bool = False,
    progress: Progress | None = None,
    out: Path | None = None,
    language: Language = "en",
) -> ImportReport:
    """Import the files of `folder` into the migrated database of `engine`.

    strict: a file with any problem is refused as a whole. progress: told (file, lines done, lines).
    out: the folder for the error file; None means the data folder of the settings. language: of the
    error file. Customer figures and search index are to be refreshed afterwards.

    Raises ImportFailedError where the database fails. Nothing that files hold raises.
    """
    errors = ErrorFile(out or Settings().data_dir, language)
    report = ImportReport(folder=folder)
    found, problems, notices = find_files(folder, TABLES)
    report.notices += notices
    report.add_problems(problems, errors)
    with engine.connect() as connection:
        run = _Run(connection, strict, progress, report, errors)
        try:
            for one in found:
                run.bring_in(one)
        finally:
            run.close()
    return report


class _Run:
    """One import: its connection, the staged rows of each file so far, and the report."""

    def __init__(
        self,
        connection: Connection,
        strict: bool,
        progress: Progress | None,
        report: ImportReport,
        errors: ErrorFile,
    ) -> None:
        self.connection, self.strict, self.progress = connection, strict, progress
        self.report, self.errors = report, errors
        self.stages: dict[str, Stage] = {}
        self.unread: set[str] = set()

    def bring_in(self, found: Found) -> None:
        """Import one file and report on it."""
        # pandas and pandera take a second to load: only where something is read.
        from shopwright.knowledge.import_loading import UnreadableFileError, load, open_source

        began = time.monotonic()
        result = FileReport(found.path.name, found.table.name)
        self.report.files.append(result)
        try:
            source = open_source(found.path, found.table)
        except UnreadableFileError as error:
            self._refuse_unread(result, [error.problem])
            return
        result.notices += source.notices
        if not source.header.usable:
            self._refuse_unread(result, source.header.problems)
            return
        with self._database_errors(result.file), self.connection.begin():
            loaded = load(self.connection, found.table, result.file, source, self.progress)
        self.stages[found.table.name] = loaded.stage
        result.read = loaded.rows
        result.refused = loaded.refused
        with self._database_errors(result.file), self.connection.begin():
            problems = self._settle(found.table, result, loaded.problems)
        self.report.add_problems(problems, self.errors)
        result.seconds = time.monotonic() - began

    def _refuse_unread(self, result: FileReport, problems: list[Problem]) -> None:
        result.refused = True
        self.unread.add(result.table)
        self.report.add_problems(problems, self.errors)

    def _settle(self, table: TableFile, result: FileReport, problems: list[Problem]) -> list[Problem]:
        """The second transaction: what needs the whole file and the database, then the writing."""
        stage = self.stages[table.name]
        lock(self.connection, stage)
        later = [*stage.duplicates(), *self._lost_references(stage)]
        stage.reject(problem.line for problem in later)
        problems = sorted([*problems, *later], key=lambda problem: problem.line)
        if self.strict and problems:
            result.refused = True
        if result.refused:
            stage.reject_all()
        else:
            write(stage, self.stages.get("orders"))
        counts = stage.counts()
        result.inserted = counts.get(INSERTED, 0)
        result.updated = counts.get(UPDATED, 0)
        result.unchanged = counts.get(UNCHANGED, 0)
        result.rejected = result.read - result.inserted - result.updated - result.unchanged
        return problems

    def _lost_references(self, stage: Stage) -> Iterator[Problem]:
        """References to ids that are not in the database, told apart by whether their row was rejected."""
        rejected: dict[str, set[int]] = {}
        for column, name, line, number in stage.missing_references():
            if name not in rejected:
                other = self.stages.get(name)
                rejected[name] = other.rejected_ids() if other else set()
            known = name in self.unread or number in rejected[name]
            code = "rejected_reference" if known else "unknown_reference"
            yield Problem(stage.file, line, column, str(number), code, name)

    @contextmanager
    def _database_errors(self, file: str) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise ImportFailedError(
                f"{file}: the database refused it ({cause}). Nothing of this file was imported; files "
                "before it were. Is the disk full, or another program writing? Then import again."
            ) from error

    def close(self) -> None:
        """Drop the staged rows."""
        if self.connection.closed or self.connection.invalidated:
            return
        with self.connection.begin():
            for stage in self.stages.values():
                stage.drop()
