"""deploy/ agrees with the settings, and its key check keeps strangers out."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from shopwright.agent.engines.base import EngineError
from shopwright.agent.engines.remote import RemoteEngine
from shopwright.knowledge.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIGS = sorted(DEPLOY.glob("*.yaml"))
KEY = "a-key-of-more-than-sixteen-characters"
BEHIND_A_KEY = """
import json, socket, sys
sys.path.insert(0, sys.argv[1])
import uvicorn
from ray_app import RequireKey

async def answer(scope, receive, send):
    if scope["type"] != "http":
        return
    chunk = {"choices": [{"index": 0, "delta": {"content": "Good day."}, "finish_reason": "stop"}]}
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": f"data: {json.dumps(chunk)}\\n\\n".encode()})

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(RequireKey(answer, key=sys.argv[2]), lifespan="off", log_level="error")
uvicorn.Server(config).run(sockets=[listener])
"""


def environment() -> dict[str, str]:
    lines = (DEPLOY / "shopwright.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_every_variable_is_a_setting() -> None:
    texts = [path.read_text() for path in DEPLOY.iterdir() if path.is_file()]
    named = set(re.findall(r"\bSHOPWRIGHT_(\w+)", " ".join(texts)))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    assert "SHOPWRIGHT_REMOTE_API_KEY" not in environment()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_configuration_agrees_with_the_settings(path: Path, settings: Settings) -> None:
    config = yaml.safe_load(path.read_text())
    http, (application,) = config["http_options"], config["applications"]
    url = urlsplit(settings.remote_url)
    assert http["host"] == url.hostname == "127.0.0.1"
    assert http["port"] == url.port
    assert url.path == f"{application['route_prefix'].rstrip('/')}/v1"
    assert settings.engine == "remote"
    assert http["request_timeout_s"] > settings.remote_timeout_seconds
    (model,) = application["args"]["llm_configs"]
    assert model["model_loading_config"]["model_id"] == settings.remote_model
    assert model["engine_kwargs"]["enable_auto_tool_choice"] is True
    assert model["engine_kwargs"]["trust_remote_code"] is False
    scaling = model["deployment_config"]["autoscaling_config"]
    assert 1 <= scaling["min_replicas"] <= scaling["max_replicas"]
    assert scaling["target_ongoing_requests"] <= model["deployment_config"]["max_ongoing_requests"]


def test_the_application_is_where_the_configurations_say() -> None:
    targets = {yaml.safe_load(path.read_text())["applications"][0]["import_path"] for path in CONFIGS}
    assert len(CONFIGS) == 2
    assert targets == {"ray_app:build"}
    assert re.search(r"^def build\(", (DEPLOY / "ray_app.py").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEHIND_A_KEY, str(DEPLOY), KEY], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()


def answer_with(port: int, key: str) -> str:
    engine: Any = RemoteEngine(f"http://127.0.0.1:{port}/v1", "m", SecretStr(key), 10)
    return "".join(chunk.text for chunk in engine.stream([HumanMessage("Hello")]))


def test_the_right_key_is_let_in(port: int) -> None:
    assert answer_with(port, KEY) == "Good day."


@pytest.mark.parametrize("key", ["", "wrong", f"{KEY}x", KEY[:-1]])
def test_any_other_key_is_kept_out(port: int, key: str) -> None:
    with pytest.raises(EngineError, match="refused the API key"):
        answer_with(port, key)
