"""Tasks: what a job is told when it starts, and what it reports while it runs."""

from enum import IntEnum, StrEnum
from typing import Any, NotRequired, TypedDict

TASK_DESCRIPTION = "TASK_DESCRIPTION"
JOB_ID = "JOB_ID"
API_TOKEN = "API_TOKEN"  # noqa: S105  (the name of a variable)
API_BASE_URL = "API_BASE_URL"
LOGFILE_SIGNED_URL = "LOGFILE_SIGNED_URL"

WEIGHTS_FOLDER = "VOXEL51_WEIGHTS_DIR"
"""Environment variable that names a folder which jobs of one machine share: for weights that they fetched."""

ENVIRONMENT_VARIABLES = (TASK_DESCRIPTION, JOB_ID, API_TOKEN, API_BASE_URL, LOGFILE_SIGNED_URL)
"""The five environment variables a job is started with, wherever it runs."""

SignedUrlReference = TypedDict("SignedUrlReference", {"signed-url": str})
"""Where to read or write one file."""


class JobLimits(TypedDict):
    """Limits of one attempt at a job. CPU time, memory and file size apply to each of its processes.

    Attributes:
        wall_seconds: time from start to exit.
        cpu_seconds: CPU time of all threads of a process together.
        memory_bytes: private memory of a process (enforced on Linux only).
        file_bytes: size of any one file.
        open_files: file descriptors.
    """

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int


class TaskState(StrEnum):
    """Where a task stands, in its own words."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class TaskDescription(TypedDict):
    """The document behind ``TASK_DESCRIPTION``."""

    analytic: str
    version: str
    job_id: str
    inputs: dict[str, SignedUrlReference]
    parameters: dict[str, Any]
    status: SignedUrlReference
    logfile: SignedUrlReference
    output: SignedUrlReference | None
    spans: NotRequired[SignedUrlReference]  # where to say what the labels say, in short (`voxel51.wire.search`)


class StateReport(TypedDict):
    """Body of ``PUT jobs/<id>/state``; ``failure_type`` belongs to FAILED."""

    state: str
    failure_type: NotRequired[str]


class MetadataReport(TypedDict):
    """Body of ``POST jobs/<id>/metadata``."""

    frame_count: int
    duration_seconds: float
    size_bytes: int


class StatusMessage(TypedDict):
    """One line of a task's story. ``time`` is naive UTC, ``YYYY-MM-DDTHH:MM:SS.ffffff``."""

    message: str
    time: str


class Progress(TypedDict, total=False):
    """How far a task is: ``fraction`` in 0 to 1 (absent while unknown), and the frames behind it."""

    fraction: float
    frames_done: int
    frames_total: int
    message: str


class TaskStatusDocument(TypedDict):
    """What a running task writes to its status URL, and what ``GET jobs/<id>/status`` returns.

    ``progress`` and ``warnings`` are additions of this platform; old readers ignore them.
    """

    analytic: str | None
    version: str | None
    state: str
    start_time: str | None
    complete_time: str | None
    fail_time: str | None
    failure_type: str
    messages: list[StatusMessage]
    inputs: dict[str, dict[str, Any]]
    posted_data: dict[str, str]
    progress: NotRequired[Progress]
    warnings: NotRequired[list[str]]


class TaskExit(IntEnum):
    """What a job's process says by its exit code, for whoever started it. What it reported counts before this."""

    COMPLETE = 0  # reported COMPLETE
    FAILED = 1  # reported FAILED
    NOT_STARTED = 71  # its process could not be set up; nothing was reported
    UNREPORTED = 75  # could not report how it ended: the platform did not answer, or refused
    OUT_OF_MEMORY = 76  # reached its memory limit; reported FAILED where it still could
    NOT_CURRENT = 77  # was told that another attempt has taken its place


class PostedDataId(TypedDict):
    """The data that an output became. Note the field's name: only here it is not ``id``."""

    data_id: str


class PostedData(TypedDict):
    """Answer of ``POST jobs/<id>/data``."""

    data: PostedDataId
