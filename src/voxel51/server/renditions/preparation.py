"""Preparation: make the renditions that people will want at once, in the background, as soon as a video arrives.

Every new video waits in the table ``preparations``. One rendition at a time is made, by an internal job in a slot of
its own (`voxel51.server.jobs.background_slot`), and only while a slot of user-submitted jobs is idle. So thousands of
uploads delay no job, and no rendition that a user asked for. The next one is for the owner who was served longest ago.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.database.database import Database
from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.jobs.background_slot import BackgroundSlot
from voxel51.server.jobs.transitions import ENDED
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import DATA_RENDITIONS
from voxel51.server.renditions.tables import preparations
from voxel51.wire import dates
from voxel51.wire.data import DataRecord
from voxel51.wire.jobs import JobState

PREPARED = ("poster", "index", "playable")
"""Renditions that are prepared, in this order; all videos of an owner get the first before one gets the second."""

_VIDEO = "video/"


@dataclass(frozen=True, slots=True)
class _Current:
    """The rendition that is being made. ``stage``: its position in `PREPARED`."""

    data_id: str
    stage: int
    job_id: str


class PreparationService:
    """Prepares the renditions of new videos. Only one thread calls `advance`.

    Args:
        database: database of the preparations.
        renditions: what makes the renditions.
        slot: slot in which their jobs run.
        has_idle_slot: function that returns whether a slot of user-submitted jobs is idle.
        most_per_owner: number of renditions of one owner from which on no more are prepared, so that those that users
            asked for are kept.
        waits: called after a commit by which a video waits; default: `note_waiting`. With several processes it also
            leads to `note_waiting` in the one that prepares.
    """

    def __init__(
        self,
        database: Database,
        renditions: RenditionService,
        slot: BackgroundSlot,
        has_idle_slot: Callable[[], bool],
        most_per_owner: int,
        waits: Callable[[], None] | None = None,
    ) -> None:
        self._database = database
        self._renditions = renditions
        self._slot = slot
        self._has_idle_slot = has_idle_slot
        self._most_per_owner = most_per_owner
        self._waits = waits or self.note_waiting
        self._may_wait = True  # whether a video may wait: False only if the table is known to be empty
        self._current: _Current | None = None
        self._begun = 0
        self._served: dict[str, int] = {}  # owner id -> `_begun` when the owner was served

    def enqueue(self, connection: Connection, owner_id: str, record: DataRecord) -> None:
        """Let new data wait for its preparation, within the transaction that records it, if it is a video."""
        if (record["type"] or "").startswith(_VIDEO):
            row = {"data_id": record["id"], "owner_id": owner_id, "stage": 0, "queued_at": dates.now()}
            connection.execute(insert(preparations).values(row))
            self._database.after_commit(self._waits)

    def advance(self) -> bool:
        """Note the end of the rendition that is being made, or begin the next; return whether more can be done now."""
        if self._current is not None:
            return self._settle(self._current)
        if not (self._may_wait and self._has_idle_slot()):
            return False
        self._may_wait = False  # before the look, so that what is queued after it counts
        with self._database.read() as connection:
            found = self._next(connection)
        if found is None:
            return False
        self._may_wait = True
        return self._begin(*found)

    def note_waiting(self) -> None:
        """Look for waiting videos at the next `advance`. Safe from any thread."""
        self._may_wait = True

    def abandon(self) -> None:
        """Leave what is being made to another process."""
        self._may_wait = True
        if self._current is not None:
            self._current = None
            self._slot.release()

    def _next(self, connection: Connection) -> tuple[str, str, int] | None:
        """Return the owner, the data and the stage of the next rendition: the owner served longest ago comes first."""
        waiting = connection.execute(select(preparations.c.owner_id).distinct()).scalars().all()
        if not waiting:
            return None
        self._served = {owner_id: number for owner_id, number in self._served.items() if owner_id in waiting}
        owner_id = min(waiting, key=lambda each: self._served.get(each, 0))
        order = (preparations.c.stage, preparations.c.queued_at, preparations.c.data_id)
        of_owner = select(preparations).where(preparations.c.owner_id == owner_id).order_by(*order).limit(1)
        row = connection.execute(of_owner).first()
        return None if row is None else (row.owner_id, row.data_id, row.stage)

    def _begin(self, owner_id: str, data_id: str, stage: int) -> bool:
        self._begun += 1
        self._served[owner_id] = self._begun
        owner, source = User(owner_id, ""), RenditionSource(data_id, None)
        if self._renditions.count(owner) >= self._most_per_owner:
            self._drop(data_id)
            return True
        self._slot.take(owner_id)  # before the job is queued: the dispatcher may look at once
        try:
            job_id = self._renditions.prepare(owner, source, DATA_RENDITIONS[PREPARED[stage]])
        except DatabaseAway:
            self._slot.release()
            raise
        except ServiceError:  # the data was deleted or its file is lost, or no job runs on this platform
            self._slot.release()
            self._drop(data_id)
            return True
        self._current = _Current(data_id, stage, job_id)
        return True

    def _settle(self, current: _Current) -> bool:
        state = self._renditions.state_of(current.job_id)
        if state is not None and state not in ENDED:
            return False
        if state is None:  # deleted with its data
            self._renditions.delete_unneeded()
        elif state == JobState.COMPLETE and current.stage + 1 < len(PREPARED):
            self._put_back(current)
        else:
            self._drop(current.data_id)
        self._current = None
        self._slot.release()
        return True

    def _put_back(self, current: _Current) -> None:
        with self._database.write(durable=False) as connection:
            of_data = preparations.c.data_id == current.data_id
            connection.execute(update(preparations).where(of_data).values(stage=current.stage + 1))

    def _drop(self, data_id: str) -> None:
        with self._database.write(durable=False) as connection:
            connection.execute(delete(preparations).where(preparations.c.data_id == data_id))
