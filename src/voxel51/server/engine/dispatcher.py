"""Dispatcher: claim queued jobs, launch an attempt at each, stop unwanted attempts, and settle how attempts ended."""

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
from voxel51.wire.backoff import Backoff
from voxel51.wire.overview import Slots
from voxel51.wire.tasks import JobLimits, TaskExit

log = logging.getLogger(__name__)

_POLL_INTERVAL_SECONDS = 1.0
"""Pause between two passes, unless `Dispatcher.wake` ends it: it finds jobs that another process queued."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=10.0)
"""Pauses after passes that failed: the database or the disk may be unavailable for a while."""

_LOST_EXIT_CODES = frozenset({TaskExit.NOT_STARTED, TaskExit.UNREPORTED, TaskExit.NOT_CURRENT})
"""Exit codes of an attempt that never began, or whose reports did not arrive: not the fault of the analytic."""

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
    """Settings of a dispatcher.

    Attributes:
        slots: how many user-submitted jobs run at once.
        internal_slots: how many internal jobs run at once, in addition. Users wait for these with a page open.
        limits: limits of each attempt.
        base_url: the URL, with the API version, at which attempts reach the platform.
    """

    slots: int
    internal_slots: int
    limits: JobLimits
    base_url: str


class Dispatcher:
    """One thread that reconciles the desired state in the database with the attempts that run.

    All state is in the database, so the process may die at any moment: `open` settles what an earlier process left.
    """

    def __init__(
        self, attempts: AttemptService, tasks: TaskService, runner: Runner, settings: DispatchSettings
    ) -> None:
        self._attempts = attempts
        self._tasks = tasks
        self._runner = runner
        self._settings = settings
        self._opened_at: datetime | None = None
        self._running: dict[str, bool] = {}  # attempt id -> whether its job is internal
        self._outcomes: queue.SimpleQueue[AttemptOutcome] = queue.SimpleQueue()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def open(self) -> None:
        """Kill what an earlier server process left running, requeue its jobs, and start to dispatch."""
        # The order matters: no job may be claimed again while its previous attempt can still write.
        for attempt in self._attempts.unsettled():
            if attempt.process_id is not None:
                orphan_processes.kill(ProcessIdentity(attempt.process_id, attempt.process_started_at or 0.0))
            self._attempts.settle(attempt.attempt_id, Settlement.LOST, "the platform stopped while the job ran")
        self._runner.open(self._on_outcome)
        self._opened_at = dates.now()
        self._thread.start()

    def wake(self) -> None:
        """Start the next pass at once. Cheap, and safe from any thread."""
        self._woken.set()

    def is_running(self) -> bool:
        """Return whether jobs are being dispatched."""
        return self._thread.is_alive() and not self._closing.is_set()

    @property
    def opened_at(self) -> datetime | None:
        """Time since which jobs are dispatched; None before."""
        return self._opened_at

    def slots(self, *, internal: bool) -> Slots:
        """Return the slots of user-submitted jobs, or of internal jobs. Safe from any thread."""
        total = self._settings.internal_slots if internal else self._settings.slots
        return {"total_slots": total, "used_slots": sum(each is internal for each in list(self._running.values()))}

    def close(self) -> None:
        """Start no more attempts, stop those that run, requeue their jobs, and return when all are settled."""
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
        failures = 0
        while not self._closing.is_set():
            self._woken.wait(_POLL_INTERVAL_SECONDS)
            # Cleared before the steps run: a wake that comes during them starts another pass.
            self._woken.clear()
            # Each step runs even if the one before failed: a full disk must not keep jobs from being stopped.
            steps = (self._settle_ended, self._stop_unwanted, self._start_queued)
            results = [self._run_step(step) for step in steps]
            if all(results):
                failures = 0
                continue
            self._closing.wait(_AFTER_FAILURE.seconds(failures))
            failures += 1
            self._woken.set()

    def _run_step(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception:
            # Any failure (full disk, lost database) leaves the database as the truth: the next pass starts from it.
            log.exception("dispatching failed; retrying")
            return False
        return True

    def _settle_ended(self) -> None:
        while True:
            try:
                outcome = self._outcomes.get_nowait()
            except queue.Empty:
                return
            settlement = _SETTLEMENTS[outcome.exit_reason]
            if outcome.exit_reason is ExitReason.EXITED and outcome.exit_code in _LOST_EXIT_CODES:
                settlement = Settlement.LOST
            try:
                self._attempts.settle(outcome.attempt_id, settlement, outcome.detail, outcome.log)
            except Exception:
                # An outcome that is dropped would leave its job running forever: put it back for the next pass.
                self._outcomes.put(outcome)
                raise
            self._running.pop(outcome.attempt_id, None)

    def _stop_unwanted(self) -> None:
        if not self._running:
            return
        for attempt_id in self._attempts.attempts_to_stop():
            self._runner.stop(attempt_id)

    def _start_queued(self) -> None:
        for internal in (False, True):
            slots = self.slots(internal=internal)
            free = slots["total_slots"] - slots["used_slots"]
            if free <= 0 or self._closing.is_set():
                continue
            for claimed in self._attempts.claim(free, internal=internal):
                self._start(claimed, internal)

    def _start(self, claimed: ClaimedAttempt, internal: bool) -> None:
        # The slot is taken before the start: the outcome of a very short attempt may arrive first.
        self._running[claimed.attempt_id] = internal
        started = time.monotonic()
        try:
            process = self._runner.start(self._launch_spec(claimed))
        except OSError as error:
            del self._running[claimed.attempt_id]
            self._attempts.settle(claimed.attempt_id, Settlement.LOST, f"the attempt could not be started: {error}")
            return
        self._attempts.record_process(claimed.attempt_id, process.pid, process.started_at)
        log.info(
            "job %s started in %.1f ms as process %d", claimed.job_id, (time.monotonic() - started) * 1e3, process.pid
        )

    def _launch_spec(self, claimed: ClaimedAttempt) -> LaunchSpec:
        environment = {
            names.TASK_DESCRIPTION: self._tasks.description_url(claimed.attempt_id),
            names.JOB_ID: claimed.job_id,
            names.API_TOKEN: claimed.credential,
            names.API_BASE_URL: self._settings.base_url,
            names.LOGFILE_SIGNED_URL: self._tasks.log_url(claimed.attempt_id),
        }
        return LaunchSpec(claimed.attempt_id, claimed.entry_point, environment, self._settings.limits)
