"""Activity of a running job: the end of its log, and samples of what it uses."""

from typing import NotRequired, TypedDict

INTERVAL_SECONDS = 5.0
"""Time between two reports of a job."""

MAX_LOG_CHARACTERS = 16_384
"""Length of the end of the log that is kept."""

MAX_SAMPLES = 120
"""Samples that are kept of a job. When there are more, every second one is dropped: they cover all of its run."""


class ActivityState(TypedDict):
    """Entry ``activity`` of a task description: the platform takes `ActivityReport`.

    Attributes:
        interval_seconds: shortest time between two reports.
    """

    interval_seconds: float


class ActivitySample(TypedDict):
    """Sample of a job, over the time since the one before.

    Attributes:
        at: time of the sample, ISO 8601 in UTC.
        cpu: processors that the job used on average.
        memory_bytes: memory that it uses.
        frames_per_second: speed of its progress; absent for a job that reports no frames.
    """

    at: str
    cpu: float
    memory_bytes: int
    frames_per_second: NotRequired[float]


class ActivityReport(TypedDict):
    """Body of ``PUT jobs/<id>/activity``, which a running job sends: a sample, and what it has printed since the last.

    ``at`` of the sample is set by the platform.
    """

    cpu: float
    memory_bytes: int
    frames_per_second: NotRequired[float]
    log: NotRequired[str]


class JobActivity(TypedDict):
    """Response of ``GET jobs/<id>/activity``: of the current or last attempt at the job.

    Attributes:
        state: state of the job.
        samples: the oldest first.
        log: the last lines that the job printed; empty before it prints anything.
        log_end: characters that it has printed so far; ``log`` ends there. A smaller number than before means that a
            new attempt at the job began.
    """

    state: str
    samples: list[ActivitySample]
    log: str
    log_end: int
