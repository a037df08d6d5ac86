"""Records of split jobs and their parts: read them, make the rows of parts, and stop parts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from voxel51.server.analytics.tables import analytics
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.dependencies import WAITING
from voxel51.server.jobs.split_tables import PartState, SplitPhase, job_parts, split_jobs
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.server.jobs.transitions import ENDED, JobTransition, transition_jobs
from voxel51.server.split_jobs.plan import FrameRange
from voxel51.wire import dates
from voxel51.wire.jobs import JobFailureType, JobState

_STOPPED = {"failure_type": JobFailureType.USER.value, "failure_message": "The job that it is a part of has ended"}

_OF_SPLIT = ("phase", "most_parts", "frame_total", "filename", "labels_id")
_SPLIT = (
    select(jobs, analytics.c.version, *(split_jobs.c[name] for name in _OF_SPLIT))
    .join(split_jobs, split_jobs.c.job_id == jobs.c.id)
    .join(analytics, analytics.c.id == jobs.c.analytic_id)
)
_OF_JOB = ("state", "attempt_id", "start_date", "status_text", "failure_type", "failure_message")
_PARTS = (
    select(job_parts, *(jobs.c[name] for name in _OF_JOB), attempts.c.ended_at, attempts.c.output_key)
    .outerjoin(jobs, jobs.c.id == job_parts.c.job_id)
    .outerjoin(attempts, attempts.c.id == jobs.c.attempt_id)
    .order_by(job_parts.c.number)
)


@dataclass(frozen=True, slots=True)
class SplitJob:
    """A split job and its parts.

    Attributes:
        job: row of the job, with ``version`` of its analytic, and the columns of `split_jobs`.
        parts: rows of the parts, each with the state of its own job and of the attempt at it. The state is None if
            that job was deleted.
    """

    job: DatabaseRow
    parts: Sequence[DatabaseRow]

    @property
    def is_ended(self) -> bool:
        """Whether the job has ended."""
        return self.job.state in ENDED

    @property
    def is_held(self) -> bool:
        """Whether the job was started and no dispatcher has claimed it, as long as it is planned and its parts run."""
        return self.job.state in {JobState.SCHEDULED, JobState.RUNNING} and self.job.attempt_id is None


def open_splits(connection: Connection) -> list[tuple[str, str]]:
    """Return the id and the phase of each split job that was started, waits for no other job, and is not settled."""
    is_open = split_jobs.c.phase.in_([SplitPhase.PLAN.value, SplitPhase.PARTS.value, SplitPhase.MERGE.value])
    statement = select(split_jobs.c.job_id, split_jobs.c.phase).join(jobs, jobs.c.id == split_jobs.c.job_id)
    waits = (jobs.c.state == JobState.QUEUED.value) & jobs.c.not_before.is_not_distinct_from(WAITING)
    started = statement.where(is_open, jobs.c.state != JobState.READY.value, ~waits)
    started = started.order_by(jobs.c.queued_at, jobs.c.id)
    return [(row.job_id, row.phase) for row in connection.execute(started)]


def load(connection: Connection, job_id: str, *, lock: bool = False) -> SplitJob | None:
    """Return a split job; None if it was deleted. ``lock`` keeps other transactions from changing it until the end."""
    if lock:
        connection.execute(select(split_jobs.c.job_id).where(split_jobs.c.job_id == job_id).with_for_update())
    job = connection.execute(_SPLIT.where(jobs.c.id == job_id)).first()
    if job is None:
        return None
    return SplitJob(job, connection.execute(_PARTS.where(job_parts.c.parent_id == job_id)).all())


def set_split(connection: Connection, job_id: str, **values: object) -> None:
    """Set columns of a split job."""
    connection.execute(update(split_jobs).where(split_jobs.c.job_id == job_id).values(**values))


def record_parts(connection: Connection, job_id: str, ranges: Iterable[FrameRange]) -> None:
    """Record the parts of a job, which `queue_parts` queues."""
    rows = [
        {"parent_id": job_id, "number": number, "first_frame": each.first, "last_frame": each.last, "copied": 0}
        for number, each in enumerate(ranges, 1)
    ]
    connection.execute(insert(job_parts), rows)


def queue_parts(connection: Connection, job: DatabaseRow, numbers: Iterable[int], filename: str) -> None:
    """Queue jobs for these parts of a job. They stand in the queue where the job stood, in order.

    ``filename`` is the name of the file that each writes.
    """
    for number in numbers:
        part_id = str(uuid4())
        values: Mapping[str, object] = {
            "id": part_id,
            "owner_id": job.owner_id,
            "name": f"part {number}",
            "internal": True,
            "state": PartState.QUEUED.value,
            "archived": False,
            "upload_date": dates.now(),
            "expiration_date": job.expiration_date,
            "expired": False,
            "analytic_id": job.analytic_id,
            "compute_mode": job.compute_mode,
            "auto_start": True,
            "queued_at": job.queued_at + timedelta(microseconds=number),
            "queue_rank": job.queue_rank,
            "not_before": job.not_before,
            "scheduling": job.scheduling,
            "failure_type": JobFailureType.NONE.value,
            "request": {"analytic": job.request["analytic"], "part": number},
            "output_filename": filename,
            "attempts_lost": 0,
        }
        connection.execute(insert(jobs).values(**values))
        is_part = (job_parts.c.parent_id == job.id) & (job_parts.c.number == number)
        fresh = {"job_id": part_id, "copied": 0, "copied_attempt_id": None}
        connection.execute(update(job_parts).where(is_part).values(**fresh))


def stop_parts(connection: Connection, split: SplitJob) -> bool:
    """Stop the parts that have not ended; return whether there were any. The dispatcher kills their processes next."""
    part_ids = [part.job_id for part in split.parts if part.job_id is not None]
    moved = transition_jobs(connection, part_ids, JobTransition.KILL, fail_date=dates.now(), **_STOPPED)
    running = attempts.c.job_id.in_(moved) & attempts.c.ended_at.is_(None)
    connection.execute(update(attempts).where(running).values(stop_requested=True))
    return bool(moved)
