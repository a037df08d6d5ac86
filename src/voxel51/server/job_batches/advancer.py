"""Advancer: the step that submits the jobs of batches, a few at a time, and notes which have ended.

All state is in the database. A job is recorded in the same transaction as the item that it belongs to, so a process
that dies at any moment loses no item and runs none twice.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.analytics.tables import AnalyticRow
from voxel51.server.background_thread import advance_each
from voxel51.server.data.tables import data
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import OutOfSpace, ServiceError, SourceAway, Unavailable
from voxel51.server.job_batches.earlier_results import EarlierResults
from voxel51.server.job_batches.plan import item_request
from voxel51.server.job_batches.progress import end_if_done, ended_items, settle
from voxel51.server.job_batches.records import is_data_of
from voxel51.server.job_batches.tables import batch_items, batches
from voxel51.server.jobs.requests import LONGEST_NAME
from voxel51.server.jobs.submission import JobSubmission
from voxel51.server.jobs.tables import jobs
from voxel51.wire import dates
from voxel51.wire.job_batches import BatchItemState, BatchState
from voxel51.wire.jobs import JobRequestDocument

_ITEMS_PER_STEP = 25
"""Items of one batch that are looked at before the other batches have their turn."""

_PLATFORM_ERRORS = (Unavailable, OutOfSpace, SourceAway)
"""Errors after which the same submission may succeed; the item waits."""


class _NoLongerWaiting(Exception):
    """The item does not wait any more, so its job must not be recorded."""


class BatchAdvancer:
    """Advances all batches that have not ended. Only one thread calls `advance`."""

    def __init__(self, database: Database, submission: JobSubmission, earlier: EarlierResults) -> None:
        self._database = database
        self._submission = submission
        self._earlier = earlier

    def advance(self) -> bool:
        """Note which jobs have ended, and submit further ones; return whether more can be done at once.

        Raises:
            Unavailable: the platform cannot record jobs at present; nothing is lost.
        """
        is_open = batches.c.state.in_([BatchState.RUNNING.value, BatchState.PAUSED.value])
        with self._database.read() as connection:
            rows = connection.execute(select(batches).where(is_open).order_by(batches.c.state, batches.c.id)).all()
        return advance_each(rows, self._advance)

    def _advance(self, batch: DatabaseRow) -> bool:
        with self._database.read() as connection:
            ended, active = ended_items(connection, batch.id)
            waiting = self._waiting(connection, batch)
        if ended or not (active or waiting):
            self._settle(batch)
        if not waiting or batch.state != BatchState.RUNNING:
            return False
        return self._start(batch, waiting, batch.max_running - active)

    def _waiting(self, connection: Connection, batch: DatabaseRow) -> Sequence[DatabaseRow]:
        """Return the next items, each with the name of its data."""
        item = batch_items.c
        chosen = (
            select(batch_items, data.c.name)
            .outerjoin(data, is_data_of(batch.owner_id))
            .where(item.batch_id == batch.id, item.state == BatchItemState.WAITING.value)
        )
        return connection.execute(chosen.order_by(item.number).limit(_ITEMS_PER_STEP)).all()

    def _settle(self, batch: DatabaseRow) -> None:
        with self._database.write(durable=False) as connection:
            _lock(connection, batch.id)
            settle(connection, batch.id)
            end_if_done(connection, batch.id, BatchState.ENDED)

    def _start(self, batch: DatabaseRow, waiting: Sequence[DatabaseRow], free: int) -> bool:
        """Find or submit the jobs of waiting items, as long as ``free`` lasts; return whether more may be possible."""
        owner = User(batch.owner_id, "", batch.application_id)
        try:
            analytic = self._submission.resolve(owner, batch.analytic, batch.version)
        except _PLATFORM_ERRORS:
            raise
        except ServiceError as error:
            self._fail(batch, waiting, str(error))
            return True
        reused = self._reuse(batch, analytic, waiting)
        deadline = (batch.scheduling or {}).get("deadline")
        if deadline is not None and dates.from_text(deadline) <= dates.now():  # a job would be cancelled at once
            left = [item for item in waiting if item.number not in reused]
            self._fail(batch, left, f"The deadline of the batch, {deadline}, passed before the job was submitted")
            return True
        for item in waiting:
            if item.number in reused:
                continue
            if free <= 0:  # fewer than none if items became active after they were counted
                return False
            try:
                if not self._submit(owner, batch, item):
                    return False
                free -= 1
            except _PLATFORM_ERRORS:
                raise
            except ServiceError as error:
                self._fail(batch, [item], str(error))
        return True

    def _reuse(self, batch: DatabaseRow, analytic: AnalyticRow, waiting: Sequence[DatabaseRow]) -> set[int]:
        """Give items their earlier results; return the numbers of these items."""
        if batch.fresh:
            return set()
        requests = {item.number: _request(batch, item) for item in waiting}
        with self._database.read() as connection:
            found = self._earlier.find(connection, batch.owner_id, analytic, requests)
        if found:
            with self._database.write(durable=False) as connection:
                for number, job_id in found.items():
                    values = {"state": BatchItemState.REUSED.value, "job_id": job_id}
                    connection.execute(update(batch_items).where(_still_waits(batch.id, number)).values(values))
        return {*found}

    def _submit(self, owner: User, batch: DatabaseRow, item: DatabaseRow) -> bool:
        """Submit the job of an item; return False if the batch does not run any more."""

        def within(connection: Connection, job_id: str) -> None:
            is_complete = connection.execute(select(jobs.c.reused).where(jobs.c.id == job_id)).scalar() is not None
            state = BatchItemState.REUSED if is_complete else BatchItemState.ACTIVE
            values = {"state": state.value, "job_id": job_id}
            if _lock(connection, batch.id) != BatchState.RUNNING:
                raise _NoLongerWaiting
            waits = _still_waits(batch.id, item.number)
            if connection.execute(update(batch_items).where(waits).values(values)).rowcount == 0:
                raise _NoLongerWaiting

        try:
            request, name, scheduling = _request(batch, item), _job_name(batch, item), batch.scheduling
            reuse = not batch.fresh
            self._submission.submit(owner, request, name, True, within=within, scheduling=scheduling, reuse=reuse)
        except _NoLongerWaiting:
            return False
        return True

    def _fail(self, batch: DatabaseRow, items: Sequence[DatabaseRow], message: str) -> None:
        values = {"state": BatchItemState.FAILED.value, "message": message}
        with self._database.write(durable=False) as connection:
            for item in items:
                connection.execute(update(batch_items).where(_still_waits(batch.id, item.number)).values(values))


def _request(batch: DatabaseRow, item: DatabaseRow) -> JobRequestDocument:
    names = (batch.analytic, batch.version, batch.compute_mode, batch.input_name)
    return item_request(*names, item.data_id, batch.parameter_sets[item.parameter_set])


def _job_name(batch: DatabaseRow, item: DatabaseRow) -> str:
    """Return the name of a job as clients make it, with the number of the parameter set if there are several."""
    parts = [batch.analytic.rpartition("/")[2], item.name or item.data_id]
    if len(batch.parameter_sets) > 1:
        parts.append(f"set {item.parameter_set + 1}")
    return " · ".join(parts)[:LONGEST_NAME]


def _still_waits(batch_id: str, number: int) -> ColumnElement[bool]:
    item = batch_items.c
    return and_(item.batch_id == batch_id, item.number == number, item.state == BatchItemState.WAITING.value)


def _lock(connection: Connection, batch_id: str) -> str | None:
    """Lock a batch against changes by other transactions, and return its state."""
    state: str | None = connection.execute(
        select(batches.c.state).where(batches.c.id == batch_id).with_for_update()
    ).scalar()
    return state
