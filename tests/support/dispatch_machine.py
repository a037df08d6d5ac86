"""Dispatch machine: random claims, leases, reports, faults and ends of attempts, on the real services and on a model.

After each step, the jobs in the database must be those of `dispatch_model`. At the end, without further faults, every
job must end.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, select

from support.database_outages import Outage, database_outage
from support.dispatch_model import ENDED, DispatchModel, Fault, ModelAttempt, ModelDispatcher, ModelJob
from support.job_services import MOST_LOST, JobServices, process_description
from support.manual_runner import ManualRunner
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.server.accounts.callers import User
from voxel51.server.database import membership
from voxel51.server.database.membership import LEASE_SECONDS, Membership
from voxel51.server.database.process_table import LeaseObserver
from voxel51.server.database.tables import processes
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.errors import DatabaseAway, Forbidden
from voxel51.server.events.tables import events
from voxel51.server.jobs.attempts import Attempt, AttemptService, ClaimedAttempt, Settlement, UnsettledAttempt
from voxel51.server.jobs.fair_share import same_limit
from voxel51.server.jobs.tables import attempts, jobs
from voxel51.wire.jobs import JobState
from voxel51.wire.tasks import FinishReport, JobLimits, TaskExit

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)
SLOTS = 2
MOST_JOBS = 8
_PLACES = (0, 1)
_PASSES_TO_THE_END = 60

_ENDS = {
    "crashed": (ExitReason.CRASHED, None, Settlement.ANALYTIC_FAILED),
    "lost": (ExitReason.LOST, None, Settlement.LOST),
    "over time": (ExitReason.OVER_TIME, None, Settlement.OUT_OF_TIME),
    "unreported": (ExitReason.EXITED, TaskExit.UNREPORTED, Settlement.LOST),
    "not started": (ExitReason.EXITED, TaskExit.NOT_STARTED, Settlement.NOT_STARTED),
}
_REPORTS: dict[JobState, FinishReport] = {
    JobState.COMPLETE: {"state": "COMPLETE", "output": b"{}"},
    JobState.FAILED: {"state": "FAILED", "failure_type": "USER"},
}
_FAULTS = {
    "none": Fault(),
    "database": Fault(database=True),
    "settling": Fault(settling=True),
    "claim answer": Fault(claim_answer=True),
    "starts": Fault(starts=True),
}


class Clock:
    """A monotonic clock that stands still unless it is advanced."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        """Return the time, as `time.monotonic` does."""
        return self.seconds


@dataclass
class Member:
    """A process with a dispatcher, as it is in the services and in the model."""

    process: Membership
    attempts: AttemptService
    dispatcher: Dispatcher
    runner: ManualRunner
    model: ModelDispatcher
    is_paused: bool = False


@dataclass
class Known:
    """Attempts of the model, with ids, credentials and runners of the services."""

    ids: dict[ModelAttempt, str] = field(default_factory=dict)
    credentials: dict[ModelAttempt, str] = field(default_factory=dict)
    runners: dict[ModelAttempt, ManualRunner] = field(default_factory=dict)


class DispatchMachine(RuleBasedStateMachine):
    """Two dispatchers on one database. The dispatchers have no thread: each pass is a step."""

    def __init__(self, services: JobServices, owner: User, data_id: str, folder: Path) -> None:
        super().__init__()
        self._services = services
        self._owner = owner
        self._folder = folder
        self._model = DispatchModel(SLOTS, MOST_LOST)
        self._known = Known()
        self._clock = Clock()
        self._starts = count()
        self._stack = ExitStack()
        self._outage: Outage = self._stack.enter_context(database_outage(services.database))
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(membership, "time", self._clock)
        self._clear()
        self._request = json.dumps({"analytic": "voxel51/count", "inputs": {"video": {"data-id": data_id}}}).encode()
        self._members: list[Member] = []

    def _clear(self) -> None:
        with self._services.database.write() as connection:
            for table in (events, attempts, jobs, processes):
                connection.execute(delete(table))

    @initialize()
    def start(self) -> None:
        """Start both dispatchers."""
        for number in _PLACES:
            self._members.append(self._new_member(number))

    def _new_member(self, number: int) -> Member:
        services = self._services
        description = process_description(place=f"host-{number}:/data", start_id=f"start-{next(self._starts)}")
        process = Membership(services.database, description)
        process._is_alone = False  # on SQLite, too: the machine is the only process, and has several memberships
        process._observer = LeaseObserver(LEASE_SECONDS, 4.0, self._clock.monotonic)
        service = AttemptService(
            services.database, services.storage, process, MOST_LOST, services.attempts._grace,
            services.quotas.most_running, same_limit(1),
        )  # fmt: skip
        process.join()
        runner = ManualRunner()
        settings = DispatchSettings(lambda: SLOTS, 0, LIMITS, LIMITS, base_url="http://platform/v1")
        gate = StartGate(self._folder, 0)
        dispatcher = Dispatcher(service, services.programs, services.tasks, runner, gate, process, settings)
        dispatcher.take_over()
        model = ModelDispatcher(StartGate(self._folder, 0))
        self._model.join(model)
        return Member(process, service, dispatcher, runner, model)

    @precondition(lambda self: len(self._model.jobs) < MOST_JOBS)
    @rule()
    def submit(self) -> None:
        """Submit a job."""
        self._model.submit(self._services.jobs.submit(self._owner, self._request, "a job", True, None)["id"])

    @rule(number=st.sampled_from(_PLACES), kind=st.sampled_from([*(["none"] * 4), *_FAULTS]))
    def run_pass(self, number: int, kind: str) -> None:
        """Run a pass of a dispatcher, with a fault or without."""
        member, fault = self._members[number], _FAULTS[kind]
        if fault.settling and member.model.must_watch:
            return  # the watchdog settles, too: what it had done before the fault is not modelled
        claims: list[ClaimedAttempt] = []
        with self._faulty(member, fault, claims):
            member.dispatcher.run_pass()
        self._services.attempts.unsettled()  # an outage ends with the first transaction that succeeds
        expected = self._model.run_pass(member.model, fault)
        assert [claim.job_id for claim in claims] == [attempt.job.id for attempt in expected], "other jobs were claimed"
        for attempt, claim in zip(expected, claims, strict=True):
            self._known.ids[attempt] = claim.attempt_id
            self._known.credentials[attempt] = claim.credential
            self._known.runners[attempt] = member.runner

    @contextmanager
    def _faulty(self, member: Member, fault: Fault, claims: list[ClaimedAttempt]) -> Iterator[None]:
        claim, settle = member.attempts.claim, member.attempts.settle

        def note_claim(limit: int, **chosen: Any) -> list[ClaimedAttempt]:
            found = claim(limit, **chosen)
            claims.extend(found)
            if fault.claim_answer:
                raise DatabaseAway("the connection broke after the commit")
            return found

        def refuse_settling(*_arguments: object) -> None:
            raise DatabaseAway("the end cannot be recorded")

        member.attempts.claim = note_claim  # type: ignore[method-assign]
        member.attempts.settle = refuse_settling if fault.settling else settle  # type: ignore[method-assign,assignment]
        member.runner.refusal = OSError(11, "Resource temporarily unavailable") if fault.starts else None
        self._outage.is_on = fault.database
        try:
            yield
        finally:
            member.attempts.claim, member.attempts.settle = claim, settle  # type: ignore[method-assign]
            member.runner.refusal, self._outage.is_on = None, False

    @precondition(lambda self: self._known.ids)
    @rule(data=st.data(), state=st.sampled_from([JobState.RUNNING, JobState.RUNNING, *_REPORTS]))
    def report(self, data: st.DataObject, state: JobState) -> None:
        """Let the process of any attempt report, also one that was replaced long ago."""
        self._report(data.draw(st.sampled_from([*self._known.ids])), state)

    def _report(self, attempt: ModelAttempt, state: JobState) -> None:
        reports, sender = self._services.reports, Attempt(self._known.ids[attempt], attempt.job.id, self._owner.id)
        is_taken = True
        try:
            reports.authenticate(self._known.credentials[attempt], attempt.job.id)
            if state is JobState.RUNNING:
                reports.report_state(sender, state, None)
            else:
                reports.finish(sender, _REPORTS[state])
        except Forbidden:
            is_taken = False
        assert is_taken == self._model.may_report(attempt), f"a report was {'taken' if is_taken else 'refused'}"
        if is_taken:
            self._model.report(attempt, state)

    @precondition(lambda self: self._running())
    @rule(data=st.data(), kind=st.sampled_from([*_ENDS]))
    def end_process(self, data: st.DataObject, kind: str) -> None:
        """Let the process of an attempt end."""
        attempt = data.draw(st.sampled_from(self._running()))
        reason, code, settlement = _ENDS[kind]
        self._end(attempt, reason, code)
        attempt.stop(settlement)

    @precondition(lambda self: self._running())
    @rule(data=st.data())
    def lose_process(self, data: st.DataObject) -> None:
        """Let the process of an attempt vanish without an outcome."""
        attempt = data.draw(st.sampled_from(self._running()))
        self._known.runners[attempt].lose(self._known.ids[attempt])
        attempt.is_running = False

    @rule(number=st.sampled_from(_PLACES))
    def watch(self, number: int) -> None:
        """Let the next pass of a dispatcher look for attempts that nothing runs."""
        self._members[number].dispatcher.watch_soon()
        self._members[number].model.must_watch = True

    @precondition(lambda self: self._unended())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel a job."""
        job = data.draw(st.sampled_from(self._unended()))
        self._services.act("kill", self._owner, job.id)
        self._model.cancel(job)

    @rule()
    def end_waits(self) -> None:
        """Let the time pass for which jobs wait after a loss."""
        self._services.end_pauses()
        self._model.end_waits()

    @rule(number=st.sampled_from(_PLACES))
    def kill(self, number: int) -> None:
        """Kill a dispatcher with all its processes, and start it again."""
        before = self._members[number]
        for attempt in before.model.owned:
            attempt.is_running = False
        self._model.leases.discard(before.model.lease)
        self._members[number] = self._new_member(number)

    @precondition(lambda self: not any(member.is_paused for member in self._members))
    @rule(number=st.sampled_from(_PLACES))
    def pause(self, number: int) -> None:
        """Pause a dispatcher until the other one takes it for dead. Its attempts go on."""
        paused, other = self._members[number], self._members[1 - number]
        paused.is_paused = True
        for _ in range(int(LEASE_SECONDS) + 2):
            self._clock.seconds += 1
            other.process._renew()
        self._model.expire_lease(paused.model, other.model)

    @precondition(lambda self: any(member.is_paused for member in self._members))
    @rule()
    def resume(self) -> None:
        """Let the paused dispatcher go on until it notices what has happened."""
        member = next(member for member in self._members if member.is_paused)
        member.process._renew()
        self._model.renew(member.model)
        member.is_paused = False

    @invariant()
    def check_jobs(self) -> None:
        """Compare the jobs, their events and outputs with those of the model."""
        columns = (jobs.c.id, jobs.c.state, jobs.c.failure_type, jobs.c.attempts_lost, jobs.c.attempt_id)
        outputs = select(attempts.c.job_id, attempts.c.id).where(attempts.c.output_key.is_not(None))
        with self._services.database.read() as connection:
            found = {row.id: tuple(row)[1:] for row in connection.execute(select(*columns))}
            ends = select(events.c.job_id).where(events.c.name.in_(["job_complete", "job_failed"]))
            ended = Counter(connection.execute(ends).scalars())
            kept = {tuple(row) for row in connection.execute(outputs)}
        expected = {
            job.id: (job.state, job.failure_type, job.lost, job.current and self._known.ids[job.current])
            for job in self._model.jobs
        }
        assert found == expected
        assert ended == {job.id: 1 for job in self._model.jobs if job.state in ENDED}, "not one last event per job"
        complete = {(job.id, expected[job.id][3]) for job in self._model.jobs if job.state is JobState.COMPLETE}
        assert kept == complete, "not one output per complete job"

    def teardown(self) -> None:
        """Without further faults, run every job to its end."""
        try:
            if self._members:
                self._finish()
        finally:
            self._stack.close()

    def _finish(self) -> None:
        if any(member.is_paused for member in self._members):
            self.resume()
        for _ in range(_PASSES_TO_THE_END):
            if not self._unended() and not any(self._unsettled()):
                break
            self.end_waits()
            for number in _PLACES:
                self.watch(number)
                self.run_pass(number, "none")
            for attempt in self._running():
                self._report(attempt, JobState.COMPLETE)
                self._end(attempt, ExitReason.EXITED, TaskExit.COMPLETE)
                attempt.stop(Settlement.ANALYTIC_FAILED)
            self.check_jobs()
        assert not self._unended(), "jobs did not end"
        assert not any(self._unsettled()), "attempts were not settled"
        for member in self._members:
            assert member.dispatcher.slots(internal=False)["used_slots"] == 0, "slots stay in use"

    def _end(self, attempt: ModelAttempt, reason: ExitReason, code: int | None) -> None:
        outcome = AttemptOutcome(self._known.ids[attempt], reason, code, "ended by the test", b"")
        self._known.runners[attempt].report(outcome)

    def _unsettled(self) -> list[list[UnsettledAttempt]]:
        return [self._services.attempts.abandoned(), *(member.attempts.unsettled() for member in self._members)]

    def _running(self) -> list[ModelAttempt]:
        return [attempt for attempt in self._model.attempts if attempt.is_running]

    def _unended(self) -> list[ModelJob]:
        return [job for job in self._model.jobs if job.state not in ENDED]
