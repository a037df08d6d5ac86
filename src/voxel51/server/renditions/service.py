"""Renditions: asked for, made by jobs of the platform's own, kept while somebody uses them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from voxel51.server.accounts.callers import User
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, ServiceError, Unavailable
from voxel51.server.jobs.internal import InternalJobs
from voxel51.server.jobs.outputs import checked_output, jobs_with_files
from voxel51.server.jobs.status import status_of
from voxel51.server.jobs.tables import jobs
from voxel51.server.renditions.sources import RenditionSource, SourceResolver
from voxel51.server.renditions.specs import RenditionSpec
from voxel51.server.renditions.tables import renditions
from voxel51.wire import dates
from voxel51.wire.jobs import DATA_ID_FIELD, JobFailureType, JobState
from voxel51.wire.renditions import PendingRendition, RenditionRecord

RENDITION_ANALYTIC = "voxel51/rendition"
"""The analytic that makes them."""

_MOST_AT_ONCE = 500
_NOTED_EVERY = timedelta(hours=1)
"""How often the use of a rendition is written down."""

_FAILURES_KEPT = timedelta(minutes=10)
"""For how long a rendition that could not be made is not tried again."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """For how long renditions are kept.

    Attributes:
        unused: one that nobody used for that long is forgotten.
        most: of one owner's, those used longest ago make room beyond so many.
    """

    unused: timedelta
    most: int


class RenditionService:
    """Gives renditions, and has them made where there are none. Every method sees only what belongs to the owner."""

    def __init__(
        self, database: Database, makers: InternalJobs, subjects: SourceResolver, keeping: RetentionPolicy
    ) -> None:
        self._database = database
        self._makers = makers
        self._subjects = subjects
        self._keeping = keeping

    def get(
        self, owner: User, subject: RenditionSource, spec: RenditionSpec, given: Mapping[str, str]
    ) -> Download | PendingRendition:
        """The rendition, or how far it is; the first who asks has it made.

        Raises:
            NotFound: the owner has no such data or job.
            BadRequest: an argument will not do, or the rendition cannot be made of this; the text says why.
            Unavailable: the platform failed to make it.
        """
        self._subjects.check(owner, subject)
        arguments = spec.read(given)
        variant = _digest(arguments)
        with self._database.read() as connection:
            maker = _find(connection, subject, spec, variant)
        if maker is None or _is_stale(maker):
            try:
                maker = self._have_made(owner, subject, spec, arguments, variant)
            except IntegrityError:  # what it is of was deleted since it was looked at: that is to be said
                self._subjects.check(owner, subject)
                self._subjects.inputs(owner, subject, spec, arguments)
                raise
        return self._answer(spec, maker)

    def all(self, owner: User, subject: RenditionSource) -> list[RenditionRecord]:
        """The renditions that are kept or being made of the subject.

        Raises:
            NotFound: the owner has no such data or job.
        """
        self._subjects.check(owner, subject)
        statement = (
            select(renditions.c.kind, renditions.c.used_at, jobs.c.state, jobs.c.output_filename)
            .join(jobs, jobs.c.id == renditions.c.internal_job_id)
            .where(renditions.c.subject == subject.key)
            .order_by(renditions.c.kind, renditions.c.used_at, renditions.c.internal_job_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [
            {"rendition": row.kind, "filename": row.output_filename, "state": row.state,
             "used_at": dates.to_text(row.used_at)}
            for row in rows
        ]  # fmt: skip

    def expire(self) -> int:
        """Forget what nobody used for long, what failed a while ago, and what is left of deleted data and jobs."""
        now = dates.now()
        stale = (
            select(jobs.c.id)
            .join(renditions, renditions.c.internal_job_id == jobs.c.id, isouter=True)
            .where(jobs.c.internal)
            .where(
                or_(
                    renditions.c.internal_job_id.is_(None),
                    renditions.c.used_at < now - self._keeping.unused,
                    jobs.c.fail_date < now - _FAILURES_KEPT,
                    renditions.c.job_id.in_(select(jobs.c.id).where(jobs.c.expired)),
                )
            )
        )
        with self._database.write() as connection:
            ids = connection.execute(stale.limit(_MOST_AT_ONCE)).scalars().all()
            connection.execute(delete(renditions).where(renditions.c.internal_job_id.in_(ids)))
            self._makers.forget(connection, ids)
            left = connection.execute(select(func.count()).where(jobs.c.id.in_(ids))).scalar() or 0
        return len(ids) - left

    def _have_made(
        self, owner: User, subject: RenditionSource, spec: RenditionSpec, arguments: Mapping[str, Any], variant: str
    ) -> RowMapping:
        inputs = self._subjects.inputs(owner, subject, spec, arguments)
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"rendition {subject.key} {spec.name} {variant}")
            present = _find(connection, subject, spec, variant)
            if present is not None and not _is_stale(present):
                return present
            if present is not None:
                self._drop(connection, [present["id"]])
            self._make_room(connection, owner)
            now = dates.now()
            job_id = self._makers.submit(
                connection, owner.id, RENDITION_ANALYTIC, inputs, {"kind": spec.name, "arguments": arguments},
                spec.filename(arguments), now + self._keeping.unused,
            )  # fmt: skip
            # What shows a video goes with it, also where it is of a job.
            row = {"internal_job_id": job_id, "owner_id": owner.id, "subject": subject.key,
                   "data_id": inputs.get("video", {}).get(DATA_ID_FIELD),
                   "job_id": subject.job_id, "kind": spec.name, "variant": variant, "used_at": now}  # fmt: skip
            connection.execute(insert(renditions).values(row))
            made = _find(connection, subject, spec, variant)
        assert made is not None  # noqa: S101  (it was inserted in this transaction)
        return made

    def _make_room(self, connection: Connection, owner: User) -> None:
        of_owner = renditions.c.owner_id == owner.id
        count = connection.execute(select(func.count()).where(of_owner)).scalar() or 0
        if count >= self._keeping.most:
            oldest = select(renditions.c.internal_job_id).where(of_owner).order_by(renditions.c.used_at)
            self._drop(connection, connection.execute(oldest.limit(count - self._keeping.most + 1)).scalars().all())

    def _drop(self, connection: Connection, job_ids: Any) -> None:
        connection.execute(delete(renditions).where(renditions.c.internal_job_id.in_(job_ids)))
        self._makers.forget(connection, job_ids)

    def _answer(self, spec: RenditionSpec, maker: RowMapping) -> Download | PendingRendition:
        if maker["state"] == JobState.FAILED:
            raise _failure(spec, maker)
        if maker["state"] != JobState.COMPLETE:
            progress = status_of(maker).get("progress") or {}
            return {"rendition": spec.name, "state": maker["state"], "fraction": progress.get("fraction")}
        now = dates.now()
        if maker["used_at"] < now - _NOTED_EVERY:
            with self._database.write(durable=False) as connection:
                used = update(renditions).where(renditions.c.internal_job_id == maker["id"])
                connection.execute(used.values(used_at=now))
        return checked_output(maker)


def _find(connection: Connection, subject: RenditionSource, spec: RenditionSpec, variant: str) -> RowMapping | None:
    """The internal job that makes or made it, with its files, and when the rendition was last used."""
    chosen = (renditions.c.subject == subject.key, renditions.c.kind == spec.name, renditions.c.variant == variant)
    joined = (
        jobs_with_files().add_columns(renditions.c.used_at).join(renditions, renditions.c.internal_job_id == jobs.c.id)
    )
    return connection.execute(joined.where(*chosen)).mappings().first()


def _is_stale(maker: RowMapping) -> bool:
    """Whether it is to be made anew: it failed a while ago."""
    return bool(maker["state"] == JobState.FAILED and maker["fail_date"] < dates.now() - _FAILURES_KEPT)


def _failure(spec: RenditionSpec, maker: RowMapping) -> ServiceError:
    messages = status_of(maker).get("messages") or [{}]
    said = messages[-1].get("message") or "it was stopped"
    text = f"No '{spec.name}' can be made of this: {said}"
    return BadRequest(text) if maker["failure_type"] == JobFailureType.USER else Unavailable(text)


def _digest(arguments: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
