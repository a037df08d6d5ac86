"""Reused results: give a new job a copy of an equal result that was computed before, and complete it at once.

Equal results of the owner, then, in an application that shares results, of its other users (`result_cache` says which
are equal). The new job has an attempt and a file of its own, so no job refers to another owner's job or file, and the
copy stays when the original is deleted or expires.
"""

import logging
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update

from voxel51.server.accounts.tables import applications, users
from voxel51.server.accounts.tokens import hash_key
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import DatabaseAway, OutOfSpace, Unavailable
from voxel51.server.jobs.attempts import OUTPUT_FOLDER, file_columns
from voxel51.server.jobs.result_cache import ResultKeys
from voxel51.server.jobs.tables import attempts, job_run_keys, jobs
from voxel51.server.jobs.transitions import JobTransition, transition_job
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.jobs import JobState, ReusedFrom

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024**2
"""Size of the largest output that is copied: the request that submits a job waits for the copy."""

_MOST_TRIES = 3
"""Number of equal results that are tried, in case the file of one is missing or damaged."""

_NOTE = "An equal result that was computed before was copied"


class CopiedResult:
    """A copy of an earlier result, for a job that is being submitted."""

    def __init__(self, source: DatabaseRow, origin: ReusedFrom, chosen: ColumnElement[bool], writer: Writer) -> None:
        self._source = source
        self._origin = origin
        self._chosen = chosen
        self._writer = writer
        self.key = writer.key
        self.is_used = False

    def complete(self, connection: Connection, job_id: str) -> bool:
        """Complete the queued job ``job_id`` with the copy, in the transaction that records the job.

        Return False, and change nothing, if the result may no longer be reused: it expired or was deleted, or the
        application stopped to share results.
        """
        still_there = _available(self._origin).where(self._chosen, jobs.c.id == self._source.id)
        if connection.execute(still_there).first() is None:
            return False
        now, attempt_id = dates.now(), str(uuid.uuid4())
        row = {"id": attempt_id, "job_id": job_id, "credential_hash": hash_key(secrets.token_urlsafe(32))}
        times = {"created_at": now, "ended_at": now, "stop_requested": False, "end_detail": _NOTE}
        connection.execute(insert(attempts).values(**row, **times, **file_columns("output", self._writer)))
        amount = {name: getattr(self._source, name) for name in ("frame_count", "duration_seconds", "size_bytes")}
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(reused=self._origin.value, **amount))
        # An own result may be that of a file with another name, which the output contains: it is shared by that name.
        of_result = {"application_id": self._source.application_id, "shared_key": self._source.shared_key}
        connection.execute(update(job_run_keys).where(job_run_keys.c.job_id == job_id).values(**of_result))
        # All transitions of a job that runs, so that its events and its record have the same form.
        transition_job(connection, job_id, JobTransition.CLAIM, attempt_id=attempt_id)
        transition_job(connection, job_id, JobTransition.RUN, start_date=now)
        transition_job(connection, job_id, JobTransition.COMPLETE, completion_date=now)
        self.is_used = True
        return True


class ReusedResults:
    """Finds and copies earlier results."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage

    @contextmanager
    def copy_of(self, owner_id: str, keys: ResultKeys | None) -> Iterator[CopiedResult | None]:
        """Yield a copy of an earlier result with these keys, or None if no such result can be copied.

        The file of a copy that is not used in the block is deleted.
        """
        copied = None if keys is None else self._copy(owner_id, keys)
        keep = False
        try:
            yield copied
        except DatabaseAway:
            keep = True  # the record may name the file; if it does not, the sweeper deletes the file
            raise
        except BaseException:
            if copied is not None:
                copied.is_used = False  # the transaction was rolled back
            raise
        finally:
            if copied is not None and not copied.is_used and not keep:
                self._storage.delete(copied.key)

    def _copy(self, owner_id: str, keys: ResultKeys) -> CopiedResult | None:
        of_owner = (job_run_keys.c.owner_id == owner_id) & (job_run_keys.c.run_key == keys.run_key)
        choices = [(ReusedFrom.OWNER, of_owner)]
        if keys.shared_key is not None:
            of_application = job_run_keys.c.application_id == keys.application_id
            choices.append((ReusedFrom.APPLICATION, of_application & (job_run_keys.c.shared_key == keys.shared_key)))
        for origin, chosen in choices:
            # Any of them will do: to find the newest, all copies of a popular result would have to be sorted.
            with self._database.read() as connection:
                sources = connection.execute(_available(origin).where(chosen).limit(_MOST_TRIES)).all()
            for source in sources:
                if (writer := self._copied(source)) is not None:
                    return CopiedResult(source, origin, chosen, writer)
        return None

    def _copied(self, source: DatabaseRow) -> Writer | None:
        """Return the committed copy of an output; None if that is missing or damaged, or there is no space for it."""
        writer = None
        try:
            writer = self._storage.writer(f"{OUTPUT_FOLDER}/{uuid.uuid4()}", source.output_size_bytes)
            for chunk in self._storage.read(source.output_key):
                writer.write(chunk)
            if writer.sha256 != source.output_sha256:
                logger.warning("the output of job %s is damaged, and is not reused", source.id)
                return None
            writer.commit()
        except (OSError, OutOfSpace, Unavailable) as error:
            logger.warning("the output of job %s is not reused: %s", source.id, error)
            return None
        finally:
            if writer is not None:
                writer.abort()  # without effect once it is committed
        return writer


def _available(origin: ReusedFrom) -> Select[*tuple[object, ...]]:
    """Select complete jobs whose output can be copied, of those with keys; of users, if others are to get copies."""
    amount = (jobs.c.frame_count, jobs.c.duration_seconds, jobs.c.size_bytes)
    file = (attempts.c.output_key, attempts.c.output_sha256, attempts.c.output_size_bytes)
    found = (
        select(jobs.c.id, *amount, *file, job_run_keys.c.application_id, job_run_keys.c.shared_key)
        .select_from(job_run_keys)
        .join(jobs, jobs.c.id == job_run_keys.c.job_id)
        .join(attempts, attempts.c.id == jobs.c.attempt_id)
        .where(jobs.c.state == JobState.COMPLETE.value, jobs.c.expired.is_(False), jobs.c.expiration_date > dates.now())
        .where(attempts.c.output_key.is_not(None), attempts.c.output_sha256.is_not(None))
        .where(attempts.c.output_size_bytes <= MOST_BYTES)
    )
    if origin is ReusedFrom.APPLICATION:
        shares = (applications.c.id == job_run_keys.c.application_id) & applications.c.shares_results.is_(True)
        present = (users.c.id == jobs.c.owner_id) & users.c.deleted_at.is_(None)
        found = found.join(applications, shares).join(users, present)
        found = found.where(job_run_keys.c.shared_key.is_not(None))  # says to SQLite that the partial index fits
    return found
