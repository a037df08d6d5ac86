"""Dispatcher: every claimed attempt stays owned until its end is recorded, whatever fails in between."""

from collections.abc import Iterator

import pytest

from support.database_outages import database_outage, failing_after
from support.manual_runner import ManualRunner
from support.waiting import wait_until
from voxel51.server.engine import dispatcher as dispatching
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.runner import ExitReason
from voxel51.wire.backoff import Backoff
from voxel51.wire.tasks import JobLimits

LIMITS = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=1 << 30, file_bytes=1 << 28, open_files=256)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(dispatching, "_AFTER_FAILURE", Backoff(first_seconds=0.02, longest_seconds=0.05))
    monkeypatch.setattr(dispatching, "_WATCHDOG_INTERVAL_SECONDS", 0.05)
    monkeypatch.setattr(dispatching, "_POLL_INTERVAL_SECONDS", 0.05)


@pytest.fixture
def runner() -> ManualRunner:
    return ManualRunner()


@pytest.fixture
def dispatcher(rooms, runner) -> Iterator[Dispatcher]:
    settings = DispatchSettings(slots=3, internal_slots=1, limits=LIMITS, base_url="http://platform/v1")
    dispatcher = Dispatcher(rooms.attempts, rooms.tasks, runner, settings)
    yield dispatcher
    dispatcher.close()


@pytest.fixture
def outage(rooms):
    with database_outage(rooms.database) as outage:
        yield outage


def states(rooms, alice, job_ids):
    return [rooms.jobs.details(alice, job_id)["state"] for job_id in job_ids]


def wait_for_refusals(outage, number=3):
    wait_until(lambda: outage.refused >= number, "the dispatcher did not use the database")


def test_database_away_after_a_claim_forgets_no_attempt_of_the_batch(
    rooms, alice, runner, dispatcher, outage, monkeypatch
):
    job_ids = [rooms.submit(alice) for _ in range(3)]
    monkeypatch.setattr(runner, "start", failing_after(runner.start, outage))
    dispatcher.open()
    wait_for_refusals(outage)
    monkeypatch.undo()
    assert len(runner.started) == 3, "the rest of the batch was not started"

    outage.end()
    for launch in runner.started:
        runner.end(launch.attempt_id)

    wait_until(lambda: states(rooms, alice, job_ids) == ["FAILED"] * 3)
    assert rooms.attempts.unsettled() == []
    assert dispatcher.slots(internal=False)["used_slots"] == 0


def test_database_away_at_the_end_of_attempts_settles_them_later(rooms, alice, runner, dispatcher, outage):
    job_ids = [rooms.submit(alice) for _ in range(3)]
    dispatcher.open()
    wait_until(lambda: len(runner.started) == 3)

    outage.start()
    for launch in runner.started:
        runner.end(launch.attempt_id)
    wait_for_refusals(outage)
    outage.end()

    wait_until(lambda: states(rooms, alice, job_ids) == ["FAILED"] * 3)
    assert dispatcher.slots(internal=False)["used_slots"] == 0


def test_database_away_while_a_start_fails_requeues_the_job_later(
    rooms, alice, runner, dispatcher, outage, monkeypatch
):
    job_id = rooms.submit(alice)

    def refuse(_launch):
        outage.start()
        raise OSError("no process ids left")

    monkeypatch.setattr(runner, "start", refuse)
    dispatcher.open()
    wait_for_refusals(outage)
    monkeypatch.undo()
    outage.end()

    wait_until(lambda: runner.started)
    assert states(rooms, alice, [job_id]) == ["SCHEDULED"]


def test_claim_whose_answer_is_lost_is_found_by_the_watchdog(rooms, alice, runner, dispatcher, monkeypatch):
    job_id = rooms.submit(alice)
    claim = rooms.attempts.claim

    def lose_answer(*arguments, **named):
        monkeypatch.undo()
        claim(*arguments, **named)
        raise ConnectionError("the connection broke after the commit")

    monkeypatch.setattr(rooms.attempts, "claim", lose_answer)
    dispatcher.open()

    wait_until(lambda: runner.started)
    assert runner.started[0].environment["JOB_ID"] == job_id
    assert len(rooms.attempts.unsettled()) == 1


def test_attempt_without_a_process_and_without_an_outcome_is_run_again(rooms, alice, runner, dispatcher):
    job_id = rooms.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)

    runner.lose(runner.started[0].attempt_id)

    wait_until(lambda: len(runner.started) == 2)
    assert runner.started[1].environment["JOB_ID"] == job_id
    assert runner.started[1].attempt_id != runner.started[0].attempt_id


def test_defect_of_a_runner_forgets_no_attempt(rooms, alice, runner, dispatcher, monkeypatch):
    job_ids = [rooms.submit(alice) for _ in range(3)]

    def fail_once(launch):
        monkeypatch.undo()
        raise ValueError(f"cannot describe {launch.attempt_id}")

    monkeypatch.setattr(runner, "start", fail_once)
    dispatcher.open()

    wait_until(lambda: len(runner.started) == 3)
    assert {launch.environment["JOB_ID"] for launch in runner.started} == set(job_ids)


def test_close_while_the_database_is_away_leaves_the_jobs_to_the_next_start(rooms, alice, runner, dispatcher, outage):
    job_id = rooms.submit(alice)
    dispatcher.open()
    wait_until(lambda: runner.started)
    wait_until(lambda: rooms.attempts.unsettled()[0].process_id is not None)

    outage.start()
    dispatcher.close()
    outage.end()
    second = ManualRunner()
    settings = DispatchSettings(slots=1, internal_slots=1, limits=LIMITS, base_url="http://platform/v1")
    successor = Dispatcher(rooms.attempts, rooms.tasks, second, settings)
    successor.open()

    wait_until(lambda: second.started)
    second.end(second.started[0].attempt_id, ExitReason.CRASHED)
    wait_until(lambda: states(rooms, alice, [job_id]) == ["FAILED"])
    successor.close()
