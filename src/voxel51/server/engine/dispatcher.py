"""What gets queued jobs done: claims them, launches attempts, settles how they ended."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from voxel51.server.engine import orphan_processes
from voxel51.server.engine.launch import LaunchSpec
from voxel51.server.engine.runner import AttemptOutcome, ExitReason, ProcessIdentity, Runner
from voxel51.server.jobs.attempts import AttemptService, ClaimedAttempt, Settlement
from voxel51.server.jobs.tasks import TaskService
from voxel51.wire import dates
from voxel51.wire import tasks as names
from voxel51.wire.overview import Slots
from voxel51.wire.tasks import JobLimits, TaskExit

log = logging.getLogger(__name__)

_LOOK_INTERVAL_SECONDS = 1.0
"""How often to look without having been woken: for jobs that another process queued, and for overdue attempts."""

_NOT_THE_ANALYTICS_FAULT = frozenset({TaskExit.NOT_STARTED, TaskExit.UNREPORTED, TaskExit.NOT_CURRENT})
"""Exit codes by which an attempt says that it never began, or was not heard: the job is tried again."""

_SETTLEMENTS = {
    ExitReason.EXITED: Settlement.ANALYTIC_FAILED,
    ExitReason.CRASHED: Settlement.ANALYTIC_FAILED,
    ExitReason.OVER_TIME: Settlement.ANALYTIC_FAILED,
    ExitReason.OVER_MEMORY: Settlement.ANALYTIC_FAILED,
    ExitReason.STOPPED: Settlement.RELEASED,
    ExitReason.LOST: Settlement.LOST,
}


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """How jobs are run: ``slots`` of them at once, each within ``limits``, reporting to ``base_url`` (with /v1).

    The platform's own jobs, which people wait for with a page open, have ``internal_slots`` beside.
    """

    slots: int
    internal_slots: int
    limits: JobLimits
    base_url: str


class Dispatcher:
    """One thread that reconciles what is wanted with what runs.

    All it knows is in the database, so that it can die at any moment: `open` settles what a dead predecessor left.
    """

    def __init__(self, attempts: AttemptService, tasks: TaskService, runner: Runner, terms: DispatchSettings) -> None:
        self._attempts = attempts
        self._tasks = tasks
        self._runner = runner
        self._terms = terms
        self._opened_at: datetime | None = None
        self._running: dict[str, bool] = {}  # attempt -> whether its job is the platform's own
        self._outcomes: queue.SimpleQueue[AttemptOutcome] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def open(self) -> None:
        """End what a dead predecessor left running, give its jobs back, and begin to dispatch."""
        for attempt in self._attempts.unsettled():
            if attempt.process_id is not None:
                orphan_processes.kill(ProcessIdentity(attempt.process_id, attempt.process_started_at or 0.0))
            self._attempts.settle(attempt.attempt_id, Settlement.LOST, "the platform was ended while the job ran")
        self._runner.open(self._on_outcome)
        self._opened_at = dates.now()
        self._thread.start()

    def wake(self) -> None:
        """Look at once. Cheap, and callable from any thread."""
        self._woken.set()

    def is_running(self) -> bool:
        """Whether jobs are being started."""
        return self._thread.is_alive() and not self._closing.is_set()

    @property
    def opened_at(self) -> datetime | None:
        """Since when jobs are being started; None before."""
        return self._opened_at

    def slots(self, *, internal: bool) -> Slots:
        """Return the slots for users' jobs, or for internal jobs. Callable from any thread."""
        total_slots = self._terms.internal_slots if internal else self._terms.slots
        return {
            "total_slots": total_slots,
            "used_slots": sum(each is internal for each in list(self._running.values())),
        }

    def close(self) -> None:
        """Start no more, stop what runs and give it back to the queue; returns when all is settled."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._runner.close()
        self._settle_ended()

    def _on_outcome(self, outcome: AttemptOutcome) -> None:
        self._outcomes.put(outcome)
        self._woken.set()

    def _loop(self) -> None:
        while not self._closing.is_set():
            self._woken.wait(_LOOK_INTERVAL_SECONDS)
            self._woken.clear()
            for step in (self._settle_ended, self._stop_unwanted, self._start_waiting):
                self._try(step)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception:
            # Whatever it was (a full disk, a lost database), the next look tries again from what is on record.
            log.exception("dispatching failed; trying again")
            self._closing.wait(_LOOK_INTERVAL_SECONDS)
            self._woken.set()

    def _settle_ended(self) -> None:
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except queue.Empty:
                return
            settlement = _SETTLEMENTS[outcome.exit_reason]
            if outcome.exit_reason is ExitReason.EXITED and outcome.exit_code in _NOT_THE_ANALYTICS_FAULT:
                settlement = Settlement.LOST
            try:
                self._attempts.settle(outcome.attempt_id, settlement, outcome.detail, outcome.log)
            except Exception:
                self._outcomes.put(outcome)
                raise
            self._running.pop(outcome.attempt_id, None)

    def _stop_unwanted(self) -> None:
        if not self._running:
            return
        for attempt_id in self._attempts.attempts_to_stop():
            self._runner.stop(attempt_id)

    def _start_waiting(self) -> None:
        for internal in (False, True):
            slots = self.slots(internal=internal)
            free = slots["total_slots"] - slots["used_slots"]
            if free <= 0 or self._closing.is_set():
                continue
            for claim in self._attempts.claim(free, internal=internal):
                self._start(claim, internal)

    def _start(self, claim: ClaimedAttempt, internal: bool) -> None:
        self._running[claim.attempt_id] = internal
        started = time.monotonic()
        try:
            process = self._runner.start(self._launch(claim))
        except OSError as error:
            del self._running[claim.attempt_id]
            self._attempts.settle(claim.attempt_id, Settlement.LOST, f"it could not be started: {error}")
            return
        self._attempts.record_process(claim.attempt_id, process.pid, process.started_at)
        log.info(
            "job %s started in %.1f ms as process %d", claim.job_id, (time.monotonic() - started) * 1e3, process.pid
        )

    def _launch(self, claim: ClaimedAttempt) -> LaunchSpec:
        environment = {
            names.TASK_DESCRIPTION: self._tasks.description_url(claim.attempt_id),
            names.JOB_ID: claim.job_id,
            names.API_TOKEN: claim.credential,
            names.API_BASE_URL: self._terms.base_url,
            names.LOGFILE_SIGNED_URL: self._tasks.log_url(claim.attempt_id),
        }
        return LaunchSpec(claim.attempt_id, claim.entry_point, environment, self._terms.limits)
