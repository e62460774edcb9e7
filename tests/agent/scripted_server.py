"""A model server that does what it is told, well or badly: a real process, real HTTP, no model.

`POST /script` sets what the next requests get, one list of actions each; `GET /log` tells what was asked.
Actions: ["status", code, body, headers], ["role"], ["text", t], ["call", name, arguments], ["arguments", t],
["finish", reason], ["usage", {...}], ["event", {...}], ["raw", t], ["done"], ["wait", seconds], ["end"] (close
in good order), ["cut"] (reset the connection), ["die"] (the process), ["bytes", n] (send n bytes at a time).
"""

import json
import os
import select
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = [["role"], ["text", "Good "], ["text", "day."], ["finish", "stop"], ["done"]]
script: list[list[Any]] = []
asked: list[dict[str, Any]] = []
lock = threading.Lock()


class GoneError(Exception):
    """The client closed its connection."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """No log on the terminal."""

    def do_GET(self) -> None:
        self.plain(200, asked)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/script":
            with lock:
                script[:] = body
                asked.clear()
            self.plain(200, {})
            return
        entry = {"path": self.path, "body": body, "headers": dict(self.headers), "gone": False}
        with lock:
            asked.append(entry)
            actions = script.pop(0) if script else GOOD
        self.streaming, self.step = False, 0
        try:
            for action, *values in actions:
                getattr(self, f"act_{action}")(*values)
            if self.streaming:
                self.write(b"0\r\n\r\n")
        except (GoneError, OSError):
            entry["gone"] = True
            self.close_connection = True

    def plain(self, code: int, body: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    act_status = plain

    def write(self, data: bytes) -> None:
        for start in range(0, len(data), self.step or len(data)):
            self.wfile.write(data[start : start + (self.step or len(data))])
            self.wfile.flush()

    def act_raw(self, text: str) -> None:
        if not self.streaming:
            self.streaming = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
        data = text.encode("utf-8", "surrogatepass")
        size = self.step or len(data)
        for start in range(0, len(data), size):
            part = data[start : start + size]
            self.write(b"%x\r\n%s\r\n" % (len(part), part))

    def act_event(self, event: dict[str, Any], *, escaped: bool = False) -> None:
        self.act_raw(f"data: {json.dumps(event, ensure_ascii=escaped)}\n\n")

    def delta(self, delta: dict[str, Any], reason: str | None = None, *, escaped: bool = False) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
        self.act_event(chunk, escaped=escaped)

    def act_role(self) -> None:
        self.delta({"role": "assistant", "content": None})

    def act_text(self, text: str) -> None:
        self.delta({"content": text})

    def act_escaped(self, text: str) -> None:
        self.delta({"content": text}, escaped=True)

    def act_call(self, name: str, arguments: str, index: int = 0) -> None:
        function = {"name": name, "arguments": arguments}
        self.delta({"tool_calls": [{"index": index, "id": "x", "type": "function", "function": function}]})

    def act_arguments(self, text: str, index: int = 0) -> None:
        self.delta({"tool_calls": [{"index": index, "function": {"arguments": text}}]})

    def act_finish(self, reason: str) -> None:
        self.delta({}, reason)

    def act_usage(self, usage: dict[str, Any]) -> None:
        self.act_event(
            {
                "id": "c",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": "m",
                "choices": [],
                "usage": usage,
            }
        )

    def act_done(self) -> None:
        self.act_raw("data: [DONE]\n\n")

    def act_bytes(self, size: int) -> None:
        self.step = size

    def act_wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([self.connection], [], [], 0.02)[0]:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    raise GoneError
                time.sleep(0.02)

    def act_end(self) -> None:
        self.close_connection = True
        self.write(b"0\r\n\r\n")
        self.streaming = False

    def act_cut(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise GoneError

    def act_die(self) -> None:
        os._exit(1)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that broke is what was asked for."""


server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
sys.stdout.write(f"{server.server_address[1]}\n")
sys.stdout.flush()
server.serve_forever()
