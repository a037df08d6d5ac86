"""Renditions: find derived files, have missing ones made by internal jobs, and delete those that are no longer used."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.callers import User
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Lost, NotFound, OutOfSpace, ServiceError, Unavailable
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.jobs.outputs import checked_output, jobs_with_files
from voxel51.server.jobs.split_tables import job_parts
from voxel51.server.jobs.status import final_message, progress_of
from voxel51.server.jobs.tables import internal_job, jobs
from voxel51.server.jobs.transitions import ENDED
from voxel51.server.renditions.sources import RenditionSource, SourceResolver
from voxel51.server.renditions.specs import FACTS, SQL_RENDITION, Arguments, RenditionSpec
from voxel51.server.renditions.tables import renditions
from voxel51.server.storage.integrity import is_intact
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.jobs import DATA_ID_FIELD, JobFailureType, JobState
from voxel51.wire.renditions import PendingRendition, RenditionRecord

log = logging.getLogger(__name__)

RENDITION_ANALYTIC = "voxel51/rendition"
"""Name of the internal analytic that makes renditions."""

_EXCEPTION = re.compile(r"^The analytic failed: \w+:")
"""Message of a job that an exception ended. Its name and text are for the author of the analytic, not for users."""

_HALF = 0.5
_BATCH_SIZE = 500
_USE_RECORDED_EVERY = timedelta(hours=1)
"""Interval at which the use of a rendition is recorded, so that reading it does not write to the database each time."""

_RETRY_FAILED_AFTER = timedelta(minutes=10)
"""Time after which a rendition that could not be made is tried again."""


_QUERY_RESULT_KEPT = timedelta(hours=1)
"""Time for which the result of an SQL query is kept. It has labels of jobs that may be deleted meanwhile."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Rules by which renditions are deleted.

    Attributes:
        unused: time without use after which a rendition is deleted.
        max_per_owner: number of renditions of one owner; beyond it, those used longest ago are deleted.
    """

    unused: timedelta
    max_per_owner: int


class RenditionService:
    """Renditions of data and jobs. Every method sees only what belongs to the given owner.

    A rendition is the output of an internal job. Its row names that job and says what it is of; the state of the
    rendition is the state of the job.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        internal_jobs: InternalJobs,
        sources: SourceResolver,
        retention: RetentionPolicy,
    ) -> None:
        self._database = database
        self._storage = storage
        self._internal_jobs = internal_jobs
        self._sources = sources
        self._retention = retention

    def get(
        self,
        owner: User,
        source: RenditionSource,
        spec: RenditionSpec,
        given: Mapping[str, str],
        *,
        is_awaited: bool = False,
    ) -> Download | PendingRendition:
        """Return the rendition, or its progress while it is made. The first request for it has it made.

        A request that has found it before and waits ``is_awaited``: it does not have it made again.

        Raises:
            NotFound: the owner has no such data or job, or the awaited rendition was cancelled.
            Lost: the stored file of the source is missing or damaged.
            BadRequest: an argument is invalid, or the rendition cannot be made of this source; the text says why.
            Unavailable: the platform failed to make it.
        """
        self._sources.check(owner, source)  # first, so that others get no answer about arguments
        job = self._present(owner, source, spec, spec.read(given), is_awaited=is_awaited)
        return self._result(spec, job)

    def prepare(
        self, owner: User, source: RenditionSource, spec: RenditionSpec, given: Mapping[str, str], *, is_idle: bool
    ) -> str:
        """Have the rendition made unless there is one; return the id of its internal job.

        If ``is_idle``, the job leaves the processors to others while they need them. Raises errors as `get` does.
        """
        self._sources.check(owner, source)
        job_id: str = self._present(owner, source, spec, spec.read(given), in_background=is_idle)["id"]
        return job_id

    def state_of(self, internal_job_id: str) -> str | None:
        """Return the state of the job that makes a rendition; None if the rendition was deleted."""
        of_rendition = renditions.c.internal_job_id == internal_job_id
        statement = select(jobs.c.state).join(renditions, renditions.c.internal_job_id == jobs.c.id)
        with self._database.read() as connection:
            state: str | None = connection.execute(statement.where(of_rendition)).scalar()
        return state

    def read(self, internal_job_id: str, most_bytes: int) -> bytes:
        """Return the first bytes of a rendition that was made by this job, at most ``most_bytes``.

        Raises:
            NotFound, BadRequest: it was deleted, or is not there.
        """
        with self._database.read() as connection:
            of_job = jobs_with_files().where(jobs.c.id == internal_job_id, internal_job)
            job = connection.execute(of_job).mappings().first()
        if job is None:
            raise NotFound("The rendition was deleted")
        content = b""
        for chunk in self._storage.read(checked_output(job).key):
            content += chunk
            if len(content) >= most_bytes:
                break
        return content[:most_bytes]

    def content(self, found: Download) -> bytes:
        """Return the content of a rendition that `get` has returned, which must be small."""
        return b"".join(self._storage.read(found.key))

    def record_use(self, used: Mapping[str, datetime]) -> None:
        """Record that renditions are used now: internal job id -> the use that is recorded, which may suffice."""
        now = dates.now()
        old = [job_id for job_id, used_at in used.items() if used_at < now - _USE_RECORDED_EVERY]
        if old:
            with suppress(OutOfSpace), self._database.write(durable=False) as connection:
                for chunk in in_chunks(old):
                    chosen = update(renditions).where(renditions.c.internal_job_id.in_(chunk))
                    connection.execute(chosen.values(used_at=now))

    def count(self, owner: User) -> int:
        """Return how many renditions the owner has."""
        with self._database.read() as connection:
            return self._count(connection, owner)

    def all(self, owner: User, source: RenditionSource) -> list[RenditionRecord]:
        """Return the renditions of the source that exist or are being made.

        Raises:
            NotFound: the owner has no such data or job.
        """
        self._sources.check(owner, source)
        statement = (
            select(renditions.c.kind, renditions.c.used_at, jobs.c.state, jobs.c.output_filename)
            .join(jobs, jobs.c.id == renditions.c.internal_job_id)
            .where(renditions.c.subject == source.key, renditions.c.kind != FACTS.name)
            .order_by(renditions.c.kind, renditions.c.used_at, renditions.c.internal_job_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [
            {
                "rendition": row.kind,
                "filename": row.output_filename,
                "state": row.state,
                "used_at": dates.to_text(row.used_at),
            }
            for row in rows
        ]

    def delete(
        self, owner: User, source: RenditionSource, spec: RenditionSpec | None, given: Mapping[str, str]
    ) -> None:
        """Delete a rendition, or cancel it while it is made; without ``spec``, do so with all of the source.

        Raises:
            NotFound: the owner has no such data or job, or it has no such rendition.
            BadRequest: an argument is invalid.
        """
        self._sources.check(owner, source)
        chosen = [renditions.c.subject == source.key]
        if spec is not None:
            chosen += [renditions.c.kind == spec.name, renditions.c.variant == variant_of(spec.read(given))]
        with self._database.write(frees_space=True) as connection:
            ids = connection.execute(select(renditions.c.internal_job_id).where(*chosen)).scalars().all()
            if spec is not None and not ids:
                raise NotFound(f"The rendition '{spec.name}' with these arguments is neither stored nor being made")
            self._delete(connection, ids)

    def expire(self) -> int:
        """Delete renditions that were not used for long, and failures after which making may be tried again."""
        now = dates.now()
        is_unused, may_retry = renditions.c.used_at < now - self._retention.unused, now - _RETRY_FAILED_AFTER
        is_old_result = (renditions.c.kind == SQL_RENDITION.name) & (renditions.c.used_at < now - _QUERY_RESULT_KEPT)
        return self._delete_where(is_unused | is_old_result | (jobs.c.fail_date < may_retry))

    def delete_unneeded(self) -> int:
        """Delete what is left of renditions and parts of split jobs whose data or job was deleted or has expired."""
        subject = jobs.alias("subject")
        has_expired = exists().where(subject.c.id == renditions.c.job_id, subject.c.expired.is_(True))
        # The row is deleted with its data or job; the internal job that made it stays and is deleted here.
        return self._delete_where(renditions.c.internal_job_id.is_(None) | has_expired)

    def _delete_where(self, condition: ColumnElement[bool]) -> int:
        """Delete a batch of renditions; return how many."""
        joined = select(jobs.c.id).join(renditions, renditions.c.internal_job_id == jobs.c.id, isouter=True)
        is_part = exists().where(job_parts.c.job_id == jobs.c.id)
        chosen = joined.where(internal_job, ~is_part, condition).limit(_BATCH_SIZE)
        with self._database.write(frees_space=True) as connection:
            ids = connection.execute(chosen).scalars().all()
            self._delete(connection, ids)
            # Jobs that still run are only stopped, and deleted by a later call: they do not count.
            left = connection.execute(select(func.count()).where(jobs.c.id.in_(ids))).scalar() or 0
        return len(ids) - left

    def _present(
        self,
        owner: User,
        source: RenditionSource,
        spec: RenditionSpec,
        arguments: Arguments,
        *,
        is_awaited: bool = False,
        in_background: bool = False,
    ) -> RowMapping:
        """Return the internal job of the rendition, which is submitted unless there is one."""
        with self._database.read() as connection:
            job = _find(connection, source, spec, variant_of(arguments))
        if job is None and is_awaited:
            raise NotFound(f"The rendition '{spec.name}' was cancelled")
        if job is not None and not self._is_replaced(job, in_background=in_background):
            return job
        try:
            return self._have_made(owner, source, spec, arguments, in_background=in_background)
        except (IntegrityError, Lost):
            # If the source was deleted after the check above, checking again raises the right error.
            self._sources.check(owner, source)
            self._sources.inputs(owner, source, spec, arguments)
            raise

    def _have_made(
        self, owner: User, source: RenditionSource, spec: RenditionSpec, arguments: Arguments, *, in_background: bool
    ) -> RowMapping:
        inputs, variant = self._sources.inputs(owner, source, spec, arguments), variant_of(arguments)
        parameters = self._sources.parameters(owner, source)
        with self._database.write() as connection:
            # Of several requests that find no rendition at the same time, one submits the job and the others find it.
            acquire_advisory_locks(connection, f"rendition {source.key} {spec.name} {variant}")
            present = _find(connection, source, spec, variant)
            if present is not None and not self._is_replaced(present, in_background=in_background):
                return present
            if present is not None:
                self._delete(connection, [present["id"]])
            self._delete_oldest(connection, owner)
            now = dates.now()
            job_id = self._internal_jobs.submit(
                connection,
                owner.id,
                RENDITION_ANALYTIC,
                inputs,
                {"kind": spec.name, "arguments": arguments, "in_background": in_background, **parameters},
                spec.filename(arguments),
                now + self._retention.unused,
            )
            row = {
                "internal_job_id": job_id,
                "owner_id": owner.id,
                "subject": source.key,
                # A rendition that shows a video is deleted with the video, also if it is of a job.
                "data_id": inputs.get("video", {}).get(DATA_ID_FIELD),
                "job_id": source.job_id,
                "dataset_id": source.dataset_id,
                "kind": spec.name,
                "variant": variant,
                "used_at": now,
            }
            connection.execute(insert(renditions).values(row))
            made = _find(connection, source, spec, variant)
        assert made is not None  # noqa: S101  (it was inserted in this transaction)
        return made

    def _is_replaced(self, job: RowMapping, *, in_background: bool) -> bool:
        """Return whether to make the rendition again: it is stale, or runs at the lowest priority and is wanted now.

        The priority of a process can be lowered only. On a busy machine, a process of the lowest one takes so long that
        the user is better served by another that starts again, unless it has done half of its work.
        """
        if self._is_stale(job):
            return True
        if in_background or job["state"] in ENDED or not job["request"]["parameters"].get("in_background"):
            return False
        fraction = (progress_of(job["status_text"]) or {}).get("fraction")
        return fraction is None or fraction < _HALF

    def _is_stale(self, job: RowMapping) -> bool:
        """Return whether to make the rendition again: making it failed a while ago, or its file is damaged."""
        if job["state"] == JobState.COMPLETE and job["output_key"] is not None:
            return not is_intact(self._storage, job["output_key"], job["output_size_bytes"])
        return bool(job["state"] == JobState.FAILED and job["fail_date"] < dates.now() - _RETRY_FAILED_AFTER)

    def _delete_oldest(self, connection: Connection, owner: User) -> None:
        excess = self._count(connection, owner) - self._retention.max_per_owner + 1
        if excess > 0:
            of_owner = select(renditions.c.internal_job_id).where(renditions.c.owner_id == owner.id)
            oldest = of_owner.order_by(renditions.c.used_at).limit(excess)
            self._delete(connection, connection.execute(oldest).scalars().all())

    def _count(self, connection: Connection, owner: User) -> int:
        return connection.execute(select(func.count()).where(renditions.c.owner_id == owner.id)).scalar_one()

    def _delete(self, connection: Connection, job_ids: Sequence[str]) -> None:
        connection.execute(delete(renditions).where(renditions.c.internal_job_id.in_(job_ids)))
        self._internal_jobs.delete(connection, job_ids)

    def _result(self, spec: RenditionSpec, job: RowMapping) -> Download | PendingRendition:
        if job["state"] == JobState.FAILED:
            raise _failure(spec, job)
        if job["state"] != JobState.COMPLETE:
            progress = progress_of(job["status_text"]) or {}
            return {"rendition": spec.name, "state": job["state"], "fraction": progress.get("fraction")}
        self.record_use({job["id"]: job["used_at"]})
        return checked_output(job)


def _find(connection: Connection, source: RenditionSource, spec: RenditionSpec, variant: str) -> RowMapping | None:
    """Return the internal job of a rendition with its files, and ``used_at`` of the rendition."""
    chosen = (renditions.c.subject == source.key, renditions.c.kind == spec.name, renditions.c.variant == variant)
    joined = (
        jobs_with_files().add_columns(renditions.c.used_at).join(renditions, renditions.c.internal_job_id == jobs.c.id)
    )
    return connection.execute(joined.where(*chosen)).mappings().first()


def _failure(spec: RenditionSpec, job: RowMapping) -> ServiceError:
    """Return the error of a rendition that was not made.

    Only a failure of the platform is answered as one: renditions are made of files of users, and a file on which the
    decoder crashes, or for which it needs too much memory or time, will do so again.
    """
    reason = final_message(job) or "its job was stopped"
    if job["failure_type"] == JobFailureType.ANALYTIC and _EXCEPTION.search(reason):
        log.warning("rendition %r of job %s failed: %s", spec.name, job["id"], reason)
        reason = "a file that it is made of cannot be processed. It may be damaged; convert it, and upload it again"
    text = f"The rendition '{spec.name}' could not be made: {reason}"
    return Unavailable(text) if job["failure_type"] == JobFailureType.PLATFORM else BadRequest(text)


def variant_of(arguments: Arguments) -> str:
    """Return what distinguishes renditions of one kind and source: a digest of the arguments."""
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
