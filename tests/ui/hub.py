"""A hub on this machine: the few endpoints that pulling a model asks, over real HTTP."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = 20_000
"""Files above this many bytes are kept as large files, whose SHA-256 the hub tells."""


@dataclass
class Repository:
    """A model on the hub: its files, and how it behaves."""

    files: dict[str, bytes]
    licence: str = "apache-2.0"
    gated: bool = False
    lies_about: str = ""
    """A file that is served with other bytes than its hash says."""

    @property
    def revision(self) -> str:
        digest = hashlib.sha1(usedforsecurity=False)
        for name, data in sorted(self.files.items()):
            digest.update(name.encode() + data)
        return digest.hexdigest()

    def siblings(self) -> list[dict[str, Any]]:
        return [_sibling(name, data) for name, data in self.files.items()]


def _sibling(name: str, data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": _blob(data)}
    if len(data) > LARGE:
        told["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
    return told


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@dataclass
class Hub:
    """The running hub. `sent` notes (file, first byte).

    One answer ends after `breaks_at` bytes; one that is longer than `pauses_at` bytes says no more after these.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    sent: list[tuple[str, int]] = field(default_factory=list)
    breaks_at: int = 0
    pauses_at: int = 0
    url: str = ""


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Serve a hub on a free port."""
    hub = Hub()

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        asked = re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)", self.path.partition("?")[0])
        if asked is None:
            self._file(body=True)
            return
        repository = self.hub.repositories.get(asked[1])
        if repository is None:
            self._refuse(401, "RepoNotFound")
        elif repository.gated:
            self._refuse(403, "GatedRepo")
        else:
            self._json(
                {
                    "id": asked[1],
                    "modelId": asked[1],
                    "sha": repository.revision,
                    "siblings": repository.siblings(),
                    "cardData": {"license": repository.licence},
                }
            )

    def _json(self, value: dict[str, Any]) -> None:
        payload = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self, *, body: bool) -> None:
        asked = re.fullmatch(r"/([\w.-]+/[\w.-]+)/resolve/(\w+)/([^?]+)", self.path)
        repository = self.hub.repositories.get(asked[1]) if asked else None
        if asked is None or repository is None or asked[2] != repository.revision:
            self._refuse(404, "EntryNotFound")
            return
        name, data = asked[3], repository.files[asked[3]]
        if repository.lies_about == name:
            data = data[:-1] + bytes([data[-1] ^ 1])
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(wanted[1]) if wanted else 0
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("ETag", f'"{_blob(data)}"')
        self.send_header("X-Repo-Commit", repository.revision)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        if body:
            self.hub.sent.append((name, first))
            self._send(data[first:])

    def _send(self, data: bytes) -> None:
        breaks, self.hub.breaks_at = self.hub.breaks_at, 0
        pauses = self.hub.pauses_at if 0 < self.hub.pauses_at < len(data) else 0
        cut = breaks or pauses
        with suppress(ConnectionError):
            self.wfile.write(data[:cut] if cut else data)
        if pauses:
            self.hub.pauses_at = 0
            time.sleep(5)
        if cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""
