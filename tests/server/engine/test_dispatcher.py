"""Dispatcher: every claimed attempt stays owned until its end is recorded, and jobs wait while none can start."""

import json
import shutil
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from support.database_outages import database_outage, failing_after
from support.job_services import MOST_LOST
from support.manual_runner import ManualRunner
from support.waiting import wait_until
from voxel51.runners.interface import AttemptOutcome, ExitReason
from voxel51.server.engine import dispatcher as dispatching
from voxel51.server.engine import start_gate
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.errors import OutOfSpace, Unavailable
from voxel51.server.jobs.tables import jobs
from voxel51.wire.backoff import Backoff
from voxel51.wire.tasks import JobLimits, TaskExit

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(dispatching, "_AFTER_FAILURE", Backoff(first_seconds=0.02, longest_seconds=0.05))
    monkeypatch.setattr(start_gate, "AFTER_FAILED_START", Backoff(first_seconds=0.02, longest_seconds=0.05))
    monkeypatch.setattr(dispatching, "_WATCHDOG_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(dispatching, "_POLL_INTERVAL_SECONDS", 0.05)


@pytest.fixture
def runner() -> ManualRunner:
    return ManualRunner()


def new_dispatcher(services, runner, gate, internal_limits=LIMITS, **options):
    settings = DispatchSettings(lambda: 3, 1, LIMITS, internal_limits, base_url="http://platform/v1", **options)
    return Dispatcher(services.attempts, services.programs, services.tasks, runner, gate, services.process, settings)


@pytest.fixture
def dispatcher(services, runner, tmp_path) -> Iterator[Dispatcher]:
    dispatcher = new_dispatcher(services, runner, StartGate(tmp_path, 0))
    yield dispatcher
    dispatcher.close()


@pytest.fixture
def outage(services):
    with database_outage(services.database) as outage:
        yield outage


def states(services, alice, job_ids):
    return [services.jobs.details(alice, job_id)["state"] for job_id in job_ids]


def wait_for_refusals(outage, number=3):
    wait_until(lambda: outage.refused >= number, "the dispatcher did not use the database")


def test_database_away_after_a_claim_forgets_no_attempt_of_the_batch(
    services, alice, runner, dispatcher, outage, monkeypatch
):
    job_ids = [services.submit(alice) for _ in range(3)]
    monkeypatch.setattr(runner, "start", failing_after(runner.start, outage))
    dispatcher.open()
    wait_for_refusals(outage)
    monkeypatch.undo()
    assert len(runner.started) == 3, "the rest of the batch was not started"

    outage.end()
    for launch in runner.started:
        runner.end(launch.attempt_id)

    wait_until(lambda: states(services, alice, job_ids) == ["FAILED"] * 3)
    assert services.attempts.unsettled() == []
    wait_until(
        lambda: dispatcher.slots(internal=False)["used_slots"] == 0, "the slots stay in use after the jobs ended"
    )


def test_database_away_at_the_end_of_attempts_settles_them_later(services, alice, runner, dispatcher, outage):
    job_ids = [services.submit(alice) for _ in range(3)]
    dispatcher.open()
    wait_until(lambda: len(runner.started) == 3)

    outage.start()
    for launch in runner.started:
        runner.end(launch.attempt_id)
    wait_for_refusals(outage)
    outage.end()

    wait_until(lambda: states(services, alice, job_ids) == ["FAILED"] * 3)
    wait_until(
        lambda: dispatcher.slots(internal=False)["used_slots"] == 0, "the slots stay in use after the jobs ended"
    )


def test_database_away_while_a_start_fails_requeues_the_job_later(
    services, alice, runner, dispatcher, outage, monkeypatch
):
    job_id = services.submit(alice)

    def refuse(_launch):
        outage.start()
        raise OSError("no process ids left")

    monkeypatch.setattr(runner, "start", refuse)
    dispatcher.open()
    wait_for_refusals(outage)
    monkeypatch.undo()
    outage.end()

    wait_until(lambda: runner.started)
    assert states(services, alice, [job_id]) == ["SCHEDULED"]


def test_claim_whose_answer_is_lost_is_found_by_the_watchdog(services, alice, runner, dispatcher, monkeypatch):
    job_id = services.submit(alice)
    claim = services.attempts.claim

    def lose_answer(*arguments, **named):
        monkeypatch.undo()
        claim(*arguments, **named)
        raise ConnectionError("the connection broke after the commit")

    monkeypatch.setattr(services.attempts, "claim", lose_answer)
    dispatcher.open()

    wait_until(lambda: runner.started)
    assert runner.started[0].environment["JOB_ID"] == job_id
    assert len(services.attempts.unsettled()) == 1


def test_attempt_without_a_process_and_without_an_outcome_is_run_again(services, alice, runner, dispatcher):
    job_id = services.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)

    runner.lose(runner.started[0].attempt_id)

    wait_until(lambda: len(runner.started) == 2)
    assert runner.started[1].environment["JOB_ID"] == job_id
    assert runner.started[1].attempt_id != runner.started[0].attempt_id


def test_defect_of_a_runner_forgets_no_attempt(services, alice, runner, dispatcher, monkeypatch):
    job_ids = [services.submit(alice) for _ in range(3)]

    def fail_once(launch):
        monkeypatch.undo()
        raise ValueError(f"cannot describe {launch.attempt_id}")

    monkeypatch.setattr(runner, "start", fail_once)
    dispatcher.open()

    wait_until(lambda: len(runner.started) == 3)
    assert {launch.environment["JOB_ID"] for launch in runner.started} == set(job_ids)


def test_close_while_the_database_is_away_leaves_the_jobs_to_the_next_start(
    services, alice, runner, dispatcher, outage, tmp_path
):
    job_id = services.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)
    wait_until(lambda: services.attempts.unsettled()[0].process_id is not None)

    outage.start()
    dispatcher.close()
    outage.end()
    second = ManualRunner()
    successor = new_dispatcher(services, second, StartGate(tmp_path, 0))
    successor.open()

    wait_until(lambda: second.started)
    second.end(second.started[0].attempt_id, ExitReason.CRASHED)
    wait_until(lambda: states(services, alice, [job_id]) == ["FAILED"])
    successor.close()


def lost(services, job_ids):
    with services.database.read() as connection:
        found = connection.execute(select(jobs.c.attempts_lost).where(jobs.c.id.in_(job_ids)))
        return list(found.scalars())


def test_jobs_that_cannot_start_wait_in_their_order_and_lose_no_attempt(services, alice, runner, dispatcher):
    job_ids = [services.submit(alice) for _ in range(3)]
    runner.refusal = OSError(11, "Resource temporarily unavailable")
    dispatcher.open()
    wait_until(lambda: runner.refused >= 2 * MOST_LOST)
    reason = dispatcher.waiting_reason

    assert lost(services, job_ids) == [0, 0, 0]
    runner.refusal = None

    wait_until(lambda: len(runner.started) == 3)
    assert [launch.environment["JOB_ID"] for launch in runner.started] == job_ids
    wait_until(lambda: dispatcher.waiting_reason is None)
    assert reason is None or "Resource temporarily unavailable" in reason


def test_attempt_whose_process_could_not_be_set_up_is_not_counted(services, alice, runner, dispatcher):
    job_id = services.submit(alice)
    dispatcher.open()

    for number in range(2 * MOST_LOST):
        wait_until(lambda number=number: len(runner.started) == number + 1)
        attempt_id = runner.started[number].attempt_id
        outcome = AttemptOutcome(attempt_id, ExitReason.EXITED, TaskExit.NOT_STARTED, "exit code 71", b"")
        runner.report(outcome)

    wait_until(lambda: len(runner.started) == 2 * MOST_LOST + 1)
    assert lost(services, [job_id]) == [0]


def test_job_that_no_machine_can_run_waits_without_a_slot_until_there_is_one(services, alice, runner, tmp_path):
    machines = threading.Event()
    dispatcher = new_dispatcher(services, runner, StartGate(tmp_path, 0), could_run=lambda _launch: machines.is_set())
    waiting = [services.submit(alice) for _ in range(4)]
    dispatcher.open()
    wait_until(lambda: len(runner.started) == 3)
    for launch in [*runner.started]:
        detail = "No node can run the job, which needs 1 CPU, 1 GPU: all have less."
        runner.report(AttemptOutcome(launch.attempt_id, ExitReason.UNPLACED, None, detail, b""))
    wait_until(lambda: states(services, alice, waiting) == ["QUEUED"] * 4)
    request = {"analytic": "voxel51/count", "inputs": {"video": {"data-id": services.add_data(alice)}}}
    content = json.dumps({**request, "compute_mode": "CPU"}).encode()
    other = services.jobs.submit(alice, content, "a job", True, None)["id"]

    wait_until(lambda: len(runner.started) == 4)

    assert runner.started[3].environment["JOB_ID"] == other
    assert lost(services, waiting) == [0] * 4
    with services.database.read() as connection:
        noted = select(jobs.c.failure_message).where(jobs.c.id == waiting[0])
        assert connection.execute(noted).scalar() == detail
    machines.set()
    wait_until(lambda: len(runner.started) == 6)
    assert [launch.environment["JOB_ID"] for launch in runner.started[4:]] == waiting[:2]
    dispatcher.close()


def test_running_attempt_that_claims_not_to_have_started_is_counted(services, alice, runner, dispatcher):
    job_id = services.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)
    launch = runner.started[0]
    attempt = services.reports.authenticate(launch.environment["API_TOKEN"], job_id)
    services.reports.report_state(attempt, "RUNNING", None)

    runner.report(AttemptOutcome(launch.attempt_id, ExitReason.EXITED, TaskExit.NOT_STARTED, "exit code 71", b""))

    wait_until(lambda: len(runner.started) == 2)
    assert lost(services, [job_id]) == [1]


def test_no_job_is_claimed_below_the_disk_reserve(services, alice, runner, tmp_path, monkeypatch):
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free._replace(free=999_000_000))
    dispatcher = new_dispatcher(services, runner, StartGate(tmp_path, 10**9))
    job_id = services.submit(alice)
    dispatcher.open()
    wait_until(lambda: dispatcher.waiting_reason is not None)
    assert "999 MB free, less than its reserve of 1000 MB" in dispatcher.waiting_reason
    assert states(services, alice, [job_id]) == ["QUEUED"]
    assert services.attempts.unsettled() == []

    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: free._replace(free=10**9))

    wait_until(lambda: runner.started)
    dispatcher.close()


def test_full_disk_keeps_an_attempt_from_keeping_its_log_but_not_from_being_settled(
    services, alice, runner, dispatcher, monkeypatch
):
    def refuse(*_arguments):
        raise OutOfSpace("the platform's disk is full")

    job_id = services.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)
    monkeypatch.setattr(services.storage, "writer", refuse)

    runner.end(runner.started[0].attempt_id)

    wait_until(lambda: states(services, alice, [job_id]) == ["FAILED"])


def test_outage_is_logged_without_a_traceback_and_once(services, alice, runner, dispatcher, monkeypatch, caplog):
    def refuse(*_arguments, **_named):
        calls.append(1)
        raise Unavailable("the database is away")

    calls = []
    services.submit(alice)
    monkeypatch.setattr(services.attempts, "claim", refuse)
    dispatcher.open()
    wait_until(lambda: len(calls) > 3)
    monkeypatch.undo()

    wait_until(lambda: runner.started)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == [
        "dispatching waits: the database is away"
    ]


def test_internal_jobs_have_limits_of_their_own(services, alice, runner, tmp_path):
    short = JobLimits(**{**LIMITS, "wall_seconds": 1.5})
    job_id, internal = services.submit(alice), services.submit(alice)
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == internal).values(internal=True))
    dispatcher = new_dispatcher(services, runner, StartGate(tmp_path, 0), short)
    dispatcher.open()

    wait_until(lambda: len(runner.started) == 2)
    dispatcher.close()

    limits = {launch.environment["JOB_ID"]: launch.limits for launch in runner.started}
    assert limits == {job_id: LIMITS, internal: short}
