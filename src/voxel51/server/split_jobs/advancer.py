"""Advancer: the step that plans split jobs, follows their parts, and has complete parts merged.

All state is in the database, and each step locks the job and looks again before it changes anything. So a process may
die at any moment, and several processes may take steps, also beside some of an earlier version: such a process may
settle an attempt at a part without moving the part, or delete the row of a part, and both are made good here.
"""

import time
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from sqlalchemy import Connection

from voxel51.server.background_thread import advance_each
from voxel51.server.database.database import Database
from voxel51.server.database.types import DatabaseRow
from voxel51.server.jobs.service import detach_files
from voxel51.server.jobs.split_tables import PartState, SplitPhase
from voxel51.server.jobs.status import progress_of
from voxel51.server.jobs.status_messages import last_message
from voxel51.server.jobs.transitions import JobTransition, transition_job, transition_jobs
from voxel51.server.split_jobs.partial_labels import PartialLabelsCopier
from voxel51.server.split_jobs.planner import SplitPlan, SplitPlanner
from voxel51.server.split_jobs.records import (
    SplitJob,
    load,
    open_splits,
    queue_parts,
    record_parts,
    set_split,
    stop_parts,
)
from voxel51.server.split_jobs.status import total_progress, write_progress
from voxel51.server.storage.storage import Storage
from voxel51.wire import dates
from voxel51.wire.jobs import JobState

_PROGRESS_SECONDS = 1.0
_UNKNOWN_REASON = "no reason was given"
_TAKEN = "an earlier version of the platform has started it"


class _Step(Enum):
    """Step that the parts of a job need next."""

    STOP = auto()  # the job has ended, or runs without them
    FAIL = auto()
    REPAIR = auto()
    MERGE = auto()
    START = auto()  # the first part runs
    WAIT = auto()


class SplitAdvancer:
    """Advances all split jobs that have not ended. Only one thread of a process calls `advance`.

    ``wake`` is called after jobs were queued or are to be stopped, so that the dispatcher acts at once.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        planner: SplitPlanner,
        labels: PartialLabelsCopier,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._storage = storage
        self._planner = planner
        self._labels = labels
        self._wake = wake
        self._written: dict[str, float] = {}  # job id -> when its progress was written, on the monotonic clock

    def advance(self) -> None:
        """Take the next step of every split job. What changes the database wakes the thread again for further ones.

        Raises:
            ServiceError: the platform cannot take some step at present; nothing is lost.
        """
        with self._database.read() as connection:
            found = open_splits(connection)
        self._written = {job_id: self._written.get(job_id, 0.0) for job_id, _ in found}
        advance_each(found, self._advance)

    def _advance(self, found: tuple[str, str]) -> None:
        job_id, phase = found
        with self._database.read() as connection:
            split = load(connection, job_id)
        if split is None:
            return
        if phase == SplitPhase.PLAN:
            self._plan(split)
        elif phase == SplitPhase.PARTS:
            self._follow(split)
        elif split.is_ended:
            self._change(job_id, SplitPhase.MERGE, self._settle)

    def _change(self, job_id: str, phase: SplitPhase, act: Callable[[Connection, SplitJob], None]) -> None:
        """Apply ``act`` in a transaction, unless the job is not in ``phase`` any more."""
        with self._database.write() as connection:
            split = load(connection, job_id, lock=True)
            if split is not None and split.job.phase == phase:
                act(connection, split)

    def _plan(self, split: SplitJob) -> None:
        # A job that has ended, or that another process has claimed, needs no plan.
        plan = self._planner.plan(split.job, split.job.most_parts) if split.is_held else SplitPlan([], reason=_TAKEN)
        if plan is not None:
            self._change(split.job.id, SplitPhase.PLAN, partial(self._apply, plan=plan))

    def _apply(self, connection: Connection, split: SplitJob, plan: SplitPlan) -> None:
        job_id = split.job.id
        if split.is_ended:
            set_split(connection, job_id, phase=SplitPhase.ENDED.value)
        elif not split.is_held:
            set_split(connection, job_id, phase=SplitPhase.WHOLE.value, reason=_TAKEN)
        elif len(plan.parts) < 2:
            set_split(connection, job_id, phase=SplitPhase.WHOLE.value, reason=plan.reason)
            transition_job(connection, job_id, JobTransition.REQUEUE)
        else:
            values = {"phase": SplitPhase.PARTS.value, "frame_total": plan.frame_total, "filename": plan.filename}
            set_split(connection, job_id, **values)
            record_parts(connection, job_id, plan.parts)
            queue_parts(connection, split.job, range(1, len(plan.parts) + 1), plan.filename)
        self._database.after_commit(self._wake)

    def _follow(self, split: SplitJob) -> None:
        """Do what the parts of a job need next, without a transaction if that is nothing."""
        steps = {
            _Step.STOP: self._stop,
            _Step.FAIL: self._fail,
            _Step.REPAIR: self._repair,
            _Step.MERGE: self._merge,
            _Step.START: self._start,
        }
        act = steps.get(_next_step(split))
        if act is not None:
            self._change(split.job.id, SplitPhase.PARTS, act)
        elif split.job.state == JobState.RUNNING:
            self._report(split)

    def _stop(self, connection: Connection, split: SplitJob) -> None:
        stop_parts(connection, split)
        set_split(connection, split.job.id, phase=SplitPhase.ENDED.value)
        self._database.after_commit(self._wake)

    def _fail(self, connection: Connection, split: SplitJob) -> None:
        """Let the job fail as its first part that failed. The log of the job is then that of this part."""
        failed = next((part for part in split.parts if part.state == JobState.FAILED), None)
        if failed is None or not split.is_held:
            return
        reason = failed.failure_message or last_message(failed.status_text) or _UNKNOWN_REASON
        frames = f"frames {failed.first_frame} to {failed.last_frame}"
        message = f"Part {failed.number} of {len(split.parts)} ({frames}) failed: {reason}"
        values = {"failure_type": failed.failure_type, "failure_message": message, "attempt_id": failed.attempt_id}
        transition_job(connection, split.job.id, JobTransition.FAIL, fail_date=dates.now(), **values)
        self._stop(connection, split)

    def _repair(self, connection: Connection, split: SplitJob) -> None:
        """Queue again what processes of an earlier version have settled or deleted."""
        lost = [part.job_id for part in split.parts if _is_forgotten(part)]
        fresh = {"attempt_id": None, "start_date": None, "status_text": None}
        transition_jobs(connection, lost, JobTransition.REQUEUE, **fresh)
        missing = [part.number for part in split.parts if _is_missing(part)]
        queue_parts(connection, split.job, missing, split.job.filename)
        self._database.after_commit(self._wake)

    def _merge(self, connection: Connection, split: SplitJob) -> None:
        if _next_step(split) is not _Step.MERGE:
            return
        set_split(connection, split.job.id, phase=SplitPhase.MERGE.value, first_start=_first_start(split))
        transition_job(connection, split.job.id, JobTransition.REQUEUE, start_date=_first_start(split))
        self._database.after_commit(self._wake)

    def _start(self, connection: Connection, split: SplitJob) -> None:
        started = _first_start(split)
        if started is not None:
            set_split(connection, split.job.id, first_start=started)
            transition_job(connection, split.job.id, JobTransition.RUN, start_date=started)

    def _settle(self, connection: Connection, split: SplitJob) -> None:
        """Delete the files of the parts of a complete job. Those of one that failed are kept, for another try."""
        set_split(connection, split.job.id, phase=SplitPhase.ENDED.value)
        if split.job.state == JobState.COMPLETE:
            part_ids = [part.job_id for part in split.parts if part.job_id is not None]
            self._labels.delete(connection, part_ids)
            for key in detach_files(connection, part_ids):
                self._database.after_commit(partial(self._storage.delete, key))

    def _report(self, split: SplitJob) -> None:
        """Copy new partial labels, and write the progress of the parts at most once a second."""
        job_id = split.job.id
        self._labels.copy(split)
        progress = total_progress(split.parts)
        now = time.monotonic()
        if progress == progress_of(split.job.status_text) or now < self._written[job_id] + _PROGRESS_SECONDS:
            return
        self._written[job_id] = now
        with self._database.write(durable=False) as connection:
            current = load(connection, job_id, lock=True)
            if current is not None and current.job.phase == SplitPhase.PARTS and current.is_held:
                write_progress(connection, current, progress)


def _next_step(split: SplitJob) -> _Step:
    states = {part.state for part in split.parts}
    if not split.is_held:
        return _Step.STOP
    if JobState.FAILED in states:
        return _Step.FAIL
    if any(_is_missing(part) or _is_forgotten(part) for part in split.parts):
        return _Step.REPAIR
    if states == {JobState.COMPLETE.value}:
        return _Step.MERGE
    if split.job.state == JobState.SCHEDULED and _first_start(split) is not None:
        return _Step.START
    return _Step.WAIT


def _is_missing(part: DatabaseRow) -> bool:
    """Return whether the row of a part was deleted, or its output."""
    return part.state is None or (part.state == JobState.COMPLETE and part.output_key is None)


def _is_forgotten(part: DatabaseRow) -> bool:
    """Return whether the attempt at a part was settled but the part not moved."""
    return part.state in {PartState.SCHEDULED, PartState.RUNNING} and part.ended_at is not None


def _first_start(split: SplitJob) -> object:
    """Return when the first part started; None while none has."""
    return min((part.start_date for part in split.parts if part.start_date is not None), default=None)
