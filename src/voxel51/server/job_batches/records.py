"""Batch records: batches and their items as clients see them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from voxel51.server.accounts.callers import User
from voxel51.server.data.tables import data
from voxel51.server.database.types import DatabaseRow, without_index
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.job_batches.tables import batch_items, batches
from voxel51.server.jobs.tables import jobs
from voxel51.server.search.tables import label_spans
from voxel51.wire import dates
from voxel51.wire.job_batches import BatchCounts, BatchItem, BatchItemState, JobBatch

Counts = Mapping[str, int]
"""Number of items by state."""


def count_items(connection: Connection, batch_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of items of each batch by state, from an index alone."""
    item = batch_items.c
    counted = select(item.batch_id, item.state, func.count().label("count")).where(item.batch_id.in_(batch_ids))
    found: dict[str, dict[str, int]] = {batch_id: {} for batch_id in batch_ids}
    for row in connection.execute(counted.group_by(item.batch_id, item.state)):
        found[row.batch_id][row.state] = row[2]
    return found


def batch_records(connection: Connection, rows: Sequence[DatabaseRow]) -> list[JobBatch]:
    """Return the records of batches. Items are counted of those that have not ended; the others keep their counts."""
    open_ids = [row.id for row in rows if row.counts is None]
    counted = count_items(connection, open_ids) if open_ids else {}
    return [_batch_record(row, counted.get(row.id) or row.counts or {}) for row in rows]


def _batch_record(row: DatabaseRow, counts: Counts) -> JobBatch:
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "archived": row.archived,
        "analytic": row.analytic,
        "version": row.version,
        "compute_mode": row.compute_mode,
        "input": row.input_name,
        "parameter_sets": row.parameter_sets,
        "max_running": row.max_running,
        "fresh": row.fresh,
        "scheduling": row.scheduling,
        "created_date": dates.to_text(row.created_at),
        "end_date": None if row.ended_at is None else dates.to_text(row.ended_at),
        "items": row.item_count,
        "counts": _counts(counts),
    }


def _counts(by_state: Counts) -> BatchCounts:
    state = BatchItemState
    return {
        "waiting": by_state.get(state.WAITING, 0),
        "active": by_state.get(state.ACTIVE, 0),
        "complete": by_state.get(state.COMPLETE, 0),
        "reused": by_state.get(state.REUSED, 0),
        "failed": by_state.get(state.FAILED, 0),
        "cancelled": by_state.get(state.CANCELLED, 0),
    }


def is_data_of(owner_id: ColumnElement[str] | str) -> ColumnElement[bool]:
    """Return the condition that data is that of an item. SQLite would otherwise read all data of the owner for each."""
    return and_(data.c.id == batch_items.c.data_id, without_index(data.c.owner_id) == owner_id)


def items_with_jobs() -> Select[*tuple[object, ...]]:
    """Select items with the owner of their batch, the name of their data, and the state and times of their job."""
    item = batch_items.c
    return (
        select(batch_items, data.c.name.label("filename"), jobs.c.state.label("job_state"), jobs.c.start_date)
        .add_columns(jobs.c.completion_date, jobs.c.fail_date)
        .join(batches, batches.c.id == item.batch_id)
        .outerjoin(data, is_data_of(batches.c.owner_id))
        .outerjoin(jobs, (jobs.c.id == item.job_id) & (without_index(jobs.c.owner_id) == batches.c.owner_id))
    )


def item_record(row: DatabaseRow) -> BatchItem:
    """Return the record of a row of `items_with_jobs`."""
    ended = row.completion_date or row.fail_date
    seconds = (ended - row.start_date).total_seconds() if ended and row.start_date else None
    return {
        "number": row.number,
        "data_id": row.data_id,
        "filename": row.filename,
        "parameter_set": row.parameter_set,
        "state": row.state,
        "job_id": row.job_id,
        "job_state": row.job_state,
        "run_seconds": None if seconds is None else round(seconds, 3),
        "message": row.message,
    }


def label_counts(connection: Connection, job_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the number of tracks and events that each job found of each label."""
    span = label_spans.c
    counted = select(span.job_id, span.label, func.count().label("count")).where(span.job_id.in_(job_ids))
    found: dict[str, dict[str, int]] = {job_id: {} for job_id in job_ids}
    for row in connection.execute(counted.group_by(span.job_id, span.label).order_by(span.job_id, span.label)):
        found[row.job_id][row.label] = row[2]
    return found


def results_of(connection: Connection, owner: User, batch_id: str, parameter_set: int | None) -> list[str]:
    """Return the ids of the jobs with the results of a batch, for one of its sets of parameters.

    Raises:
        NotFound: the owner has no such batch.
        BadRequest: the batch has several sets of parameters and none is chosen, or it has no such set.
    """
    batch = connection.execute(select(batches).where(batches.c.id == batch_id, batches.c.owner_id == owner.id)).first()
    if batch is None:
        raise NotFound(f"Batch '{batch_id}' not found; it may belong to another user")
    sets = len(batch.parameter_sets)
    if parameter_set is None and sets > 1:
        raise BadRequest(f"Batch '{batch_id}' has {sets} parameter sets; choose one by 'parameter_set', from 0")
    if not 0 <= (parameter_set or 0) < sets:
        raise BadRequest(f"Batch '{batch_id}' has the parameter sets 0 to {sets - 1}, not {parameter_set}")
    item = batch_items.c
    has_result = item.state.in_([BatchItemState.COMPLETE.value, BatchItemState.REUSED.value])
    chosen = select(item.job_id).where(
        item.batch_id == batch_id, has_result, item.parameter_set == (parameter_set or 0)
    )
    return [*connection.execute(chosen.order_by(item.number)).scalars()]
