"""Schedules of users: create, list, change, pause, resume and delete them, and list their runs."""

import uuid
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from voxel51.server.accounts.callers import User
from voxel51.server.accounts.tables import application_of
from voxel51.server.database.advisory_locks import acquire_advisory_locks
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.errors import BadRequest, NotFound
from voxel51.server.parameters import read_name
from voxel51.server.schedules.records import run_records, schedule_records
from voxel51.server.schedules.tables import schedule_runs, schedules
from voxel51.server.schedules.times import next_due, read_cron, read_time_zone
from voxel51.server.schedules.work import WorkTypes, read_work
from voxel51.wire import dates
from voxel51.wire.schedules import (
    DEFAULT_TIME_ZONE,
    MAX_SCHEDULES,
    MissedRuns,
    NewSchedule,
    Schedule,
    ScheduleChanges,
    ScheduleRun,
    ScheduleState,
)


class ScheduleService:
    """Schedules. Every method sees only those of the given owner.

    ``wake`` is called after a commit by which a schedule may be due.
    """

    def __init__(self, database: Database, types: WorkTypes, wake: Callable[[], None]) -> None:
        self._database = database
        self._types = types
        self._wake = wake

    def create(self, owner: User, new: NewSchedule) -> Schedule:
        """Record a schedule.

        Raises:
            BadRequest: a part of the request is invalid, or the owner has too many schedules.
            NotFound: what it runs names something that the owner cannot read.
        """
        columns = self._columns(owner, new)
        schedule_id, now = str(uuid.uuid4()), dates.now()
        row = {
            "id": schedule_id,
            "owner_id": owner.id,
            "application_id": application_of(owner.id),
            "name": new["cron"],
            "state": ScheduleState.ACTIVE.value,
            "time_zone": DEFAULT_TIME_ZONE,
            "missed_runs": MissedRuns.RUN_ONCE.value,
            "created_at": now,
            **columns,
        }
        row["next_at"] = _next_at(str(row["cron"]), str(row["time_zone"]), now)
        with self._database.write() as connection:
            acquire_advisory_locks(connection, f"schedules of {owner.id}")
            of_owner = select(func.count()).where(schedules.c.owner_id == owner.id)
            if connection.execute(of_owner).scalar_one() >= MAX_SCHEDULES:
                raise BadRequest(f"You have {MAX_SCHEDULES} schedules, which is the limit. Delete one")
            connection.execute(insert(schedules).values(row))
            self._database.after_commit(self._wake)
            return self._record(connection, owner, schedule_id)

    def all(self, owner: User) -> list[Schedule]:
        """Return the schedules of the owner, the newest first."""
        of_owner = select(schedules).where(schedules.c.owner_id == owner.id)
        with self._database.read() as connection:
            rows = connection.execute(of_owner.order_by(schedules.c.created_at.desc(), schedules.c.id.desc())).all()
            return schedule_records(connection, self._types, rows)

    def details(self, owner: User, schedule_id: str) -> Schedule:
        """Return a schedule.

        Raises:
            NotFound: the owner has no such schedule.
        """
        with self._database.read() as connection:
            return self._record(connection, owner, schedule_id)

    def runs(self, owner: User, schedule_id: str) -> list[ScheduleRun]:
        """Return the kept runs of a schedule, the newest first.

        Raises:
            NotFound: the owner has no such schedule.
        """
        run = schedule_runs.c
        with self._database.read() as connection:
            _find(connection, owner, schedule_id)
            of_schedule = select(schedule_runs).where(run.schedule_id == schedule_id).order_by(run.due_at.desc())
            return run_records(connection, self._types, connection.execute(of_schedule).all())

    def change(self, owner: User, schedule_id: str, changes: ScheduleChanges) -> Schedule:
        """Change fields of a schedule. Its next run is at the next due time from now on.

        Raises:
            NotFound: the owner has no such schedule, or what it runs names something that the owner cannot read.
            BadRequest: nothing is changed, or a value is invalid.
        """
        if not changes:
            raise BadRequest(f"Nothing is changed; give one of {', '.join(ScheduleChanges.__annotations__)}")
        columns = self._columns(owner, changes)
        with self._database.write() as connection:
            row = _find(connection, owner, schedule_id, lock=True)
            if row.state == ScheduleState.ACTIVE:
                cron, zone = columns.get("cron", row.cron), columns.get("time_zone", row.time_zone)
                columns["next_at"] = _next_at(str(cron), str(zone), dates.now())
            return self._set(connection, owner, schedule_id, **columns)

    def pause(self, owner: User, schedule_id: str) -> Schedule:
        """Run a schedule no more until it is resumed.

        Raises:
            NotFound: the owner has no such schedule.
            BadRequest: it is not ACTIVE.
        """
        with self._database.write() as connection:
            _check_state(_find(connection, owner, schedule_id, lock=True), ScheduleState.ACTIVE)
            return self._set(connection, owner, schedule_id, state=ScheduleState.PAUSED.value, next_at=None)

    def resume(self, owner: User, schedule_id: str) -> Schedule:
        """Run a paused schedule again, from its next due time on.

        Raises:
            NotFound: the owner has no such schedule.
            BadRequest: it is not PAUSED.
        """
        with self._database.write() as connection:
            row = _find(connection, owner, schedule_id, lock=True)
            _check_state(row, ScheduleState.PAUSED)
            next_at = _next_at(row.cron, row.time_zone, dates.now())
            return self._set(connection, owner, schedule_id, state=ScheduleState.ACTIVE.value, next_at=next_at)

    def delete(self, owner: User, schedule_id: str) -> None:
        """Delete a schedule. What it started stays.

        Raises:
            NotFound: the owner has no such schedule.
        """
        with self._database.write(frees_space=True) as connection:
            _find(connection, owner, schedule_id, lock=True)
            connection.execute(delete(schedules).where(schedules.c.id == schedule_id))

    def export(self, owner: User) -> list[dict[str, object]]:
        """Return the schedules of the owner, each with its runs."""
        return [{**each, "runs": self.runs(owner, each["id"])} for each in self.all(owner)]

    def _columns(self, owner: User, given: NewSchedule | ScheduleChanges) -> dict[str, object]:
        """Return the columns of the given fields, after checking them."""
        columns: dict[str, object] = {}
        if "cron" in given:
            columns["cron"] = read_cron(given["cron"])
        if "time_zone" in given:
            columns["time_zone"] = read_time_zone(given["time_zone"])
        if "missed_runs" in given:
            if given["missed_runs"] not in [*MissedRuns]:
                raise BadRequest(f"'missed_runs' must be {' or '.join(MissedRuns)}, not {given['missed_runs']!r:.100}")
            columns["missed_runs"] = given["missed_runs"]
        if "name" in given:
            columns["name"] = read_name("schedule", given["name"])
        if "run" in given:
            columns["run"] = read_work(self._types, owner, given["run"])
        return columns

    def _set(self, connection: Connection, owner: User, schedule_id: str, **values: object) -> Schedule:
        connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(values))
        self._database.after_commit(self._wake)
        return self._record(connection, owner, schedule_id)

    def _record(self, connection: Connection, owner: User, schedule_id: str) -> Schedule:
        return schedule_records(connection, self._types, [_find(connection, owner, schedule_id)])[0]


def _find(connection: Connection, owner: User, schedule_id: str, *, lock: bool = False) -> DatabaseRow:
    chosen = select(schedules).where(schedules.c.id == schedule_id, schedules.c.owner_id == owner.id)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    if row is None:
        raise NotFound(f"Schedule '{schedule_id}' not found; it may belong to another user. List your schedules")
    return row


def _check_state(row: DatabaseRow, state: ScheduleState) -> None:
    if row.state != state:
        raise BadRequest(f"Schedule '{row.id}' is {row.state}, not {state}")


def _next_at(cron: str, time_zone: str, after: datetime) -> datetime:
    due = next_due(cron, time_zone, after)
    if due is None:
        raise BadRequest(f"'cron' is invalid: no date from now on matches {cron!r}")
    return due
