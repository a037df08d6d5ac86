"""Announced space: let resumable uploads announce together no more bytes than the disk has free.

Each announcement alone fits, but without this check many of them would fill the disk, for jobs and all other users.
"""

from sqlalchemy import Connection, func, select

from voxel51.server.data.tables import uploads
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.errors import OutOfSpace
from voxel51.server.storage.storage import Storage


class AnnouncedSpace:
    """Compares the bytes that unfinished uploads still lack with the free space of the storage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def check(self, connection: Connection, more_bytes: int) -> None:
        """Raise `OutOfSpace` unless an upload of ``more_bytes`` fits beside all that were announced.

        Of two concurrent announcements, the second waits and counts the first.

        Raises:
            OutOfSpace: it does not fit.
        """
        free_bytes = self._storage.free_bytes()
        if free_bytes is None:
            return
        acquire_advisory_locks(connection, "announced space")
        unfinished = uploads.c.data_id.is_(None)
        announced = connection.execute(select(func.sum(uploads.c.size_bytes)).where(unfinished)).scalar() or 0
        if announced + more_bytes < free_bytes:
            return
        # The bytes that arrived are announced, and no longer free. To count them, every upload's file must be found.
        keys = connection.execute(select(uploads.c.storage_key).where(unfinished)).scalars()
        missing = int(announced) - sum(self._storage.partial.size_bytes(key) for key in keys)
        if missing + more_bytes >= free_bytes:
            raise OutOfSpace(
                f"{more_bytes} bytes do not fit: the platform has {free_bytes} bytes left, of which unfinished uploads "
                f"need {missing}. Try again later, or ask the operator of the platform for more space"
            )
