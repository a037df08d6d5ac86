"""Schedules: run a batch or a pipeline again and again, at the times of a cron expression."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.job_batches import BatchSelection, NewJobBatch
from voxel51.wire.scheduling import SchedulingOptions

MAX_SCHEDULES = 100
"""Number of schedules that one user can have."""

KEPT_RUNS = 100
"""Number of runs that are kept of a schedule: the newest."""

DEFAULT_TIME_ZONE = "UTC"


class ScheduledType(StrEnum):
    """Type of what a schedule runs: the tag of `ScheduledWork`."""

    BATCH = "batch"
    PIPELINE = "pipeline"


class ScheduleState(StrEnum):
    """State of a schedule. A PAUSED one runs nothing, and due times that pass meanwhile are not missed."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"


class MissedRuns(StrEnum):
    """Treatment of due times that pass while the platform does not run: one run for all of them, or no run."""

    RUN_ONCE = "run_once"
    SKIP = "skip"


class ScheduleRunState(StrEnum):
    """State of a run. EMPTY: the selection had no videos. FAILED: the request was refused. SKIPPED: it was missed."""

    STARTED = "STARTED"
    EMPTY = "EMPTY"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


MAX_SCHEDULED_RUNS = 100
"""Number of videos on which a schedule runs a pipeline at one due time. More are left to the next one."""


class ScheduledPipeline(TypedDict):
    """Pipeline that a schedule runs on each selected video: ``pipeline`` is its id.

    Videos on which the same version has run with the same parameters, or is running, are left out, and steps with an
    equal result get a copy of it, unless ``fresh``.
    The pipeline must have one input. ``version`` is that of the pipeline; default: the latest at each due time.
    ``scheduling`` is for each job.
    """

    pipeline: str
    selection: BatchSelection
    parameters: NotRequired[JsonObject]
    version: NotRequired[int]
    scheduling: NotRequired[SchedulingOptions]
    fresh: NotRequired[bool]


class ScheduledWork(TypedDict):
    """Request that a schedule runs: the field named by ``type``. It is read again at each due time."""

    type: str
    batch: NotRequired[NewJobBatch]
    pipeline: NotRequired[ScheduledPipeline]


class NewSchedule(TypedDict):
    """Body of ``POST schedules``.

    ``cron`` has the five fields minute, hour, day of the month, month and day of the week, in ``time_zone``, which is a
    name of the IANA database; default: UTC. ``missed_runs`` is a `MissedRuns`; default: ``run_once``.
    """

    cron: str
    run: ScheduledWork
    time_zone: NotRequired[str]
    missed_runs: NotRequired[str]
    name: NotRequired[str]


class ScheduleChanges(TypedDict, total=False):
    """Body of ``PATCH schedules/<id>``. Fields that are left out stay as they are."""

    cron: str
    run: ScheduledWork
    time_zone: str
    missed_runs: str
    name: str


class StartedWork(TypedDict):
    """Batch, or runs of a pipeline, that a run of a schedule started.

    ``id`` is that of the batch, or the ``group_id`` of the runs. ``state`` is that of the batch, or RUNNING or ENDED of
    the runs together; null if it was deleted.
    """

    type: str
    id: str
    state: str | None


class ScheduleRun(TypedDict):
    """One run of a schedule: the time when it was due, when the platform came to it, and what it started.

    ``message`` says why nothing was started; null if something was.
    """

    due_date: str
    date: str
    state: str
    started: StartedWork | None
    message: str | None


class Schedule(TypedDict):
    """One schedule. ``next_date`` is null while it is paused; ``last_run`` before its first run."""

    id: str
    name: str
    state: str
    cron: str
    time_zone: str
    missed_runs: str
    run: ScheduledWork
    created_date: str
    next_date: str | None
    last_run: ScheduleRun | None


class ScheduleDetails(TypedDict):
    """Response of ``POST schedules``, ``GET schedules/<id>`` and of changes of a schedule."""

    schedule: Schedule


class ScheduleList(TypedDict):
    """Response of ``GET schedules``, the newest first."""

    schedules: list[Schedule]


class ScheduleRunList(TypedDict):
    """Response of ``GET schedules/<id>/runs``, the newest first."""

    runs: list[ScheduleRun]
