"""What an import did, file by file, and how it tells a person so."""

from dataclasses import dataclass, field
from pathlib import Path

from shopwright.knowledge.import_problems import ErrorFile, Language, Problem

KEPT_PROBLEMS = 200_000
"""Problems kept as objects; the error file lists all, however many."""
SHOWN_PROBLEMS = 5


@dataclass
class FileReport:
    """Rows of one file: read = inserted + updated + unchanged + rejected.

    `refused`: nothing of the file went in (strict mode, a broken header, or it cannot be read).
    """

    file: str
    table: str
    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    refused: bool = False
    seconds: float = 0.0
    notices: list[Problem] = field(default_factory=list)


@dataclass
class ImportReport:
    """What happened to each file, in the order of import, and everything that was wrong."""

    folder: Path
    files: list[FileReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    notices: list[Problem] = field(default_factory=list)
    error_file: Path | None = None
    error_file_failure: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row of every file went in."""
        return self.problem_count == 0

    @property
    def changed(self) -> int:
        """Rows inserted or updated: whether anything has to be computed anew."""
        return sum(one.inserted + one.updated for one in self.files)

    def add_problems(self, problems: list[Problem], errors: ErrorFile) -> None:
        """Keep `problems` and write them to the error file; a full disk there stops no import."""
        self.problem_count += len(problems)
        self.problems += problems[: KEPT_PROBLEMS - len(self.problems)]
        try:
            errors.append(problems)
        except OSError as error:
            self.error_file_failure = error.strerror or str(error)
        self.error_file = errors.path

    def summary_lines(self, language: Language = "en") -> list[str]:
        """The report in a few lines for a terminal."""
        lines = [_file_line(one, language) for one in self.files]
        for notice in [*self.notices, *(notice for one in self.files for notice in one.notices)]:
            lines.append(notice.sentence(language))
        lines += [problem.sentence(language) for problem in self.problems[:SHOWN_PROBLEMS]]
        if self.problem_count > SHOWN_PROBLEMS:
            more = self.problem_count - SHOWN_PROBLEMS
            lines.append(
                f"……另有 {more:,} 处问题。" if language == "zh" else f"… and {more:,} problems more."
            )
        if self.error_file_failure:
            said = (
                ("错误清单无法写入", "：") if language == "zh" else ("The error list was not written", ": ")
            )
            lines.append(f"{said[0]}{said[1]}{self.error_file_failure}")
        elif self.error_file:
            lines.append(
                f"{'全部问题列在' if language == 'zh' else 'All problems are listed in'} {self.error_file}"
            )
        return lines


def _file_line(one: FileReport, language: Language) -> str:
    counts = (one.read, one.inserted, one.updated, one.unchanged, one.rejected)
    words = (
        ("读取", "新增", "更新", "未变", "拒绝")
        if language == "zh"
        else ("rows read", "new", "updated", "unchanged", "rejected")
    )
    if language == "zh":
        line = f"{one.file}：" + "，".join(f"{word} {n:,} 行" for word, n in zip(words, counts, strict=True))
        return line + ("；整个文件都没有导入" if one.refused else "")
    line = f"{one.file}: " + ", ".join(f"{n:,} {word}" for word, n in zip(words, counts, strict=True))
    return line + ("; nothing of the file was imported" if one.refused else "")
