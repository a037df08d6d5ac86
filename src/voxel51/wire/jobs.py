"""Jobs: an analytic run on data."""

from enum import StrEnum
from typing import Any, Required, TypedDict


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


class Job(TypedDict, total=False):
    """One job. Queries return only the fields that were asked for; the last six come with details alone."""

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


class JobList(TypedDict):
    """Answer of ``GET jobs`` and ``GET jobs/list``; ``count`` is the matches before offset and limit."""

    jobs: list[Job]
    count: int


class JobDetails(TypedDict):
    """Answer of ``POST jobs`` and ``GET jobs/<id>``."""

    job: Job
