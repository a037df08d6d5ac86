"""Reviews in shared collections: editors review the labels of jobs on the videos of a collection.

Only jobs of the owner of a video are reviewed, whose labels are of that video, and only while that owner can read the
collection.
"""

from collections.abc import Iterator
from itertools import islice

from sqlalchemy import Connection, Select, or_, select

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import analytics
from voxel51.server.collections.access import collection_for
from voxel51.server.collections.filters import readable_by_owners
from voxel51.server.collections.tables import collection_members, collection_shares, collections
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import NotFound
from voxel51.server.jobs.label_jobs import produces_labels, video_of
from voxel51.server.jobs.tables import job_inputs, jobs, user_submitted
from voxel51.wire import dates
from voxel51.wire.collections import CollectionRole, ReviewableJob
from voxel51.wire.jobs import JobState

MAX_LISTED = 100
"""Number of jobs in one list."""

_member, _share = collection_members.c, collection_shares.c
_reviewable = (jobs.c.state == JobState.COMPLETE.value, jobs.c.expired.is_(False), user_submitted)


def may_review(connection: Connection, user: User, job_id: str) -> bool:
    """Return whether the user may review the labels of a job of another user, as an editor of a collection."""
    row = connection.execute(_jobs().where(jobs.c.id == job_id, *_reviewable)).first()
    video_id = None if row is None else _reviewed_video(row)
    if row is None or video_id is None:
        return False
    edited = select(_share.role).where(
        _share.collection_id == collections.c.id,
        _share.user_id == user.id,
        _share.role == CollectionRole.EDITOR.value,
    )
    containing = readable_by_owners(select(_member.data_id)).where(
        _member.data_id == video_id,
        _member.owner_id == row.owner_id,
        or_(collections.c.owner_id == user.id, edited.exists()),
    )
    return connection.execute(containing.limit(1)).first() is not None


class ReviewableJobs:
    """Lists the jobs whose labels editors of a collection can review."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def on(self, user: User, collection_id: str, data_id: str) -> list[ReviewableJob]:
        """Return the jobs on a member of a collection whose labels can be reviewed, the newest first.

        Raises:
            NotFound: the user can read no such collection, or it has no such member.
            Forbidden: the user may only read it.
        """
        with self._database.read() as connection:
            collection_for(connection, user, collection_id, CollectionRole.EDITOR)
            found = select(_member.owner_id).where(_member.collection_id == collection_id, _member.data_id == data_id)
            owner_id = connection.execute(found).scalar()
            if owner_id is None:
                raise NotFound(f"Data '{data_id}' is not in this collection; it may have been removed or deleted")
            still = readable_by_owners(found)
            if connection.execute(still).first() is None:
                return []
            chosen = _jobs().join(job_inputs, job_inputs.c.job_id == jobs.c.id)
            chosen = chosen.where(job_inputs.c.data_id == data_id, jobs.c.owner_id == owner_id, *_reviewable)
            rows = connection.execute(chosen.order_by(jobs.c.completion_date.desc(), jobs.c.id))
            return [*islice(_records(rows, data_id), MAX_LISTED)]


def _jobs() -> Select[*tuple[object, ...]]:
    columns = (analytics.c.document, analytics.c.name.label("analytic"), analytics.c.version)
    return select(jobs, *columns).join(analytics, analytics.c.id == jobs.c.analytic_id)


def _reviewed_video(row: DatabaseRow) -> str | None:
    """Return the id of the video that the labels of a job are of; None if its output is not labels of a video."""
    return video_of(row.request, row.document) if produces_labels(row.document) else None


def _records(rows: Iterator[DatabaseRow], data_id: str) -> Iterator[ReviewableJob]:
    for row in rows:
        if _reviewed_video(row) == data_id:
            yield {
                "id": row.id,
                "name": row.name,
                "analytic": row.analytic,
                "analytic_version": row.version,
                "completion_date": dates.to_text(row.completion_date),
            }
