"""Operator overview: the queue, the workers, the usage by owner, and the health of the platform."""

from enum import StrEnum
from typing import NotRequired, TypedDict

from voxel51.wire.tasks import Progress


class EngineKind(StrEnum):
    """Engine that runs jobs."""

    LOCAL = "local"  # processes and containers of the platform's machine
    RAY = "ray"  # the nodes of a Ray cluster
    SLURM = "slurm"  # Slurm jobs, one per attempt


class Slots(TypedDict):
    """Capacity for running jobs: ``used_slots`` of ``total_slots`` run a job."""

    total_slots: int
    used_slots: int


class RunningJob(TypedDict):
    """Job that is scheduled or running. An ``internal`` job makes a rendition for its owner.

    ``application`` is the application that the owner belongs to, or null. ``started_at`` is the start of the current
    attempt.
    """

    job_id: str
    username: str
    application: str | None
    analytic: str
    version: str
    state: str
    internal: bool
    started_at: str
    progress: Progress | None
    eta_seconds: float | None


class HourlyJobs(TypedDict):
    """Number of jobs that ended in the hour that begins at ``hour``."""

    hour: str
    completed: int
    failed: int


class QueueOverview(TypedDict):
    """Response of ``GET admin/queue``.

    ``dispatching`` says whether queued jobs are started; if not, ``waiting_reason`` says why, otherwise it is null.
    ``states`` counts the jobs of users, ``internal_states`` internal jobs. ``oldest_wait_seconds`` is how long the
    oldest queued job of a user has waited; null without one. ``throughput`` is the last 24 hours, the present one last.
    """

    dispatching: bool
    waiting_reason: str | None
    jobs: Slots
    renditions: Slots
    states: dict[str, int]
    internal_states: dict[str, int]
    oldest_wait_seconds: float | None
    running: list[RunningJob]
    throughput: list[HourlyJobs]


class OwnerUsage(TypedDict):
    """Usage of one user: stored files, and the jobs that ended in the period.

    ``bytes`` counts files of the same content once. ``failures`` counts failed jobs by failure type. ``job_seconds`` is
    the sum of the run times of the jobs; for a job that was restarted, from its last start.
    """

    username: str
    application: str | None
    bytes: int
    files: int
    completed: int
    failed: int
    failures: dict[str, int]
    job_seconds: float


class DailyUsage(TypedDict):
    """Usage on one day, in UTC. ``bytes_uploaded`` counts the files of that day that still exist."""

    date: str
    completed: int
    failed: int
    job_seconds: float
    bytes_uploaded: int


class UsageReport(TypedDict):
    """Response of ``GET admin/usage``, ``GET admin/applications/<name>/users`` and ``GET apps/usage``.

    ``days`` are all days of the period, the present one last. ``owners`` are sorted by the run time of their jobs, the
    longest first; ``count`` is their number before offset and limit.
    """

    days: list[DailyUsage]
    owners: list[OwnerUsage]
    count: int


class Memory(TypedDict):
    """Memory of a worker's machine, in bytes."""

    total: int
    available: int


class Disk(TypedDict):
    """Disk of the platform's storage, in bytes."""

    total: int
    free: int


class Worker(TypedDict):
    """Worker that runs jobs, and the ``engine`` that it belongs to.

    ``dispatching`` says whether it starts jobs, ``waiting_reason`` why not (otherwise null), ``started_at`` since when
    it has run. ``load`` is the average number of runnable processes in the last 1, 5 and 15 minutes; of a node, in the
    last minute only. Values that the machine does not report are null. ``gpus``, and the ids of the jobs that are
    ``running``, are stated of nodes only.
    """

    name: str
    engine: str
    dispatching: bool
    waiting_reason: str | None
    started_at: str | None
    jobs: Slots
    renditions: Slots
    cores: int
    load: list[float] | None
    memory: Memory | None
    disk: Disk | None
    gpus: NotRequired[int]
    running: NotRequired[list[str]]


class WorkerList(TypedDict):
    """Response of ``GET admin/workers``."""

    workers: list[Worker]


class HealthCheck(TypedDict):
    """Result of one check: ``verdict`` is ok, warning or failure; ``advice`` is what to do, or null."""

    name: str
    verdict: str
    text: str
    advice: str | None


class Health(TypedDict):
    """Response of ``GET admin/health``."""

    checks: list[HealthCheck]
