"""What operators see of the whole platform: its queue, its workers, who uses how much, and what is wrong."""

from typing import TypedDict

from voxel51.wire.tasks import Progress


class Slots(TypedDict):
    """Places in which something runs: how many are ``there``, and how many of them are ``used``."""

    total_slots: int
    used_slots: int


class RunningJob(TypedDict):
    """A job that is underway. An ``internal`` one is the platform's own: it makes a rendition for its owner.

    ``application`` is whose user the owner is, if any. ``since`` is when the present attempt began.
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
    """How many jobs ended in the hour that begins at ``hour``."""

    hour: str
    completed: int
    failed: int


class QueueOverview(TypedDict):
    """Answer of ``GET admin/queue``.

    ``states`` counts the jobs that people submitted, ``internal_states`` the platform's own. ``oldest_wait_seconds``
    is how long the longest waiting job of people waits; null where none does. ``throughput`` is the last 24 hours, the
    present one last.
    """

    dispatching: bool
    jobs: Slots
    renditions: Slots
    states: dict[str, int]
    internal_states: dict[str, int]
    oldest_wait_seconds: float | None
    running: list[RunningJob]
    throughput: list[HourlyJobs]


class OwnerUsage(TypedDict):
    """What one user keeps, and what the user's jobs that ended in the time came to.

    ``bytes`` counts files of the same content once. ``failures`` are the failed jobs by failure type. ``job_seconds``
    are from the start to the end of each job; of one that was started again, from the last start.
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
    """One day, in UTC. ``bytes_uploaded`` are those of the files that came that day and are kept still."""

    date: str
    completed: int
    failed: int
    job_seconds: float
    bytes_uploaded: int


class UsageReport(TypedDict):
    """Answer of ``GET admin/usage``, ``GET admin/applications/<name>/users`` and ``GET apps/usage``.

    ``days`` are all days of the time, the present one last. ``owners`` begin with those whose jobs took longest;
    ``count`` is how many there are before offset and limit.
    """

    days: list[DailyUsage]
    owners: list[OwnerUsage]
    count: int


class Memory(TypedDict):
    """Memory of a worker's machine, in bytes."""

    total: int
    available: int


class Disk(TypedDict):
    """The disk that holds the platform's storage, in bytes."""

    total: int
    free: int


class Worker(TypedDict):
    """Something that executes jobs, by the ``engine`` that it belongs to.

    ``load`` is how many processes ran or wanted to in the last 1, 5 and 15 minutes. Null is what its machine does not
    tell.
    """

    name: str
    engine: str
    dispatching: bool
    started_at: str | None
    jobs: Slots
    renditions: Slots
    cores: int
    load: list[float] | None
    memory: Memory | None
    disk: Disk | None


class WorkerList(TypedDict):
    """Answer of ``GET admin/workers``."""

    workers: list[Worker]


class HealthCheck(TypedDict):
    """One thing that was looked at: ``verdict`` is ok, warning or failure, ``advice`` what to do, if anything."""

    name: str
    verdict: str
    text: str
    advice: str | None


class Health(TypedDict):
    """Answer of ``GET admin/health``."""

    checks: list[HealthCheck]
