"""Jobs: their records, states, failure types and requests."""

from enum import StrEnum
from typing import Required, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.query import ListPage
from voxel51.wire.tasks import Progress


class JobState(StrEnum):
    """State of a job: READY → QUEUED → SCHEDULED → RUNNING → COMPLETE or FAILED."""

    READY = "READY"
    QUEUED = "QUEUED"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class JobFailureType(StrEnum):
    """Cause of a failure: the inputs or parameters (USER), the analytic, or the platform."""

    USER = "USER"
    ANALYTIC = "ANALYTIC"
    PLATFORM = "PLATFORM"
    NONE = "NONE"


class JobComputeMode(StrEnum):
    """Hardware that a job requests. BEST is a GPU if the analytic supports it and the platform has one."""

    CPU = "CPU"
    GPU = "GPU"
    BEST = "BEST"


DATA_ID_FIELD = "data-id"
"""Key of the one-entry object that refers to data in inputs and data parameters."""

JOB_ID_FIELD = "job-id"
"""Key of the one-entry object that refers to the output of a job instead. Only internal jobs use it so far."""

DataReference = TypedDict("DataReference", {"data-id": str})


class JobRequestDocument(TypedDict, total=False):
    """Request for a job. ``analytic``, ``inputs`` and ``parameters`` are always present."""

    analytic: str
    version: str
    compute_mode: str
    inputs: dict[str, DataReference]
    parameters: JsonObject


class JobInput(TypedDict):
    """Input of a job. ``filename`` is null if the data was deleted or has expired."""

    name: str
    data_id: str
    filename: str | None


class JobRecord(TypedDict, total=False):
    """One job. ``GET jobs/<id>`` returns all fields. Queries return only the requested fields, and those from
    ``output_filename`` on only by name.

    ``progress`` is the last report of the current attempt, ``eta_seconds`` the estimated time until a running job ends;
    both are null while unknown. ``queue_position`` of a QUEUED job is its position in the order of dispatch, from 1; it
    may increase, because slots are shared fairly between owners.
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


class JobList(ListPage):
    """Response of ``GET jobs`` and ``GET jobs/list``."""

    jobs: list[JobRecord]


class JobDetails(TypedDict):
    """Response of ``POST jobs`` and ``GET jobs/<id>``."""

    job: JobRecord
