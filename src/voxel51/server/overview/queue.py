"""Queue overview for operators: queued and running jobs, and the throughput of the last day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, Select, func, select

from voxel51.server.accounts.tables import applications, users
from voxel51.server.analytics.tables import analytics
from voxel51.server.database.database import Database
from voxel51.server.database.snapshots import Snapshots
from voxel51.server.engine.dispatchers import Dispatchers
from voxel51.server.jobs.details import eta_seconds
from voxel51.server.jobs.split_tables import PartState, job_parts
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.tables import attempts, jobs, user_submitted
from voxel51.wire import dates
from voxel51.wire.jobs import JobState
from voxel51.wire.overview import HourlyJobs, QueueOverview, RunningJob

_HOURS = 24
_ACTIVE_STATES = {
    JobState.SCHEDULED.value: JobState.SCHEDULED,
    JobState.RUNNING.value: JobState.RUNNING,
    PartState.SCHEDULED.value: JobState.SCHEDULED,
    PartState.RUNNING.value: JobState.RUNNING,
}
"""States of jobs that have a slot, by their states in the database."""


_COUNTS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """Number of jobs in each state, by whether they are internal, and those that ended in each hour."""

    states: dict[bool, dict[str, int]]
    throughput: list[HourlyJobs]


class QueueService:
    """Overview of the jobs of all users. With more than 10,000 jobs, their counts may be a few seconds old."""

    def __init__(self, database: Database, dispatchers: Dispatchers) -> None:
        self._database = database
        self._dispatchers = dispatchers
        self._counts: Snapshots[None, _Counts] = Snapshots(_jobs_in, _COUNTS_SECONDS)

    def overview(self) -> QueueOverview:
        """Return the state of the queue. Counts are read from indexes."""
        with self._database.read() as connection:
            counts = self._counts.get(None, lambda: _Counts(_states(connection), [*_throughput(connection)]))
            return {
                "dispatching": self._dispatchers.waiting_reason is None,
                "waiting_reason": self._dispatchers.waiting_reason,
                "jobs": self._dispatchers.slots(internal=False),
                "renditions": self._dispatchers.slots(internal=True),
                "states": counts.states[False],
                "internal_states": counts.states[True],
                "oldest_wait_seconds": _oldest_wait_seconds(connection),
                "running": [_running(row) for row in connection.execute(_active_jobs()).mappings()],
                "throughput": counts.throughput,
            }


def _jobs_in(counts: _Counts) -> int:
    return sum(number for states in counts.states.values() for number in states.values())


def _states(connection: Connection) -> dict[bool, dict[str, int]]:
    """Return the number of jobs in each state, by whether they are internal."""
    counted = select(jobs.c.internal, jobs.c.state, func.count()).group_by(jobs.c.state, jobs.c.internal)
    states = {internal: {state.value: 0 for state in JobState} for internal in (False, True)}
    for internal, state, number in connection.execute(counted):
        if state in states[internal]:  # parts of split jobs are neither jobs of users nor renditions
            states[internal][state] = number
    return states


def _oldest_wait_seconds(connection: Connection) -> float | None:
    waiting = select(func.min(jobs.c.queued_at)).where(jobs.c.state == JobState.QUEUED.value, user_submitted)
    since = connection.execute(waiting).scalar()
    return None if since is None else max(0.0, (dates.now() - since).total_seconds())


def _active_jobs() -> Select[*tuple[object, ...]]:
    named = (users.c.name.label("username"), applications.c.name.label("application"))
    of_attempt = (analytics.c.name.label("analytic"), analytics.c.version, attempts.c.created_at.label("started_at"))
    of_job = (jobs.c.id, jobs.c.state, jobs.c.internal, jobs.c.start_date, jobs.c.status_text, job_parts.c.parent_id)
    return (
        select(*of_job, *named, *of_attempt)
        .join(users, users.c.id == jobs.c.owner_id)
        .outerjoin(applications, applications.c.id == users.c.application_id)
        .join(analytics, analytics.c.id == jobs.c.analytic_id)
        .join(attempts, attempts.c.id == jobs.c.attempt_id)
        .outerjoin(job_parts, job_parts.c.job_id == jobs.c.id)
        .where(jobs.c.state.in_(_ACTIVE_STATES))
        .order_by(attempts.c.created_at, jobs.c.id)
    )


def _running(row: RowMapping) -> RunningJob:
    """Return a running job; for a part of a split job, that job with the progress of the part."""
    state = _ACTIVE_STATES[row["state"]].value
    return {
        "job_id": row["parent_id"] or row["id"],
        "username": row["username"],
        "application": row["application"],
        "analytic": row["analytic"],
        "version": row["version"],
        "state": state,
        "internal": row["internal"] and row["parent_id"] is None,
        "started_at": dates.to_text(row["started_at"]),
        "progress": progress_of(row["status_text"]),
        "eta_seconds": eta_seconds({**row, "state": state}, dates.now()),
    }


def _throughput(connection: Connection) -> Iterator[HourlyJobs]:
    present = dates.now().replace(minute=0, second=0, microsecond=0)
    for ago in reversed(range(_HOURS)):
        begin = present - timedelta(hours=ago)
        completed, failed = _number_ended(connection, begin, begin + timedelta(hours=1))
        yield {"hour": dates.to_text(begin), "completed": completed, "failed": failed}


def _number_ended(connection: Connection, begin: datetime, end: datetime) -> tuple[int, int]:
    """Return how many jobs were completed, and how many failed. ``end`` itself is outside the period."""
    completed, failed = (
        connection.execute(select(func.count()).where(moment >= begin, moment < end, user_submitted)).scalar_one()
        for moment in (jobs.c.completion_date, jobs.c.fail_date)
    )
    return completed, failed
