"""Batches of jobs: one analytic with one or several sets of parameters, run on many videos."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.documents import JsonObject
from voxel51.wire.scheduling import SchedulingOptions

MAX_ITEMS = 10_000
"""Most items of a batch: videos times sets of parameters."""

MAX_PARAMETER_SETS = 100

MAX_RUNNING = 200
"""Most jobs of a batch that may be queued or running at once."""

DEFAULT_RUNNING = 20


class BatchState(StrEnum):
    """State of a batch. A PAUSED one starts no more jobs; those that run go on."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"


class BatchItemState(StrEnum):
    """State of an item: WAITING → ACTIVE → COMPLETE or FAILED. REUSED: an earlier job of the owner has the result."""

    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    COMPLETE = "COMPLETE"
    REUSED = "REUSED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class SelectionQuery(TypedDict, total=False):
    """Query of the data list: the search, the order and the number of a list request (`voxel51.wire.query`)."""

    search: str
    sort: str
    limit: int


class BatchSelection(TypedDict, total=False):
    """Videos of a batch: exactly one of the fields.

    ``data_ids`` are ids of data. ``query`` is for the data that it finds when the batch is created. ``collection`` is
    the id of a collection: its videos of the caller when the batch is created.
    """

    data_ids: list[str]
    query: SelectionQuery
    collection: str


class NewJobBatch(TypedDict):
    """Body of ``POST batches`` and ``POST batches/estimate``.

    ``input`` is needed if the analytic has several required inputs. ``parameter_sets`` runs the analytic once on each
    video for each set of parameters. With ``fresh``, earlier results of the same computation are not reused.
    ``scheduling`` is for each job of the batch.
    """

    analytic: str
    selection: BatchSelection
    version: NotRequired[str]
    compute_mode: NotRequired[str]
    input: NotRequired[str]
    parameters: NotRequired[JsonObject]
    parameter_sets: NotRequired[list[JsonObject]]
    name: NotRequired[str]
    max_running: NotRequired[int]
    fresh: NotRequired[bool]
    scheduling: NotRequired[SchedulingOptions]


class BatchEstimate(TypedDict):
    """Size of a batch before it is created.

    ``seconds`` and ``frames`` of the videos are those of the ``measured_videos`` among them whose length is known, from
    the file or an earlier job of the owner, extended to all by size; null if none is known. ``reusable`` items have a
    result already.
    ``processing_seconds`` is the run time of the other items together, by ``seconds_per_minute`` of video, which the
    last ``measured_jobs`` of the analytic took; null while unknown.
    """

    analytic: str
    version: str
    videos: int
    items: int
    reusable: int
    bytes: int
    seconds: float | None
    frames: int | None
    measured_videos: int
    seconds_per_minute: float | None
    measured_jobs: int
    processing_seconds: float | None


class BatchCounts(TypedDict):
    """Number of items of a batch in each state."""

    waiting: int
    active: int
    complete: int
    reused: int
    failed: int
    cancelled: int


class JobBatch(TypedDict):
    """One batch. ``items`` is the number of its items, ``counts`` how many of them are in each state."""

    id: str
    name: str
    state: str
    archived: bool
    analytic: str
    version: str
    compute_mode: str
    input: str
    parameter_sets: list[JsonObject]
    max_running: int
    fresh: bool
    scheduling: SchedulingOptions | None
    created_date: str
    end_date: str | None
    items: int
    counts: BatchCounts


class JobBatchDetails(TypedDict):
    """Response of ``POST batches``, ``GET batches/<id>`` and of changes of a batch."""

    batch: JobBatch


class JobBatchList(TypedDict):
    """Response of ``GET batches``, the newest first."""

    batches: list[JobBatch]
    next_cursor: str | None


class BatchItem(TypedDict):
    """One item: a video with a set of parameters.

    ``number`` counts from 1, ``parameter_set`` from 0. ``filename`` is null if the data was deleted. ``job_state`` and
    ``run_seconds`` are those of its job; ``labels`` the number of tracks and events that it found of each label, where
    the request asks for them.
    """

    number: int
    data_id: str
    filename: str | None
    parameter_set: int
    state: str
    job_id: str | None
    job_state: str | None
    run_seconds: float | None
    message: str | None
    labels: NotRequired[dict[str, int]]


class BatchItemList(TypedDict):
    """Response of ``GET batches/<id>/items``, in the order of their numbers."""

    items: list[BatchItem]
    next_cursor: str | None
