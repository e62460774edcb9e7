"""Turns as traces: to a file and to a real collector over HTTP; without text by default; never in a turn's way."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scripted import ScriptedEngine
from sqlmodel import Session

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import EngineError
from shopwright.agent.local import open_assistant
from shopwright.agent.trace_attributes import model_name
from shopwright.agent.trace_sinks import TracingError, traces_url
from shopwright.agent.tracing import WAITING_TURNS, open_tracer
from shopwright.agent.turn import Answer, Request
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.index import build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import Product

Spans = list[dict[str, Any]]
HAND_OVER = ("call", "hand_to_person", {"reason": "wants a person"})
COPY = ("call", "write_copy", {"product": "milk"})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(Settings(data_dir=tmp_path / "data"))
    migrate(shop.engine)
    load_documents(shop.engine)
    with Session(shop.engine) as session:
        names = {"department": "GROCERY", "category": "MILK", "product_type": "FLUID MILK WHITE ONLY"}
        session.add(Product(id=11, name="Whole Milk, 1 gal", price=2.99, **names))
        session.commit()
    build_index(shop, lambda step, done, total: None)
    return shop


def ask(assistant: Assistant, text: str, role: Any = "shopper", **more: Any) -> Answer:
    request = Request(role=role, actor="visitor-secret", text=text, **more)
    *_, answer = assistant.stream(request)
    assert isinstance(answer, Answer)
    return answer


def traced(shop: Shop, target: str, *lines: Any, text: bool = False) -> Assistant:
    return Assistant(shop, ScriptedEngine(list(lines)), tracer=open_tracer(target, text=text))


def spans_in(file: Path) -> list[Spans]:
    """The spans of each line."""
    requests = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        [span for r in request["resourceSpans"] for scope in r["scopeSpans"] for span in scope["spans"]]
        for request in requests
    ]


def of(span: dict[str, Any]) -> dict[str, Any]:
    """A span's attributes, numbers as numbers."""
    plain: dict[str, Callable[[Any], Any]] = {"intValue": int, "stringValue": str}
    return {
        pair["key"]: plain[kind](value)
        for pair in span["attributes"]
        for kind, value in pair["value"].items()
    }


def by_kind(spans: Spans) -> dict[str, Spans]:
    found: dict[str, Spans] = {}
    for span in spans:
        found.setdefault(of(span)["openinference.span.kind"], []).append(span)
    return found


def test_a_turn_is_one_line_of_a_file_with_all_its_parts(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "traces" / "turns.jsonl"
    before = time.time()
    assistant = traced(shop, str(file), COPY, ("say", "Fresh milk for $2.99 today."), text=True)
    answer = ask(assistant, "Write an SMS for milk", "marketer")
    assistant.close()
    [spans] = spans_in(file)
    kinds = by_kind(spans)
    assert {kind: [span["name"] for span in found] for kind, found in kinds.items()} == {
        "AGENT": ["turn"],
        "LLM": ["planner", "writer"],
        "TOOL": ["write_copy"],
        "GUARDRAIL": ["grounding"],
    }
    [root] = kinds["AGENT"]
    assert spans[0] is root
    assert "parentSpanId" not in root
    assert (len(root["traceId"]), len(root["spanId"])) == (32, 16)
    assert bytes.fromhex(root["traceId"])
    assert {span["traceId"] for span in spans} == {root["traceId"]}
    assert {span["parentSpanId"] for span in spans[1:]} == {root["spanId"]}
    assert before - 1 < int(root["startTimeUnixNano"]) / 1e9 <= int(root["endTimeUnixNano"]) / 1e9
    said = of(root)
    assert said["input.value"] == "Write an SMS for milk"
    assert said["output.value"] == answer.text
    assert said["session.id"] == answer.conversation
    assert said["user.id"] == "visitor-secret"
    assert json.loads(said["metadata"])["message_id"] == answer.message_id
    planner, writer = (of(span) for span in kinds["LLM"])
    assert planner["llm.model_name"] == "scripted"
    assert planner["llm.token_count.prompt"] == 10
    assert planner["llm.token_count.completion"] == 5
    assert planner["llm.token_count.total"] == 15
    assert planner["llm.token_count.prompt_details.cache_read"] == 4
    assert planner["input.value"] == "Write an SMS for milk"
    assert "write_copy" in planner["output.value"]
    assert writer["output.value"].strip() == "Fresh milk for $2.99 today."
    tool = of(kinds["TOOL"][0])
    assert tool["tool.name"] == "write_copy"
    assert json.loads(tool["tool.parameters"]) == answer.steps[0].arguments
    assert tool["output.value"] == answer.steps[0].text
    bound = json.loads(of(kinds["GUARDRAIL"][0])["output.value"])
    assert "2.99" in {claim["claim"] for claim in bound}
    assert {span["status"].get("code") for span in spans} == {1}


def test_parts_begin_and_end_within_the_turn_and_in_order(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    assistant = traced(shop, str(file), COPY, ("say", "Fresh milk for $2.99 today."))
    ask(assistant, "Write an SMS for milk", "marketer")
    assistant.close()
    [[root, *parts]] = spans_in(file)
    rounding = 2_000_000  # nanoseconds
    begun = {part["name"]: int(part["startTimeUnixNano"]) for part in parts}
    assert list(dict(sorted(begun.items(), key=lambda item: item[1]))) == [
        "planner", "write_copy", "writer", "grounding",
    ]  # fmt: skip
    for part in parts:
        assert int(root["startTimeUnixNano"]) - rounding <= int(part["startTimeUnixNano"])
        assert int(part["startTimeUnixNano"]) <= int(part["endTimeUnixNano"])
        assert int(part["endTimeUnixNano"]) <= int(root["endTimeUnixNano"]) + rounding


def test_no_text_leaves_unless_asked(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    assistant = traced(shop, str(file), HAND_OVER)
    answer = ask(assistant, "My name is Zhang Wei, I want a person please")
    assistant.close()
    [spans] = spans_in(file)
    written = file.read_text(encoding="utf-8")
    for private in ("Zhang", "wants a person", "visitor-secret", answer.text, answer.steps[0].text):
        assert private not in written
    for span in spans:
        assert not {"input.value", "output.value", "tool.parameters"} & of(span).keys()
    assert of(spans[0])["user.id"] == "shopper"
    assert '"arguments": ["reason"]' in of(by_kind(spans)["TOOL"][0])["metadata"]
    assert file.stat().st_mode & 0o077 == 0


def test_what_failed_is_an_error_in_the_trace(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    unknown = ("call", "order_status", {"order_id": 999})
    assistant = traced(shop, str(file), EngineError("the card is gone"), unknown, unknown)
    failed = ask(assistant, "Hello there")
    ask(assistant, "Where is my order 999?", customer_id=1)
    assistant.close()
    first, second = spans_in(file)
    assert first[0]["status"] == {"code": 2, "message": f"failed, logged as {failed.error_id}"}
    assert [span["status"]["code"] for span in by_kind(first)["LLM"]] == [2]
    [tool] = by_kind(second)["TOOL"]
    assert tool["status"] == {"code": 2, "message": "the tool refused"}
    assert second[0]["status"]["code"] == 1


def test_turns_of_a_conversation_share_its_session(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    assistant = traced(shop, str(file), ("say", "Hello!"), ("say", "Yes."))
    first = ask(assistant, "Hello")
    ask(assistant, "Are you there?", conversation=first.conversation)
    ask(assistant, "   ")
    assistant.close()
    roots = [of(spans[0]) for spans in spans_in(file)]
    assert [root.get("session.id") for root in roots] == [first.conversation, first.conversation, None]


def test_an_abandoned_turn_is_traced(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "turns.jsonl"
    assistant = traced(shop, str(file), ("say", "Hello, what can I do for you today?"))
    events = assistant.stream(Request(role="shopper", actor="visitor-1", text="Hello"))
    next(events)
    events.close()
    assistant.close()
    [[root, *_]] = spans_in(file)
    assert json.loads(of(root)["metadata"])["stopped"] is True


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP and keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/x-protobuf"
        self.server.paths.append(self.path)
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not on the tests' stderr."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_collector_takes_protobuf_over_http(shop: Shop, collector: Collector) -> None:
    assistant = traced(shop, collector.url, HAND_OVER)
    answer = ask(assistant, "I want a person please")
    assistant.close()
    assert collector.paths == ["/v1/traces"]
    [resource] = collector.requests[0].resource_spans
    assert {"service.name", "openinference.project.name"} <= {
        pair.key for pair in resource.resource.attributes
    }
    spans = resource.scope_spans[0].spans
    assert [span.name for span in spans] == ["turn", "planner", "hand_to_person", "grounding"]
    assert {span.parent_span_id for span in spans[1:]} == {spans[0].span_id}
    named = {pair.key: pair.value.string_value for pair in spans[0].attributes}
    assert named["session.id"] == answer.conversation


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_collector_that_is_down_is_told_of_once_and_harms_no_turn(
    shop: Shop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1")
    url = f"http://127.0.0.1:{free_port()}"
    assistant = traced(shop, url, *[("say", "Hello!")] * 3)
    with caplog.at_level(logging.INFO):
        started = time.perf_counter()
        answers = [ask(assistant, "Hello") for _ in range(3)]
        assert time.perf_counter() - started < 5
        assistant.close()
    assert time.perf_counter() - started < 15
    assert [answer.text.strip() for answer in answers] == ["Hello!"] * 3
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1, [record.getMessage() for record in told]
    assert "traces cannot be delivered" in told[0].getMessage()


def test_a_slow_collector_holds_up_nothing_and_no_more_than_so_many_turns_wait(tmp_path: Path) -> None:
    released, came = threading.Event(), []

    class Slow:
        def send(self, spans: Any) -> str:
            released.wait(30)
            came.append(spans)
            return ""

        def close(self) -> None:
            """Nothing is open."""

    from shopwright.agent.tracing import Tracer

    tracer = Tracer(Slow(), text=False)
    request = Request(role="shopper", actor="v", text="Hello")
    answer = Answer(text="Hello!", language="en", conversation="c", started_at=time.time())
    for _ in range(WAITING_TURNS + 50):
        tracer.export(request, answer)
    released.set()
    tracer.close()
    assert WAITING_TURNS - 1 <= len(came) <= WAITING_TURNS + 1


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:6006/", "http://127.0.0.1:6006/v1/traces"),
        ("https://traces.example/api/otel", "https://traces.example/api/otel/v1/traces"),
        ("https://traces.example/v1/traces", "https://traces.example/v1/traces"),
    ],
)
def test_a_collectors_address_is_its_base_url_or_the_whole(given: str, wanted: str) -> None:
    assert traces_url(given) == wanted


@pytest.mark.parametrize("target", ["ftp://host/traces", "http://", "grpc://127.0.0.1:4317"])
def test_other_addresses_are_refused(target: str) -> None:
    with pytest.raises(TracingError, match=r"give a file's path, or the http\(s\) URL"):
        open_tracer(target, text=False)


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(TracingError, match="Choose another file"):
        open_tracer(str(tmp_path / "taken"), text=False)


def test_the_setting_wires_it_in(shop: Shop, tmp_path: Path) -> None:
    data, file = shop.settings.data_dir, tmp_path / "turns.jsonl"
    remote = {"engine": "remote", "remote_url": "http://127.0.0.1:9/v1", "remote_model": "m"}
    assert open_assistant(Settings(data_dir=data, **remote)).tracer is None
    assistant = open_assistant(Settings(data_dir=data, traces=str(file), **remote))
    ask(assistant, "")
    assistant.close()
    assert [spans[0]["name"] for spans in spans_in(file)] == ["turn"]


def test_a_process_that_just_ends_loses_no_turn(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from shopwright.agent.tracing import file_tracer
from shopwright.agent.turn import Answer, Request
answer = Answer(text="Hello!", language="en", conversation="c", started_at=time.time())
file_tracer(Path(sys.argv[1])).export(Request(role="shopper", actor="v", text="Hi"), answer)
"""
    path = {"PYTHONPATH": str(Path(__file__).parents[2] / ".links")}
    file = tmp_path / "turns.jsonl"
    subprocess.run([sys.executable, "-c", code, file], env=os.environ | path, check=True, timeout=120)
    [[root]] = spans_in(file)
    assert of(root)["input.value"] == "Hi"


def test_a_models_folder_is_not_told() -> None:
    assert model_name("/srv/models/qwen-1.5b") == "qwen-1.5b"
    assert model_name("Qwen/Qwen2.5-7B") == "Qwen/Qwen2.5-7B"
