"""Waiting reasons: a sentence that says why a queued job does not start, for its owner."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from voxel51.server.database.types import DatabaseRecord, DatabaseRow
from voxel51.server.jobs.fair_share import ConcurrencyLimits, active_jobs
from voxel51.server.scheduling.admissions import Controls, active_by_group, load_controls
from voxel51.wire import dates
from voxel51.wire.jobs import JobState
from voxel51.wire.overview import Slots
from voxel51.wire.scheduling import ControlScope


@dataclass(frozen=True, slots=True)
class Engine:
    """Engine that runs the jobs, as functions that return its present state.

    Attributes:
        obstacle: why no job is started at all; None: jobs are started.
        slots: slots of user-submitted jobs.
        total_gpus: GPUs of all machines.
        gpus: GPUs that a job of an analytic (id) with a compute mode needs.
    """

    obstacle: Callable[[], str | None]
    slots: Callable[[], Slots]
    total_gpus: Callable[[], int]
    gpus: Callable[[str, str], float]


@dataclass(frozen=True, slots=True)
class QueueState:
    """State of the queue that the reasons follow from.

    Attributes:
        controls: pauses and limits of operators.
        owner_limits: owner id -> how many of their jobs may run at once; owners without a limit are left out.
        active: owner id -> number of active jobs.
        active_groups: analytic or application -> number of active jobs; empty without controls.
        obstacle, slots: of the `Engine`.
    """

    controls: Controls
    owner_limits: Mapping[str, int]
    active: Mapping[str, int]
    active_groups: Mapping[str, int]
    obstacle: str | None
    slots: Slots


def load_state(
    connection: Connection, owner_ids: Sequence[str], limits: ConcurrencyLimits, engine: Engine
) -> QueueState:
    """Return the state of the queue, for jobs of these owners."""
    controls = load_controls(connection)
    is_grouped = bool(controls.analytics or controls.applications)
    return QueueState(
        controls=controls,
        owner_limits=limits(connection, owner_ids),
        active=active_jobs(connection),
        active_groups=active_by_group(connection) if is_grouped else {},
        obstacle=engine.obstacle(),
        slots=engine.slots(),
    )


def waiting_reason(job: DatabaseRecord, state: QueueState, now: datetime) -> str | None:
    """Return why a queued job waits; None if it is about to start. The first reason that holds is told."""
    if job["not_before"] is not None and job["not_before"] > now:
        return f"held until {_moment(job['not_before'])}"
    if job["retry_at"] is not None and job["retry_at"] > now:
        return f"runs again at {_moment(job['retry_at'])}, after a failure"
    return paused_reason(job, state.controls) or unplaced_reason(job) or _limited(job, state) or _without_slot(state)


def waits_for_gpu(job: DatabaseRecord, engine: Engine, used: float) -> str | None:
    """Return why a claimed job has not started, if it needs a GPU and ``used`` GPUs are in use; else None."""
    needed = engine.gpus(job["analytic_id"], job["compute_mode"])
    total = engine.total_gpus()
    if job["state"] != JobState.SCHEDULED or not needed or total - used >= needed:
        return None
    what = "a GPU" if needed <= 1 else f"{needed:g} GPUs"
    return f"waits for {what}: {max(0.0, total - used):g} of {total} free"


def paused_reason(job: DatabaseRecord, controls: Controls) -> str | None:
    """Return that an operator has paused something that the job needs; None if nothing is paused."""
    pauses: tuple[tuple[str, DatabaseRow | None], ...] = (
        ("the queue is", controls.queue),
        ("your jobs are", controls.users.get(job["owner_id"])),
        ("the jobs of your application are", controls.applications.get(job["application_id"] or "")),
        (f"the analytic {job['analytic_name']} is", controls.analytics.get(job["analytic_name"])),
    )
    for subject, row in pauses:
        if row is not None and row.pause_reason is not None:
            return f"{subject} paused by the operator{f': {row.pause_reason}' if row.pause_reason else ''}"
    return None


def unplaced_reason(job: DatabaseRecord) -> str | None:
    """Return why no machine can run a job, as the dispatcher that tried it last has found; None if it did not."""
    message: str | None = job["failure_message"]
    if message is None or job["retry_at"] is not None:  # noted with a pause: of a failed attempt
        return None
    return f"{message[:1].lower()}{message[1:].rstrip('.')}"


def _limited(job: DatabaseRecord, state: QueueState) -> str | None:
    owner_id = job["owner_id"]
    limit = state.owner_limits.get(owner_id)
    if limit is not None and state.active.get(owner_id, 0) >= limit:
        return f"your limit of {_running_jobs(limit)}"
    groups = (
        (ControlScope.APPLICATION, job["application_id"], state.controls.applications, "your application"),
        (ControlScope.ANALYTIC, job["analytic_name"], state.controls.analytics, "this analytic"),
    )
    for scope, key, controls, whose in groups:
        row = controls.get(key or "")
        limit = None if row is None else row.running_jobs
        if limit is not None and state.active_groups.get(f"{scope}:{key}", 0) >= limit:
            return f"the limit of {_running_jobs(limit)} of {whose}"
    return None


def _without_slot(state: QueueState) -> str | None:
    if state.obstacle is not None:
        return state.obstacle
    total, used = state.slots["total_slots"], state.slots["used_slots"]
    return f"waits for a slot: {max(0, total - used)} of {total} free" if used >= total else None


def _running_jobs(number: int) -> str:
    return f"{number} running job{'' if number == 1 else 's'}"


def _moment(moment: datetime) -> str:
    return dates.to_text(moment)[:16].replace("T", " ") + " UTC"
