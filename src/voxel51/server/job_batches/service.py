"""Batches of users: create, list and show batches, and pause, resume, cancel, retry and archive them."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.chunks import in_chunks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.job_batches.plan import BatchPlan
from voxel51.server.job_batches.progress import end_if_done, settle
from voxel51.server.job_batches.records import batch_records, item_record, items_with_jobs, label_counts
from voxel51.server.job_batches.tables import batch_items, batches
from voxel51.server.jobs.actions import JobActions
from voxel51.server.jobs.submission import Within
from voxel51.wire import dates
from voxel51.wire.job_batches import BatchItem, BatchItemList, BatchItemState, BatchState, JobBatch, JobBatchList

_ROWS_PER_STATEMENT = 1000

MAX_EXPORTED_ITEMS = 100_000
"""Number of items in the export of an account: those of the newest batches."""

_DELETED_AT_ONCE = 10
"""Batches that one transaction deletes, with up to `MAX_ITEMS` items each."""

_OPEN = (BatchState.RUNNING.value, BatchState.PAUSED.value)


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Limits on the batches of one owner.

    Attributes:
        kept: number of batches in all; beyond it, the oldest that have ended are deleted, archived ones first.
        open: number of batches that have not ended.
    """

    kept: int
    open: int


class BatchService:
    """Batches. Every method sees only those of the given owner.

    ``wake`` is called after a commit by which a batch may go on.
    """

    def __init__(self, database: Database, actions: JobActions, limits: BatchLimits, wake: Callable[[], None]) -> None:
        self._database = database
        self._actions = actions
        self._limits = limits
        self._wake = wake

    def create(self, owner: User, plan: BatchPlan, within: Within | None = None) -> JobBatch:
        """Record a batch with all its items in one transaction. Their jobs are submitted later, a few at a time.

        ``within`` is called with the id of the batch in that transaction; if it raises, no batch is recorded.

        Raises:
            BadRequest: too many batches of the owner have not ended.
        """
        batch_id = str(uuid.uuid4())
        row = {
            "id": batch_id,
            "owner_id": owner.id,
            "application_id": application_of(owner.id),
            "name": plan.name,
            "state": BatchState.RUNNING.value,
            "archived": False,
            "analytic": plan.analytic.name,
            "version": plan.analytic.version,
            "compute_mode": plan.compute_mode,
            "input_name": plan.input_name,
            "parameter_sets": plan.parameter_sets,
            "max_running": plan.max_running,
            "fresh": plan.fresh,
            "scheduling": plan.scheduling or None,
            "item_count": plan.item_count,
            "created_at": dates.now(),
        }
        items = [
            {
                "batch_id": batch_id,
                "number": number,
                "data_id": item.video.data_id,
                "parameter_set": item.parameter_set,
                "state": BatchItemState.WAITING.value,
            }
            for number, item in enumerate(plan.items, 1)
        ]
        with self._database.write() as connection:
            _lock_all(connection, owner)
            self._check_open(connection, owner)
            self._delete_oldest(connection, owner)
            connection.execute(insert(batches).values(row))
            for chunk in in_chunks(items, _ROWS_PER_STATEMENT):
                connection.execute(insert(batch_items), chunk)
            if within is not None:
                within(connection, batch_id)
            self._database.after_commit(self._wake)
            return _record(connection, _find(connection, owner, batch_id))

    def all(self, owner: User, *, archived: bool, limit: int, cursor: str | None) -> JobBatchList:
        """Return a page of batches, the newest first. ``cursor`` is the id of the last one of the page before.

        Raises:
            NotFound: the owner has no batch of the cursor.
        """
        place = (batches.c.created_at, batches.c.id)
        chosen = select(batches).where(batches.c.owner_id == owner.id, batches.c.archived.is_(archived))
        with self._database.read() as connection:
            if cursor is not None:
                last = _find(connection, owner, cursor)
                chosen = chosen.where(tuple_(*place) < (last.created_at, last.id))
            ordered = chosen.order_by(*(column.desc() for column in place))
            rows = connection.execute(ordered.limit(limit + 1)).all()
            records = batch_records(connection, rows[:limit])
        return {"batches": records, "next_cursor": rows[limit - 1].id if len(rows) > limit else None}

    def details(self, owner: User, batch_id: str) -> JobBatch:
        """Return a batch.

        Raises:
            NotFound: the owner has no such batch.
        """
        with self._database.read() as connection:
            return _record(connection, _find(connection, owner, batch_id))

    def items(
        self, owner: User, batch_id: str, *, state: str | None, labels: bool, limit: int, after: int
    ) -> BatchItemList:
        """Return the items of a batch with a number above ``after``, in their order, with counts of labels if asked.

        Raises:
            NotFound: the owner has no such batch.
        """
        item = batch_items.c
        chosen: list[ColumnElement[bool]] = [item.batch_id == batch_id, item.number > after]
        if state is not None:
            chosen.append(item.state == state)
        with self._database.read() as connection:
            _find(connection, owner, batch_id)
            page = items_with_jobs().where(*chosen).order_by(item.number).limit(limit + 1)
            rows = connection.execute(page).all()
            records = [item_record(row) for row in rows[:limit]]
            if labels:
                counted = label_counts(connection, [record["job_id"] for record in records if record["job_id"]])
                for record in records:
                    record["labels"] = counted.get(record["job_id"] or "", {})
        cursor = str(records[-1]["number"]) if len(rows) > limit else None
        return {"items": records, "next_cursor": cursor}

    def pause(self, owner: User, batch_id: str) -> JobBatch:
        """Submit no more jobs of a batch; those that were submitted go on.

        Raises:
            NotFound: the owner has no such batch.
            BadRequest: it is not RUNNING.
        """
        return self._change_state(owner, batch_id, BatchState.RUNNING, BatchState.PAUSED)

    def resume(self, owner: User, batch_id: str) -> JobBatch:
        """Go on with a paused batch.

        Raises:
            NotFound: the owner has no such batch.
            BadRequest: it is not PAUSED.
        """
        return self._change_state(owner, batch_id, BatchState.PAUSED, BatchState.RUNNING)

    def cancel(self, owner: User, batch_id: str) -> JobBatch:
        """Cancel all items of a batch that have not ended, and their jobs.

        Raises:
            NotFound: the owner has no such batch.
            BadRequest: it has ended.
        """
        item = batch_items.c
        with self._database.write(frees_space=True) as connection:
            row = _find(connection, owner, batch_id, lock=True)
            if row.state not in _OPEN:
                raise BadRequest(f"Batch '{batch_id}' is {row.state}; only a batch that has not ended can be cancelled")
            settle(connection, batch_id)  # what has ended by now is not cancelled
            is_open = item.state.in_([BatchItemState.WAITING.value, BatchItemState.ACTIVE.value])
            cancelled = update(batch_items).where(item.batch_id == batch_id, is_open)
            active = select(item.job_id).where(item.batch_id == batch_id, item.state == BatchItemState.ACTIVE.value)
            job_ids = [*connection.execute(active).scalars()]
            connection.execute(cancelled.values(state=BatchItemState.CANCELLED.value))
            self._actions.kill(owner, job_ids)
            end_if_done(connection, batch_id, BatchState.CANCELLED)
            return _record(connection, _find(connection, owner, batch_id))

    def retry(self, owner: User, batch_id: str) -> JobBatch:
        """Run the failed and the cancelled items of a batch again.

        Raises:
            NotFound: the owner has no such batch.
            BadRequest: none of its items failed or was cancelled, or too many other batches have not ended.
        """
        item = batch_items.c
        with self._database.write() as connection:
            _lock_all(connection, owner)  # first, as `create` does
            row = _find(connection, owner, batch_id, lock=True)
            if row.state not in _OPEN:
                self._check_open(connection, owner)
            again = item.state.in_([BatchItemState.FAILED.value, BatchItemState.CANCELLED.value])
            values = {"state": BatchItemState.WAITING.value, "job_id": None, "message": None}
            reset = update(batch_items).where(item.batch_id == batch_id, again).values(values)
            if connection.execute(reset).rowcount == 0:
                raise BadRequest(f"No item of batch '{batch_id}' failed or was cancelled")
            state = BatchState.PAUSED if row.state == BatchState.PAUSED else BatchState.RUNNING
            self._database.after_commit(self._wake)
            return self._set(connection, owner, batch_id, state=state.value, counts=None, ended_at=None, archived=False)

    def archive(self, owner: User, batch_id: str) -> JobBatch:
        """Hide a batch that has ended from the list. Its jobs stay as they are.

        Raises:
            NotFound: the owner has no such batch.
            BadRequest: it has not ended.
        """
        with self._database.write() as connection:
            row = _find(connection, owner, batch_id, lock=True)
            if row.state in _OPEN:
                raise BadRequest(f"Batch '{batch_id}' is {row.state}; cancel it, or wait until it has ended")
            return self._set(connection, owner, batch_id, archived=True)

    def unarchive(self, owner: User, batch_id: str) -> JobBatch:
        """Show a batch in the list again.

        Raises:
            NotFound: the owner has no such batch.
        """
        with self._database.write() as connection:
            _find(connection, owner, batch_id, lock=True)
            return self._set(connection, owner, batch_id, archived=False)

    def delete_all(self, owner: User) -> bool:
        """Delete all batches of the owner, so that they submit no more jobs; return True: none is left.

        The jobs that they have submitted stay.
        """
        of_owner = select(batches.c.id).where(batches.c.owner_id == owner.id).limit(_DELETED_AT_ONCE)
        while True:
            with self._database.write(frees_space=True) as connection:
                ids = connection.execute(of_owner).scalars().all()
                connection.execute(delete(batches).where(batches.c.id.in_(ids)))
            if not ids:
                return True

    def export(self, owner: User) -> list[dict[str, object]]:
        """Return all batches of the owner, the newest first and archived ones last, each with its items.

        Those of older batches are None once there are `MAX_EXPORTED_ITEMS`; they are listed as `items`.
        """
        return [*self._exported(owner)]

    def _exported(self, owner: User) -> Iterator[dict[str, object]]:
        newest = select(batches).order_by(batches.c.created_at.desc(), batches.c.id.desc())
        with self._database.read() as connection:
            rows: list[DatabaseRow] = []
            for is_archived in (False, True):  # apart, along an index
                mine = (batches.c.owner_id == owner.id, batches.c.archived.is_(is_archived))
                rows += connection.execute(newest.where(*mine)).all()
            records = batch_records(connection, rows)
        left = MAX_EXPORTED_ITEMS
        for record in records:
            left -= record["items"]
            items = None if left < 0 else self._all_items(record["id"])
            yield {**record, "item_records": items}

    def _all_items(self, batch_id: str) -> list[BatchItem]:
        of_batch = items_with_jobs().where(batch_items.c.batch_id == batch_id).order_by(batch_items.c.number)
        with self._database.read() as connection:
            return [item_record(row) for row in connection.execute(of_batch)]

    def _check_open(self, connection: Connection, owner: User) -> None:
        """Check that one more batch of the owner may be open. The caller holds the lock of `_lock_all`."""
        is_open = (batches.c.owner_id == owner.id) & batches.c.state.in_(_OPEN)
        count = connection.execute(select(func.count()).where(is_open)).scalar_one()
        if count >= self._limits.open:
            raise BadRequest(
                f"{count} of your batches have not ended; the maximum is {self._limits.open}. Wait until one ends, "
                "or cancel one"
            )

    def _delete_oldest(self, connection: Connection, owner: User) -> None:
        """Delete ended batches that are too many with a new one. The caller holds the lock of `_lock_all`."""
        of_owner = batches.c.owner_id == owner.id
        excess = connection.execute(select(func.count()).where(of_owner)).scalar_one() - self._limits.kept + 1
        if excess > 0:
            has_ended = batches.c.state.not_in(_OPEN)
            oldest = select(batches.c.id).where(of_owner, has_ended)
            oldest = oldest.order_by(batches.c.archived.desc(), batches.c.created_at, batches.c.id).limit(excess)
            ids = connection.execute(oldest).scalars().all()
            connection.execute(delete(batches).where(batches.c.id.in_(ids), has_ended))

    def _change_state(self, owner: User, batch_id: str, present: BatchState, new: BatchState) -> JobBatch:
        with self._database.write() as connection:
            row = _find(connection, owner, batch_id, lock=True)
            if row.state != present:
                raise BadRequest(f"Batch '{batch_id}' is {row.state}, not {present}")
            self._database.after_commit(self._wake)
            return self._set(connection, owner, batch_id, state=new.value)

    def _set(self, connection: Connection, owner: User, batch_id: str, **values: object) -> JobBatch:
        connection.execute(update(batches).where(batches.c.id == batch_id).values(values))
        return _record(connection, _find(connection, owner, batch_id))


def _lock_all(connection: Connection, owner: User) -> None:
    """Let no other transaction count or add batches of the owner until this one ends."""
    acquire_advisory_locks(connection, f"batches of {owner.id}")


def _find(connection: Connection, owner: User, batch_id: str, *, lock: bool = False) -> DatabaseRow:
    chosen = select(batches).where(batches.c.id == batch_id, batches.c.owner_id == owner.id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    if row is None:
        raise NotFound(f"Batch '{batch_id}' not found; it may belong to another user")
    return row


def _record(connection: Connection, row: DatabaseRow) -> JobBatch:
    return batch_records(connection, [row])[0]
