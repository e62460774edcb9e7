"""`chat` from outside: the real assistant and a scripted model server, in the terminal and over files."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from shopwright.agent.turn import Answer
from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.database import migrate, open_database
from shopwright.knowledge.tables import Customer, Order, Product
from shopwright.tools.base import Table
from shopwright.ui.cli_chat import Asker, as_line
from shopwright.ui.cli_transcript import Transcript, show_views

REPOSITORY = Path(__file__).parents[2]


class ScriptedModel(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that greets, and slowly when asked to."""

    slowly = threading.Event()

    def do_POST(self) -> None:
        """Stream one completion."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = str(asked["messages"][-1]["content"])
        if "slowly" in last:
            self.slowly.set()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        pause = 0.1 if "slowly" in last else 0.0
        with suppress(BrokenPipeError, ConnectionResetError):  # a stopped answer hangs up
            for word in ["Hello", " there", *(" and hello" for _ in range(200 if pause else 1)), "."]:
                self._send({"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}}]})
                time.sleep(pause)
            self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, chunk: dict[str, Any]) -> None:
        whole = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **chunk}
        self.wfile.write(f"data: {json.dumps(whole)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ScriptedModel)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


@pytest.fixture
def environment(tmp_path: Path, model_url: str) -> dict[str, str]:
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(engine)
    with Session(engine) as session:
        session.add(Product(id=1, name="Milk", department="GROCERY", category="MILK", product_type="MILK"))
        session.add(Customer(id=7))
        session.flush()
        session.add(Order(id=70, customer_id=7, ordered_at=datetime(2026, 1, 2, 10), total=3.5))
        session.commit()
    engine.dispose()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SHOPWRIGHT_", "LC_"))}
    return clean | {
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(REPOSITORY / ".links"),
        "SHOPWRIGHT_DATA_DIR": str(tmp_path),
        "SHOPWRIGHT_ENGINE": "remote",
        "SHOPWRIGHT_REMOTE_URL": model_url,
        "SHOPWRIGHT_REMOTE_MODEL": "scripted",
    }


COMMAND = [sys.executable, "-c", "from shopwright.ui.cli import main; main()", "chat"]


def chat(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_once_prints_the_answer_and_nothing_else_on_stdout(environment: dict[str, str]) -> None:
    done = chat(environment, "--once", "hello")
    assert (done.returncode, done.stdout) == (0, "Hello there and hello.\n"), done.stderr
    whole = json.loads(chat(environment, "--once", "hello", "--json").stdout)
    assert whole["text"] == "Hello there and hello."
    assert {"steps", "evidence", "usage", "timings", "conversation", "language"} <= set(whole)


def test_a_file_is_answered_line_by_line_and_bad_lines_say_why(
    environment: dict[str, str], tmp_path: Path
) -> None:
    requests = [
        json.dumps({"id": "a", "role": "marketer", "text": "hello"}),
        "",
        "not json",
        json.dumps({"id": 4, "role": "admin", "text": "hello"}),
        json.dumps({"id": "e", "role": "shopper", "customer_id": "7", "text": "hello"}),
        json.dumps({"id": "f", "role": "marketer", "customer_id": 7, "text": "hello"}),
        json.dumps({"id": "g", "role": "marketer"}),
        json.dumps({"role": "marketer", "text": "hello"}),
        json.dumps(["a list"]),
        json.dumps({"id": "j", "role": "shopper", "text": "hello", "customer_id": 7, "language": "en"}),
        json.dumps({"id": "k", "role": "marketer", "text": "你好", "language": "fr"}),
        '{"id": "l", "role": "marketer", "text": "half \\ud83d"}',
    ]
    done = chat(environment, "--file", "-", stdin="\n".join(requests))
    assert done.returncode == 1
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["id"] for r in results] == ["a", None, 4, "e", "f", "g", None, None, "j", "k", "l"]
    errors = {r["error"].split(":")[0] for r in results if "error" in r}
    assert errors == {f"Line {n}" for n in (3, 4, 5, 6, 7, 8, 9, 11)}, errors
    assert list(results[0]) == ["id", "text", "steps", "evidence", "usage", "timings"]
    assert results[0]["text"] == results[8]["text"] == "Hello there and hello."
    assert "Traceback" not in done.stderr
    engine = open_database(f"sqlite:///{tmp_path / 'shop.db'}")
    assert Conversations(engine).count() == 3, "each answered line is a conversation of its own"
    engine.dispose()


def test_odd_requests_get_an_answer(environment: dict[str, str]) -> None:
    odd = ["", "   ", "x" * 20_000, "😀😀", "\x07\x1b[31m", "مرحبا", "\u202e\ufeff"]
    requests = [json.dumps({"id": n, "role": "marketer", "text": text}) for n, text in enumerate(odd)]
    done = chat(environment, "--file", "-", stdin="\n".join(requests))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    answers = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert len(answers) == len(odd)
    assert all(answers)


def test_the_first_interrupt_stops_the_answer(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "--once", "speak slowly", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert ScriptedModel.slowly.wait(timeout=60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    answer = json.loads(out)
    assert answer["stopped"]
    assert len(answer["text"]) < 1500


def test_a_conversation_in_a_terminal(environment: dict[str, str]) -> None:
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        COMMAND, env=environment | {"TERM": "dumb"}, stdin=terminal, stdout=terminal, stderr=terminal
    ) as process:
        os.close(terminal)
        seen = read_until(controller, "> ")
        os.write(controller, b"hello\n")
        seen += read_until(controller, "hello.")
        os.write(controller, b"/new\n")
        seen += read_until(controller, "> ")
        os.write(controller, b"\x04")
        assert process.wait(timeout=30) == 0
    os.close(controller)
    assert "Ctrl-C stops an answer" in seen
    assert "Hello there" in seen


def read_until(descriptor: int, words: str) -> str:
    seen = ""
    while words not in seen:
        seen += os.read(descriptor, 4096).decode("utf-8", "replace")
    return seen


def test_without_a_terminal_an_interactive_chat_says_what_to_use(environment: dict[str, str]) -> None:
    done = chat(environment)
    assert done.returncode == 2
    assert "--once" in done.stderr


def test_askers_are_who_they_may_be() -> None:
    assert Asker.checked("shopper", 7, "zh").request("x").actor == "@terminal:7"
    for wrong in [
        ("admin", None, None),
        ("marketer", 7, None),
        ("shopper", True, None),
        ("shopper", 7, "fr"),
    ]:
        with pytest.raises(ValueError, match=r"must be|only"):
            Asker.checked(*wrong)


def test_notices_stand_beside_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    answer = Answer(text="42", language="en", conversation="c", notices=["Earlier turns were left out."])
    Transcript(streaming=False).show(answer)
    captured = capsys.readouterr()
    assert captured.out == "42\n"
    assert "Earlier turns were left out." in captured.err
    assert as_line("r1", answer)["notices"] == answer.notices
    assert "notices" not in as_line("r1", answer.model_copy(update={"notices": []}))


def test_tables_are_drawn_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show_views([Table(title="Ages", columns=["band", "customers"], rows=[["19-24", 1234], ["65+", None]])])
    shown = capsys.readouterr().err
    assert "1,234" in shown
    assert "Ages" in shown
