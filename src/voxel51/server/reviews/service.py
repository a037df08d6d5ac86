"""Reviews: save, list and delete versions of the labels of a job, and find the labels of one."""

from collections.abc import Callable, Mapping
from functools import partial
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Conflict, NotFound
from voxel51.server.events import outbox
from voxel51.server.jobs.label_jobs import produces_labels
from voxel51.server.jobs.outputs import checked_output, job_not_found, jobs_with_files
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.reviews.label_files import LabelFiles, StoredLabels
from voxel51.server.reviews.tables import reviews
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.events import EventName
from voxel51.wire.reviews import (
    MAX_NOTE,
    MAX_VERSIONS,
    NewReview,
    ReviewDetails,
    ReviewRecord,
    checked_edits,
)

MAX_LISTED = 1000
"""Number of versions in one list."""

_BATCH_SIZE = 200

_present = reviews.c.storage_key.is_not(None)
"""Condition: the version was not deleted."""


MayReview = Callable[[Connection, User, str], bool]
"""Returns whether a user may review the labels of a job of another user, by its id."""


class ReviewService:
    """Reviews of the jobs of users.

    Users see those of their own jobs. ``may_review`` says of which others they may save, list and read versions; these
    belong to the owner of the job, whose storage quota they count for, and who alone deletes them.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        files: LabelFiles,
        storage_quota: StorageQuota,
        may_review: MayReview,
    ) -> None:
        self._database = database
        self._may_review = may_review
        self._storage = storage
        self._files = files
        self._storage_quota = storage_quota

    def apply(self, user: User, job_id: str, new: NewReview) -> StoredLabels:
        """Apply the edits of a new version to its base, and store the result. It takes seconds for large labels.

        Raises:
            NotFound: the user may review no such job, or it has no such version.
            BadRequest: the job has no labels of a video, or an edit is invalid; the text says why.
            Lost, Unavailable, OutOfSpace: as `LabelFiles.apply` does.
        """
        if len(new.get("note", "")) > MAX_NOTE:
            raise BadRequest(f"'note' has {len(new.get('note', ''))} characters; at most {MAX_NOTE} are allowed")
        try:
            edits = checked_edits(new["edits"])
        except ValueError as error:
            raise BadRequest(f"Invalid edits: {error}") from None
        if not edits:
            raise BadRequest("'edits' is empty; a version has at least one edit")
        base = self.labels(user, job_id, new["base"])
        about = {"job_id": job_id, "base": new["base"], "reviewer": user.name, "date": dates.to_text(dates.now())}
        return self._files.apply(base, edits, about)

    def save(self, user: User, job_id: str, new: NewReview, stored: StoredLabels) -> ReviewRecord:
        """Record a new version whose labels `apply` has stored, and tell the event streams of the job's owner.

        Raises:
            Conflict: there is a newer version than the reviewer knows; the text says whose and what it changes.
            BadRequest: the job has too many versions.
            OverQuota: the labels exceed the owner's storage quota.
            NotFound: the job was deleted meanwhile.
        """
        try:
            return self._save(user, job_id, new, stored)
        except BaseException:
            self._storage.delete(stored.key)
            raise

    def _save(self, user: User, job_id: str, new: NewReview, stored: StoredLabels) -> ReviewRecord:
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"reviews of {job_id}")
            owner_id = self._owner(connection, user, job_id)
            self._check_job(connection, owner_id, job_id)
            self._check_newest(connection, job_id, new.get("latest", new["base"]))
            last = select(func.coalesce(func.max(reviews.c.version), 0)).where(reviews.c.job_id == job_id)
            version = connection.execute(last).scalar_one() + 1
            if version > MAX_VERSIONS:
                raise BadRequest(f"Job '{job_id}' has had {MAX_VERSIONS} versions of its labels, which is the limit")
            self._storage_quota.check(connection, owner_id, stored.size_bytes)
            row = {
                "id": str(uuid4()),
                "owner_id": owner_id,
                "job_id": job_id,
                "version": version,
                "base": new["base"],
                "reviewer": user.name,
                "created_at": dates.now(),
                "note": new.get("note", "").strip(),
                "edits": new["edits"],
                "changes": stored.changes,
                "accepted": stored.accepted,
                "undecided": stored.undecided,
                "storage_key": stored.key,
                "sha256": stored.sha256,
                "size_bytes": stored.size_bytes,
            }
            connection.execute(insert(reviews).values(row))
            outbox.record(connection, EventName.REVIEWED, [(job_id, owner_id)], {"version": version})
            return record_of(_row(connection, owner_id, job_id, version))

    def all(self, user: User, job_id: str | None = None) -> list[ReviewRecord]:
        """Return the versions of a job, or of all jobs of the user, the newest first, at most `MAX_LISTED`.

        Raises:
            NotFound: the user may review no such job.
        """
        of_job = [] if job_id is None else [reviews.c.job_id == job_id]
        with self._database.read() as connection:
            owner_id = user.id if job_id is None else self._owner(connection, user, job_id)
            if job_id is not None:
                self._check_job(connection, owner_id, job_id)
            chosen = selected_reviews(reviews.c.owner_id == owner_id, *of_job)
            newest = chosen.order_by(reviews.c.created_at.desc(), reviews.c.version.desc(), reviews.c.id)
            return [record_of(row) for row in connection.execute(newest.limit(MAX_LISTED))]

    def details(self, user: User, job_id: str, version: int) -> ReviewDetails:
        """Return the record of a version, and its edits.

        Raises:
            NotFound: the user may review no such job, or it has no such version.
        """
        with self._database.read() as connection:
            row = _row(connection, self._owner(connection, user, job_id), job_id, version)
        return {"review": record_of(row), "edits": row.edits}

    def labels(self, user: User, job_id: str, version: int) -> Download:
        """Return the labels of a version. Those of version 0 are the output of the job, unchanged.

        Raises:
            NotFound: the user may review no such job, or it has no such version.
            BadRequest: the job has no labels of a video, or none yet.
        """
        with self._database.read() as connection:
            owner_id = self._owner(connection, user, job_id)
            output = self._check_job(connection, owner_id, job_id)
            return output if version == 0 else _download(_row(connection, owner_id, job_id, version))

    def original(self, user: User, job_id: str) -> bytes:
        """Return version 0 of the labels of a job, with a number for each track. It takes seconds for large labels.

        Raises:
            NotFound, BadRequest: as `labels` does.
            Lost, Unavailable: as `LabelFiles.original` does.
        """
        return self._files.original(self.labels(user, job_id, 0))

    def delete(self, owner: User, job_id: str, version: int) -> None:
        """Delete a version and its labels. Its number is not used again; versions that are based on it stay.

        Raises:
            NotFound: the owner has no such job, or it has no such version.
        """
        with self._database.write(frees_space=True) as connection:
            row = _row(connection, owner.id, job_id, version)
            gone: dict[str, object] = {"storage_key": None, "edits": [], "changes": {}, "note": "", "size_bytes": 0}
            connection.execute(update(reviews).where(reviews.c.id == row.id).values(gone))
            self._database.after_commit(partial(self._storage.delete, row.storage_key))

    def delete_unneeded(self) -> int:
        """Delete the versions of jobs that have expired; return how many."""
        expired = select(reviews.c.id, reviews.c.storage_key).join(jobs, jobs.c.id == reviews.c.job_id)
        with self._database.write(frees_space=True) as connection:
            rows = connection.execute(expired.where(jobs.c.expired.is_(True)).limit(_BATCH_SIZE)).all()
            connection.execute(delete(reviews).where(reviews.c.id.in_([row.id for row in rows])))
            for row in rows:
                if row.storage_key is not None:
                    self._database.after_commit(partial(self._storage.delete, row.storage_key))
        return len(rows)

    def export(self, owner: User) -> list[Mapping[str, object]]:
        """Return all versions of the owner with their edits, for the export of the account."""
        with self._database.read() as connection:
            rows = connection.execute(
                selected_reviews(reviews.c.owner_id == owner.id).order_by(reviews.c.created_at)
            ).all()
        return [{**record_of(row), "edits": row.edits} for row in rows]

    def references(self, key: str) -> bool:
        """Return whether a version refers to the stored file ``key``."""
        with self._database.read() as connection:
            return connection.execute(select(reviews.c.id).where(reviews.c.storage_key == key)).first() is not None

    def _owner(self, connection: Connection, user: User, job_id: str) -> str:
        """Return the id of the owner of a job; that of ``user``, who has no such job, if they may not review it."""
        owner_id: str | None = connection.execute(select(jobs.c.owner_id).where(jobs.c.id == job_id)).scalar()
        if owner_id is None or owner_id == user.id or not self._may_review(connection, user, job_id):
            return user.id
        return owner_id

    def _check_job(self, connection: Connection, owner_id: str, job_id: str) -> Download:
        """Return the output of a job whose labels can be reviewed."""
        chosen = jobs_with_files().add_columns(analytics.c.document.label("analytic_document"))
        mine = chosen.where(jobs.c.id == job_id, jobs.c.owner_id == owner_id, user_submitted)
        row = connection.execute(mine).mappings().first()
        if row is None:
            raise job_not_found(job_id)
        output = checked_output(row)
        if not produces_labels(row["analytic_document"]):
            name = row["request"]["analytic"]
            raise BadRequest(f"The output of job '{job_id}' is not labels of a video, says its analytic '{name}'")
        return output

    def _check_newest(self, connection: Connection, job_id: str, known: int) -> None:
        newest_known = max(0, min(known, MAX_VERSIONS))
        newer = selected_reviews(reviews.c.job_id == job_id, reviews.c.version > newest_known).order_by(
            reviews.c.version
        )
        rows = connection.execute(newer).all()
        if rows:
            saved = "; ".join(_described(row) for row in rows[:5])
            raise Conflict(
                f"There are newer versions than {known}, which your review is based on: {saved}. Nothing was saved. "
                f"Load version {rows[-1].version}, apply your edits to it, and save again."
            )


class ReviewFiles:
    """Finds the labels of versions for jobs that read them: comparisons and evaluations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def labels_of(self, owner_id: str, review_id: str, job_id: str | None = None) -> Download:
        """Return the labels of the version with this id, of the job if one is given.

        Raises:
            NotFound: the owner has no such version.
        """
        chosen = [reviews.c.id == review_id, reviews.c.owner_id == owner_id, jobs.c.expired.is_(False)]
        if job_id is not None:
            chosen.append(reviews.c.job_id == job_id)
        with self._database.read() as connection:
            row = connection.execute(selected_reviews(*chosen)).first()
        if row is None:
            where = "" if job_id is None else f" of job '{job_id}'"
            raise NotFound(f"Review '{review_id}'{where} not found; it may be deleted, or belong to another user")
        return _download(row)


def stored_review_bytes(connection: Connection, owner_id: str) -> int:
    """Return the bytes of the labels of all versions of an owner."""
    total = select(func.sum(reviews.c.size_bytes)).where(reviews.c.owner_id == owner_id)
    return int(connection.execute(total).scalar() or 0)


def selected_reviews(*conditions: ColumnElement[bool]) -> Select[*tuple[object, ...]]:
    """Select versions that were not deleted, with names of their job and analytic."""
    columns = (jobs.c.name.label("job_name"), analytics.c.name.label("analytic"))
    joined = select(reviews, *columns, analytics.c.version.label("analytic_version"))
    joined = joined.join(jobs, jobs.c.id == reviews.c.job_id).join(analytics, analytics.c.id == jobs.c.analytic_id)
    return joined.where(_present, *conditions)


def _row(connection: Connection, owner_id: str, job_id: str, version: int) -> DatabaseRow:
    number = version if 0 < version <= MAX_VERSIONS else 0  # a larger one does not fit into the column
    chosen = (reviews.c.job_id == job_id, reviews.c.owner_id == owner_id, reviews.c.version == number)
    row = connection.execute(selected_reviews(*chosen, jobs.c.expired.is_(False))).first()
    if row is None:
        raise NotFound(
            f"Version {version} of the labels of job '{job_id}' not found; it may be deleted, or belong to another user"
        )
    return row


def _download(row: DatabaseRow) -> Download:
    filename = f"labels.review-{row.version}.json"
    return Download(row.storage_key, filename, "application/json", row.sha256, row.size_bytes)


def _described(row: DatabaseRow) -> str:
    changes = ", ".join(f"{count} {kind}" for kind, count in row.changes.items())
    return f"version {row.version} by '{row.reviewer}' at {dates.to_text(row.created_at)} ({changes})"


def record_of(row: DatabaseRow) -> ReviewRecord:
    """Return the record of a row of `selected_reviews`."""
    return {
        "id": row.id,
        "job_id": row.job_id,
        "job_name": row.job_name,
        "analytic": row.analytic,
        "analytic_version": row.analytic_version,
        "version": row.version,
        "base": row.base,
        "reviewer": row.reviewer,
        "created_at": dates.to_text(row.created_at),
        "note": row.note,
        "changes": row.changes,
        "accepted": row.accepted,
        "undecided": row.undecided,
        "size_bytes": row.size_bytes,
    }
