"""Export of spans by OTLP over HTTP, in a thread of OpenTelemetry's SDK. Imported only if a setting asks for traces.

The queue is bounded: spans that the collector does not take in time are dropped. A failed export is logged, and changes
nothing else.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace.status import Status, StatusCode

import voxel51
from voxel51.server.tracing.spans import Span, SpanKind, SpanPlace, new_span_id, new_trace_id

log = logging.getLogger(__name__)

_TRACES_PATH = "/v1/traces"
_QUEUED_SPANS = 8192
_EXPORT_SECONDS = 5.0
_CLOSING_SECONDS = 3.0
"""Time in which the last spans must be taken by the collector once the platform stops."""

_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
}
_SAMPLED = trace.TraceFlags(trace.TraceFlags.SAMPLED)


class SpanExport:
    """Sends spans to a collector.

    Args:
        endpoint: base URL of the collector, such as ``http://127.0.0.1:4318``.
        process: name of this process of the platform.
    """

    def __init__(self, endpoint: str, process: str) -> None:
        self._ids = _ChosenIds()
        names = {"service.name": "voxel51-platform", "service.version": voxel51.__version__}
        resource = Resource.create({**names, "service.instance.id": process})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint.rstrip("/") + _TRACES_PATH, timeout=_EXPORT_SECONDS)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=_QUEUED_SPANS, schedule_delay_millis=1000)
        )
        self._tracer = self._provider.get_tracer("voxel51.server", voxel51.__version__)

    def record(self, span: Span) -> None:
        """Queue a span. Implements `voxel51.server.tracing.spans.RecordSpan`."""
        try:
            with self._ids.chosen(span.place):
                own = self._tracer.start_span(
                    span.name,
                    context=_parent(span),
                    kind=_KINDS[span.kind],
                    attributes=span.attributes,
                    links=[] if span.link is None else [trace.Link(_context(span.link))],
                    start_time=_nanoseconds(span.begun),
                )
            if span.failed:
                own.set_status(Status(StatusCode.ERROR))
            own.end(_nanoseconds(max(span.begun, span.ended)))
        except Exception:
            log.exception("the span %s cannot be exported", span.name)

    def close(self) -> None:
        """Send what is queued, for at most some seconds."""
        # The SDK would wait half a minute for a collector that does not answer.
        closing = Thread(target=self._provider.shutdown, name="traces-closing", daemon=True)
        closing.start()
        closing.join(_CLOSING_SECONDS)


class _ChosenIds(IdGenerator):
    """Gives spans the ids that the platform has chosen."""

    def __init__(self) -> None:
        self._place: ContextVar[SpanPlace | None] = ContextVar("place of the next span", default=None)

    @contextmanager
    def chosen(self, place: SpanPlace) -> Iterator[None]:
        entered = self._place.set(place)
        try:
            yield
        finally:
            self._place.reset(entered)

    def generate_span_id(self) -> int:
        place = self._place.get()
        return new_span_id() if place is None else place.span_id

    def generate_trace_id(self) -> int:
        place = self._place.get()
        return new_trace_id() if place is None else place.trace_id


def _parent(span: Span) -> Context:
    if span.parent_id is None:
        return trace.set_span_in_context(trace.INVALID_SPAN, Context())
    parent = _context(SpanPlace(span.place.trace_id, span.parent_id))
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), Context())


def _context(place: SpanPlace) -> trace.SpanContext:
    return trace.SpanContext(place.trace_id, place.span_id, is_remote=True, trace_flags=_SAMPLED)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
