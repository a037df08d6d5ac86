"""Direct uploads: files whose parts clients send straight to the store, by signed links.

The platform decides on name, quota and size before, and each link takes a part of exactly one size. A completed upload
becomes data at once. The platform then reads the file once to compute its hash (`voxel51.server.data.hashing`): it
believes no client about that.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from sqlalchemy import insert, select, update

from voxel51.server.data.lifetime import read_date
from voxel51.server.data.service import DataService, StoredFile
from voxel51.server.data.storage_quota import StorageQuota
from voxel51.server.data.tables import uploads
from voxel51.server.data.upload_rows import NewUpload, find_upload, new_row
from voxel51.server.data.uploads_service import UploadState, direct_state
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, Conflict, NotFound, TooLarge
from voxel51.server.storage.direct import DirectTransfers
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.direct import MOST_LINKS, PartLink, UploadParts

_FOLDER = "data"
_LEAST_BYTES = 1024 * 1024
"""Smaller files pass the platform: three more requests would take longer than the file."""

_PART_BYTES = 16 * 1024 * 1024
_MOST_PARTS = 10_000
"""The limit of S3."""


class DirectUploadService:
    """Uploads of at most ``limit_bytes`` straight to the store. Every method sees only those of the given owner.

    ``on_complete`` is called after each upload became data whose hash is unknown.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        data_service: DataService,
        limit_bytes: int,
        idle_lifetime: timedelta,
        storage_quota: StorageQuota,
        on_complete: Callable[[], None],
    ) -> None:
        self._database = database
        self._storage = storage
        self._data = data_service
        self._limit_bytes = limit_bytes
        self._idle_lifetime = idle_lifetime
        self._storage_quota = storage_quota
        self._on_complete = on_complete

    def create(self, owner_id: str, new: NewUpload) -> UploadState | None:
        """Create an upload; return None if its bytes must pass the platform.

        That is so without a store that clients reach, for a small file, and for one whose hash was announced: the
        platform promises to reject other bytes before they become data.

        Raises:
            TooLarge: the file exceeds the limit.
            OverQuota: it exceeds the owner's quota.
            BadRequest: its name or expiration date is invalid.
        """
        if self._storage.direct is None or new.size_bytes < _LEAST_BYTES or new.sha256 is not None:
            return None
        if new.size_bytes > self._limit_bytes:
            raise TooLarge(f"The upload has {new.size_bytes} bytes; this platform accepts up to {self._limit_bytes}")
        row = {
            "id": str(uuid.uuid4()),
            "storage_key": f"{_FOLDER}/{uuid.uuid4()}",
            "part_bytes": _part_bytes(new.size_bytes),
            **new_row(owner_id, new, self._idle_lifetime),
        }
        with self._database.write() as connection:
            self._storage_quota.check(connection, owner_id, new.size_bytes)
            connection.execute(insert(uploads).values(row))
            return direct_state(find_upload(self._database, owner_id, str(row["id"])))

    def parts(self, owner_id: str, upload_id: str, most_links: int) -> UploadParts:
        """Return how many parts are missing, with links to send the first ``most_links`` of them.

        Raises:
            NotFound: the owner has no such upload.
            Conflict: the upload is complete, or its parts are not sent to the store.
            Unavailable: the store does not answer.
        """
        row = self._find_incomplete(owner_id, upload_id)
        direct = self._transfers(row)
        transfer_id = row.transfer_id or self._begin(row, direct)
        missing = self._missing(row, transfer_id, direct)
        links: list[PartLink] = [
            {
                "number": number,
                "size": missing[number],
                "url": direct.part_url(row.storage_key, transfer_id, number, missing[number]),
            }
            for number in sorted(missing)[: min(most_links, MOST_LINKS)]
        ]
        self._keep(row)
        return {"part_bytes": row.part_bytes, "missing": len(missing), "links": links}

    def join(self, owner_id: str, upload_id: str) -> None:
        """Make the file of its parts. Waits for the store, so call it outside of transactions, and then `complete`.

        Raises:
            NotFound: the owner has no such upload.
            Conflict: parts are missing.
            Unavailable: the store does not answer.
        """
        row = find_upload(self._database, owner_id, upload_id)
        if row.data_id is not None:
            return
        direct = self._transfers(row)
        missing = self._missing(row, row.transfer_id, direct) if row.transfer_id else {1: row.size_bytes}
        if missing:
            raise Conflict(f"Upload '{upload_id}' lacks {len(missing)} of its parts. Send them before completing it")
        try:
            direct.complete(row.storage_key, row.transfer_id)
        except FileNotFoundError:
            return  # it was joined before, and a crash or another request came before the record

    def complete(self, owner_id: str, upload_id: str) -> UploadState:
        """Record the joined file as data, once; return the state of the upload, which names the data.

        Raises:
            NotFound: the owner has no such upload.
            BadRequest: the file has another size than announced; it is deleted with the upload.
        """
        row = find_upload(self._database, owner_id, upload_id)
        if row.data_id is None:
            self._check_size(row)
            self._record(row)
        return direct_state(find_upload(self._database, owner_id, upload_id))

    def _record(self, row: DatabaseRow) -> None:
        expiration = None if row.data_ttl is None else read_date(row.data_ttl)
        file = StoredFile(row.storage_key, row.size_bytes, None)
        with self._database.write() as connection:
            # Of two requests, also to different processes, the second waits here, and finds the data of the first.
            present = select(uploads).where(uploads.c.id == row.id).with_for_update()
            found = connection.execute(present).first()
            if found is None:
                raise NotFound(f"Upload '{row.id}' was deleted meanwhile")
            if found.data_id is None:
                added = self._data.record(row.owner_id, row.name, row.media_type, file, expiration, is_counted=True)
                values = {"data_id": added.record["id"], "expires_at": dates.now() + self._idle_lifetime}
                connection.execute(update(uploads).where(uploads.c.id == row.id).values(values))
                self._database.after_commit(self._on_complete)

    def _check_size(self, row: DatabaseRow) -> None:
        try:
            size_bytes = self._storage.size_bytes(row.storage_key)
        except FileNotFoundError:
            raise Conflict(f"Upload '{row.id}' lacks its file. Send the parts again") from None
        if size_bytes != row.size_bytes:
            self._storage.delete(row.storage_key)
            raise BadRequest(
                f"The file has {size_bytes} bytes, not {row.size_bytes} as announced, and was not kept. Upload it again"
            )

    def _find_incomplete(self, owner_id: str, upload_id: str) -> DatabaseRow:
        row = find_upload(self._database, owner_id, upload_id)
        if row.data_id is not None:
            raise Conflict(f"Upload '{upload_id}' is complete: it is data '{row.data_id}'")
        return row

    def _transfers(self, row: DatabaseRow) -> DirectTransfers:
        if row.part_bytes is None:
            raise Conflict(f"Upload '{row.id}' has no parts: its bytes are sent to the platform")
        if self._storage.direct is None:
            raise Conflict(f"Upload '{row.id}' cannot go on: the store takes no parts any more. Begin a new upload")
        return self._storage.direct

    def _begin(self, row: DatabaseRow, direct: DirectTransfers) -> str:
        """Begin the upload at the store, outside of a transaction; of two requests, the first counts."""
        transfer_id = direct.begin(row.storage_key)
        unset = (uploads.c.id == row.id) & uploads.c.transfer_id.is_(None)
        with self._database.write() as connection:
            connection.execute(update(uploads).where(unset).values(transfer_id=transfer_id))
        return str(find_upload(self._database, row.owner_id, row.id).transfer_id)

    def _missing(self, row: DatabaseRow, transfer_id: str, direct: DirectTransfers) -> Mapping[int, int]:
        """Return the sizes of the missing parts by number: those that the store has not, or has in another size."""
        try:
            present = direct.parts(row.storage_key, transfer_id)
        except FileNotFoundError:
            self._check_size(row)  # it was joined before, or raises
            return {}
        return {number: size for number, size in _sizes(row) if present.get(number) != size}

    def _keep(self, row: DatabaseRow) -> None:
        """Let the upload expire later: its owner goes on with it."""
        with self._database.write(durable=False) as connection:
            values = {"expires_at": dates.now() + self._idle_lifetime}
            connection.execute(update(uploads).where(uploads.c.id == row.id).values(values))


def _part_bytes(size_bytes: int) -> int:
    """Return the size of the parts: a whole number of MiB, so that there are at most as many as S3 allows."""
    mebibyte = 1024 * 1024
    needed = -(-size_bytes // _MOST_PARTS)
    return max(_PART_BYTES, -(-needed // mebibyte) * mebibyte)


def _sizes(row: DatabaseRow) -> Iterator[tuple[int, int]]:
    """Yield number and size of each part. The last one is shorter."""
    for number, start in enumerate(range(0, row.size_bytes, row.part_bytes), start=1):
        yield number, min(row.part_bytes, row.size_bytes - start)
