"""The command as a person or a program uses it: exit codes, what stands on stdout, what on stderr."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.users import Users
from shopwright.ui.cli import app
from shopwright.ui.cli_output import run_guarded

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [n for n in os.environ if n.startswith(("SHOPWRIGHT_", "LC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SHOPWRIGHT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def run(*arguments: str) -> int:
    return run_guarded(lambda: app(args=list(arguments)))


def shopwright(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    code = "from shopwright.ui.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / ".links")},
        check=False,
    )


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    started = time.perf_counter()
    assert shopwright("--help").returncode == 0
    assert time.perf_counter() - started < 2.5  # 0.4 s on an idle machine
    heavy = ("gradio", "fastapi", "chromadb", "sqlalchemy", "langchain_core", "pandas", "numpy", "pydantic")
    code = f"import sys, shopwright.ui.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    commands = re.findall(r"^│ ([a-z-]+) ", capsys.readouterr().out, re.MULTILINE)
    assert {"init", "import", "fit", "serve", "chat", "search", "doctor", "users", "reviews"} <= set(commands)
    for command in commands:
        assert run(command, "--help") == 0
        assert len(capsys.readouterr().out) > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["search"], "QUERY or --file"),
        (["search", "milk", "--k", "0"], "greater than"),
        (["serve", "--port", "70000"], "less than"),
        (["chat", "--once", "hi", "--customer", "x"], "integer"),
    ],
)
def test_wrong_use_is_code_two(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert words in re.sub(r"[\s│]+", " ", captured.err)
    assert captured.out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "milk"],
        ["search", "--file", "queries.jsonl"],
        ["chat", "--once", "hello"],
        ["chat", "--file", "requests.jsonl"],
        ["serve", "--no-open"],
    ],
)
def test_without_a_shop_the_remedy_is_said(
    arguments: list[str], capsys: pytest.CaptureFixture[str], data_dir: Path
) -> None:
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    assert "shopwright init --demo" in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not (data_dir / "shop.db").exists()


@pytest.mark.parametrize("command", [["users", "list"], ["init"], ["search", "milk"], ["serve", "--no-open"]])
def test_an_unreachable_database_is_said(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(
        "SHOPWRIGHT_DATABASE_URL", "postgresql+psycopg://a:secret@127.0.0.1:1/x?connect_timeout=2"
    )
    assert run(*command) == 1
    said = capsys.readouterr().err
    assert "SHOPWRIGHT_DATABASE_URL is right" in said
    assert "secret" not in said


def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOPWRIGHT_PORT", "many")
    assert run("doctor") == 2
    assert "SHOPWRIGHT_PORT" in capsys.readouterr().err


def test_chinese_terminals_get_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert run("doctor") == 1
    assert "数据库" in capsys.readouterr().out


def test_an_unforeseen_failure_is_logged_under_the_id_that_is_shown(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shopwright.ui.cli_output import load_settings

    def fail() -> None:
        load_settings()
        raise TypeError("a slip of ours")

    assert run_guarded(fail) == 1
    said = capsys.readouterr().err
    assert "a slip of ours" not in said
    number = re.search(r"logged as (\w{8})", said)
    assert number is not None
    log = (data_dir / "logs" / "shopwright.log").read_text()
    assert number[1] in log
    assert "a slip of ours" in log


def test_chat_refuses_who_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in [
        (["--role", "admin"], "marketer or shopper"),
        (["--customer", "7"], "role shopper only"),
        (["--language", "fr"], "en or zh"),
    ]:
        assert run("chat", "--once", "hi", *arguments) == 1
        assert words in capsys.readouterr().err


def test_users_are_added_listed_disabled_and_change_passwords(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("users", "add", "Ann") == 0
    password = capsys.readouterr().out.strip()
    engine = open_database(f"sqlite:///{data_dir / 'shop.db'}")
    assert Users(engine).verify("ann", password) is not None
    assert run("users", "add", "ann") == 1
    assert "already" in capsys.readouterr().err
    assert run("users", "disable", "ann") == 0
    assert run("users", "list", "--json") == 0
    [listed] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (listed["username"], listed["disabled"]) == ("ann", True)
    assert "password" not in json.dumps(listed)
    assert run("users", "password", "zoe") == 1
    assert "'zoe'" in capsys.readouterr().err
    engine.dispose()


def test_a_password_can_come_on_stdin(data_dir: Path) -> None:
    done = shopwright("users", "add", "ann", "--password-stdin", stdin="a password of mine\n")
    assert (done.returncode, done.stdout) == (0, "")
    engine = open_database(f"sqlite:///{data_dir / 'shop.db'}")
    assert Users(engine).verify("ann", "a password of mine") is not None
    engine.dispose()
    assert shopwright("users", "add", "bob", "--password-stdin").returncode == 2


def test_the_visitor_secret_stays_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("visitor-secret") == 0
    first = capsys.readouterr().out
    assert len(first.strip()) == 64
    assert run("visitor-secret") == 0
    assert capsys.readouterr().out == first


def test_notices_name_the_model_and_every_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("notices") == 0
    text = capsys.readouterr().out
    for name in (
        "Qwen2.5-Coder",
        "Universal Sentence Encoder",
        "Complete Journey",
        "SnowNLP",
        "vaderSentiment",
    ):
        assert name in text


def test_a_busy_port_is_said_before_anything_is_loaded(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shopwright.ui.cli_output import RefusedError
    from shopwright.ui.cli_serve import listening

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RefusedError, match="--port 0"):
            listening("127.0.0.1", other.getsockname()[1])
    with pytest.raises(RefusedError, match="no address"):
        listening("no.such.host.invalid", 0)


def test_what_native_code_prints_does_not_reach_the_data() -> None:
    code = (
        "import os; from shopwright.ui.cli_output import claim_stdout, emit_json\n"
        "claim_stdout(); os.write(1, b'noise from a library'); emit_json({'数据': '\\ud83d'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"数据": "?"}
    assert "noise" in done.stderr


def test_a_reader_that_leaves_ends_the_command_quietly() -> None:
    code = (
        "import sys; from shopwright.ui.cli_output import emit, run_guarded\n"
        "sys.exit(run_guarded(lambda: [emit('x' * 1000) for _ in range(10_000)]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert "Traceback" not in process.stderr.read()


def test_init_makes_the_tables(data_dir: Path) -> None:
    engine = open_database(f"sqlite:///{data_dir / 'shop.db'}")
    migrate(engine)
    assert Users(engine).count() == 0
    engine.dispose()
