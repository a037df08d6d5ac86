"""Scheduling options of a job, for `API.upload_job_request` and `API.run`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from voxel51.users.calls.call import date_text
from voxel51.wire.scheduling import RetriedFailure, Retry, SchedulingOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduling:
    """When and how often a job runs.

    Attributes:
        priority: from -100 to 100; of your queued jobs, the one with the highest starts first.
        deadline: a job that has not finished by then is cancelled. Without a time zone it is UTC.
        timeout_seconds: how long each attempt at the job may run.
        not_before: the job stays in the queue until then. Without a time zone it is UTC.
        retries: how often the job runs again after a failure: a number for failures of the analytic and of the platform
            alike, or numbers by type of failure (ANALYTIC, PLATFORM).
        retry_seconds: pause before the first retry, which doubles with each further one; default: 10 seconds.
    """

    priority: int = 0
    deadline: date | str | None = None
    timeout_seconds: float | None = None
    not_before: date | str | None = None
    retries: int | Mapping[str, int] = field(default=0)
    retry_seconds: float | None = None

    def to_options(self) -> SchedulingOptions:
        """Return the options as they are sent. Those with their default value are left out."""
        options: SchedulingOptions = {}
        if self.priority:
            options["priority"] = self.priority
        if self.deadline is not None:
            options["deadline"] = date_text(self.deadline)
        if self.timeout_seconds is not None:
            options["timeout_seconds"] = self.timeout_seconds
        if self.not_before is not None:
            options["not_before"] = date_text(self.not_before)
        if retry := self._retry():
            options["retry"] = retry
        return options

    def _retry(self) -> dict[str, Retry]:
        counts = self.retries if isinstance(self.retries, Mapping) else dict.fromkeys(RetriedFailure, self.retries)
        pause: Retry = {} if self.retry_seconds is None else {"backoff_seconds": self.retry_seconds}
        return {str(kind): {"count": count, **pause} for kind, count in counts.items() if count}
