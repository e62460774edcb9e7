"""Every turn as a trace: spans of OpenTelemetry with the names that OpenInference gives them.

A turn is an AGENT span with a child for each model call (LLM), for each tool (TOOL), and for the binding of
the answer to its evidence (GUARDRAIL), which stands at the turn's end.
"""

import atexit
import logging
import queue
import threading
from pathlib import Path
from typing import Any

from openinference.semconv.resource import ResourceAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Status, StatusCode, set_span_in_context

from shopwright.agent.trace_attributes import (
    Attributes,
    call_attributes,
    evidence_attributes,
    step_attributes,
    turn_attributes,
)
from shopwright.agent.trace_sinks import Sink, open_sink
from shopwright.agent.turn import Answer, Request

log = logging.getLogger(__name__)

WAITING_TURNS = 1000
"""As many turns wait for a slow collector; further ones are dropped."""
CLOSING_SECONDS = 5.0


class Tracer:
    """Tells a sink of turns, from a thread of its own. A failing sink is logged once, and turns go on."""

    def __init__(self, sink: Sink, *, text: bool) -> None:
        self._text = text
        self._delivery = _Delivery(sink)
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {SERVICE_NAME: "shopwright", ResourceAttributes.PROJECT_NAME: "shopwright"}
            ),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._delivery)
        self._tracer = provider.get_tracer("shopwright.agent")

    def export(self, request: Request, answer: Answer) -> None:
        """Take one turn; never raises and never waits."""
        try:
            self._tell(request, answer)
        except Exception:  # a turn is answered whether or not it can be traced
            log.warning("a turn could not be traced", exc_info=True)

    def close(self) -> None:
        """Hand on what still waits, for a few seconds at most."""
        self._delivery.close()

    def _tell(self, request: Request, answer: Answer) -> None:
        ended = answer.started_at + answer.timings.total_seconds
        root = self._tracer.start_span(
            "turn", Context(), attributes=turn_attributes(request, answer, self._text),
            start_time=_nanoseconds(answer.started_at),
        )  # fmt: skip
        within = set_span_in_context(root, Context())

        def child(name: str, began: float, seconds: float, attributes: Attributes, error: str | None) -> None:
            span = self._tracer.start_span(
                name, within, attributes=attributes, start_time=_nanoseconds(began)
            )
            _end(span, began + seconds, error)

        for call in answer.calls:
            failed = "the model's call failed" if call.failed else None
            attributes = call_attributes(call, answer.engine, self._text)
            child(call.kind, call.started_at, call.seconds, attributes, failed)
        for step in answer.steps:
            failed = (step.text if self._text else "the tool refused") if step.status == "failed" else None
            child(step.tool, step.started_at, step.seconds, step_attributes(step, self._text), failed)
        if answer.steps:
            child("grounding", ended, 0.0, evidence_attributes(answer, self._text), None)
        _end(root, ended, f"failed, logged as {answer.error_id}" if answer.error_id else None)


def open_tracer(target: str, *, text: bool) -> Tracer:
    """A tracer that writes to a file or sends to a collector's URL; `text`: with what was said.

    Raises TracingError when the target is neither, or cannot be written.
    """
    return Tracer(open_sink(target), text=text)


def file_tracer(path: Path) -> Tracer:
    """A tracer that writes turns with all their words to a file. Raises TracingError."""
    return open_tracer(str(path), text=True)


class _Delivery(SpanProcessor):
    """Hands a turn's spans to the sink together once its root has ended."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._ended: dict[int, list[ReadableSpan]] = {}
        self._waiting: queue.Queue[list[ReadableSpan] | None] = queue.Queue(WAITING_TURNS)
        self._failing = False
        self._given_up = False
        self._thread = threading.Thread(target=self._deliver, name="traces", daemon=True)
        self._thread.start()
        atexit.register(self.close)  # a process that ends loses no turn

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a child; send a root and its children on their way."""
        if span.context is None:
            return
        spans = self._ended.setdefault(span.context.trace_id, [])
        spans.append(span)
        if span.parent is None:
            del self._ended[span.context.trace_id]
            self._put([span, *spans[:-1]])

    def close(self) -> None:
        """Deliver what waits, for a few seconds at most."""
        if self._given_up:
            return
        atexit.unregister(self.close)
        while not self._put(None):
            self._waiting.get_nowait()
        self._thread.join(CLOSING_SECONDS)
        self._given_up = True
        self._sink.close()

    def _put(self, spans: list[ReadableSpan] | None) -> bool:
        try:
            self._waiting.put_nowait(spans)
        except queue.Full:
            return False
        return True

    def _deliver(self) -> None:
        while (spans := self._waiting.get()) is not None and not self._given_up:
            try:
                problem = self._sink.send(spans)
            except Exception as error:  # noqa: BLE001 - whatever the sink does, the next turn is tried
                problem = f"{type(error).__name__}: {error}"
            if problem and not self._failing:
                log.warning("traces cannot be delivered; turns go on without them: %s", problem)
            elif self._failing and not problem:
                log.warning("traces are delivered again")
            self._failing = bool(problem)


def _end(span: Any, at: float, error: str | None) -> None:
    span.set_status(Status(StatusCode.OK) if error is None else Status(StatusCode.ERROR, error))
    span.end(_nanoseconds(at))


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
