"""What goes wrong under a conversation: a clear sentence each time, the conversation intact, the next turn answered."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import SecretStr
from scripted import ScriptedEngine
from sqlmodel import Session
from tiny import tiny_model

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import Engine
from shopwright.agent.engines.fallback import FallbackEngine
from shopwright.agent.engines.gguf import GgufChatModel
from shopwright.agent.engines.in_process import InProcessEngine
from shopwright.agent.engines.nf4 import Nf4ChatModel
from shopwright.agent.engines.remote import RemoteEngine
from shopwright.agent.turn import Answer, Request, TextDelta
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.fetch_sources import QWEN
from shopwright.knowledge.index import build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Product
from shopwright.knowledge.vectors import open_index

SERVER = Path(__file__).parent / "scripted_server.py"
OWNER = """
import sys
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.vectors import open_index
assert open_index(Settings(data_dir=sys.argv[1]).index_dir).own()
print("owned", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(Settings(data_dir=tmp_path / "data"))
    migrate(shop.engine)
    load_documents(shop.engine)
    with Session(shop.engine) as session:
        names = {"department": "GROCERY", "category": "BREAD", "product_type": "BREAD"}
        session.add(Product(id=11, name="Rye bread", price=2.5, **names))
        session.commit()
    build_index(shop, lambda step, done, total: None)
    open_index(shop.settings.index_dir).close()
    return shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def ask(assistant: Assistant, text: str, conversation: str = "", role: Any = "marketer") -> Answer:
    answer = list(assistant.stream(Request(role=role, actor="mei", text=text, conversation=conversation)))[-1]
    assert isinstance(answer, Answer)
    return answer


def texts(assistant: Assistant, conversation: str) -> list[tuple[str, str]]:
    """The conversation as it is stored."""
    kept = assistant.conversations.messages(conversation, role="marketer", actor="mei")
    return [(message.role, message.text) for message in kept]


def a_server(port: int = 0) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, str(SERVER), str(port)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def tell(port: int, *requests: list[Any]) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/script", json.dumps(requests).encode(), timeout=10):
        pass


def test_a_model_server_killed_in_the_middle_of_an_answer(shop: Shop) -> None:
    process, port = a_server()
    tell(port, [["role"], ["text", "Bread is "], ["text", "baked "], ["wait", 0.3], ["die"]])
    engine = RemoteEngine(f"http://127.0.0.1:{port}/v1", "some-model", SecretStr("k"), 5.0, retries=0)
    assistant = Assistant(shop, engine)
    broken = ask(assistant, "What is bread?")
    process.wait(timeout=10)
    assert broken.text.startswith("Bread is baked")
    assert f"127.0.0.1:{port}" in broken.text
    assert broken.error_id
    again, _ = a_server(port)
    try:
        answer = ask(assistant, "And now?", broken.conversation)
        assert answer.text.strip() == "Good day."
        assert not answer.error_id
        assert [text for _, text in texts(assistant, broken.conversation)] == [
            "What is bread?",
            broken.text,
            "And now?",
            answer.text,
        ]
    finally:
        again.kill()
        again.wait()


@pytest.mark.model
def test_a_damaged_model_file_that_is_then_replaced(shop: Shop, tmp_path: Path) -> None:
    settings = Settings()
    real = settings.model_path or settings.downloads / QWEN.name
    if not real.exists():
        pytest.skip(f"the embedded model is not at {real}: run `shopwright init --demo` first")
    path = tmp_path / "model.gguf"
    with real.open("rb") as file:
        path.write_bytes(file.read(1_000_000))
    model = GgufChatModel(model_path=path, context=4096, slots=1)
    assistant = Assistant(shop, InProcessEngine(model))
    broken = ask(assistant, "Hello", role="shopper")
    assert "model.gguf" in broken.text
    assert "could not be loaded" in broken.text
    path.unlink()
    path.symlink_to(real)
    answer = ask(assistant, "Hello", role="shopper")
    assert answer.text
    assert not answer.error_id
    assistant.close()


@pytest.fixture
def in_four_bits(folder: Path) -> Iterator[Callable[..., Nf4ChatModel]]:
    """Opens the tiny model; its context holds the assistant's prompts."""
    models = []

    def opener(**options: Any) -> Nf4ChatModel:
        model = Nf4ChatModel(source=str(folder), device="cpu", **{"context": 16384, "slots": 2, **options})
        models.append(model)
        return model

    yield opener
    for model in models:
        model.close()


def test_stop_in_the_middle_of_an_answer(shop: Shop) -> None:
    assistant = Assistant(shop, ScriptedEngine([("say", "one two three four five"), ("say", "next")]))
    stop = threading.Event()
    events = []
    for event in assistant.stream(Request(role="marketer", actor="mei", text="Count"), stop=stop):
        events.append(event)
        if isinstance(event, TextDelta):
            stop.set()
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.stopped
    assert answer.text.startswith("one")
    assert "five" not in answer.text
    assert ask(assistant, "Go on", answer.conversation).text.strip() == "next"
    assert len(texts(assistant, answer.conversation)) == 4


def test_a_context_too_small_for_the_tools(shop: Shop, in_four_bits: Callable[..., Nf4ChatModel]) -> None:
    assistant = Assistant(shop, InProcessEngine(in_four_bits(context=1024)))
    answer = ask(assistant, "Hello there")
    assert "SHOPWRIGHT_MODEL_CONTEXT" in answer.text
    chinese = ask(assistant, "你好", answer.conversation)
    assert "SHOPWRIGHT_MODEL_CONTEXT设大" in chinese.text
    assert len(texts(assistant, answer.conversation)) == 4


@pytest.mark.parametrize("places", [1, 0])
def test_out_of_memory_in_the_middle_of_a_conversation(
    shop: Shop, in_four_bits: Callable[..., Nf4ChatModel], places: int
) -> None:
    """With room for fewer conversations the engine goes on by itself; with none another one takes over."""
    model = in_four_bits()
    model.load()
    memory = {"places": 2}

    def hook(network: Any, args: Any, kwargs: Any) -> None:
        if kwargs["past_key_values"].slots > memory["places"]:
            raise torch.OutOfMemoryError("out of memory")

    model._weights.model.register_forward_pre_hook(hook, with_kwargs=True)
    spare: Engine = ScriptedEngine([("say", "from the CPU")] * 2)
    assistant = Assistant(shop, FallbackEngine(InProcessEngine(model), model, lambda: spare))
    first = ask(assistant, "Hello")
    assert not first.error_id, first.text
    memory["places"] = places
    second = ask(assistant, "Hello again", first.conversation)
    assert not second.error_id, second.text
    if places:
        assert second.notices == []
        assert second.engine.startswith("nf4:")
    else:
        assert second.text.strip() == "from the CPU"
        assert "memory ran out" in second.notices[0]
        assert second.engine == "scripted"
    third = ask(assistant, "And again", first.conversation)
    assert not third.error_id
    assert len(texts(assistant, first.conversation)) == 6


def test_two_processes_on_one_data_folder(shop: Shop) -> None:
    """While another process owns the index, this one answers from what was saved."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(shop.settings.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    try:
        assert owner.stdout.readline().strip() == "owned"
        assistant = Assistant(
            shop, ScriptedEngine([("call", "find_products", {"query": "bread"}), ("say", "Here.")] * 2)
        )
        assistant.warm()
        answer = ask(assistant, "Do you have bread?", role="shopper")
        assert "Rye bread" in answer.text + str(answer.steps)
        assert not answer.error_id
    finally:
        owner.communicate("")
    assert not ask(assistant, "Do you have rye bread?", role="shopper").error_id
