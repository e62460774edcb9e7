"""Commands that other packages add to `shopwright`: declared by real metadata, loaded when asked for."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ADDED = """
import sys, typer
app = typer.Typer(help="Added from outside.")
sys.stderr.write("loaded\\n")

@app.command()
def greet(name: str) -> None:
    "Greet somebody."
    print("Hello", name)
"""


@pytest.fixture
def shopwright(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command where a package declares one good and two broken commands."""
    packages = tmp_path / "packages"
    (packages / "added-1.0.dist-info").mkdir(parents=True)
    (packages / "added.py").write_text(ADDED)
    (packages / "added-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: added\nVersion: 1.0\n"
    )
    (packages / "added-1.0.dist-info" / "entry_points.txt").write_text(
        "[shopwright.commands]\ngood = added:app\nmissing = no_such_module:app\nwrong = added:nothing\ndoctor = added:app\n"
    )
    path = os.pathsep.join([str(packages), str(REPOSITORY / ".links")])

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from shopwright.ui.cli import main; main()", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ
            | {"PYTHONPATH": path, "SHOPWRIGHT_DATA_DIR": str(tmp_path / "data"), "LANG": "C.UTF-8"},
            check=False,
        )

    return run


def test_an_added_command_runs(shopwright: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = shopwright("good", "greet", "Ann")
    assert (done.returncode, done.stdout) == (0, "Hello Ann\n")
    assert "Greet somebody" in shopwright("good", "--help").stdout


def test_a_broken_command_disturbs_no_other(
    shopwright: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    listed = shopwright("--help")
    assert listed.returncode == 0
    assert "Added from outside." in listed.stdout
    assert "Not available: ModuleNotFoundError" in listed.stdout
    assert "Traceback" not in listed.stderr
    for name, reason in [("missing", "no_such_module"), ("wrong", "nothing")]:
        done = shopwright(name, "anything", "--at-all")
        assert done.returncode == 1
        assert reason in done.stderr
        assert "the other commands work without it" in done.stderr
        assert "Traceback" not in done.stderr
    assert "no_such_module" in (tmp_path / "data" / "logs" / "shopwright.log").read_text()


def test_added_commands_are_not_loaded_for_others(
    shopwright: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = shopwright("models", "list", "--json")
    assert done.returncode == 0
    assert "loaded" not in done.stderr
    assert "Say what is here" in shopwright("doctor", "--help").stdout


def test_an_unknown_command_is_still_unknown(
    shopwright: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = shopwright("nonsense")
    assert done.returncode == 2
    assert "No such command" in done.stderr
