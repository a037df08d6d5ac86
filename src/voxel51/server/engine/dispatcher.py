"""Dispatcher: claim queued jobs, launch an attempt at each, stop unwanted attempts, and settle how attempts ended.

The dispatcher owns each attempt from its claim until its end is recorded (`owned_attempts`). A watchdog compares three
views that should agree: the attempts in the database, those that the dispatcher owns, and those that the runner runs.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from voxel51.runners import orphan_processes
from voxel51.runners.interface import AttemptOutcome, ProcessIdentity, Runner
from voxel51.runners.launch import LaunchSpec
from voxel51.runners.resources import NO_RESOURCES
from voxel51.server.analytics.network.service import NetworkRefused
from voxel51.server.analytics.programs import ProgramService
from voxel51.server.database.membership import Membership
from voxel51.server.engine.attempt_spans import AttemptSpans
from voxel51.server.engine.owned_attempts import AttemptEnd, OwnedAttempt, OwnedAttempts
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.errors import DatabaseAway, ServiceError
from voxel51.server.jobs.attempts import AttemptService, Settlement, UnsettledAttempt
from voxel51.server.jobs.fair_share import Placement
from voxel51.server.jobs.tasks import TaskService
from voxel51.wire import dates
from voxel51.wire import tasks as names
from voxel51.wire.backoff import Backoff
from voxel51.wire.overview import Slots
from voxel51.wire.tasks import JobLimits

log = logging.getLogger(__name__)

_POLL_INTERVAL_SECONDS = 2.0
"""Pause between two passes, unless `Dispatcher.wake` ends it: it finds jobs whose pause after a loss is over."""

_AFTER_FAILURE = Backoff(first_seconds=1.0, longest_seconds=10.0)
"""Pauses after passes that failed: the database or the disk may be unavailable for a while."""

_WATCHDOG_INTERVAL_SECONDS = 30.0
"""Pause between two comparisons of the database, the dispatcher and the runner. A failed claim causes one at once."""


@dataclass(frozen=True, slots=True)
class DispatchSettings:
    """Settings of a dispatcher.

    Attributes:
        slots: function that returns how many user-submitted jobs may run at once, as far as is known now. On several
            machines, it changes as they come and go.
        internal_slots: how many internal jobs run at once, in addition. Users wait for these with a page open.
        background_slots: function that returns how many more internal jobs run, for which users do not wait.
        limits: limits of each attempt at a user-submitted job.
        internal_limits: limits of each attempt at an internal job.
        base_url: the URL, with the API version, at which attempts reach the platform.
        could_run: function that returns whether a present machine has what an attempt needs, if nothing else runs.
    """

    slots: Callable[[], int]
    internal_slots: int
    limits: JobLimits
    internal_limits: JobLimits
    base_url: str
    background_slots: Callable[[], int] = lambda: 0
    could_run: Callable[[LaunchSpec], bool] = lambda _launch: True


class Dispatcher:
    """One thread that reconciles the desired state in the database with the attempts that run.

    All state is in the database, so the process may die at any moment: `open` settles what an earlier process left.
    """

    def __init__(
        self,
        attempts: AttemptService,
        programs: ProgramService,
        tasks: TaskService,
        runner: Runner,
        gate: StartGate,
        process: Membership,
        settings: DispatchSettings,
        spans: AttemptSpans | None = None,
    ) -> None:
        self._spans = spans
        self._process = process
        self._attempts = attempts
        self._programs = programs
        self._tasks = tasks
        self._runner = runner
        self._gate = gate
        self._settings = settings
        self._failure: str | None = None  # of the last pass
        self._opened_at: datetime | None = None
        self._owned = OwnedAttempts()
        self._unplaceable: dict[Placement, LaunchSpec] = {}  # each with one of its attempts
        self._owner_id = process.id  # the id under which the owned attempts were claimed
        self._machine = orphan_processes.machine()
        self._outcomes: queue.SimpleQueue[AttemptOutcome] = queue.SimpleQueue()
        self._watchdog_due = 0.0  # on the monotonic clock
        self._departed = threading.Event()  # another process has died since the watchdog looked
        self._woken = threading.Event()
        self._draining = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def open(self) -> None:
        """Kill what dead processes of the platform left running, requeue their jobs, and start to dispatch."""
        self.take_over()
        self._thread.start()

    def take_over(self) -> None:
        """Do what `open` does before the thread starts: settle the attempts of dead processes, and open the runner."""
        # The order matters: no job may be claimed again while its previous attempt can still write.
        for attempt in (*self._attempts.abandoned(), *self._attempts.unsettled()):
            self._take_over(attempt, "the platform stopped while the job ran")
        self._runner.open(self._on_outcome)
        self._opened_at = dates.now()
        self._owner_id = self._process.id
        self._watchdog_due = time.monotonic() + _WATCHDOG_INTERVAL_SECONDS
        self._process.on_change(self.watch_soon)

    def _take_over(self, attempt: UnsettledAttempt, detail: str) -> None:
        """Settle an attempt of a dead process. On another machine it may go on, but its reports count for nothing."""
        self._end_process(attempt)
        self._attempts.settle(attempt.attempt_id, Settlement.LOST, detail)

    def wake(self) -> None:
        """Start the next pass at once. Cheap, and safe from any thread."""
        self._woken.set()

    def watch_soon(self) -> None:
        """Look at once for attempts of processes that have died. Cheap, and safe from any thread."""
        self._departed.set()
        self._woken.set()

    def is_running(self) -> bool:
        """Return whether jobs are being dispatched."""
        return self._thread.is_alive() and not self._closing.is_set()

    @property
    def waiting_reason(self) -> str | None:
        """Reason why no queued job is started at present; None while jobs are started. Safe from any thread."""
        if not self.is_running():
            return "no dispatcher is running"
        if self._draining.is_set():
            return "the platform lets the running jobs finish before it stops"
        return self._failure or self._gate.reason

    @property
    def opened_at(self) -> datetime | None:
        """Time since which jobs are dispatched; None before."""
        return self._opened_at

    def slots(self, *, internal: bool) -> Slots:
        """Return the slots of user-submitted jobs, or of internal jobs. Safe from any thread."""
        settings = self._settings
        total = settings.internal_slots + settings.background_slots() if internal else settings.slots()
        return {"total_slots": total, "used_slots": self._owned.count(internal=internal)}

    def has_idle_slot(self) -> bool:
        """Return whether jobs are started and a slot of user-submitted jobs is free. Safe from any thread."""
        slots = self.slots(internal=False)
        return self.waiting_reason is None and slots["used_slots"] < slots["total_slots"]

    def drain(self) -> None:
        """Start no more attempts; those that run go on. Safe from any thread."""
        self._draining.set()

    def is_idle(self) -> bool:
        """Return whether every attempt that was claimed has ended and is settled. Safe from any thread."""
        return not len(self._owned)

    def close(self) -> None:
        """Start no more attempts, stop those that run, requeue their jobs, and return when all are settled.

        What cannot be settled, because the database is away, is settled by the next `open`.
        """
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._runner.close()
        self._owned.release_unstarted()
        self._run_step(self._settle_ended)
        if len(self._owned):
            log.error("%d attempts could not be settled; the next start of the platform does it", len(self._owned))

    def _on_outcome(self, outcome: AttemptOutcome) -> None:
        self._outcomes.put(outcome)
        self._woken.set()

    def _loop(self) -> None:
        failures = 0
        while not self._closing.is_set():
            self._woken.wait(_POLL_INTERVAL_SECONDS)
            # Cleared before the steps run: a wake that comes during them starts another pass.
            self._woken.clear()
            if self.run_pass():
                failures = 0
                continue
            self._closing.wait(_AFTER_FAILURE.seconds(failures))
            failures += 1
            self._woken.set()

    def run_pass(self) -> bool:
        """Run every step once, and return whether all succeeded. Only one thread may call this: that of `open`."""
        # Each step runs even if the one before failed: a full disk must not keep jobs from being stopped.
        steps = (
            self._drop_superseded, self._settle_ended, self._attempts.cancel_overdue, self._stop_unwanted, self._claim,
            self._start_claimed, self._record_processes, self._watch,
        )  # fmt: skip
        errors = [self._run_step(step) for step in steps]
        self._failure = next((f"dispatching fails: {error}" for error in errors if error), None)
        return self._failure is None

    def _run_step(self, step: Callable[[], None]) -> str | None:
        """Run a step of a pass and return why it failed, or None.

        Any failure (full disk, lost database) leaves the attempts owned: the next pass continues with them.
        """
        try:
            step()
        except ServiceError as error:  # an outage, which may last for hours: no traceback per second
            self._log_outage(str(error))
            return str(error)
        except Exception as error:
            log.exception("dispatching failed; retrying")
            return f"{type(error).__name__}; the platform's log has the cause"
        return None

    def _log_outage(self, reason: str) -> None:
        if self._failure is None or reason not in self._failure:
            log.warning("dispatching waits: %s", reason)

    def _drop_superseded(self) -> None:
        """Stop all attempts after other processes have taken this one for dead: they run the jobs again."""
        if self._owner_id == self._process.id:
            return
        self._owner_id = self._process.id
        for attempt_id in self._owned.drop_all():
            self._runner.stop(attempt_id)

    def _settle_ended(self) -> None:
        self._take_outcomes()
        failure: Exception | None = None
        for attempt in self._owned.ended():
            try:
                self._settle(attempt)
            except Exception as error:
                # The end that cannot be recorded must not delay the others. It stays owned for the next pass.
                failure = failure or error
        if failure is not None:
            raise failure

    def _settle(self, attempt: OwnedAttempt) -> None:
        end = attempt.end
        if end is None:
            return
        log = self._tasks.without_secrets(attempt.claimed.job_id, attempt.claimed.owner_id, end.log)
        applied = self._attempts.settle(attempt.attempt_id, end.settlement, end.detail, log)
        self._owned.remove(attempt.attempt_id)
        if self._spans is not None:
            self._spans.settled(attempt, applied, time.time())
        if applied is Settlement.UNPLACED and attempt.launch is not None:
            self._unplaceable[Placement(attempt.claimed.analytic_id, attempt.claimed.compute_mode)] = attempt.launch
            return
        if applied is Settlement.NOT_STARTED:
            self._gate.failed(end.detail)
        elif attempt.process is not None:
            self._gate.succeeded()

    def _take_outcomes(self) -> None:
        while True:
            try:
                self._owned.apply(self._outcomes.get_nowait())
            except queue.Empty:
                return

    def _stop_unwanted(self) -> None:
        if not self._owned:
            return
        for attempt_id in self._attempts.attempts_to_stop():
            self._runner.stop(attempt_id)

    def _claim(self) -> None:
        # Jobs that no machine can run wait in the queue, without a slot, until there is a machine for them.
        self._unplaceable = {key: each for key, each in self._unplaceable.items() if not self._could_run(key, each)}
        for internal in (False, True):
            slots = self.slots(internal=internal)
            free = self._gate.available(slots["total_slots"] - slots["used_slots"])
            if free <= 0 or self._draining.is_set() or self._closing.is_set() or not self._is_own():
                continue
            # If the connection breaks at the commit, the database may have the attempts though the claim fails: the
            # watchdog looks for them in this pass or the next.
            self._watchdog_due, due = 0.0, self._watchdog_due
            claims = self._attempts.claim(free, internal=internal, unplaceable=[*self._unplaceable])
            self._owned.add(claims, internal=internal)
            self._watchdog_due = due

    def _could_run(self, placement: Placement, launch: LaunchSpec) -> bool:
        if launch.resources != NO_RESOURCES:  # with other machines, it may need no GPU
            launch = replace(launch, resources=self._programs.resources(*placement))
        return self._settings.could_run(launch)

    def _start_claimed(self) -> None:
        for attempt in self._owned.unstarted():
            if self._closing.is_set() or not self._is_own():
                return
            self._start(attempt)

    def _is_own(self) -> bool:
        """Return whether no other process can have taken this one, and with it the owned attempts, for dead."""
        return self._process.is_held() and self._owner_id == self._process.id

    def _start(self, attempt: OwnedAttempt) -> None:
        started, attempt.times.start_begun = time.monotonic(), time.time()
        try:
            attempt.launch = self._launch_spec(attempt)
            attempt.process = self._runner.start(attempt.launch)
        except OSError as error:  # no memory, no process ids, a full disk: not the fault of the job
            reason = error.strerror or error  # without paths of this machine: users see it
            attempt.end = AttemptEnd(Settlement.NOT_STARTED, f"the attempt could not be started: {reason}")
            self._woken.set()
            return
        except NetworkRefused as refused:
            attempt.end = AttemptEnd(Settlement.REFUSED, str(refused))
            self._woken.set()
            return
        except DatabaseAway:
            raise  # the attempt stays claimed, and is started by the next pass
        except Exception as error:  # a defect that may lie in this job: it must not block the queue for ever
            log.exception("job %s could not be started", attempt.claimed.job_id)
            attempt.end = AttemptEnd(Settlement.LOST, f"the attempt could not be started: {error}")
            self._woken.set()
            return
        attempt.times.started = time.time()
        milliseconds, pid = (time.monotonic() - started) * 1e3, attempt.process.pid
        log.info("job %s started in %.1f ms as process %d", attempt.claimed.job_id, milliseconds, pid)

    def _record_processes(self) -> None:
        for attempt in self._owned.unrecorded():
            if attempt.process is not None:
                process = attempt.process
                self._attempts.record_process(attempt.attempt_id, process.pid, process.started_at, self._machine)
                attempt.is_recorded = True

    def _watch(self) -> None:
        """Find attempts that only the database knows, and attempts that the runner no longer runs."""
        if time.monotonic() < self._watchdog_due and not self._departed.is_set():
            return
        self._watchdog_due = 0.0  # until the look has succeeded
        self._departed.clear()
        for attempt in self._attempts.abandoned():
            log.warning("attempt %s was of a process that has died: its job is requeued", attempt.attempt_id)
            self._take_over(attempt, "the process of the platform that ran the job has died")
            self._woken.set()
        for attempt in self._attempts.unsettled():
            if attempt.attempt_id not in self._owned:
                log.warning("attempt %s was claimed but is not running: its job is requeued", attempt.attempt_id)
                self._end_process(attempt)
                self._attempts.settle(attempt.attempt_id, Settlement.RELEASED, "the attempt was never started")
        # The runner reports an outcome before it forgets the attempt, so the outcomes are taken after the list.
        running = self._runner.attempts()
        self._take_outcomes()
        self._owned.end_missing(running)
        self._watchdog_due = time.monotonic() + _WATCHDOG_INTERVAL_SECONDS

    def _end_process(self, attempt: UnsettledAttempt) -> None:
        if attempt.process_id is not None and attempt.machine in {None, self._machine}:
            orphan_processes.kill(ProcessIdentity(attempt.process_id, attempt.process_started_at or 0.0))

    def _launch_spec(self, attempt: OwnedAttempt) -> LaunchSpec:
        claimed = attempt.claimed
        environment = {
            names.TASK_DESCRIPTION: self._tasks.description_url(claimed.attempt_id),
            names.JOB_ID: claimed.job_id,
            names.API_TOKEN: claimed.credential,
            names.API_BASE_URL: self._settings.base_url,
            names.LOGFILE_SIGNED_URL: self._tasks.log_url(claimed.attempt_id),
        }
        limits = self._settings.internal_limits if attempt.internal else self._settings.limits
        if claimed.timeout_seconds is not None:
            limits = {**limits, "wall_seconds": min(limits["wall_seconds"], claimed.timeout_seconds)}
        program = self._programs.of(claimed.analytic_id, claimed.compute_mode)
        warm_key = self._programs.warm_key(claimed.analytic_id, claimed.owner_id)
        needed = (
            NO_RESOURCES if attempt.internal else self._programs.resources(claimed.analytic_id, claimed.compute_mode)
        )
        network = self._programs.network_permission(claimed.analytic_id, program)
        return LaunchSpec(claimed.attempt_id, program, environment, limits, warm_key, needed, network)
