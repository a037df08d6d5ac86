"""Links by which somebody without an account looks at the result of one job."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from voxel51.server.accounts import audit
from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import users
from voxel51.server.accounts.tokens import hash_key, new_key
from voxel51.server.database.database import Database
from voxel51.server.downloads import Download
from voxel51.server.errors import BadRequest, Forbidden, NotFound
from voxel51.server.jobs.service import JobService
from voxel51.server.jobs.tables import jobs, shares
from voxel51.wire import dates
from voxel51.wire.shares import NewShare, Share, SharedJob
from voxel51.wire.tokens import API_VERSION

_PREFIX = "share_"
_MOST_DAYS = 36525


class ShareService:
    """Makes share links, of whose keys only hashes are kept, and answers whoever holds one. ``public_url`` is where the
    platform is."""

    def __init__(self, database: Database, jobs: JobService, public_url: str) -> None:
        self._database = database
        self._jobs = jobs
        self._public_url = public_url

    def add(self, owner: User, job_id: str, days: float | None, shows_video: bool) -> NewShare:
        """A further link to a job's result, and its video where wanted; it ends after ``days``, or with the job.

        Raises:
            NotFound: the owner has no such job.
            BadRequest: there is no such number of days.
        """
        if days is not None and not 0 < days <= _MOST_DAYS:
            raise BadRequest(f"A share link lasts above 0 and up to {_MOST_DAYS} days, not {days}")
        job, key, now = self._jobs.find(owner.id, job_id), new_key(_PREFIX), dates.now()
        ends = None if days is None else now + timedelta(days=days)
        row: dict[str, Any] = {"id": str(uuid.uuid4()), "job_id": job_id, "created_at": now, "expires_at": ends,
                               "shows_video": shows_video}  # fmt: skip
        with self._database.write() as connection:
            connection.execute(insert(shares).values(key_hash=hash_key(key), **row))
            audit.record(connection, owner, "share link made", owner, id=row["id"], job=job_id, name=job["name"],
                         video=shows_video)  # fmt: skip
        return {
            "share": _to_wire(row["id"], now, ends, shows_video),
            "url": f"{self._public_url}/shared#{key}",  # browsers tell no server what follows the hash
            "api_url": f"{self._public_url}/{API_VERSION}/shared/{key}",
        }

    def all(self, owner: User, job_id: str) -> list[Share]:
        """The links to a job's result, the oldest first; their keys cannot be had again.

        Raises:
            NotFound: the owner has no such job.
        """
        self._jobs.find(owner.id, job_id)
        statement = select(shares).where(shares.c.job_id == job_id).order_by(shares.c.created_at, shares.c.id)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [_to_wire(row.id, row.created_at, row.expires_at, row.shows_video) for row in rows]

    def revoke(self, owner: User, job_id: str, share_id: str) -> None:
        """End a link at once.

        Raises:
            NotFound: the owner has no such job, or it no such link.
        """
        self._jobs.find(owner.id, job_id)
        chosen = (shares.c.id == share_id) & (shares.c.job_id == job_id)
        with self._database.write() as connection:
            if connection.execute(delete(shares).where(chosen)).rowcount == 0:
                raise NotFound(f"Job '{job_id}' has no share link '{share_id}'; list them to see which there are")
            audit.record(connection, owner, "share link revoked", owner, id=share_id, job=job_id)

    def job(self, key: str) -> SharedJob:
        """What whoever holds a link sees of its job: nothing of the owner, or of other jobs.

        Raises:
            NotFound: there is no such link (any more).
        """
        found = self._find(key)
        job = self._jobs.record(User(found.owner_id, ""), found.job_id)
        completed = job.get("completion_date")
        return {
            "name": job["name"],
            "analytic": str(job.get("analytic")),
            "version": str(job.get("version")),
            "state": job["state"],
            "completion_date": None if completed is None else str(completed),
            "output_filename": str(job.get("output_filename")),
            "video": found.shows_video,
        }

    def output(self, key: str) -> Download:
        """The output; raises as `job` and `JobService.output` do."""
        found = self._find(key)
        return self._jobs.output(found.owner_id, found.job_id)

    def job_with_video(self, key: str) -> tuple[User, str]:
        """The owner and the id of a job of which whoever holds a link may see the video.

        Raises:
            NotFound: there is no such link (any more).
            Forbidden: it does not show the video.
        """
        found = self._find(key)
        if not found.shows_video:
            raise Forbidden("This link does not show the video; ask whoever gave it to you for one that does")
        return User(found.owner_id, ""), found.job_id

    def expire(self) -> int:
        """Forget links whose time is over; returns how many."""
        with self._database.write() as connection:
            return connection.execute(delete(shares).where(shares.c.expires_at <= dates.now())).rowcount

    def _find(self, key: str) -> Any:
        counts = (shares.c.key_hash == hash_key(key)) & users.c.deleted_at.is_(None) & users.c.suspended_at.is_(None)
        counts &= shares.c.expires_at.is_(None) | (shares.c.expires_at > dates.now())
        joined = select(shares.c.job_id, shares.c.shows_video, jobs.c.owner_id).join(jobs, jobs.c.id == shares.c.job_id)
        with self._database.read() as connection:
            row = connection.execute(joined.join(users, users.c.id == jobs.c.owner_id).where(counts)).first()
        if row is None:
            raise NotFound("This link does not lead anywhere (any more); ask whoever gave it to you for a new one")
        return row


def _to_wire(share_id: str, created_at: datetime, expires_at: datetime | None, shows_video: bool) -> Share:
    expires = None if expires_at is None else dates.to_text(expires_at)
    return {"id": share_id, "video": shows_video, "created_at": dates.to_text(created_at), "expires_at": expires}
