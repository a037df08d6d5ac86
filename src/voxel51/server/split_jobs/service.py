"""Split service: try a failed split job again without its complete parts, and delete parts that are not needed."""

from functools import partial

from sqlalchemy import Connection, delete, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest
from voxel51.server.jobs.outputs import job_not_found
from voxel51.server.jobs.split_tables import SplitPhase, job_parts
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.split_jobs.plan import FrameRange
from voxel51.server.split_jobs.records import SplitJob, load, queue_parts, record_parts, set_split
from voxel51.wire.jobs import JobRequestDocument, JobState

_BATCH_SIZE = 100


class SplitService:
    """Split jobs of users. Every method sees only the jobs of the given owner."""

    def __init__(self, database: Database, submission: JobSubmission) -> None:
        self._database = database
        self._submission = submission

    def retry(self, owner: User, job_id: str) -> str:
        """Submit a failed split job again, as a new job that takes over the complete parts; return its id.

        Raises:
            NotFound: the owner has no such job.
            BadRequest: the job is not one that failed after some of its parts, or it cannot be submitted again.
        """
        with self._database.read() as connection:
            is_own = (jobs.c.id == job_id) & (jobs.c.owner_id == owner.id) & user_submitted
            if connection.execute(select(jobs.c.id).where(is_own)).first() is None:
                raise job_not_found(job_id)
            job = _failed(load(connection, job_id), job_id).job
        # The same version: the parts of another one do not fit.
        request: JobRequestDocument = job.request
        request = {**request, "version": job.version}
        return self._submission.submit(owner, request, job.name, True, within=partial(_adopt, failed_id=job_id))

    def expire(self) -> int:
        """Forget the parts of expired jobs, which are then deleted with what is left of renditions; return how many."""
        expired = select(job_parts.c.parent_id).join(jobs, jobs.c.id == job_parts.c.parent_id)
        statement = expired.where(jobs.c.expired.is_(True)).distinct().limit(_BATCH_SIZE)
        with self._database.read() as connection:
            job_ids = connection.execute(statement).scalars().all()
        if not job_ids:
            return 0
        with self._database.write(durable=False) as connection:
            return connection.execute(delete(job_parts).where(job_parts.c.parent_id.in_(job_ids))).rowcount


def _failed(split: SplitJob | None, job_id: str) -> SplitJob:
    """Return a job whose failed parts can be tried again.

    Raises:
        BadRequest: it is another one; the text says why.
    """
    if split is None or not split.parts:
        raise BadRequest(f"Job '{job_id}' has no parts. Submit it again as a whole.")
    if split.job.state != JobState.FAILED or split.job.phase != SplitPhase.ENDED:
        raise BadRequest(f"Job '{job_id}' is {split.job.state}; only parts of a FAILED job can be tried again")
    if split.job.expired:
        raise BadRequest(f"The parts of job '{job_id}' have expired. Submit it again as a whole.")
    if not _complete(split):
        raise BadRequest(f"Job '{job_id}' has no complete parts to take over. Submit it again as a whole.")
    return split


def _complete(split: SplitJob) -> dict[int, str]:
    """Return the ids of the complete parts whose output exists, by their numbers."""
    return {part.number: part.job_id for part in split.parts if part.state == JobState.COMPLETE and part.output_key}


def _adopt(connection: Connection, job_id: str, *, failed_id: str) -> None:
    """Give the parts of a failed job to the new job ``job_id``, and queue those that are not complete."""
    failed = _failed(load(connection, failed_id, lock=True), failed_id)
    complete = _complete(failed)
    new = load(connection, job_id, lock=True)
    if new is None:  # the caller has just inserted it
        return
    values = {name: getattr(failed.job, name) for name in ("frame_total", "filename")}
    set_split(connection, job_id, phase=SplitPhase.PARTS.value, **values)
    record_parts(connection, job_id, [FrameRange(part.first_frame, part.last_frame) for part in failed.parts])
    for number, part_id in complete.items():
        for parent_id, new_id in ((failed_id, None), (job_id, part_id)):
            is_part = (job_parts.c.parent_id == parent_id) & (job_parts.c.number == number)
            connection.execute(update(job_parts).where(is_part).values(job_id=new_id, copied=0))
    others = [part.number for part in failed.parts if part.number not in complete]
    queue_parts(connection, new.job, others, failed.job.filename)
