"""Progress of batches: items follow their jobs, and a batch ends with its last item."""

from sqlalchemy import Connection, bindparam, select, update

from voxel51.server.job_batches.records import count_items
from voxel51.server.job_batches.tables import batch_items, batches
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.job_batches import BatchItemState, BatchState
from voxel51.wire.jobs import JobState

_UNKNOWN_REASON = "no reason was given"
_DELETED = "the job was deleted"

_item = batch_items.c
_ACTIVE = (
    select(_item.number, _item.job_id, jobs.c.state, jobs.c.failure_message)
    .outerjoin(jobs, jobs.c.id == _item.job_id)
    .where(_item.batch_id == bindparam("batch_id"), _item.state == BatchItemState.ACTIVE.value)
)
_SETTLE = (
    update(batch_items)
    .where(
        _item.batch_id == bindparam("of_batch"),
        _item.number == bindparam("of_number"),
        _item.job_id == bindparam("of_job"),
        _item.state == BatchItemState.ACTIVE.value,
    )
    .values(state=bindparam("new_state"), message=bindparam("new_message"))
)


def ended_items(connection: Connection, batch_id: str) -> tuple[list[dict[str, object]], int]:
    """Return the changes of the active items whose jobs have ended, and how many items stay active."""
    rows = connection.execute(_ACTIVE, {"batch_id": batch_id}).all()
    changes = []
    for row in rows:
        if row.state == JobState.COMPLETE:
            outcome: tuple[str, str | None] = (BatchItemState.COMPLETE.value, None)
        elif row.state == JobState.FAILED:
            outcome = (BatchItemState.FAILED.value, row.failure_message or _UNKNOWN_REASON)
        elif row.state is None:
            outcome = (BatchItemState.FAILED.value, _DELETED)
        else:
            continue
        place = {"of_batch": batch_id, "of_number": row.number, "of_job": row.job_id}
        changes.append({**place, "new_state": outcome[0], "new_message": outcome[1]})
    return changes, len(rows) - len(changes)


def settle(connection: Connection, batch_id: str) -> None:
    """Give the active items of a batch whose jobs have ended the state of their jobs."""
    changes, _ = ended_items(connection, batch_id)
    if changes:
        connection.execute(_SETTLE, changes)


def end_if_done(connection: Connection, batch_id: str, state: BatchState) -> bool:
    """End a batch in ``state`` if no item of it waits or is active; return whether it has ended."""
    counts = count_items(connection, [batch_id])[batch_id]
    if counts.get(BatchItemState.WAITING) or counts.get(BatchItemState.ACTIVE):
        return False
    values = {"state": state.value, "counts": counts, "ended_at": dates.now()}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(values))
    return True
