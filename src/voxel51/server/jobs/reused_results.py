"""Reused results: give a new job a copy of an equal result that was computed before, and complete it at once.

Equal results of the owner, then, in an application that shares results, of its other users (`result_cache` says which
are equal). The new job has an attempt and a file of its own, so no job refers to another owner's job or file, and the
copy stays when the original is deleted or expires.
"""

import logging
import secrets
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Select, insert, select

from voxel51.server.accounts.tables import applications, users
from voxel51.server.accounts.tokens import hash_key
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import DatabaseAway, OutOfSpace, Unavailable
from voxel51.server.jobs.attempts import OUTPUT_FOLDER, file_columns
from voxel51.server.jobs.result_cache import ResultKeys
from voxel51.server.jobs.tables import attempts, job_run_keys, jobs
from voxel51.server.jobs.transitions import JobTransition, transition_jobs
from voxel51.server.storage.storage import Storage, Writer
from voxel51.wire import dates
from voxel51.wire.jobs import JobState, ReusedFrom

logger = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024**2
"""Size of the largest output that is copied: the request that submits a job waits for the copy."""

_MOST_TRIES = 3
"""Number of equal results that are tried, in case the file of one is missing or damaged."""

_AMOUNT = ("frame_count", "duration_seconds", "size_bytes")
"""Columns of jobs that say how much was computed."""

_NOTE = "An equal result that was computed before was copied"


class CopiedResult:
    """A copy of an earlier result, for a job that is being submitted.

    Attributes:
        source: the earlier job, as `_available` selects it.
        origin: whose job that is.
        key: storage key of the copy.
        is_used: whether a job has the copy; if not, its file is deleted.
    """

    def __init__(self, source: DatabaseRow, origin: ReusedFrom, writer: Writer) -> None:
        self.source = source
        self.origin = origin
        self.writer = writer
        self.key = writer.key
        self.is_used = False

    def keys(self, run_key: str) -> ResultKeys:
        """Return the keys of the job that has the copy and the key ``run_key``.

        An own result may be that of a file with another name, which the output contains: it is shared by that name.
        """
        return ResultKeys(run_key, self.source.application_id, self.source.shared_key)

    def columns(self) -> dict[str, object]:
        """Return the columns of a new job that come from the copied result."""
        amount = {name: getattr(self.source, name) for name in _AMOUNT}
        return {"attempt_id": str(uuid.uuid4()), "reused": self.origin.value, **amount}


NOT_COPIED: dict[str, object] = {"attempt_id": None, "reused": None, **dict.fromkeys(_AMOUNT)}
"""The columns of `CopiedResult.columns` for a job that runs."""


def still_available(connection: Connection, copies: Iterable[CopiedResult]) -> set[str]:
    """Return the ids of the sources of copies that may be used now, in the transaction that records their jobs.

    The others expired or were deleted while they were copied, or the application stopped to share results.
    """
    found: set[str] = set()
    ids: dict[ReusedFrom, list[str]] = {}
    for copied in copies:
        ids.setdefault(copied.origin, []).append(copied.source.id)
    for origin, source_ids in ids.items():
        found.update(row.id for row in connection.execute(_available(origin).where(jobs.c.id.in_(source_ids))))
    return found


def complete_by_copy(connection: Connection, copies: Mapping[str, tuple[str, CopiedResult]]) -> None:
    """Complete new jobs with copies, by job id and attempt id, in the transaction that has recorded them as queued."""
    if not copies:
        return
    now = dates.now()
    times = {"created_at": now, "ended_at": now, "stop_requested": False, "end_detail": _NOTE}
    rows = [
        {"id": attempt_id, "job_id": job_id, "credential_hash": hash_key(secrets.token_urlsafe(32)), **times}
        | file_columns("output", copied.writer)
        for job_id, (attempt_id, copied) in copies.items()
    ]
    connection.execute(insert(attempts), rows)
    # All transitions of a job that runs, so that its events and its record have the same form.
    ids = [*copies]
    transition_jobs(connection, ids, JobTransition.CLAIM)
    transition_jobs(connection, ids, JobTransition.RUN, start_date=now)
    transition_jobs(connection, ids, JobTransition.COMPLETE, completion_date=now)
    for _, copied in copies.values():
        copied.is_used = True


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
                    return CopiedResult(source, origin, writer)
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
    amount = [jobs.c[name] for name in _AMOUNT]
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
