"""Scheduling: the options of a job (priority, deadline, retries and others), and pauses and limits of the queue.

The options of a job travel beside the job request, in the form field ``scheduling`` of ``POST jobs``: they say when and
how often a job runs, not what it computes, so they are not a part of its request. Standard library only.
"""

from enum import StrEnum
from typing import NotRequired, TypedDict

HIGHEST_PRIORITY = 100
"""Priorities are from ``-HIGHEST_PRIORITY`` to ``HIGHEST_PRIORITY``."""

SHORTEST_TIMEOUT_SECONDS = 1.0
LONGEST_TIMEOUT_SECONDS = 366 * 86_400.0

MOST_RETRIES = 100
DEFAULT_RETRY_SECONDS = 10.0
LONGEST_RETRY_SECONDS = 3600.0
"""Longest pause before a retry. Pauses double with each retry up to this."""


class RetriedFailure(StrEnum):
    """Type of failure after which a job may run again. Failures of type USER are not retried: the input is the same."""

    ANALYTIC = "ANALYTIC"
    PLATFORM = "PLATFORM"


class Retry(TypedDict, total=False):
    """Retries after failures of one type.

    Attributes:
        count: how many times the job runs again.
        backoff_seconds: the first pause, which doubles with each retry; default: 10 seconds.
    """

    count: int
    backoff_seconds: float


class SchedulingOptions(TypedDict, total=False):
    """When and how often a job runs. All fields are optional.

    Attributes:
        priority: from -100 to 100; of the queued jobs of one owner, the one with the highest starts first. Default: 0.
            Priorities do not order the jobs of different owners, which share slots fairly.
        deadline: a job that has not finished by then is cancelled. ISO 8601.
        timeout_seconds: how long each attempt at the job may run; the limit of the platform holds too.
        not_before: the job stays in the queue until then. ISO 8601.
        retry: type of failure (ANALYTIC or PLATFORM) -> retries.
    """

    priority: int
    deadline: str
    timeout_seconds: float
    not_before: str
    retry: dict[str, Retry]


class ControlScope(StrEnum):
    """Kind of the subject of a pause or a limit of the queue."""

    QUEUE = "queue"
    USER = "user"
    APPLICATION = "application"
    ANALYTIC = "analytic"


class ControlSubject(TypedDict):
    """Body of ``PUT admin/queue/resume``: a `ControlScope`, and the name of the user, application or analytic.

    An analytic is named in full (``voxel51/object-tracks``), which means all of its versions.
    """

    scope: str
    name: NotRequired[str]


class QueuePause(ControlSubject):
    """Body of ``PUT admin/queue/pause``. Users whose jobs wait see the ``reason``."""

    reason: NotRequired[str]


class QueueLimit(ControlSubject):
    """Body of ``PUT admin/queue/limit``. ``running_jobs`` is how many jobs may run at once; null or 0: no limit."""

    running_jobs: int | None


class QueueControl(TypedDict):
    """Pause, limit, or both, of one subject. ``reason`` and ``paused_at`` are null unless it is ``paused``."""

    scope: str
    name: str
    paused: bool
    reason: str | None
    paused_at: str | None
    running_jobs: int | None


class QueueControlList(TypedDict):
    """Response of ``GET admin/queue/controls``, and of every change."""

    controls: list[QueueControl]
