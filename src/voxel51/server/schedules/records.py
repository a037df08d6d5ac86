"""Schedule records: schedules and their runs as clients see them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select, tuple_

from voxel51.server.database.types import DatabaseRow
from voxel51.server.schedules.tables import schedule_runs
from voxel51.server.schedules.work import WorkTypes
from voxel51.wire import dates
from voxel51.wire.schedules import Schedule, ScheduledType, ScheduleRun, StartedWork

_run = schedule_runs.c


def schedule_records(connection: Connection, types: WorkTypes, rows: Sequence[DatabaseRow]) -> list[Schedule]:
    """Return the records of schedules, each with its last run."""
    ids = [row.id for row in rows]
    newest = select(_run.schedule_id, func.max(_run.due_at)).where(_run.schedule_id.in_(ids)).group_by(_run.schedule_id)
    last = select(schedule_runs).where(tuple_(_run.schedule_id, _run.due_at).in_(newest))
    found = connection.execute(last).all()
    runs = dict(zip((row.schedule_id for row in found), run_records(connection, types, found), strict=True))
    return [
        {
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "cron": row.cron,
            "time_zone": row.time_zone,
            "missed_runs": row.missed_runs,
            "run": row.run,
            "created_date": dates.to_text(row.created_at),
            "next_date": None if row.next_at is None else dates.to_text(row.next_at),
            "last_run": runs.get(row.id),
        }
        for row in rows
    ]


def run_records(connection: Connection, types: WorkTypes, rows: Sequence[DatabaseRow]) -> list[ScheduleRun]:
    """Return the records of runs."""
    states: dict[str, Mapping[str, str]] = {}
    for kind in {row.type for row in rows}:
        ids = [row.started_id for row in rows if row.type == kind and row.started_id is not None]
        states[kind] = types[ScheduledType(kind)].states(connection, ids)
    return [
        {
            "due_date": dates.to_text(row.due_at),
            "date": dates.to_text(row.ran_at),
            "state": row.state,
            "started": _started(row, states[row.type]),
            "message": row.message,
        }
        for row in rows
    ]


def _started(row: DatabaseRow, states: Mapping[str, str]) -> StartedWork | None:
    if row.started_id is None:
        return None
    return {"type": row.type, "id": row.started_id, "state": states.get(row.started_id)}
