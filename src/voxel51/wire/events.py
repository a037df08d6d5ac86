"""Events: what happened to jobs, as it is told live and to webhooks."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.tasks import Progress


class EventName(StrEnum):
    """What may happen to a job."""

    QUEUED = "job_queued"
    SCHEDULED = "job_scheduled"
    RUNNING = "job_running"
    PROGRESS = "job_progress"
    MESSAGE = "job_message"
    COMPLETE = "job_complete"
    FAILED = "job_failed"
    ARCHIVED = "job_archived"
    UNARCHIVED = "job_unarchived"
    EXPIRED = "job_expired"
    DELETED = "job_deleted"


class Event(TypedDict):
    """One event. ``id`` grows; whoever names the last one seen is told what followed.

    ``state`` comes with moves of the state, ``failure_type`` and perhaps ``message`` with failures, ``message`` with
    messages, ``progress`` with progress.
    """

    id: int
    event: str
    job_id: str
    date: str
    state: NotRequired[str]
    failure_type: NotRequired[str]
    message: NotRequired[str]
    progress: NotRequired[Progress]


GAP = "gap"
"""Name of an event about the stream itself: its reader was away for longer than events are kept."""


class Gap(TypedDict):
    """A gap: events up to ``id`` may be missing; the stream goes on after it. Look at the jobs themselves."""

    id: int
    event: str
    date: str
    message: str
