"""Share links: links by which a person without an account sees the result of one job."""

import re
import uuid
from datetime import datetime, timedelta
from html import escape
from typing import NamedTuple

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
from voxel51.wire.shares import NewShare, OEmbed, Share, SharedJob
from voxel51.wire.tokens import API_VERSION

_PREFIX = "share_"
_KEY = re.compile(r"share_[A-Za-z0-9_-]{1,200}")
_EMBED_SIZE = (640, 400)
"""Width and height of an embedded result, unless less is wanted."""

_MAX_DAYS = 36525


class _LinkTarget(NamedTuple):
    job_id: str
    shows_video: bool
    owner_id: str


class ShareService:
    """Creates, resolves and revokes share links. Only hashes of their keys are stored.

    ``public_url`` is the address of the platform; ``is_embeddable`` says whether pages of other sites may show results
    in a frame.
    """

    def __init__(self, database: Database, jobs: JobService, public_url: str, *, is_embeddable: bool = False) -> None:
        self._database = database
        self._jobs = jobs
        self._public_url = public_url
        self._is_embeddable = is_embeddable

    def add(self, owner: User, job_id: str, days: float | None, shows_video: bool) -> NewShare:
        """Create a link to the result of a job, and to its video if ``shows_video``.

        The link expires after ``days``, or with the job.

        Raises:
            NotFound: the owner has no such job.
            BadRequest: the number of days is out of range.
        """
        if days is not None and not 0 < days <= _MAX_DAYS:
            raise BadRequest(f"A share link lasts more than 0 and at most {_MAX_DAYS} days, not {days}")
        job, key, now = self._jobs.find(owner.id, job_id), new_key(_PREFIX), dates.now()
        share_id, expires_at = str(uuid.uuid4()), None if days is None else now + timedelta(days=days)
        row = {
            "id": share_id,
            "job_id": job_id,
            "key_hash": hash_key(key),
            "created_at": now,
            "expires_at": expires_at,
            "shows_video": shows_video,
        }
        with self._database.write() as connection:
            connection.execute(insert(shares).values(row))
            audit.record(connection, owner, "share link made", owner, id=share_id, job=job_id, name=job["name"],
                         video=shows_video)  # fmt: skip
        return {
            "share": _to_wire(share_id, now, expires_at, shows_video),
            # Browsers do not send the part after the hash to a server, so the key stays out of access logs.
            "url": f"{self._public_url}/shared#{key}",
            "api_url": f"{self._public_url}/{API_VERSION}/shared/{key}",
            "embed_url": f"{self._public_url}/embed#{key}" if self._is_embeddable else None,
        }

    def all(self, owner: User, job_id: str) -> list[Share]:
        """Return the links to the result of a job, the oldest first, without their keys.

        Raises:
            NotFound: the owner has no such job.
        """
        self._jobs.find(owner.id, job_id)
        statement = select(shares).where(shares.c.job_id == job_id).order_by(shares.c.created_at, shares.c.id)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        return [_to_wire(row.id, row.created_at, row.expires_at, row.shows_video) for row in rows]

    def revoke(self, owner: User, job_id: str, share_id: str) -> None:
        """Revoke a link with immediate effect.

        Raises:
            NotFound: the owner has no such job, or the job no such link.
        """
        self._jobs.find(owner.id, job_id)
        chosen = (shares.c.id == share_id) & (shares.c.job_id == job_id)
        with self._database.write() as connection:
            if connection.execute(delete(shares).where(chosen)).rowcount == 0:
                raise NotFound(f"Job '{job_id}' has no share link '{share_id}'. List its links to see their ids.")
            audit.record(connection, owner, "share link revoked", owner, id=share_id, job=job_id)

    def job(self, key: str) -> SharedJob:
        """Return the job behind a link, without anything about its owner or other jobs.

        Raises:
            NotFound: the link does not exist, was revoked, or has expired.
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

    def oembed(self, url: str, max_width: int, max_height: int) -> OEmbed:
        """Return how to embed the result behind the page of a link, as oEmbed describes it.

        Raises:
            NotFound: it is not such a link, or this platform allows no page to embed it.
        """
        key = next((url.removeprefix(start) for page in ("shared", "embed")
                    if url.startswith(start := f"{self._public_url}/{page}#")), None)  # fmt: skip
        if not self._is_embeddable:
            raise NotFound("Results of this platform cannot be embedded. Its operator allows it by 'embed_origins'.")
        if key is None or not _KEY.fullmatch(key):
            raise NotFound(f"'url' must be a share link of this platform ({self._public_url}/shared#…)")
        job = self.job(key)
        width, height = min(_EMBED_SIZE[0], max_width), min(_EMBED_SIZE[1], max_height)
        return {
            "version": "1.0",
            "type": "rich",
            "title": job["name"],
            "provider_name": "Voxel51 Platform",
            "provider_url": self._public_url,
            "html": f'<iframe src="{escape(self._public_url)}/embed#{key}" width="{width}" height="{height}" '
            f'title="{escape(job["name"])}" style="border:0" loading="lazy" allow="fullscreen" '
            'referrerpolicy="no-referrer" sandbox="allow-scripts allow-same-origin allow-popups"></iframe>',
            "width": width,
            "height": height,
        }

    def output(self, key: str) -> Download:
        """Return the output; raise as `job` and `JobService.output` do."""
        found = self._find(key)
        return self._jobs.output(found.owner_id, found.job_id)

    def target(self, key: str) -> tuple[str, str]:
        """Return the ids of the owner and the job behind a link.

        Raises:
            NotFound: the link does not exist, was revoked, or has expired.
        """
        found = self._find(key)
        return found.owner_id, found.job_id

    def job_with_video(self, key: str) -> tuple[User, str]:
        """Return the owner and the id of the job behind a link that shows the video.

        Raises:
            NotFound: the link does not exist, was revoked, or has expired.
            Forbidden: the link does not show the video.
        """
        found = self._find(key)
        if not found.shows_video:
            raise Forbidden("This link does not show the video. Ask the person who shared it for a link that does.")
        return User(found.owner_id, ""), found.job_id

    def expire(self) -> int:
        """Delete expired links; return how many."""
        with self._database.write() as connection:
            return connection.execute(delete(shares).where(shares.c.expires_at <= dates.now())).rowcount

    def _find(self, key: str) -> _LinkTarget:
        valid = (shares.c.key_hash == hash_key(key)) & users.c.deleted_at.is_(None) & users.c.suspended_at.is_(None)
        valid &= shares.c.expires_at.is_(None) | (shares.c.expires_at > dates.now())
        joined = select(shares.c.job_id, shares.c.shows_video, jobs.c.owner_id).join(jobs, jobs.c.id == shares.c.job_id)
        with self._database.read() as connection:
            row = connection.execute(joined.join(users, users.c.id == jobs.c.owner_id).where(valid)).first()
        if row is None:
            raise NotFound("This link is invalid or has expired. Ask the person who shared it for a new one.")
        return _LinkTarget(*row)


def _to_wire(share_id: str, created_at: datetime, expires_at: datetime | None, shows_video: bool) -> Share:
    expires = None if expires_at is None else dates.to_text(expires_at)
    return {"id": share_id, "video": shows_video, "created_at": dates.to_text(created_at), "expires_at": expires}
