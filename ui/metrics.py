"""`/metrics`: what the web app's turns took, for Prometheus. Labels are bounded and hold nothing of people.

Names follow prometheus.io/docs/practices/naming.
"""

import pkgutil
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.responses import PlainTextResponse

import shopwright.tools
from shopwright.agent.turn import Answer, Event, Step
from shopwright.agent.turn import Request as Asked
from shopwright.ui.warmup import Answering, State

FIRST_EVENT_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 60)
TURN_BUCKETS = (0.5, 1, 2, 4, 8, 16, 30, 60, 120, 300)
TOOL_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
ENGINES = ("gguf", "nf4", "remote")
STATES: tuple[State, ...] = ("warming", "ready", "failed")
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Metrics:
    """The figures of one web app, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.turns = self._counter("turns", "Turns that ended.", "role", "language", "engine", "outcome")
        self.in_flight = Gauge(
            "shopwright_turns_in_flight", "Turns being answered now.", registry=self.registry
        )
        self.first_event = self._histogram(
            "turn_first_event_seconds",
            "From the request to the first event.",
            FIRST_EVENT_BUCKETS,
            "role",
            "engine",
        )
        self.whole = self._histogram(
            "turn_seconds", "From the request to the end.", TURN_BUCKETS, "role", "engine"
        )
        self.tools = self._histogram("tool_seconds", "A tool's run.", TOOL_BUCKETS, "tool", "outcome")
        self.tokens = self._counter(
            "tokens", "Tokens of the model's calls; cached ones are among the prompt's.", "engine", "kind"
        )
        self.model_seconds = self._counter(
            "model_seconds",
            "Seconds the model spent reading (prefill) and writing (decode).",
            "engine",
            "phase",
        )
        self.notices = self._counter(
            "notices", "Notices on answers: trimmed conversations, fallbacks and the like.", "role", "engine"
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"shopwright_{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"shopwright_{name}", meaning, labels, buckets=buckets, registry=self.registry)

    def follow(self, state: Callable[[], State]) -> None:
        """Show where the assistant's loading stands: 1 for the state it is in."""
        gauge = Gauge(
            "shopwright_assistant_state",
            "1 for the state the assistant is in.",
            ["state"],
            registry=self.registry,
        )
        for each in STATES:
            gauge.labels(each).set_function(partial(_is, state, each))

    def count(self, turn: "_Turn") -> None:
        """Add a turn that is over."""
        role, answer, engine = turn.request.role, turn.answer, engine_of(turn.answer)
        language = answer.language if answer else turn.request.language or "unknown"
        self.turns.labels(role, language, engine, turn.outcome).inc()
        if turn.first:
            self.first_event.labels(role, engine).observe(turn.first)
        self.whole.labels(role, engine).observe(time.perf_counter() - turn.started)
        for step in turn.steps:
            self.tools.labels(tool_of(step), step.status).observe(step.seconds)
        if answer is None:
            return
        usage = answer.usage
        self.tokens.labels(engine, "prompt").inc(usage.prompt_tokens)
        self.tokens.labels(engine, "cached").inc(usage.cached_tokens)
        self.tokens.labels(engine, "completion").inc(usage.completion_tokens)
        self.model_seconds.labels(engine, "prefill").inc(usage.prefill_seconds)
        self.model_seconds.labels(engine, "decode").inc(usage.decode_seconds)
        if answer.notices:
            self.notices.labels(role, engine).inc(len(answer.notices))


def _is(state: Callable[[], State], one: State) -> float:
    return float(state() == one)


@dataclass
class _Turn:
    """What is noted of one turn while it runs."""

    request: Asked
    started: float = field(default_factory=time.perf_counter)
    first: float = 0.0
    steps: list[Step] = field(default_factory=list)
    answer: Answer | None = None
    failed: bool = False

    def take(self, event: Event) -> None:
        self.first = self.first or time.perf_counter() - self.started
        if isinstance(event, Answer):
            self.answer = event
        elif isinstance(event, Step) and event.status != "running":
            self.steps.append(event)

    @property
    def outcome(self) -> str:
        if self.failed or (self.answer is not None and self.answer.error_id):
            return "failed"
        return "stopped" if self.answer is None or self.answer.stopped else "answered"


class Metered:
    """An assistant whose turns are counted; every turn of the web app passes here."""

    def __init__(self, assistant: Answering, metrics: Metrics) -> None:
        self._assistant = assistant
        self._metrics = metrics

    def stream(self, request: Asked, *, stop: threading.Event | None = None) -> Iterator[Event]:
        """Pass the events on, and count the turn when it ends, however it ends."""
        with self._counted(_Turn(request)) as turn:
            for event in self._assistant.stream(request, stop=stop):
                turn.take(event)
                yield event

    @contextmanager
    def _counted(self, turn: _Turn) -> Iterator[_Turn]:
        self._metrics.in_flight.inc()
        try:
            yield turn
        except Exception:
            turn.failed = True
            raise
        finally:
            self._metrics.in_flight.dec()
            self._metrics.count(turn)

    def close(self) -> None:
        """Free the model."""
        self._assistant.close()


def engine_of(answer: Answer | None) -> str:
    """The engine's kind; the model's name, which may be a path, is left out."""
    kind = (answer.engine if answer else "").partition(":")[0]
    return kind if kind in ENGINES else "other"


@cache
def _tool_names() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(shopwright.tools.__path__))


def tool_of(step: Step) -> str:
    """The tool's name, if there is such a tool: a model may have made one up."""
    return step.tool if step.tool in _tool_names() else "other"


def metrics_routes(metrics: Metrics, token: str) -> APIRouter:
    """`/metrics`, for whoever bears the token; without a token, for this machine itself."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def show(request: Request) -> Response:
        refused = _refusal(request, token)
        if refused is not None:
            return refused
        headers = {"content-type": CONTENT_TYPE_PLAIN_0_0_4, "cache-control": "no-store"}
        return Response(generate_latest(metrics.registry), headers=headers)

    return router


def _refusal(request: Request, token: str) -> Response | None:
    if token:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        same = secrets.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() == "bearer" and same:
            return None
        return PlainTextResponse(
            "Metrics need `Authorization: Bearer` with the token of SHOPWRIGHT_METRICS_TOKEN.\n",
            401,
            {"www-authenticate": "Bearer", "cache-control": "no-store"},
        )
    if _is_local(request):
        return None
    return PlainTextResponse(
        "Metrics are shown on this machine itself only. To read them elsewhere, set "
        "SHOPWRIGHT_METRICS_TOKEN.\n",
        403,
        {"cache-control": "no-store"},
    )


def _is_local(request: Request) -> bool:
    """Asked from this machine, by its loopback name, and not through a proxy that stands here, too.

    The name is looked at because a web page may have its own name lead to 127.0.0.1 (DNS rebinding).
    """
    if any(name in request.headers for name in FORWARDED):
        return False
    return _is_loopback(request.client.host if request.client else "") and _is_loopback(
        request.url.hostname or ""
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
