"""Which files of a folder are to be imported, and which look as if they should be."""

from dataclasses import dataclass
from pathlib import Path

from shopwright.knowledge.import_header import closest, normal
from shopwright.knowledge.import_problems import Problem, shorten
from shopwright.knowledge.import_schema import TableFile

ENDINGS = (".csv", ".csv.gz", ".parquet")
OTHER_ENDINGS = (".xlsx", ".xls", ".tsv", ".ods")


@dataclass(frozen=True)
class Found:
    """A file and the table it is for."""

    path: Path
    table: TableFile


def find_files(
    folder: Path, tables: tuple[TableFile, ...]
) -> tuple[list[Found], list[Problem], list[Problem]]:
    """The files to import in the order of `tables`, problems, and notices on files left out."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return [], [Problem(shorten(folder), 0, "", "", "no_folder")], []
    places: dict[str, list[Path]] = {}
    for path in paths:
        if ending := _ending(path, ENDINGS):
            places.setdefault(normal(path.name[: -len(ending)]), []).append(path)
    found, problems = [], []
    for table in tables:
        mine = places.pop(table.name, [])
        if len(mine) == 1:
            found.append(Found(mine[0], table))
        elif mine:
            names = ", ".join(path.name for path in mine)
            problems += [Problem(path.name, 0, "", "", "two_files", names) for path in mine]
    if not found and not problems:
        names = ", ".join(table.name for table in tables)
        problems.append(Problem(shorten(folder), 0, "", "", "no_files", names))
    return found, problems, _left_out(paths, places, [table.name for table in tables])


def _ending(path: Path, endings: tuple[str, ...]) -> str:
    return next((ending for ending in endings if path.name.lower().endswith(ending)), "")


def _left_out(paths: list[Path], places: dict[str, list[Path]], names: list[str]) -> list[Problem]:
    notices = []
    for stem, unknown in places.items():
        meant = closest(stem, names)
        for path in unknown:
            if not path.name.startswith("import-errors-"):
                right = f"{meant}{_ending(path, ENDINGS)}" if meant else ""
                notices.append(Problem(shorten(path.name), 0, "", "", "unknown_file", right))
    for path in paths:
        if ending := _ending(path, OTHER_ENDINGS):
            right = f"{path.name[: -len(ending)]}.csv"
            notices.append(Problem(shorten(path.name), 0, "", "", "not_csv", shorten(right)))
    return notices
