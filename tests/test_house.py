"""House rules that no linter knows."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
ROOMS = ("knowledge", "tools", "agent", "ui", "evals")
FOLDERS = {"deploy", *ROOMS, "tests", ".links", ".ci"}
LONGEST_MODULE = 500


def committed() -> list[Path]:
    """The files under version control that still exist, or all there are where there is no Git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs the Git repository")
    paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    return [p for p in committed() if p.suffix == ".py" and p.relative_to(REPOSITORY).parts[0] in ROOMS]


def texts() -> Iterator[tuple[str, str]]:
    for path in committed():
        try:
            yield str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_the_rooms_stand_at_the_root_and_nothing_else_does() -> None:
    folders = {p.relative_to(REPOSITORY).parts[0] for p in committed() if p.parent != REPOSITORY}
    assert folders <= FOLDERS
    for room in ROOMS:
        assert (REPOSITORY / room / "__init__.py").is_file()


def test_the_package_is_reached_through_its_link() -> None:
    link = REPOSITORY / ".links" / "shopwright"
    assert link.is_symlink()
    assert link.resolve() == REPOSITORY.resolve()


def test_no_text_names_a_machine_a_registry_host_or_unfinished_work() -> None:
    patterns = {
        "a path of one machine": r"(?<![\w.])/(?:work|root|home)/\w",
        "a registry's host": r"pypi\.org|pythonhosted\.org|registry\.npmjs|files\.py",
        "unfinished work": r"\b(?:TODO|FIXME|XXX|HACK)\b",
    }
    found = [
        f"{name}: {what}: {hit[0]}"
        for name, text in texts()
        if name != "tests/test_house.py"
        for what, pattern in patterns.items()
        if (hit := re.search(pattern, text))
    ]
    assert found == []


def test_modules_have_a_docstring_and_one_responsibility() -> None:
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert path.stem not in ("utils", "helpers", "common", "misc"), path
        assert len(text.splitlines()) <= LONGEST_MODULE, path
        if text.strip():
            assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_everything_public_has_a_docstring() -> None:
    bare = []
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_")]:
            for node in owner.body:
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    continue
                decorated = any("setter" in ast.unparse(d) for d in node.decorator_list)
                if node.name[0] != "_" and not decorated and not ast.get_docstring(node):
                    bare.append(f"{path.relative_to(REPOSITORY)}: {node.name}")
    assert bare == []


def test_an_exception_to_a_rule_carries_its_reason() -> None:
    """Broad excepts, and waived security rules, say why: on the line, just above it, or a few lines before."""
    bare = []
    for path in modules():
        lines = path.read_text(encoding="utf-8").splitlines()
        for at, line in enumerate(lines):
            waived = re.search(r"# noqa: ((?:BLE|S)\d+)\s*$", line)
            if waived is None or lines[at - 1].lstrip().startswith("#"):
                continue
            if not any(re.search(rf"# noqa: {waived[1]}\s+\S", near) for near in lines[max(0, at - 10) : at]):
                bare.append(f"{path.relative_to(REPOSITORY)}:{at + 1}")
    assert bare == []


def test_nothing_is_pickled() -> None:
    for path in modules():
        names = {
            alias.name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
        }
        assert not names & {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}, path


def test_dependencies_are_pinned_and_the_versions_agree() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    loose = [d for d in project["dependencies"] if not re.search(r"==|>=", d)]
    assert loose == []
    assert "## [Unreleased]" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_scripts_can_be_run() -> None:
    for path in committed():
        if path.parent.name == ".ci":
            assert path.stat().st_mode & 0o111, path
            assert path.read_text().startswith("#!/usr/bin/env bash"), path
            assert "set -euo pipefail" in path.read_text(), path
