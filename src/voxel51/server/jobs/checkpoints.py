"""Checkpoints: keep the latest state that an attempt at a job saved, and hand it to the next attempt.

A checkpoint belongs to the parts of the partial results that were stored before it. When a job is requeued, later parts
are discarded, so the next attempt goes on as if the lost one had stopped at the checkpoint.
"""

import hashlib

from sqlalchemy import delete, insert, select

from voxel51.server.database.database import Database
from voxel51.server.errors import Conflict, NotFound, TooLarge
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.partial_parts import last_number, part_of
from voxel51.server.jobs.tables import checkpoints, jobs
from voxel51.server.jobs.transitions import ENDED
from voxel51.wire import dates

_BATCH_SIZE = 100


class CheckpointService:
    """Checkpoints of jobs, one each.

    Attributes:
        limit_bytes: size of the largest one.
    """

    def __init__(self, database: Database, reports: AttemptReports, limit_bytes: int) -> None:
        self._database = database
        self._reports = reports
        self.limit_bytes = limit_bytes

    def save(self, attempt: Attempt, content: bytes, parts: int) -> None:
        """Keep ``content`` in place of the earlier checkpoint. It belongs to the first ``parts`` partial results.

        Raises:
            TooLarge: it is larger than the limit.
            Conflict: the job has ended, or some of these parts are missing.
            Forbidden: the attempt is not the current one.
        """
        if len(content) > self.limit_bytes:
            raise TooLarge(f"The checkpoint has {len(content)} bytes; {self.limit_bytes} are allowed. Save less state.")
        row = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "content": content}
        # Durable, and the parts that were stored before it with it: the attempt does not send them again.
        with self._database.write() as connection:
            current = self._reports.current(connection, attempt.id)
            if current.state in ENDED:
                raise Conflict(f"Job '{current.job_id}' has ended; it needs no checkpoint any more")
            stored = last_number(connection, current.job_id)
            if parts > stored:
                raise Conflict(f"The checkpoint needs {parts} parts of the partial results; {stored} are stored")
            connection.execute(delete(checkpoints).where(checkpoints.c.job_id == current.job_id))
            values = {"job_id": current.job_id, "attempt_id": current.id, "parts": parts, "saved_at": dates.now()}
            connection.execute(insert(checkpoints).values(**values, **row))

    def content(self, attempt: Attempt) -> bytes:
        """Return the content of the checkpoint.

        Raises:
            NotFound: the job has none.
        """
        with self._database.read() as connection:
            statement = select(checkpoints.c.content).where(checkpoints.c.job_id == attempt.job_id)
            content: bytes | None = connection.execute(statement).scalar()
        if content is None:
            raise NotFound(f"Job '{attempt.job_id}' has no checkpoint")
        return content

    def part(self, attempt: Attempt, number: int) -> bytes:
        """Return a part of the partial results as it was sent: the labels up to the checkpoint.

        Raises:
            NotFound: the job has no such part.
        """
        with self._database.read() as connection:
            content = part_of(connection, attempt.job_id, number)
        if content is None:
            raise NotFound(f"Job '{attempt.job_id}' has no part {number} of partial results")
        return content

    def expire(self) -> int:
        """Delete the checkpoints of jobs that have ended; return how many."""
        is_over = jobs.c.state.in_([state.value for state in ENDED])
        joined = select(checkpoints.c.job_id).join(jobs, jobs.c.id == checkpoints.c.job_id).where(is_over)
        with self._database.write(durable=False) as connection:
            job_ids = connection.execute(joined.limit(_BATCH_SIZE)).scalars().all()
            if not job_ids:
                return 0
            return connection.execute(delete(checkpoints).where(checkpoints.c.job_id.in_(job_ids))).rowcount
