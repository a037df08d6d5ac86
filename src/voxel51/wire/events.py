"""Events: changes of jobs, and ends of batches and runs of pipelines, as clients and webhooks get them."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.job_batches import BatchCounts
from voxel51.wire.jobs import JobRecord
from voxel51.wire.tasks import Progress


class EventName(StrEnum):
    """Type of an event."""

    QUEUED = "job_queued"
    SCHEDULED = "job_scheduled"
    RUNNING = "job_running"
    PROGRESS = "job_progress"
    MESSAGE = "job_message"
    PARTIAL = "job_partial"
    COMPLETE = "job_complete"
    FAILED = "job_failed"
    ARCHIVED = "job_archived"
    UNARCHIVED = "job_unarchived"
    EXPIRED = "job_expired"
    DELETED = "job_deleted"
    REVIEWED = "job_reviewed"
    BATCH_ENDED = "batch_ended"
    PIPELINE_RUN_ENDED = "pipeline_run_ended"


NO_JOB = ""
"""Takes the place of the id of a job in events about a batch or a run of a pipeline."""


class EndedBatch(TypedDict):
    """Batch that has ended. ``state`` is ENDED or CANCELLED, ``counts`` the number of its items in each state."""

    id: str
    name: str
    state: str
    items: int
    counts: BatchCounts


class EndedPipelineRun(TypedDict):
    """Run of a pipeline that has ended. ``state`` is COMPLETE, FAILED or CANCELLED.

    ``steps`` is the number of its steps, ``complete`` the number of those that are COMPLETE. ``pipeline`` is the name
    of the pipeline; ``pipeline_id`` is null if it was deleted. A run that is retried ends once more.
    """

    id: str
    name: str
    state: str
    pipeline_id: str | None
    pipeline: str
    version: int
    steps: int
    complete: int


class Event(TypedDict):
    """One event. ``id`` increases; a client that sends the last one it read receives the later events.

    ``state`` comes with changes of the state, ``failure_type`` and possibly ``message`` with failures, ``message`` with
    messages, ``version`` with saved reviews, ``progress`` with progress, ``job`` with the end of a job in streams that
    ask for records, and ``batch`` or ``pipeline_run`` with the end of a batch or of a run of a pipeline, whose
    ``job_id`` is empty.
    """

    id: int
    event: str
    job_id: str
    date: str
    state: NotRequired[str]
    failure_type: NotRequired[str]
    message: NotRequired[str]
    version: NotRequired[int]
    progress: NotRequired[Progress]
    job: NotRequired[JobRecord]
    batch: NotRequired[EndedBatch]
    pipeline_run: NotRequired[EndedPipelineRun]


ENDED_JOBS = "ended_jobs"
"""Name of the first event of a stream that asks for records."""


class EndedJobs(TypedDict):
    """Jobs that had ended when a stream began, and those that were not found. Events after ``id`` follow."""

    id: int
    event: str
    date: str
    jobs: list[JobRecord]
    missing: list[str]


GAP = "gap"
"""Name of an event about the stream itself: its reader was disconnected for longer than events are kept."""


class Gap(TypedDict):
    """Gap in a stream: events up to ``id`` may be missing, and the stream continues after it. Poll the jobs."""

    id: int
    event: str
    date: str
    message: str
