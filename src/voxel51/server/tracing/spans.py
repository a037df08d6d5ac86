"""Spans: what a part of the platform did, from when to when, and to which trace it belongs.

A job is one trace, from its submission to its end. The id of the trace is that of the job, which is as long and as
random, so every process can name it without asking, and so can the reader of a trace. The span of the job and those of
its attempts are named likewise, so that their children can be exported before them.
"""

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

_SPAN_MASK = 2**64 - 1


class SpanKind(Enum):
    """Side of the span, as OpenTelemetry names it."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class SpanPlace:
    """Position of a span: the id of its trace (128 bits, not 0) and its own (64 bits, not 0)."""

    trace_id: int
    span_id: int


@dataclass(frozen=True, slots=True)
class Span:
    """A finished span.

    Attributes:
        name: one of few, such as ``POST /jobs``: never a value of a request.
        place: its position.
        begun, ended: seconds since 1970.
        parent_id: id of the span in the same trace that it belongs to; None: it is the first.
        attributes: further facts; no secrets, and no texts of users.
        failed: whether what it stands for failed because of the platform or of the job.
        link: a span of another trace that caused it.
    """

    name: str
    place: SpanPlace
    begun: float
    ended: float
    parent_id: int | None = None
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    kind: SpanKind = SpanKind.INTERNAL
    failed: bool = False
    link: SpanPlace | None = None


RecordSpan = Callable[[Span], None]
"""Takes a finished span. It neither waits nor raises."""


class SpanSink(Protocol):
    """Takes finished spans until it is closed."""

    def record(self, span: Span) -> None:
        """Take a span. See `RecordSpan`."""

    def close(self) -> None:
        """Hand on what was taken, or give up soon."""


def place_of_job(job_id: str) -> SpanPlace:
    """Return the position of the span of a job."""
    return SpanPlace(uuid.UUID(job_id).int, _span_id(job_id))


def place_of_attempt(job_id: str, attempt_id: str) -> SpanPlace:
    """Return the position of the span of an attempt at a job."""
    return SpanPlace(uuid.UUID(job_id).int, _span_id(attempt_id))


def new_trace_id() -> int:
    """Return a random id of a trace."""
    return secrets.randbits(128) or 1


def new_span_id() -> int:
    """Return a random id of a span."""
    return secrets.randbits(64) or 1


def _span_id(text: str) -> int:
    return uuid.UUID(text).int & _SPAN_MASK or 1
