"""Partial results: keep the labels that a running job has found so far, and return those that are new since a cursor.

They are stored in parts. They remain after a failure or cancellation, and are deleted when the job is complete (its
output replaces them), when it expires, and when it begins again.
"""

import zlib
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, Conflict
from voxel51.server.events import outbox
from voxel51.server.jobs.attempt_reports import AttemptReports
from voxel51.server.jobs.attempts import Attempt
from voxel51.server.jobs.partial_parts import (
    PartialLimits,
    StoredPart,
    add_part,
    delete_unneeded,
    has_part,
    labels_in,
    parts_after,
)
from voxel51.server.jobs.service import JobService
from voxel51.server.jobs.tables import jobs
from voxel51.server.jobs.transitions import ENDED
from voxel51.wire.events import EventName
from voxel51.wire.jobs import JobState

_REPLY_BYTES = 4 * 1024 * 1024
"""Size of the parts in one reply. It has at least one part, and the caller fetches the others next."""

_SWEPT_JOBS = 50
_GZIP = 31


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Position in the parts of a job: the last part that a reader has, and the attempt that sent it."""

    attempt_id: str = ""
    number: int = 0

    @classmethod
    def read(cls, text: str) -> "_Cursor":
        if not text:
            return cls()
        attempt_id, _, number = text.rpartition(".")
        if not attempt_id or not number.isascii() or not number.isdigit() or len(number) > 9:
            raise BadRequest(f"{text!r:.100} is not a cursor. Send the cursor of the last reply, or none.")
        return cls(attempt_id, int(number))

    def __str__(self) -> str:
        return f"{self.attempt_id}.{self.number}" if self.number else ""


class PartialResults:
    """Partial results of jobs."""

    def __init__(self, database: Database, jobs: JobService, reports: AttemptReports, limits: PartialLimits) -> None:
        self._database = database
        self._jobs = jobs
        self._reports = reports
        self._limits = limits

    def add(self, attempt: Attempt, number: int, content: bytes) -> None:
        """Keep part ``number`` of the partial results of a job. ``content`` is JSON, gzipped.

        Raises:
            BadRequest: the content is invalid.
            TooLarge: there is no more space for partial results of this job.
            Conflict: the job has ended, or an earlier part is missing.
            Forbidden: the attempt is not the current one.
        """
        labels_in(content)
        # A part that a crash of the database undoes is missing in a view of a job that still runs, and nowhere else.
        with self._database.write(durable=False) as connection:
            row = self._reports.current(connection, attempt.id)
            if row.state in ENDED:
                raise Conflict(f"Job '{row.job_id}' has ended; its partial results cannot change any more")
            is_internal = connection.execute(
                select(jobs.c.internal).where(jobs.c.id == row.job_id).with_for_update()
            ).scalar_one()
            if add_part(connection, row, number, content, self._limits) and not is_internal:
                outbox.record(connection, EventName.PARTIAL, [(row.job_id, row.owner_id)], {})

    def since(self, owner_id: str, job_id: str, cursor: str) -> dict[str, object]:
        """Return a `voxel51.wire.partial.PartialLabels` with the parts after ``cursor``; all if it is empty.

        A complete job has none: its output replaces them.

        Raises:
            NotFound: the owner has no such job.
            BadRequest: the job has expired, or the cursor is invalid.
        """
        after = _Cursor.read(cursor)
        job = self._jobs.find(owner_id, job_id)
        if job["expired"]:
            raise BadRequest(f"The partial results of job '{job_id}' have expired. Submit the job again.")
        if job["state"] == JobState.COMPLETE:
            return {"state": job["state"], "parts": [], "cursor": cursor, "is_restarted": False, "has_more": False}
        with self._database.read() as connection:
            return {"state": job["state"], **_reply(connection, job_id, after)}

    def expire(self) -> int:
        """Delete the parts of jobs that are complete or have expired; return how many."""
        with self._database.write(durable=False) as connection:
            return delete_unneeded(connection, _SWEPT_JOBS)


def _reply(connection: Connection, job_id: str, after: _Cursor) -> dict[str, object]:
    is_restarted = after.number > 0 and not has_part(connection, job_id, after.number, after.attempt_id)
    last = _Cursor() if is_restarted else after
    parts: list[msgspec.Raw] = []
    size_bytes, has_more = 0, False
    for part in parts_after(connection, job_id, last.number):
        labels = _labels_of(part)
        if parts and size_bytes + len(labels) > _REPLY_BYTES:
            has_more = True
            break
        parts.append(msgspec.Raw(labels))
        size_bytes += len(labels)
        last = _Cursor(part.attempt_id, part.number)
    return {"parts": parts, "cursor": str(last), "is_restarted": is_restarted, "has_more": has_more}


def _labels_of(part: StoredPart) -> bytes:
    return zlib.decompress(part.content, _GZIP)
