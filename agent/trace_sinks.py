"""Where traces go: a file of OTLP JSON lines, or a collector by OTLP over HTTP.

OpenTelemetry Protocol File Exporter and OTLP/HTTP, OpenTelemetry specification 1.x.
"""

import base64
import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan

TRACES_PATH = "/v1/traces"
IDS = ("traceId", "spanId", "parentSpanId")
OWNER_ONLY = 0o600


class TracingError(RuntimeError):
    """The setting for traces cannot be followed; the message says why and what to do."""


class Sink(Protocol):
    """Takes the spans of one turn at a time."""

    def send(self, spans: Sequence[ReadableSpan]) -> str:
        """Deliver the spans; return what went wrong, empty when nothing did."""

    def close(self) -> None:
        """Give up what is under way."""


def open_sink(target: str) -> Sink:
    """The sink for a path or an http(s) URL. Raises TracingError for any other, and for no place to write."""
    parts = urlsplit(target)
    if parts.scheme in ("http", "https") and parts.hostname:
        return CollectorSink(traces_url(target))
    if "://" in target:
        raise TracingError(
            f"Traces cannot go to {target}: give a file's path, or the http(s) URL of an OpenTelemetry "
            "collector."
        )
    return FileSink(Path(target).expanduser())


def traces_url(url: str) -> str:
    """The collector's address for traces: its base URL with the path that OTLP fixes, once."""
    base = url.rstrip("/")
    return base if urlsplit(base).path.endswith(TRACES_PATH) else base + TRACES_PATH


class FileSink:
    """One ExportTraceServiceRequest a line, as the collector's file exporter writes them.

    Lines are appended in one write each, so several processes may share a file, and it may be moved away.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(b"")
        except OSError as error:
            raise TracingError(
                f"Traces cannot be written to {path}: {error.strerror}. Choose another file."
            ) from error

    def send(self, spans: Sequence[ReadableSpan]) -> str:
        """Append one line."""
        try:
            self._append(as_json_line(spans).encode() + b"\n")
        except OSError as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Nothing is held open."""

    def _append(self, line: bytes) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNER_ONLY)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def as_json_line(spans: Sequence[ReadableSpan]) -> str:
    """The spans as one line of OTLP JSON: ids in hexadecimal, enums as numbers."""
    from google.protobuf.json_format import MessageToDict

    request = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
    for span in _spans_of(request):
        for name in IDS:
            if name in span:
                span[name] = base64.b64decode(span[name]).hex()
    return json.dumps(request, ensure_ascii=False, separators=(",", ":"))


def _spans_of(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in request.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            yield from scope.get("spans", ())


class CollectorSink:
    """OTLP over HTTP with protobuf bodies. Headers, certificates and time limits: `OTEL_EXPORTER_OTLP_*`."""

    def __init__(self, url: str) -> None:
        from opentelemetry.exporter.otlp.proto.http import trace_exporter

        self._exporter = trace_exporter.OTLPSpanExporter(endpoint=url)
        self._last_words = _LastWords()
        self._logger = logging.getLogger(trace_exporter.__name__)
        self._logger.addFilter(self._last_words)

    def send(self, spans: Sequence[ReadableSpan]) -> str:
        """Post one request; what fails for a moment is tried again for some seconds."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        self._last_words.said = ""
        if self._exporter.export(spans) is SpanExportResult.SUCCESS:
            return ""
        return self._last_words.said or "the collector did not take them"

    def close(self) -> None:
        """Give up what is under way."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
        self._logger.removeFilter(self._last_words)


class _LastWords(logging.Filter):
    """Keeps the exporter's last complaint and lets none through: a collector that is down is told of once."""

    def __init__(self) -> None:
        super().__init__()
        self.said = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.said = record.getMessage()
        return False
