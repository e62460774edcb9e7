"""`shopwright models` as a person uses it, with a hub on this machine that speaks HTTP as the real one does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFWriter
from safetensors.numpy import save

REPOSITORY = Path(__file__).parents[2]
SMALL = "Acme/Small-7B"
Shopwright = Callable[..., subprocess.CompletedProcess[str]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from shopwright.ui.cli import main; main()", *arguments]


@pytest.fixture
def environment(hub: Any, tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SHOPWRIGHT_", "HF_", "LC_"))}
    return kept | {
        "PYTHONPATH": str(REPOSITORY / ".links"),
        "SHOPWRIGHT_DATA_DIR": str(tmp_path / "data"),
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "hf"),
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def shopwright(environment: dict[str, str]) -> Shopwright:
    """Runs the command in a process of its own."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            timeout=120,
            env=environment | variables,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "downloads" / "models"


def model_files(seed: int = 1) -> dict[str, bytes]:
    """A small model as its repository holds it, with what a pull must leave behind."""
    weights = np.random.default_rng(seed)
    shards = {f"w{i}": f"model-0000{i}-of-00002.safetensors" for i in (1, 2)}
    tensors = {shards[k]: save({k: weights.random((512, 512), dtype=np.float32)}) for k in shards}
    return {
        "README.md": b"# Small",
        "config.json": json.dumps({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}).encode(),
        "tokenizer.json": b'{"version": "1.0"}',
        "model.safetensors.index.json": json.dumps({"weight_map": shards}).encode(),
        "pytorch_model.bin": b"a pickle",
        "modeling_small.py": b"print('never run')",
        **tensors,
    }


@pytest.fixture
def small(hub: Any, hub_repository: Any) -> Any:
    hub.repositories[SMALL] = hub_repository(model_files())
    return hub.repositories[SMALL]


def in_use(shopwright: Shopwright) -> str:
    rows = [json.loads(line) for line in shopwright("models", "list", "--json").stdout.splitlines()]
    return ",".join(row["name"] for row in rows if row["in_use"])


def test_a_model_is_pulled_used_verified_and_listed(shopwright: Shopwright, small: Any, store: Path) -> None:
    done = shopwright("models", "pull", SMALL)
    assert done.returncode == 0, done.stderr
    folder = store / "Acme--Small-7B"
    assert done.stdout.strip() == str(folder)
    assert "model-00002-of-00002.safetensors" in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [n for n in small.files if n.endswith((".json", ".safetensors"))] + ["shopwright-manifest.json"]
    )
    manifest = json.loads((folder / "shopwright-manifest.json").read_text())
    assert (manifest["revision"], manifest["licence"]) == (small.revision, "apache-2.0")
    assert in_use(shopwright) == "qwen2.5-coder-1.5b"
    used = shopwright("models", "use", SMALL)
    assert (used.returncode, used.stdout.split(" (")[0]) == (0, f"In use: {SMALL}")
    assert in_use(shopwright) == SMALL
    listed = shopwright("models", "list")
    assert f"▸ {SMALL}" in listed.stdout
    assert "Apache-2.0" in listed.stdout
    assert "manifest of the pull" in shopwright("models", "verify").stdout
    (folder / "tokenizer.json").write_bytes(small.files["tokenizer.json"][:-1] + b" ")
    bad = shopwright("models", "verify", SMALL)
    assert bad.returncode == 1
    assert "tokenizer.json is damaged" in bad.stderr
    assert f"shopwright models pull {SMALL}" in bad.stderr
    assert shopwright("models", "use", "default").returncode == 0
    assert in_use(shopwright) == "qwen2.5-coder-1.5b"


def test_what_is_damaged_or_new_is_fetched_and_the_rest_is_not(
    shopwright: Shopwright, hub: Any, small: Any, store: Path
) -> None:
    assert shopwright("models", "pull", SMALL).returncode == 0
    hub.sent.clear()
    assert shopwright("models", "pull", SMALL).returncode == 0
    assert hub.sent == []
    shard = store / "Acme--Small-7B" / "model-00001-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-4] + b"flip")
    assert shopwright("models", "pull", SMALL).returncode == 0
    assert hub.sent == [(shard.name, 0)]
    assert shopwright("models", "verify", SMALL).returncode == 0
    hub.sent.clear()
    small.files["config.json"] += b" "
    assert shopwright("models", "pull", SMALL).returncode == 0
    assert hub.sent == [("config.json", 0)]
    assert sorted(p.name for p in store.iterdir()) == ["Acme--Small-7B"]


def test_a_killed_pull_is_not_used_and_goes_on_where_it_stopped(
    shopwright: Shopwright, environment: dict[str, str], hub: Any, small: Any, store: Path
) -> None:
    shard = "model-00002-of-00002.safetensors"
    small.files[shard] = save({"w2": np.ones((4096, 4096), dtype=np.float32)})
    hub.pauses_at = 30_000_000
    part = store / "Acme--Small-7B.partial" / f"{shard}.{small.revision[:12]}.part"
    with subprocess.Popen(
        command("models", "pull", SMALL), env=environment, stderr=subprocess.DEVNULL
    ) as pulling:
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size >= 10_000_000):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        pulling.send_signal(signal.SIGKILL)
    had = part.stat().st_size
    assert 0 < had < len(small.files[shard])
    assert shopwright("models", "use", SMALL).returncode == 1
    hub.sent.clear()
    assert shopwright("models", "pull", SMALL).returncode == 0
    assert hub.sent == [(shard, had)]
    assert shopwright("models", "verify", SMALL).returncode == 0
    assert not part.parent.exists()


def test_a_broken_connection_is_taken_up_again(shopwright: Shopwright, hub: Any, small: Any) -> None:
    hub.breaks_at = 100
    assert shopwright("models", "pull", SMALL).returncode == 0
    assert shopwright("models", "verify", SMALL).returncode == 0


def refusals(hub: Any, repository: Any) -> Iterator[tuple[str, str]]:
    """Repositories that must not be pulled, and what is said."""
    files = model_files()
    yield "Acme/Pickles", "pickles only"
    hub.repositories["Acme/Pickles"] = repository({k: v for k, v in files.items() if "safetensors" not in k})
    yield "Acme/Code", "auto_map"
    config = json.dumps({"auto_map": {"AutoModelForCausalLM": "modeling_small.Small"}}).encode()
    hub.repositories["Acme/Code"] = repository({**files, "config.json": config})
    yield "Acme/Lies", "another hash"
    hub.repositories["Acme/Lies"] = repository(files, lies_about="model-00001-of-00002.safetensors")
    yield "Acme/Gated", "HF_TOKEN"
    hub.repositories["Acme/Gated"] = repository(files, gated=True)
    yield "Acme/Nowhere", "no model Acme/Nowhere"
    yield "Acme/Cut", "is cut short"
    name = "model-00001-of-00002.safetensors"
    hub.repositories["Acme/Cut"] = repository({**files, name: files[name][:-8]})


def test_what_must_not_be_pulled_is_refused_in_a_sentence(
    shopwright: Shopwright, hub: Any, hub_repository: Any, store: Path
) -> None:
    for name, words in list(refusals(hub, hub_repository)):
        done = shopwright("models", "pull", name)
        assert done.returncode == 1, name
        assert words in done.stderr, done.stderr
        assert done.stdout == ""
        assert shopwright("models", "use", name).returncode == 1
    sent = {name for name, _ in hub.sent}
    assert not sent & {"pytorch_model.bin", "modeling_small.py"}
    assert not list(store.glob("Acme--*[!l]/shopwright-manifest.json"))


def test_without_a_hub_a_folder_is_the_way(shopwright: Shopwright, tmp_path: Path) -> None:
    done = shopwright("models", "pull", "qwen3-4b", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert "shopwright models use PATH" in done.stderr
    offline = shopwright("models", "pull", "qwen3-4b", HF_HUB_OFFLINE="1")
    assert (offline.returncode, "shopwright models use PATH" in offline.stderr) == (1, True)
    folder = tmp_path / "brought"
    folder.mkdir()
    for name, data in model_files().items():
        if not name.endswith((".bin", ".py")):
            (folder / name).write_bytes(data)
    used = shopwright("models", "use", str(folder))
    assert used.returncode == 0, used.stderr
    assert in_use(shopwright) == ""
    assert "headers only" in shopwright("models", "verify").stdout


def test_a_gguf_of_several_is_pulled(
    shopwright: Shopwright, hub: Any, hub_repository: Any, tmp_path: Path, store: Path
) -> None:
    writer = GGUFWriter(tmp_path / "m.gguf", "qwen2")
    writer.add_tensor("token_embd.weight", np.ones((64, 256), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    data = (tmp_path / "m.gguf").read_bytes()
    hub.repositories["Acme/Files-GGUF"] = hub_repository({"a-q8_0.gguf": data, "a-q2_k.gguf": data})
    done = shopwright("models", "pull", "Acme/Files-GGUF")
    assert done.returncode == 1
    assert "a-q2_k.gguf, a-q8_0.gguf" in done.stderr
    assert shopwright("models", "pull", "Acme/Files-GGUF", "--file", "a-q8_0.gguf").returncode == 0
    used = shopwright("models", "use", "Acme/Files-GGUF")
    assert str(store / "Acme--Files-GGUF" / "a-q8_0.gguf") in used.stdout
    assert in_use(shopwright) == "Acme/Files-GGUF"
    assert shopwright("models", "verify").returncode == 0


def test_settings_that_win_are_named(shopwright: Shopwright, small: Any) -> None:
    shopwright("models", "pull", SMALL)
    used = shopwright("models", "use", SMALL, SHOPWRIGHT_MODEL="Acme/Other", SHOPWRIGHT_ENGINE="nf4")
    assert used.returncode == 0
    assert "SHOPWRIGHT_ENGINE, SHOPWRIGHT_MODEL is set and wins" in used.stderr
    listed = shopwright("models", "list", SHOPWRIGHT_ENGINE="remote", SHOPWRIGHT_REMOTE_MODEL="m")
    assert "in use: m with the remote engine" in listed.stderr
    assert "SHOPWRIGHT_ENGINE" in listed.stderr
    assert shopwright("models", "verify", SHOPWRIGHT_ENGINE="remote").returncode == 0


def test_the_doctor_names_the_model_in_use(shopwright: Shopwright, small: Any, store: Path) -> None:
    def checks(**variables: str) -> dict[str, Any]:
        lines = shopwright("doctor", "--json", **variables).stdout.splitlines()
        return {check["key"]: check for check in map(json.loads, lines)}

    assert checks()["engine"]["found"].endswith(": qwen2.5-coder-1.5b")
    assert checks()["model"]["status"] == "missing"
    shopwright("models", "pull", SMALL)
    shopwright("models", "use", SMALL)
    assert checks()["engine"]["found"].startswith(f"nf4: {SMALL}")
    assert checks()["engine"]["status"] in ("ok", "warn")
    assert checks()["model"]["status"] == "warn"
    (store / "Acme--Small-7B").rename(store / "away")
    assert "use default" in checks()["engine"]["found"]
    gone = checks(SHOPWRIGHT_MODEL_PATH="./away.gguf")["engine"]
    assert (gone["status"], "nothing at away.gguf" in gone["found"]) == ("missing", True)


def test_what_is_not_here_says_how_to_get_it(shopwright: Shopwright) -> None:
    for arguments, words in [
        (["use", "qwen2.5-7b"], "models pull qwen2.5-7b"),
        (["verify"], "models pull qwen2.5-coder-1.5b"),
        (["use", "./nothing.gguf"], "nothing at ./nothing.gguf"),
        (["use", "nonsense"], "models list"),
        (["pull", "nonsense"], "models list"),
    ]:
        done = shopwright("models", *arguments)
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
