"""Spans of requests: method, route, status, and the time that the database took; nothing that the sender wrote."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from voxel51.server.tracing.spans import (
    RecordSpan,
    Span,
    SpanKind,
    SpanPlace,
    new_span_id,
    new_trace_id,
    place_of_attempt,
    place_of_job,
)

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
"""Header ``traceparent`` of W3C Trace Context, by which a sender names its own span."""


@dataclass(slots=True)
class RequestFacts:
    """Facts about the request that is being served; its worker threads add to them.

    Attributes:
        job_id: the job that it submits or is about.
        attempt_id: the attempt at this job that sent it.
        statements: number of statements of the database.
        database_seconds: the time that they took.
    """

    job_id: str | None = None
    attempt_id: str | None = None
    statements: int = 0
    database_seconds: float = 0.0


present: ContextVar[RequestFacts | None] = ContextVar("facts of the request", default=None)
"""Facts of the request that is being served; None outside of requests, and while traces are off."""


def about_job(job_id: str, attempt_id: str | None = None) -> None:
    """Note that the present request, if there is one, is a step of a job: it becomes a part of the job's trace."""
    facts = present.get()
    if facts is not None:
        facts.job_id, facts.attempt_id = job_id, attempt_id


class RequestTracer:
    """Records a span for each request."""

    def __init__(self, record: RecordSpan) -> None:
        self._record = record

    async def follow(
        self, name: str, sender: str | None, answer: Awaitable[Answer], status_of: Callable[[Answer], int]
    ) -> Answer:
        """Await ``answer`` and record its span. ``sender`` is the header ``traceparent`` of the request."""
        facts = RequestFacts()
        entered = present.set(facts)
        begun = time.time()
        try:
            answered = await answer
        finally:
            present.reset(entered)
        try:
            self._record(_span(name, begun, _place(sender), facts, status_of(answered)))
        except Exception:  # the response must not depend on it
            log.exception("the span of %s is lost", name)
        return answered


def _span(name: str, begun: float, sender: SpanPlace | None, facts: RequestFacts, status: int) -> Span:
    method, _, route = name.partition(" ")
    attributes: dict[str, str | int | float] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "voxel51.database.statements": facts.statements,
        "voxel51.database.seconds": round(facts.database_seconds, 6),
    }
    if facts.job_id is not None:
        attributes["voxel51.job.id"] = facts.job_id
        of_job = place_of_job(facts.job_id)
        parent = of_job if facts.attempt_id is None else place_of_attempt(facts.job_id, facts.attempt_id)
        trace_id, parent_id, link = of_job.trace_id, parent.span_id, sender
    elif sender is not None:
        trace_id, parent_id, link = sender.trace_id, sender.span_id, None
    else:
        trace_id, parent_id, link = new_trace_id(), None, None
    return Span(
        name=name,
        place=SpanPlace(trace_id, new_span_id()),
        begun=begun,
        ended=time.time(),
        parent_id=parent_id,
        attributes=attributes,
        kind=SpanKind.SERVER,
        failed=status >= 500,
        link=link,
    )


def _place(sender: str | None) -> SpanPlace | None:
    found = _TRACE_PARENT.fullmatch(sender or "")
    if found is None:
        return None
    place = SpanPlace(int(found[1], 16), int(found[2], 16))
    return place if place.trace_id and place.span_id else None
