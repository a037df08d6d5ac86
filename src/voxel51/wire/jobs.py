"""Jobs: an analytic run on data."""

from enum import StrEnum
from typing import Any, Required, TypedDict

from voxel51.wire.tasks import Progress


class JobState(StrEnum):
    """Where a job stands: READY → QUEUED → SCHEDULED → RUNNING → COMPLETE or FAILED."""

    READY = "READY"
    QUEUED = "QUEUED"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class JobFailureType(StrEnum):
    """Who is at fault when a job failed: its inputs or parameters, the analytic, or the platform."""

    USER = "USER"
    ANALYTIC = "ANALYTIC"
    PLATFORM = "PLATFORM"
    NONE = "NONE"


class JobComputeMode(StrEnum):
    """What a job asks to run on. BEST is a GPU where analytic and platform have one."""

    CPU = "CPU"
    GPU = "GPU"
    BEST = "BEST"


DATA_ID_FIELD = "data-id"
"""Key of the one-entry object that stands for a file in inputs and data parameters."""

JOB_ID_FIELD = "job-id"
"""Likewise for the output of a job, in the place of data. The platform alone asks for it so far."""

DataReference = TypedDict("DataReference", {"data-id": str})


class JobRequestDocument(TypedDict, total=False):
    """What a job is asked to do. ``analytic``, ``inputs`` and ``parameters`` are always there."""

    analytic: str
    version: str
    compute_mode: str
    inputs: dict[str, DataReference]
    parameters: dict[str, Any]


class JobInput(TypedDict):
    """A file that a job looks at; ``filename`` null: it was deleted, or has expired."""

    name: str
    data_id: str
    filename: str | None


class JobRecord(TypedDict, total=False):
    """One job. Queries return only the fields that were asked for, and those from ``output_filename`` on by name alone;
    all come with ``GET jobs/<id>``.

    ``progress`` is what the current attempt last reported, ``eta_seconds`` how long a running job will take still if it
    goes on so; both null while that is not known. ``queue_position`` of a QUEUED job is its place in the order in which
    jobs would be started now, 1 being next; it may grow, as owners take turns.
    """

    id: Required[str]
    name: str
    state: str
    archived: bool
    upload_date: str
    expiration_date: str
    expired: bool
    analytic_id: str
    compute_mode: str
    auto_start: bool
    start_date: str | None
    completion_date: str | None
    fail_date: str | None
    failure_type: str
    output_filename: str
    analytic: str
    version: str
    frame_count: int | None
    duration_seconds: float | None
    size_bytes: int | None
    failure_message: str | None
    progress: Progress | None
    eta_seconds: float | None
    queue_position: int | None
    inputs: list[JobInput]


class JobList(TypedDict):
    """Answer of ``GET jobs`` and ``GET jobs/list``; ``count`` is the matches before offset and limit."""

    jobs: list[JobRecord]
    count: int


class JobDetails(TypedDict):
    """Answer of ``POST jobs`` and ``GET jobs/<id>``."""

    job: JobRecord
