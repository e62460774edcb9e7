"""`/metrics` of the real app over HTTP: who may read it, and that turns are counted without naming anybody."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shopwright.agent.turn import Answer, Event, Request, Step, Usage
from shopwright.ui.metrics import Metered, Metrics

PASSWORD = "sunny-market-42"


@pytest.fixture(scope="module")
def own_site(site_at: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A site whose turns nobody else counts."""
    with site_at(tmp_path_factory.mktemp("metrics")) as running:
        yield running


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Samples by name and the labels' values, in the order of the labels' names."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def read(site: Any, **headers: str) -> httpx.Response:
    return httpx.get(f"{site.url}/metrics", headers=headers, timeout=20)


def ask(site: Any, words: str) -> None:
    """One turn in the console, over Gradio's own routes."""
    client = httpx.Client(base_url=site.url, timeout=30)
    client.post("/console/sign-in?language=en", data={"username": site.username, "password": PASSWORD})
    config = client.get("/console/en/config").json()
    index = next(d["id"] for d in config["dependencies"] if d["api_name"] == "_ask")
    body = {
        "data": [words, ""],
        "fn_index": index,
        "session_hash": f"page{abs(hash(words))}",
        "trigger_id": None,
    }
    client.post("/console/en/gradio_api/queue/join", json=body).raise_for_status()
    params = {"session_hash": body["session_hash"]}
    with client.stream("GET", "/console/en/gradio_api/queue/data", params=params) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:") and json.loads(line[5:])["msg"] == "process_completed":
                return


def test_turns_are_counted_with_what_they_took(own_site: Any) -> None:
    ask(own_site, "How many of our best customers are there? I said so earlier.")
    ask(own_site, "最好的顾客有多少？")
    ask(own_site, "explode please")
    seen = figures(read(own_site).text)
    assert seen["shopwright_turns_total", "other", "en", "answered", "marketer"] == 1
    assert seen["shopwright_turns_total", "other", "zh", "answered", "marketer"] == 1
    assert seen["shopwright_turns_total", "other", "unknown", "failed", "marketer"] == 1
    assert seen["shopwright_turn_seconds_count", "other", "marketer"] == 3
    assert seen["shopwright_turn_first_event_seconds_count", "other", "marketer"] == 2
    assert 0 < seen["shopwright_turn_first_event_seconds_sum", "other", "marketer"] < 30
    assert seen["shopwright_tool_seconds_sum", "done", "find_segment"] == pytest.approx(0.84)
    assert seen["shopwright_tokens_total", "other", "prompt"] == 2 * 1184
    assert seen["shopwright_tokens_total", "other", "cached"] == 2 * 1050
    assert seen["shopwright_tokens_total", "other", "completion"] == 2 * 61
    assert seen["shopwright_model_seconds_total", "other", "prefill"] == pytest.approx(3.8)
    assert seen["shopwright_model_seconds_total", "other", "decode"] == pytest.approx(6.2)
    assert seen["shopwright_notices_total", "other", "marketer"] == 1
    assert seen["shopwright_turns_in_flight",] == 0
    assert [seen["shopwright_assistant_state", s] for s in ("warming", "ready", "failed")] == [0, 1, 0]
    assert seen["process_resident_memory_bytes",] > 1e7


def test_nothing_of_people_is_shown(own_site: Any) -> None:
    ask(own_site, "Zanzibar: best customers")
    text = read(own_site).text
    assert own_site.username not in text
    assert "Zanzibar" not in text


def test_without_a_token_only_this_machine_reads_them(own_site: Any) -> None:
    assert read(own_site).headers["content-type"].startswith("text/plain; version=0.0.4")
    for name, value in [
        ("X-Forwarded-For", "203.0.113.7"),
        ("Forwarded", "for=203.0.113.7"),
        ("X-Real-IP", "203.0.113.7"),
        ("Host", "shop.example"),
    ]:
        refused = read(own_site, **{name: value})
        assert refused.status_code == 403, name
        assert "SHOPWRIGHT_METRICS_TOKEN" in refused.text
        assert "shopwright_turns" not in refused.text


def test_with_a_token_only_its_bearer_reads_them(site_at: Any, tmp_path: Path) -> None:
    with site_at(tmp_path, metrics_token="a long token") as site:
        for given in (
            "",
            "Bearer",
            "Bearer a long",
            "Bearer a long token!",
            "Basic a long token",
            "Bearer 词元",
        ):
            refused = httpx.get(f"{site.url}/metrics", headers={"Authorization": given.encode()}, timeout=20)
            assert refused.status_code == 401, given
            assert refused.headers["www-authenticate"] == "Bearer"
        good = {"Authorization": "bearer a long token", "X-Forwarded-For": "203.0.113.7"}
        assert "shopwright_turns_in_flight 0.0" in read(site, **good).text


class Replaying:
    """An assistant that gives the same events to everybody."""

    def __init__(self, *events: Event) -> None:
        self.events = events

    def stream(self, request: Request, *, stop: threading.Event | None = None) -> Iterator[Event]:
        """The events, one after the other."""
        yield from self.events

    def close(self) -> None:
        """Nothing is held."""


def counted(*events: Event, taken: int | None = None) -> dict[tuple[str, ...], float]:
    """What is counted of a turn with these events, of which `taken` are looked at."""
    from prometheus_client import generate_latest

    metrics = Metrics()
    stream = Metered(Replaying(*events), metrics).stream(
        Request(role="shopper", actor="visitor-1", text="hi")
    )
    for _ in range(len(events) + 1 if taken is None else taken):
        next(stream, None)
    if taken is not None:
        assert figures(generate_latest(metrics.registry).decode())["shopwright_turns_in_flight",] == 1
    stream.close()  # type: ignore[attr-defined]
    return figures(generate_latest(metrics.registry).decode())


def test_labels_are_bounded_whatever_a_model_makes_up() -> None:
    steps = [Step(id=str(i), tool=f"made_up_{i}", status="failed", seconds=0.1) for i in range(50)]
    answer = Answer(
        text="", language="zh", conversation="c", engine="nf4:secret/path", usage=Usage(prompt_tokens=3)
    )
    seen = counted(*steps, answer)
    assert seen["shopwright_tool_seconds_count", "failed", "other"] == 50
    assert seen["shopwright_tokens_total", "nf4", "prompt"] == 3
    assert not any("secret" in part or "made_up" in part for key in seen for part in key)


@pytest.mark.parametrize(
    ("changes", "taken", "outcome"),
    [
        ({}, None, "answered"),
        ({"stopped": True}, None, "stopped"),
        ({"error_id": "deadbeef", "stopped": True}, None, "failed"),
        ({}, 1, "stopped"),
    ],
)
def test_outcomes(changes: dict[str, Any], taken: int | None, outcome: str) -> None:
    step = Step(id="s1", tool="find_products", status="running")
    answer = Answer(text="x", language="en", conversation="c", engine="gguf:model").model_copy(update=changes)
    seen = counted(step, answer, taken=taken)
    turns = {key[1:]: value for key, value in seen.items() if key[0] == "shopwright_turns_total"}
    [(labels, value)] = turns.items()
    assert (labels[2], labels[3], value) == (outcome, "shopper", 1)
    assert seen["shopwright_turns_in_flight",] == 0
