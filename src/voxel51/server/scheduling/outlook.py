"""Outlook of jobs: why a queued job waits, when it is expected to start, and when a job is expected to end."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from voxel51.server.analytics.tables import analytics
from voxel51.server.database.types import DatabaseRecord
from voxel51.server.jobs.dependencies import WAITING, waiting_reasons
from voxel51.server.jobs.fair_share import ACTIVE_STATES, ConcurrencyLimits
from voxel51.server.jobs.queue_positions import QueuePositions
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.tables import jobs, user_submitted
from voxel51.server.scheduling.durations import remaining_seconds
from voxel51.server.scheduling.line import ActiveJob, WaitingJob, start_seconds
from voxel51.server.scheduling.predictions import Predictor, media_seconds
from voxel51.server.scheduling.waiting import (
    Engine,
    QueueState,
    load_state,
    paused_reason,
    unplaced_reason,
    waiting_reason,
    waits_for_gpu,
)
from voxel51.wire import dates
from voxel51.wire.jobs import JobState
from voxel51.wire.scheduling import ControlScope

_LONGEST_LINE = 500
"""Queued jobs up to which starts are estimated. A longer queue takes too long to look through for a request."""

_LINE_SECONDS = 1.0
"""Time for which the estimated starts are used again, so that a list and its readers cost one look."""

_COLUMNS = (
    jobs.c.id, jobs.c.owner_id, jobs.c.application_id, jobs.c.analytic_id, jobs.c.compute_mode, jobs.c.state,
    jobs.c.queue_rank, jobs.c.queued_at, jobs.c.not_before, jobs.c.retry_at, jobs.c.request, jobs.c.start_date,
    jobs.c.status_text, jobs.c.failure_message, analytics.c.name.label("analytic_name"),
)  # fmt: skip
_OF_USERS = select(*_COLUMNS).join(analytics, analytics.c.id == jobs.c.analytic_id).where(user_submitted)
_QUEUED = _OF_USERS.where(jobs.c.state == JobState.QUEUED.value).limit(_LONGEST_LINE + 1)
_ACTIVE = _OF_USERS.where(jobs.c.state.in_(ACTIVE_STATES))


class QueueOutlook:
    """Computes the outlook of jobs. Safe from any thread.

    Args:
        limits: limits of the jobs that each owner may run at once.
        positions: positions of queued jobs.
        engine: what runs the jobs.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self,
        limits: ConcurrencyLimits,
        positions: QueuePositions,
        engine: Engine,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._positions = positions
        self._engine = engine
        self._clock = clock
        self._predictor = Predictor(clock)
        self._line: tuple[float, Mapping[str, datetime]] | None = None

    def of(self, connection: Connection, rows: Sequence[DatabaseRecord]) -> dict[str, dict[str, object]]:
        """Return the further fields of each of these jobs, by job id, as far as something is known."""
        now = dates.now()
        found: dict[str, dict[str, object]] = {row["id"]: {} for row in rows}
        for job_id, reason in self._reasons(connection, rows, now).items():
            found[job_id]["waiting_reason"] = reason
        open_jobs = [row for row in rows if row["state"] in {JobState.QUEUED, *ACTIVE_STATES}]
        starts = self._starts(connection, now) if any(row["state"] == JobState.QUEUED for row in open_jobs) else {}
        left = self._seconds_left(connection, open_jobs, now)
        for row in open_jobs:
            begin = starts.get(row["id"]) if row["state"] == JobState.QUEUED else now
            seconds = left[row["id"]]
            if row["state"] == JobState.QUEUED and begin is not None:
                found[row["id"]]["estimated_start"] = dates.to_text(begin)
            if row["state"] == JobState.RUNNING:
                found[row["id"]]["eta_seconds"] = None if seconds is None else round(seconds, 1)
            if begin is not None and seconds is not None:
                found[row["id"]]["estimated_completion"] = dates.to_text(begin + timedelta(seconds=seconds))
        return found

    def _reasons(
        self, connection: Connection, rows: Sequence[DatabaseRecord], now: datetime
    ) -> Mapping[str, str | None]:
        queued = [row for row in rows if row["state"] == JobState.QUEUED]
        claimed = [row for row in rows if row["state"] == JobState.SCHEDULED]
        reasons: dict[str, str | None] = {}
        if queued:
            state = self._state(connection, queued)
            waiting = [row["id"] for row in queued if row["not_before"] == WAITING]
            sources = waiting_reasons(connection, waiting)
            reasons |= {row["id"]: sources.get(row["id"]) or waiting_reason(row, state, now) for row in queued}
        if claimed and self._engine.total_gpus():
            used = self._used_gpus(connection)
            reasons |= {row["id"]: waits_for_gpu(row, self._engine, used) for row in claimed}
        return reasons

    def _state(self, connection: Connection, rows: Sequence[DatabaseRecord]) -> QueueState:
        return load_state(connection, sorted({row["owner_id"] for row in rows}), self._limits, self._engine)

    def _used_gpus(self, connection: Connection) -> float:
        running = (
            select(jobs.c.analytic_id, jobs.c.compute_mode, func.count())
            .where(jobs.c.state == JobState.RUNNING.value, user_submitted)
            .group_by(jobs.c.analytic_id, jobs.c.compute_mode)
        )
        return float(sum(self._engine.gpus(row[0], row[1]) * row[2] for row in connection.execute(running)))

    def _seconds_left(
        self, connection: Connection, rows: Sequence[DatabaseRecord], now: datetime
    ) -> dict[str, float | None]:
        """Return the run time that each of these jobs still needs; None where nothing is known."""
        lengths = media_seconds(connection, rows) if rows else {}
        left: dict[str, float | None] = {}
        for row in rows:
            model, media = self._predictor.model(connection, row["analytic_id"]), lengths[row["id"]]
            if row["state"] != JobState.RUNNING or row["start_date"] is None:
                left[row["id"]] = None if model is None else model.predict(media)
                continue
            fraction = (progress_of(row["status_text"]) or {}).get("fraction")
            elapsed = max(0.0, (now - row["start_date"]).total_seconds())
            left[row["id"]] = remaining_seconds(elapsed, fraction, model, media)
        return left

    def _starts(self, connection: Connection, now: datetime) -> Mapping[str, datetime]:
        """Return when each queued job is expected to start, as far as that is known."""
        if self._line is None or self._line[0] < self._clock():
            self._line = self._clock() + _LINE_SECONDS, self._estimate_starts(connection, now)
        return self._line[1]

    def _estimate_starts(self, connection: Connection, now: datetime) -> Mapping[str, datetime]:
        queued = connection.execute(_QUEUED).mappings().all()
        if not queued or len(queued) > _LONGEST_LINE:
            return {}
        active = connection.execute(_ACTIVE).mappings().all()
        left = self._seconds_left(connection, [*queued, *active], now)
        known = [seconds for seconds in left.values() if seconds is not None]
        if not known:
            return {}
        # A job of which nothing is known counts as an average one: it delays those behind it in any case.
        average = sum(known) / len(known)
        seconds = {job_id: average if each is None else each for job_id, each in left.items()}
        state = self._state(connection, queued)
        positions = self._positions.of(connection, queued)
        # An operator, what keeps all jobs from starting, a machine that has to come, and the job whose output a job
        # takes, may take any time.
        movable = [
            row
            for row in queued
            if row["id"] in positions and row["not_before"] != WAITING
            if state.obstacle is None and not paused_reason(row, state.controls) and not unplaced_reason(row)
        ]
        waiting = [
            WaitingJob(row["id"], seconds[row["id"]], _limits_of(row, state), _held_seconds(row, now))
            for row in sorted(movable, key=lambda row: positions[row["id"]])
        ]
        running = [ActiveJob(seconds[row["id"]], _groups_of(row)) for row in active]
        starts = start_seconds(state.slots["total_slots"], running, waiting)
        return {job_id: now + timedelta(seconds=start) for job_id, start in starts.items()}


def _held_seconds(job: DatabaseRecord, now: datetime) -> float:
    held_until = max((each for each in (job["not_before"], job["retry_at"]) if each is not None), default=now)
    return max(0.0, (held_until - now).total_seconds())


def _groups_of(job: DatabaseRecord) -> Iterable[str]:
    groups = [job["owner_id"], f"{ControlScope.ANALYTIC}:{job['analytic_name']}"]
    return groups if job["application_id"] is None else [*groups, f"{ControlScope.APPLICATION}:{job['application_id']}"]


def _limits_of(job: DatabaseRecord, state: QueueState) -> dict[str, int]:
    """Return the groups of a job that are limited, with the number of jobs that may run at once."""
    limits = dict(state.owner_limits)
    for scope, rows in (
        (ControlScope.ANALYTIC, state.controls.analytics),
        (ControlScope.APPLICATION, state.controls.applications),
    ):
        limits |= {f"{scope}:{key}": row.running_jobs for key, row in rows.items() if row.running_jobs is not None}
    return {group: limits[group] for group in _groups_of(job) if group in limits}
