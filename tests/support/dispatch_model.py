"""Dispatch model: what claims, leases, reports and settlements do to jobs, in memory and without a database.

It follows the documented rules and shares only the start gate with the services: a test takes the same steps on both
and compares.
"""

from dataclasses import dataclass, field

from voxel51.server.engine.start_gate import StartGate
from voxel51.server.jobs.attempts import Settlement
from voxel51.wire.jobs import JobFailureType, JobState

ENDED = {JobState.COMPLETE, JobState.FAILED}


@dataclass(eq=False, repr=False)
class ModelJob:
    """A job. Jobs are queued in the order in which they were submitted."""

    id: str
    state: JobState = JobState.QUEUED
    failure_type: JobFailureType = JobFailureType.NONE
    lost: int = 0
    waits: bool = False
    current: "ModelAttempt | None" = None

    def end(self, state: JobState, failure_type: JobFailureType = JobFailureType.NONE) -> None:
        """End the job. Its first end counts."""
        assert self.state not in ENDED
        self.state, self.failure_type = state, failure_type


@dataclass(eq=False, repr=False)
class ModelAttempt:
    """An attempt. Only the current one of its job counts.

    Attributes:
        job: its job.
        lease: the lease under which it was claimed.
        outages: number of outages of the database before its claim.
        end: how its process ended; None while it waits for its start or runs.
        is_started: whether it got a process.
        is_running: whether its process runs.
        is_settled: whether the database has its end.
        must_stop: whether its job was cancelled.
    """

    job: ModelJob
    lease: object
    outages: int
    end: Settlement | None = None
    is_started: bool = False
    is_running: bool = False
    is_settled: bool = False
    must_stop: bool = False

    def stop(self, end: Settlement) -> None:
        """End the process, if one runs."""
        if self.is_running:
            self.is_running, self.end = False, end


@dataclass(eq=False, repr=False)
class ModelDispatcher:
    """A dispatcher. Another process may have taken it for dead, which ends its lease before it notices.

    Attributes:
        gate: a start gate of the model's own.
        lease: its lease.
        knows_lease: whether its lease has not run out by its own clock.
        is_superseded: whether it has joined again, and still owns attempts of the lease before.
        must_watch: whether the next pass compares the attempts that it owns with those of the database.
        owned: its attempts, in the order of their claims.
    """

    gate: StartGate
    lease: object = field(default_factory=object)
    knows_lease: bool = True
    is_superseded: bool = False
    must_watch: bool = False
    owned: list[ModelAttempt] = field(default_factory=list)


@dataclass
class Fault:
    """Faults of one pass.

    Attributes:
        database: the database is away.
        settling: ends of attempts cannot be recorded.
        claim_answer: the database commits the claim, but the connection breaks before the answer.
        starts: no process can be started.
    """

    database: bool = False
    settling: bool = False
    claim_answer: bool = False
    starts: bool = False


class DispatchModel:
    """All jobs, attempts and leases.

    Args:
        slots: number of jobs that each dispatcher runs at once.
        most_lost: number of lost attempts after which a job fails.
    """

    def __init__(self, slots: int, most_lost: int) -> None:
        self.jobs: list[ModelJob] = []
        self.attempts: list[ModelAttempt] = []
        self.leases: set[object] = set()
        self.outages = 0
        self._slots = slots
        self._most_lost = most_lost

    def submit(self, job_id: str) -> None:
        """Queue a job."""
        self.jobs.append(ModelJob(job_id))

    def may_report(self, attempt: ModelAttempt) -> bool:
        """Return whether the platform takes reports of an attempt."""
        return attempt.job.current is attempt and not attempt.must_stop

    def report(self, attempt: ModelAttempt, state: JobState) -> None:
        """Apply a report that the platform takes: RUNNING, COMPLETE, or FAILED by the user's fault."""
        if attempt.job.state in ENDED:
            return
        if state is JobState.RUNNING:
            attempt.job.state = state
        else:
            attempt.job.end(state, JobFailureType.USER if state is JobState.FAILED else JobFailureType.NONE)

    def cancel(self, job: ModelJob) -> None:
        """Cancel a job that has not ended."""
        job.end(JobState.FAILED, JobFailureType.USER)
        if job.current is not None:
            job.current.must_stop = True

    def end_waits(self) -> None:
        """Let the time pass for which jobs wait after a loss."""
        for job in self.jobs:
            job.waits = False

    def join(self, dispatcher: ModelDispatcher) -> None:
        """Let a dispatcher that starts join. It takes over the attempts of dead processes."""
        self.leases.add(dispatcher.lease)
        self._take_over()

    def expire_lease(self, dispatcher: ModelDispatcher, observer: ModelDispatcher) -> None:
        """Let ``observer`` take a paused dispatcher for dead."""
        dispatcher.knows_lease = False
        self.leases.discard(dispatcher.lease)
        observer.must_watch = True

    def renew(self, dispatcher: ModelDispatcher) -> None:
        """Let a dispatcher that was taken for dead notice it, and join again."""
        dispatcher.lease, dispatcher.knows_lease = object(), True
        dispatcher.is_superseded = dispatcher.must_watch = True
        self.leases.add(dispatcher.lease)

    def run_pass(self, dispatcher: ModelDispatcher, fault: Fault) -> list[ModelAttempt]:
        """Run a pass; return the attempts that it claims, in order, including those whose answer was lost."""
        if dispatcher.is_superseded:
            for attempt in dispatcher.owned:
                attempt.stop(Settlement.RELEASED)
            dispatcher.owned, dispatcher.is_superseded = [], False
        if not fault.database and not fault.settling:
            self._settle_owned(dispatcher)
        may_claim = dispatcher.knows_lease and self._free(dispatcher) > 0
        if fault.database:
            self.outages += 1
            dispatcher.must_watch |= may_claim
            return []
        for attempt in dispatcher.owned:
            if attempt.must_stop and attempt.lease is dispatcher.lease and not attempt.is_settled:
                attempt.stop(Settlement.RELEASED)
        claimed = self._claim(dispatcher) if may_claim else []
        if fault.claim_answer and may_claim:
            dispatcher.must_watch = True
        else:
            dispatcher.owned += claimed
            self._start(claimed, fault)
        if dispatcher.must_watch:
            self._watch(dispatcher)
        return claimed

    def _free(self, dispatcher: ModelDispatcher) -> int:
        return dispatcher.gate.available(self._slots - len(dispatcher.owned))

    def _claim(self, dispatcher: ModelDispatcher) -> list[ModelAttempt]:
        eligible = [job for job in self.jobs if job.state is JobState.QUEUED and not job.waits]
        claimed = []
        for job in eligible[: self._free(dispatcher)]:
            job.state, job.current = JobState.SCHEDULED, ModelAttempt(job, dispatcher.lease, self.outages)
            claimed.append(job.current)
        self.attempts += claimed
        return claimed

    def _start(self, claimed: list[ModelAttempt], fault: Fault) -> None:
        for attempt in claimed:
            attempt.is_started = attempt.is_running = not fault.starts
            if fault.starts:
                attempt.end = Settlement.NOT_STARTED

    def _watch(self, dispatcher: ModelDispatcher) -> None:
        dispatcher.must_watch = False
        self._take_over()
        for attempt in self.attempts:
            if attempt.lease is dispatcher.lease and not attempt.is_settled and attempt not in dispatcher.owned:
                self._settle(attempt, Settlement.RELEASED)
        for attempt in dispatcher.owned:
            if attempt.is_started and not attempt.is_running and attempt.end is None:
                attempt.end = Settlement.LOST

    def _take_over(self) -> None:
        for attempt in self.attempts:
            if attempt.lease not in self.leases:
                self._settle(attempt, Settlement.LOST)

    def _settle_owned(self, dispatcher: ModelDispatcher) -> None:
        for attempt in [each for each in dispatcher.owned if each.end is not None]:
            assert attempt.end is not None
            applied = self._settle(attempt, attempt.end)
            dispatcher.owned.remove(attempt)
            if applied is Settlement.NOT_STARTED:
                dispatcher.gate.failed("")
            elif attempt.is_started:
                dispatcher.gate.succeeded()

    def _settle(self, attempt: ModelAttempt, settlement: Settlement) -> Settlement | None:
        """Settle an attempt once; return what that did to its job, if anything."""
        job = attempt.job
        is_first, attempt.is_settled = not attempt.is_settled, True
        if not is_first or job.current is not attempt or job.state in ENDED:
            return None
        if settlement is Settlement.NOT_STARTED and job.state is JobState.RUNNING:
            settlement = Settlement.LOST
        was_away = self.outages > attempt.outages
        if settlement is Settlement.ANALYTIC_FAILED or (settlement is Settlement.OUT_OF_TIME and not was_away):
            job.end(JobState.FAILED, JobFailureType.ANALYTIC)
            return settlement
        is_counted = settlement is Settlement.LOST and not was_away
        if is_counted and job.lost + 1 >= self._most_lost:
            job.end(JobState.FAILED, JobFailureType.PLATFORM)
            return settlement
        job.state, job.current, job.lost, job.waits = JobState.QUEUED, None, job.lost + is_counted, is_counted
        return settlement
