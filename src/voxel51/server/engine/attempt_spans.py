"""Spans of attempts: how long a job was queued, and its attempt was started, ran and was settled."""

import logging
from collections.abc import Callable

from voxel51.server.engine.owned_attempts import OwnedAttempt
from voxel51.server.jobs.attempts import JobTimes, Settlement
from voxel51.server.tracing.spans import RecordSpan, Span, SpanPlace, new_span_id, place_of_attempt, place_of_job
from voxel51.wire.jobs import JobState

log = logging.getLogger(__name__)


class AttemptSpans:
    """Records the spans of attempts that a dispatcher has settled, and of their jobs once these have ended.

    Args:
        record: takes the spans.
        times: function that looks up when a job was queued and ended.
    """

    def __init__(self, record: RecordSpan, times: Callable[[str], JobTimes | None]) -> None:
        self._record = record
        self._times = times

    def settled(self, attempt: OwnedAttempt, applied: Settlement | None, ended: float) -> None:
        """Record the spans of an attempt that was settled at ``ended``. Never raises."""
        try:
            self._record_all(attempt, applied, ended)
        except Exception as error:  # the database may have gone away
            log.warning("the spans of attempt %s are lost: %s", attempt.attempt_id, error)

    def _record_all(self, attempt: OwnedAttempt, applied: Settlement | None, ended: float) -> None:
        job_id, times = attempt.claimed.job_id, attempt.times
        of_job, of_attempt = place_of_job(job_id), place_of_attempt(job_id, attempt.attempt_id)
        job = self._times(job_id)
        facts = {"voxel51.job.id": job_id, "voxel51.attempt.id": attempt.attempt_id}
        end = "reported" if applied is None else applied.name.lower()
        whole = {**facts, "voxel51.attempt.end": end}
        failed = applied is not None and applied is not Settlement.RELEASED
        self._record(Span("attempt", of_attempt, times.claimed, ended, of_job.span_id, whole, failed=failed))
        steps = [("attempt start", times.start_begun, times.started), ("attempt run", times.started, times.ended),
                 ("attempt settle", times.ended, ended)]  # fmt: skip
        for name, begun, over in steps:
            if begun is not None and over is not None:
                self._record(_below(of_attempt, name, begun, over, facts))
        if job is None:
            return
        if job.queued is not None:
            self._record(_below(of_job, "job queued", job.queued, times.claimed, facts))
        if job.ended is not None:
            of_end = {"voxel51.job.id": job_id, "voxel51.job.state": job.state, "voxel51.analytic.id": job.analytic_id}
            has_failed = job.state == JobState.FAILED
            self._record(
                Span("job", of_job, job.submitted, max(job.ended, ended), attributes=of_end, failed=has_failed)
            )


def _below(parent: SpanPlace, name: str, begun: float, ended: float, facts: dict[str, str]) -> Span:
    return Span(name, SpanPlace(parent.trace_id, new_span_id()), begun, ended, parent.span_id, facts)
