"""How many bytes an owner has, and whether there is room for more."""

from sqlalchemy import Connection, func, select

from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import data, uploads
from voxel51.server.errors import OverQuota


class Room:
    """Counts what owners keep: each file once, however often they uploaded it, and what they announced to upload."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas

    def used(self, connection: Connection, owner_id: str) -> int:
        """Bytes that an owner has, or has begun to upload."""
        kept = select(data.c.storage_key, data.c.size_bytes).where(
            data.c.owner_id == owner_id, data.c.storage_key.is_not(None)
        )
        files = kept.distinct().subquery()
        begun = select(func.sum(uploads.c.size_bytes)).where(
            uploads.c.owner_id == owner_id, uploads.c.data_id.is_(None)
        )
        of_files = connection.execute(select(func.sum(files.c.size_bytes))).scalar() or 0
        return int(of_files) + int(connection.execute(begun).scalar() or 0)

    def check(self, connection: Connection, owner_id: str, more_bytes: int, *, lock: bool = True) -> None:
        """Pass silently when ``more_bytes`` fit. With ``lock``, of two that come at once the second waits, and sees
        what the first took.

        Raises:
            OverQuota: they do not.
        """
        limit = self.limit(connection, owner_id)
        if not limit:
            return
        if lock:
            connection.execute(select(users.c.id).where(users.c.id == owner_id).with_for_update())
        used = self.used(connection, owner_id)
        if used + more_bytes > limit:
            raise OverQuota(
                f"{more_bytes} bytes do not fit: {used} of your {limit} bytes are used. Delete data that you do not "
                "need any more, or ask the operator of the platform for a larger quota"
            )

    def limit(self, connection: Connection, owner_id: str) -> int:
        """Bytes that an owner may have; 0: any number."""
        found = self._quotas.of(connection, [owner_id]).get(owner_id)
        return found["bytes"] if found else 0
