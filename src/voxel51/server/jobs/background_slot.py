"""Background slot: a slot beside those of internal jobs, for one job whose result no user waits for yet."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from voxel51.server.jobs.fair_share import ConcurrencyLimits


class BackgroundSlot:
    """While it is taken, one more internal job may run, and one more of its owner.

    So a job in it neither takes the slot of an internal job for which a user waits, nor uses up its owner's limit.
    Without a taken slot nothing changes. Safe from any thread.
    """

    def __init__(self) -> None:
        self._owner_id: str | None = None

    def take(self, owner_id: str) -> None:
        """Take the slot for a job of ``owner_id``, which is about to be queued."""
        self._owner_id = owner_id

    def release(self) -> None:
        """Release the slot: its job has ended, or was not queued."""
        self._owner_id = None

    def count(self) -> int:
        """Return how many internal jobs may run in addition: 0 or 1."""
        return 0 if self._owner_id is None else 1

    def extended(self, limits: ConcurrencyLimits) -> ConcurrencyLimits:
        """Return ``limits`` with one more job for the owner of the job in the slot."""

        def with_slot(connection: Connection, owner_ids: Sequence[str]) -> Mapping[str, int]:
            taken = self._owner_id
            return {owner: limit + (owner == taken) for owner, limit in limits(connection, owner_ids).items()}

        return with_slot
