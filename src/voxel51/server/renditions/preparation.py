"""Preparation: make the renditions that people will want at once, in the background, as soon as a video arrives.

The labels of a job are converted to Parquet as soon as it is complete, so that a query right after it is fast.

The second step makes a document that is not kept: a job reads duration, resolution and codecs of the file, which become
columns of its record (`voxel51.server.data.facts`). It is also done for audio files, and for an owner with so many
renditions that no more are prepared.

Every new video waits in the table ``preparations``, and complete jobs are read from the event outbox
(`voxel51.server.renditions.finished_labels`). One rendition at a time is made, by an internal job in a slot of its own
(`voxel51.server.jobs.background_slot`), and only while a slot of user-submitted jobs is idle. So thousands of uploads
delay no job, and no rendition that a user asked for. The next one is for the owner who was served longest ago.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.data.facts import MOST_BYTES, FactsService, MediaFacts
from voxel51.server.database.database import Database
from voxel51.server.errors import BadRequest, DatabaseAway, NotFound, ServiceError
from voxel51.server.jobs.background_slot import BackgroundSlot
from voxel51.server.jobs.transitions import ENDED
from voxel51.server.renditions.finished_labels import FinishedLabels
from voxel51.server.renditions.service import RenditionService
from voxel51.server.renditions.sources import RenditionSource
from voxel51.server.renditions.specs import DATA_RENDITIONS, FACTS, JOB_RENDITIONS, PARQUET
from voxel51.server.renditions.tables import preparations
from voxel51.wire import dates
from voxel51.wire.data import DataRecord
from voxel51.wire.jobs import JobState

log = logging.getLogger(__name__)

PREPARED = ("poster", FACTS.name, "index", "playable")
"""Steps of a preparation, in this order; all videos of an owner get the first before one gets the second."""

_FACTS = PREPARED.index(FACTS.name)
_FACTS_ALONE = len(PREPARED)
"""Stage of a file of which only the facts are read: audio, and files that are older than the facts."""

_LABELS = -1
"""Stage of the Parquet file of a job's labels, which is not a row of ``preparations``."""

_SHORT = {PREPARED.index("poster"), _LABELS}
"""Stages that take about a second of processor time, and whose result a user often waits for when they begin. They do
not wait for idle processors: on a busy machine, a query would wait much longer for such a conversion than without one.
"""

_FIRST_STAGE = {"video": 0, "audio": _FACTS_ALONE}
"""First stage by the kind of media; other files are not prepared."""


@dataclass(frozen=True, slots=True)
class _Current:
    """The rendition that is being made. ``stage``: its position in `PREPARED`, `_FACTS_ALONE` or `_LABELS`."""

    owner: User
    source: RenditionSource
    stage: int
    job_id: str

    @property
    def data_id(self) -> str:
        """Id of the data of which it is made, unless it is of a job."""
        return str(self.source.data_id)


class PreparationService:
    """Prepares the renditions of new videos. Only one thread calls `advance`.

    Args:
        database: database of the preparations.
        renditions: what makes the renditions.
        facts: what records the facts of files.
        labels: the complete jobs whose labels are to be converted; None to convert none.
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
        facts: FactsService,
        labels: FinishedLabels | None,
        slot: BackgroundSlot,
        has_idle_slot: Callable[[], bool],
        most_per_owner: int,
        waits: Callable[[], None] | None = None,
    ) -> None:
        self._database = database
        self._renditions = renditions
        self._facts = facts
        self._labels = labels
        self._slot = slot
        self._has_idle_slot = has_idle_slot
        self._most_per_owner = most_per_owner
        self._waits = waits or self.note_waiting
        self._may_wait = True  # whether a video may wait: False only if the table is known to be empty
        self._current: _Current | None = None
        self._begun = 0
        self._served: dict[str, int] = {}  # owner id -> `_begun` when the owner was served

    def enqueue(self, connection: Connection, owner_id: str, record: DataRecord) -> None:
        """Let new data wait for its preparation, within the transaction that records it, if it is video or audio."""
        stage = _FIRST_STAGE.get((record["type"] or "").partition("/")[0])
        if stage is not None:
            row = {"data_id": record["id"], "owner_id": owner_id, "stage": stage, "queued_at": dates.now()}
            connection.execute(insert(preparations).values(row))
            self._database.after_commit(self._waits)

    def advance(self) -> bool:
        """Note the end of the rendition that is being made, or begin the next; return whether more can be done now."""
        if self._current is not None:
            return self._settle(self._current)
        if not self._has_idle_slot():
            return False
        videos: set[str] = set()
        if self._may_wait:
            self._may_wait = False  # before the look, so that what is queued after it counts
            with self._database.read() as connection:
                videos.update(connection.execute(select(preparations.c.owner_id).distinct()).scalars())
            self._may_wait |= bool(videos)
        if self._labels is not None:
            self._labels.look()
        waiting = videos.union(self._label_owners())
        if not waiting:
            return False
        self._served = {owner_id: number for owner_id, number in self._served.items() if owner_id in waiting}
        owner_id = min(sorted(waiting), key=lambda each: self._served.get(each, 0))
        return self._begin_for(owner_id)

    def note_waiting(self) -> None:
        """Look for waiting videos at the next `advance`. Safe from any thread."""
        self._may_wait = True

    def abandon(self) -> None:
        """Leave what is being made to another process."""
        self._may_wait = True
        if self._current is not None:
            self._current = None
            self._slot.release()

    def _begin_for(self, owner_id: str) -> bool:
        """Begin the next rendition of an owner: posters first, then labels of jobs, then what else videos need."""
        self._begun += 1
        self._served[owner_id] = self._begun
        order = (preparations.c.stage, preparations.c.queued_at, preparations.c.data_id)
        of_owner = select(preparations).where(preparations.c.owner_id == owner_id).order_by(*order).limit(1)
        with self._database.read() as connection:
            row = connection.execute(of_owner).first()
        if self._labels is not None and owner_id in self._label_owners() and (row is None or row.stage > 0):
            self._convert(owner_id, self._labels.take(owner_id))
        elif row is not None:
            self._begin(owner_id, row.data_id, row.stage)
        return True

    def _label_owners(self) -> Collection[str]:
        return () if self._labels is None else self._labels.owners()

    def _convert(self, owner_id: str, job_id: str | None) -> None:
        owner = User(owner_id, "")
        if job_id is not None and self._renditions.count(owner) < self._most_per_owner:
            self._submit(owner, RenditionSource(None, job_id), _LABELS)

    def _begin(self, owner_id: str, data_id: str, stage: int) -> None:
        owner = User(owner_id, "")
        is_facts = stage in {_FACTS, _FACTS_ALONE}
        if not is_facts and self._renditions.count(owner) >= self._most_per_owner:
            self._drop(data_id) if stage > _FACTS else self._put_back(data_id, _FACTS)
        elif not self._submit(owner, RenditionSource(data_id, None), stage):
            self._drop(data_id)

    def _submit(self, owner: User, source: RenditionSource, stage: int) -> bool:
        """Have a rendition made in the slot; return False if its source is gone, or no job runs on this platform."""
        if stage == _LABELS:
            spec, given = JOB_RENDITIONS["labels"], PARQUET
        else:
            spec, given = FACTS if stage in {_FACTS, _FACTS_ALONE} else DATA_RENDITIONS[PREPARED[stage]], {}
        self._slot.take(owner.id)  # before the job is queued: the dispatcher may look at once
        try:
            job_id = self._renditions.prepare(owner, source, spec, given, is_idle=stage not in _SHORT)
        except DatabaseAway:
            self._slot.release()
            raise
        except ServiceError:
            self._slot.release()
            return False
        self._current = _Current(owner, source, stage, job_id)
        return True

    def _settle(self, current: _Current) -> bool:
        state = self._renditions.state_of(current.job_id)
        if state is not None and state not in ENDED:
            return False
        if state is None:  # deleted with its data or job
            self._renditions.delete_unneeded()
        elif current.stage == _LABELS:
            pass
        elif state == JobState.COMPLETE and (current.stage not in {_FACTS, _FACTS_ALONE} or self._keep(current)):
            if current.stage + 1 < len(PREPARED):
                self._put_back(current.data_id, current.stage + 1)
            else:
                self._drop(current.data_id)
        else:
            self._drop(current.data_id)
        self._current = None
        self._slot.release()
        return True

    def _keep(self, current: _Current) -> bool:
        """Record the facts that a job has read, and delete its document; return False if it is invalid or gone."""
        try:
            facts = MediaFacts.read(self._renditions.read(current.job_id, MOST_BYTES))
        except (BadRequest, NotFound, FileNotFoundError) as error:
            log.warning("the facts of data %s cannot be read: %s", current.data_id, error)
            return False
        self._facts.record(current.data_id, facts)
        with suppress(NotFound):  # it was deleted meanwhile
            self._renditions.delete(current.owner, current.source, FACTS, {})
        return True

    def _put_back(self, data_id: str, stage: int) -> None:
        with self._database.write(durable=False) as connection:
            of_data = preparations.c.data_id == data_id
            connection.execute(update(preparations).where(of_data).values(stage=stage))

    def _drop(self, data_id: str) -> None:
        with self._database.write(durable=False) as connection:
            connection.execute(delete(preparations).where(preparations.c.data_id == data_id))
