"""Tasks: the environment and document that a job starts with, and the reports that it sends while it runs."""

from enum import IntEnum, StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.activity import ActivityState
from voxel51.wire.checkpoints import CheckpointState
from voxel51.wire.documents import JsonObject
from voxel51.wire.partial import PartialState

TASK_DESCRIPTION = "TASK_DESCRIPTION"
JOB_ID = "JOB_ID"
API_TOKEN = "API_TOKEN"  # noqa: S105  (the name of a variable)
API_BASE_URL = "API_BASE_URL"
LOGFILE_SIGNED_URL = "LOGFILE_SIGNED_URL"

WEIGHTS_FOLDER = "VOXEL51_WEIGHTS_DIR"
"""Environment variable with the path of a folder for downloaded weights, shared by the jobs of one machine."""

ENVIRONMENT_VARIABLES = (TASK_DESCRIPTION, JOB_ID, API_TOKEN, API_BASE_URL, LOGFILE_SIGNED_URL)
"""The five environment variables that every job starts with, on any runner."""

SignedUrlReference = TypedDict("SignedUrlReference", {"signed-url": str})
"""URL to read or write one file."""


class JobLimits(TypedDict):
    """Limits of one attempt at a job. CPU time, file size and descriptors apply to each of its processes, memory to
    each and to all together, the rest to all together. Absent: no limit.

    Attributes:
        wall_seconds: time from start to exit.
        cpu_seconds: CPU time of all threads of a process together.
        memory_bytes: private memory (enforced on Linux only, as is everything below ``open_files``).
        file_bytes: size of any one file.
        open_files: file descriptors.
        processes: processes and threads at the same time.
        scratch_bytes: size of all files in the folder of the attempt, and of its log.
        scratch_files: number of files and folders in the folder of the attempt.
        written_bytes: bytes sent to disks, also to files that were deleted since.
    """

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int
    processes: NotRequired[int]
    scratch_bytes: NotRequired[int]
    scratch_files: NotRequired[int]
    written_bytes: NotRequired[int]


class TaskState(StrEnum):
    """State of a task, as the task reports it."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"


class PartDescription(TypedDict):
    """Part of a split job: the core range of frames that one attempt answers for.

    Attributes:
        number: from 1.
        count: number of parts of the job.
        first_frame, last_frame: the core range, inclusive, by number in the whole video.
        frame_count: number of frames of the whole video, if all of it can be decoded without a warning. The part may
            then begin to decode at a keyframe; without it, the part decodes from the first frame.
    """

    number: int
    count: int
    first_frame: int
    last_frame: int
    frame_count: NotRequired[int]


class PartResult(PartDescription):
    """Part that is complete, and its output file."""

    output: SignedUrlReference


class MergeDescription(TypedDict):
    """Merge of a split job: the outputs of all its parts, in order."""

    parts: list[PartResult]


class TaskDescription(TypedDict):
    """Document at the URL in ``TASK_DESCRIPTION``.

    ``spans`` is where to send the `SpanReport` of the labels. With ``partial``, the platform takes partial results;
    with ``checkpoint``, it keeps checkpoints. With ``part``, the attempt is one part of a split job; with ``merge``, it
    merges the outputs of the parts. With ``activity``, the platform takes what the task uses and prints.
    ``secrets`` (name -> value) is in the response of ``POST jobs/<id>/begin`` only.
    """

    analytic: str
    version: str
    job_id: str
    inputs: dict[str, SignedUrlReference]
    parameters: JsonObject
    status: SignedUrlReference
    logfile: SignedUrlReference
    output: SignedUrlReference | None
    spans: NotRequired[SignedUrlReference]
    secrets: NotRequired[dict[str, str]]
    partial: NotRequired[PartialState]
    checkpoint: NotRequired[CheckpointState]
    activity: NotRequired[ActivityState]
    part: NotRequired[PartDescription]
    merge: NotRequired[MergeDescription]


class StateReport(TypedDict):
    """Body of ``PUT jobs/<id>/state``. ``failure_type`` comes with FAILED."""

    state: str
    failure_type: NotRequired[str]


class FinishReport(TypedDict):
    """Body of ``POST jobs/<id>/finish``, the last report of a task: how it ended, and what is left to store.

    What is larger than `INLINE_BYTES` was stored by its link before. In JSON, bytes are base64.

    Attributes:
        state: COMPLETE or FAILED.
        failure_type: who is at fault; comes with FAILED.
        status: final status document.
        log: all that the task printed.
        output: output file.
    """

    state: str
    failure_type: NotRequired[str]
    status: NotRequired[bytes]
    log: NotRequired[bytes]
    output: NotRequired[bytes]


INLINE_BYTES = 64 * 1024
"""Largest status, log or output in a `FinishReport`."""


class MetadataReport(TypedDict):
    """Body of ``POST jobs/<id>/metadata``: the analysed part of the inputs."""

    frame_count: int
    duration_seconds: float
    size_bytes: int


class StatusMessage(TypedDict):
    """Message of a task. ``time`` is UTC without an offset, ``YYYY-MM-DDTHH:MM:SS.ffffff``."""

    message: str
    time: str


class Progress(TypedDict, total=False):
    """Progress of a task: ``fraction`` from 0 to 1 (absent while unknown), and the numbers of frames."""

    fraction: float
    frames_done: int
    frames_total: int
    message: str


class TaskStatusDocument(TypedDict):
    """Status document that a running task writes, and that ``GET jobs/<id>/status`` returns.

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
    inputs: dict[str, JsonObject]
    posted_data: dict[str, str]
    progress: NotRequired[Progress]
    warnings: NotRequired[list[str]]


class TaskExit(IntEnum):
    """Exit code of a job's process, for its runner. Reports of the task take precedence."""

    COMPLETE = 0  # reported COMPLETE
    FAILED = 1  # reported FAILED
    NOT_STARTED = 71  # the process could not be set up; nothing was reported
    UNREPORTED = 75  # the result could not be reported: the platform did not answer, or rejected the report
    OUT_OF_MEMORY = 76  # reached its memory limit; reported FAILED if that was still possible
    NOT_CURRENT = 77  # another attempt has replaced this one
    TOO_MANY_PROCESSES = 78  # ended for its number of processes and threads
    SCRATCH_FULL = 79  # ended for the size or number of its files
    WROTE_TOO_MUCH = 80  # ended for what it wrote to disks


class PostedDataId(TypedDict):
    """Data that an output became. This is the only shape whose field is not named ``id``."""

    data_id: str


class PostedData(TypedDict):
    """Response of ``POST jobs/<id>/data``."""

    data: PostedDataId
