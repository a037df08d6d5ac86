"""Starter of schedules: the step that runs what is due.

A run is recorded, and the schedule moved to its next due time, in the transaction that records what is started. So a
process that dies at any moment starts everything once, and of several processes at the same due time one starts it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import users
from voxel51.server.background_thread import advance_each
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import OutOfSpace, ServiceError, SourceAway, Unavailable
from voxel51.server.job_batches.selection import NothingSelected
from voxel51.server.schedules.tables import schedule_runs, schedules
from voxel51.server.schedules.times import next_due
from voxel51.server.schedules.work import WorkTypes
from voxel51.wire import dates
from voxel51.wire.schedules import KEPT_RUNS, MissedRuns, ScheduledType, ScheduleRunState, ScheduleState

PUNCTUAL = timedelta(minutes=10)
"""A run that begins at most this much after its due time is not missed: a restart of the platform takes a while."""

_SCHEDULES_PER_STEP = 100

_PLATFORM_ERRORS = (Unavailable, OutOfSpace, SourceAway)
"""Errors after which the same request may succeed; the schedule stays due."""


class _NoLongerDue(Exception):
    """The schedule was run by another process, changed, paused or deleted, so nothing must be recorded."""


class ScheduleStarter:
    """Runs all schedules that are due."""

    def __init__(self, database: Database, types: WorkTypes, now: Callable[[], datetime] = dates.now) -> None:
        self._database = database
        self._types = types
        self._now = now

    def advance(self) -> bool:
        """Run what is due; return whether more is due.

        Raises:
            Unavailable: the platform cannot record runs at present; nothing is lost.
        """
        # Nothing runs for an owner who is suspended, or whose account is being deleted.
        is_served = (users.c.suspended_at.is_(None), users.c.deleted_at.is_(None))
        is_due = schedules.c.next_at <= self._now()
        with_owner = select(schedules, users.c.name.label("owner_name")).join(users, users.c.id == schedules.c.owner_id)
        chosen = with_owner.where(is_due, *is_served)
        with self._database.read() as connection:
            found = connection.execute(chosen.order_by(schedules.c.next_at).limit(_SCHEDULES_PER_STEP)).all()
        advance_each(found, self._run)
        return len(found) == _SCHEDULES_PER_STEP

    def _run(self, schedule: DatabaseRow) -> None:
        late = self._now() - schedule.next_at
        if late > PUNCTUAL and schedule.missed_runs == MissedRuns.SKIP:
            message = f"the platform came to it {late.total_seconds() / 60:.0f} minutes late"
            self._record_alone(schedule, ScheduleRunState.SKIPPED, message)
            return

        def within(connection: Connection, started_id: str) -> None:
            self._record(connection, schedule, ScheduleRunState.STARTED, started_id, None)

        owner = User(schedule.owner_id, schedule.owner_name, schedule.application_id)
        work_type = self._types[ScheduledType(schedule.run["type"])]
        try:
            work_type.start(owner, schedule.name, schedule.run, within)
        except _NoLongerDue:
            pass
        except _PLATFORM_ERRORS:
            raise
        except NothingSelected as error:
            self._record_alone(schedule, ScheduleRunState.EMPTY, str(error))
        except ServiceError as error:
            self._record_alone(schedule, ScheduleRunState.FAILED, str(error))

    def _record_alone(self, schedule: DatabaseRow, state: ScheduleRunState, message: str) -> None:
        """Record a run that started nothing."""
        try:
            with self._database.write() as connection:
                self._record(connection, schedule, state, None, message)
        except _NoLongerDue:
            pass

    def _record(
        self,
        connection: Connection,
        schedule: DatabaseRow,
        state: ScheduleRunState,
        started_id: str | None,
        message: str | None,
    ) -> None:
        """Record a run, and move its schedule to the first due time from now on: one run is for all that were missed.

        Raises:
            _NoLongerDue: the schedule has changed since it was read.
        """
        now = self._now()
        due = schedules.c.next_at == schedule.next_at
        present = select(schedules.c.cron, schedules.c.time_zone).where(schedules.c.id == schedule.id, due)
        row = connection.execute(present.with_for_update()).first()
        if row is None:
            raise _NoLongerDue
        # Not before the due time, although the clock may have been set back meanwhile.
        values: dict[str, object] = {"next_at": next_due(row.cron, row.time_zone, max(now, schedule.next_at))}
        if values["next_at"] is None:
            values["state"] = ScheduleState.PAUSED.value
        connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(values))
        run = {
            "schedule_id": schedule.id,
            "due_at": schedule.next_at,
            "ran_at": now,
            "state": state.value,
            "type": schedule.run["type"],
            "started_id": started_id,
            "message": message,
        }
        connection.execute(insert(schedule_runs).values(run))
        _delete_oldest(connection, schedule.id)


def _delete_oldest(connection: Connection, schedule_id: str) -> None:
    run = schedule_runs.c
    of_schedule = run.schedule_id == schedule_id
    oldest_kept = select(run.due_at).where(of_schedule).order_by(run.due_at.desc()).offset(KEPT_RUNS - 1).limit(1)
    connection.execute(delete(schedule_runs).where(of_schedule, run.due_at < oldest_kept.scalar_subquery()))
