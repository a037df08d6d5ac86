"""Jobs: their records, states, failure types and requests."""

from enum import StrEnum
from typing import Required, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.query import ListPage
from voxel51.wire.scheduling import SchedulingOptions
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
"""Key of the one-entry object that refers to the output of a job instead, in inputs."""

REVIEW_ID_FIELD = "review-id"
"""Key of the one-entry object that refers to the labels of a review instead. Only internal jobs use it so far."""

InputReference = TypedDict("InputReference", {"data-id": str, "job-id": str}, total=False)
"""Reference to an input: exactly one of the keys, for data or for the output of a job."""


MAX_PARTS = 64
"""Number of parts into which a job can be split."""


class SplitOptions(TypedDict):
    """Division of a job: into at most ``parts`` parts of its video, which run side by side."""

    parts: int


class ReusedFrom(StrEnum):
    """Origin of a copied result: an earlier job of the same owner, or one of another user of the same application."""

    OWNER = "owner"
    APPLICATION = "application"


class JobRequestDocument(TypedDict, total=False):
    """Request for a job. ``analytic``, ``inputs`` and ``parameters`` are always present.

    An input is data, or the output of another job: the job waits until that one is complete.
    With ``split``, the job is divided. Without it, with ``"auto"`` and with false it is not.
    With ``reuse_result``, an equal result that was computed before is copied, if there is one, and nothing is computed.
    """

    analytic: str
    version: str
    compute_mode: str
    inputs: dict[str, InputReference]
    parameters: JsonObject
    split: SplitOptions
    reuse_result: bool


class Cancellation(TypedDict, total=False):
    """Body of ``PUT jobs/<id>/kill``. The failure message of the job shows the ``reason``."""

    reason: str


class JobInput(TypedDict):
    """Input of a job. ``filename`` is null if the data was deleted or has expired."""

    name: str
    data_id: str
    filename: str | None


class JobPart(TypedDict):
    """Part of a split job: its frames, by number, and how far it is.

    ``state`` is QUEUED, SCHEDULED, RUNNING, COMPLETE or FAILED; ``progress`` is null while it is unknown.
    """

    number: int
    first_frame: int
    last_frame: int
    state: str
    progress: Progress | None
    start_date: str | None
    end_date: str | None
    failure_message: str | None


class JobSplit(TypedDict):
    """Division of a job. It has no ``parts`` before it is planned, and none if it runs as a whole: see ``reason``."""

    reason: str | None
    parts: list[JobPart]


class JobRecord(TypedDict, total=False):
    """One job. ``GET jobs/<id>`` returns all fields. Queries return only the requested fields, and those from
    ``output_filename`` on only by name.

    ``progress`` is the last report of the current attempt, ``eta_seconds`` the estimated time until a running job ends;
    both are null while unknown. ``queue_position`` of a QUEUED job is its position in the order of dispatch, from 1; it
    may increase, because slots are shared fairly between owners. ``scheduling`` is null for a job that was submitted
    without such options, ``split`` unless its request asked for parts. ``reused`` says whose earlier result the output
    of a job is a copy of, a `ReusedFrom`; it is null for a job that ran, or is to run.
    ``waiting_reason`` says why a QUEUED or SCHEDULED job does not start; null if it is about to.
    ``estimated_start`` of a QUEUED job, and ``estimated_completion`` of one that has not ended, follow from the run
    times of earlier jobs of its analytic, from its progress, and from the jobs before it; null while unknown.
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
    scheduling: SchedulingOptions | None
    split: JobSplit | None
    reused: str | None
    waiting_reason: str | None
    estimated_start: str | None
    estimated_completion: str | None


class JobList(ListPage):
    """Response of ``GET jobs`` and ``GET jobs/list``."""

    jobs: list[JobRecord]


class JobDetails(TypedDict):
    """Response of ``POST jobs`` and ``GET jobs/<id>``."""

    job: JobRecord
