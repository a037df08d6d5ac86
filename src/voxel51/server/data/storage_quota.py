"""Storage quotas: count the bytes an owner stores and reject uploads that exceed the owner's limit."""

from collections.abc import Callable

from sqlalchemy import Connection, func, select

from voxel51.server.accounts.quotas import Quotas
from voxel51.server.accounts.recorded_usage import stored_bytes
from voxel51.server.accounts.tables import users
from voxel51.server.data.tables import uploads
from voxel51.server.errors import OverQuota


class StorageQuota:
    """Counts and limits the bytes each owner stores.

    Files with the same bytes count once per owner. Unfinished uploads count with their full announced size.
    ``further_bytes`` returns the bytes that an owner stores besides data.
    """

    def __init__(
        self, quotas: Quotas, further_bytes: Callable[[Connection, str], int] = lambda _connection, _owner_id: 0
    ) -> None:
        self._quotas = quotas
        self._further_bytes = further_bytes

    def used_bytes(self, connection: Connection, owner_id: str) -> int:
        """Return the bytes that an owner stores or has announced to upload."""
        unfinished = select(func.sum(uploads.c.size_bytes)).where(
            uploads.c.owner_id == owner_id, uploads.c.data_id.is_(None)
        )
        used = stored_bytes(connection, owner_id) + int(connection.execute(unfinished).scalar() or 0)
        return used + self._further_bytes(connection, owner_id)

    def check(self, connection: Connection, owner_id: str, more_bytes: int, *, lock: bool = True) -> None:
        """Raise `OverQuota` if storing ``more_bytes`` would exceed the owner's quota.

        With ``lock``, the owner's row stays locked until the transaction ends. Of two concurrent uploads, the second
        waits and counts the bytes of the first.

        Raises:
            OverQuota: the quota would be exceeded.
        """
        limit = self.limit_bytes(connection, owner_id)
        if not limit:
            return
        if lock:
            connection.execute(select(users.c.id).where(users.c.id == owner_id).with_for_update())
        used = self.used_bytes(connection, owner_id)
        if used + more_bytes > limit:
            raise OverQuota(
                f"Quota exceeded: {more_bytes} bytes needed, and {used} of your {limit} bytes are used. Delete data "
                "that you no longer need, or ask the operator of the platform for a larger quota"
            )

    def limit_bytes(self, connection: Connection, owner_id: str) -> int:
        """Return the number of bytes that an owner may store; 0 means no limit."""
        found = self._quotas.of(connection, [owner_id]).get(owner_id)
        return found["bytes"] if found else 0
