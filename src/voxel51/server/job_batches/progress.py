"""Progress of batches: items follow their jobs, and a batch ends with its last item."""

from sqlalchemy import Connection, bindparam, case, select, update

from voxel51.server.database.types import DatabaseRow
from voxel51.server.events import outbox
from voxel51.server.job_batches.records import batch_records, count_items
from voxel51.server.job_batches.tables import batch_items, batches
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.events import NO_JOB, EndedBatch, EventName
from voxel51.wire.job_batches import BatchItemState, BatchState
from voxel51.wire.jobs import JobState

_UNKNOWN_REASON = "no reason was given"
_DELETED = "the job was deleted"

JOB_OUTCOME = (
    jobs.c.state,
    jobs.c.failure_message,
    case((jobs.c.state == JobState.FAILED.value, jobs.c.status_text)).label("failed_status"),
)
"""Columns of a job that `outcome_of` reads. An analytic that fails by itself says why in its status document."""

_item = batch_items.c
_ACTIVE = (
    select(_item.number, _item.job_id, *JOB_OUTCOME)
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


def outcome_of(row: DatabaseRow) -> tuple[str, str | None] | None:
    """Return the state of an item whose job has ended, and why it failed; None while the job goes on.

    ``row`` has the columns `JOB_OUTCOME`, which are None if the job was deleted.
    """
    if row.state == JobState.COMPLETE:
        return BatchItemState.COMPLETE.value, None
    if row.state == JobState.FAILED:
        reason = row.failure_message or last_message(row.failed_status) or _UNKNOWN_REASON
        return BatchItemState.FAILED.value, reason
    if row.state is None:
        return BatchItemState.FAILED.value, _DELETED
    return None


def ended_items(connection: Connection, batch_id: str) -> tuple[list[dict[str, object]], int]:
    """Return the changes of the active items whose jobs have ended, and how many items stay active."""
    rows = connection.execute(_ACTIVE, {"batch_id": batch_id}).all()
    changes = []
    for row in rows:
        outcome = outcome_of(row)
        if outcome is None:
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
    """End a batch in ``state``, with an event, if no item of it waits or is active; return whether it has ended.

    A batch that was cancelled meanwhile stays cancelled.
    """
    counts = count_items(connection, [batch_id])[batch_id]
    if counts.get(BatchItemState.WAITING) or counts.get(BatchItemState.ACTIVE):
        return False
    values = {"state": state.value, "counts": counts, "ended_at": dates.now()}
    is_open = batches.c.state.in_([BatchState.RUNNING.value, BatchState.PAUSED.value])
    ended = update(batches).where(batches.c.id == batch_id, is_open).values(values)
    if connection.execute(ended).rowcount:
        _announce_end(connection, batch_id)
    return True


def _announce_end(connection: Connection, batch_id: str) -> None:
    row = connection.execute(select(batches).where(batches.c.id == batch_id)).one()
    record = batch_records(connection, [row])[0]
    batch: EndedBatch = {
        "id": record["id"],
        "name": record["name"],
        "state": record["state"],
        "items": record["items"],
        "counts": record["counts"],
    }
    outbox.record(connection, EventName.BATCH_ENDED, [(NO_JOB, row.owner_id)], {"batch": batch})
