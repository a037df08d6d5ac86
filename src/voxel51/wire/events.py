"""Events: changes of jobs, as they are streamed to clients and sent to webhooks."""

from enum import StrEnum
from typing import NotRequired, TypedDict

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


class Event(TypedDict):
    """One event. ``id`` increases; a client that sends the last one it read receives the later events.

    ``state`` comes with changes of the state, ``failure_type`` and possibly ``message`` with failures, ``message`` with
    messages, ``progress`` with progress, ``job`` with the end of a job in streams that ask for records.
    """

    id: int
    event: str
    job_id: str
    date: str
    state: NotRequired[str]
    failure_type: NotRequired[str]
    message: NotRequired[str]
    progress: NotRequired[Progress]
    job: NotRequired[JobRecord]


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
