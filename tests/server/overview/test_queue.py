"""Queue overview for operators, on SQLite and PostgreSQL."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from voxel51.runners.processes.runner import ProcessRunner
from voxel51.server.engine.dispatcher import Dispatcher, DispatchSettings
from voxel51.server.engine.dispatchers import Dispatchers
from voxel51.server.engine.start_gate import StartGate
from voxel51.server.engine.workers import local_worker
from voxel51.server.jobs.tables import jobs
from voxel51.server.overview.queue import QueueService
from voxel51.wire import dates
from voxel51.wire.tasks import JobLimits


@pytest.fixture
def queue(services, tmp_path):
    limits = JobLimits(wall_seconds=60, cpu_seconds=60, memory_bytes=2**30, file_bytes=2**30, open_files=256)
    terms = DispatchSettings(lambda: 2, 1, limits, limits, "http://127.0.0.1:9/v1")
    runner, gate = ProcessRunner(tmp_path / "running", []), StartGate(tmp_path, 0)
    dispatcher = Dispatcher(services.attempts, services.programs, services.tasks, runner, gate, services.process, terms)
    dispatchers = Dispatchers(dispatcher, services.process, lambda: [local_worker(dispatcher, tmp_path)])
    return QueueService(services.database, dispatchers)  # which is not opened: the tests claim by themselves


def change(services, job_id, **values):
    with services.database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def test_empty_queue_has_no_oldest_wait(queue):
    overview = queue.overview()

    assert set(overview["states"].values()) == {0}
    assert (overview["oldest_wait_seconds"], overview["running"]) == (None, [])
    assert len(overview["throughput"]) == 24
    assert (overview["jobs"], overview["renditions"]) == (
        {"total_slots": 2, "used_slots": 0},
        {"total_slots": 1, "used_slots": 0},
    )
    assert overview["dispatching"] is False
    assert overview["waiting_reason"] == "no dispatcher is running"


def test_jobs_are_counted_by_state_and_internal_jobs_separately(services, queue, alice, bob):
    services.submit(alice, auto_start=False)
    waiting = [services.submit(owner) for owner in (alice, bob, bob)]
    change(services, waiting[0], queued_at=dates.now() - timedelta(hours=2))
    change(services, waiting[1], internal=True, queued_at=dates.now() - timedelta(hours=9))

    overview = queue.overview()

    assert (overview["states"]["READY"], overview["states"]["QUEUED"]) == (1, 2)
    assert overview["internal_states"]["QUEUED"] == 1
    assert overview["oldest_wait_seconds"] == pytest.approx(7200, abs=60)


def test_running_jobs_are_listed_with_owner_and_progress(services, queue, alice):
    job_id = services.submit(alice)
    _, attempt = services.claim()
    services.reports.report_state(attempt, "RUNNING", None)
    services.reports.put_status(attempt.id, json.dumps({"progress": {"fraction": 0.5}}))

    [running] = queue.overview()["running"]

    assert (running["job_id"], running["username"], running["application"]) == (job_id, "alice", None)
    assert (running["analytic"], running["version"], running["state"]) == ("voxel51/count", "1.0", "RUNNING")
    assert (running["progress"], running["internal"]) == ({"fraction": 0.5}, False)
    assert dates.from_text(running["started_at"]) <= dates.now()


def test_ended_jobs_are_counted_by_hour(services, queue, alice):
    done, failed, old = (services.submit(alice) for _ in range(3))
    hour = dates.now().replace(minute=0, second=0, microsecond=0)
    change(services, done, state="COMPLETE", completion_date=hour)
    change(services, failed, state="FAILED", fail_date=hour - timedelta(hours=3, seconds=-1))
    change(services, old, state="COMPLETE", completion_date=hour - timedelta(hours=24))

    throughput = queue.overview()["throughput"]

    assert throughput[-1] == {"hour": dates.to_text(hour), "completed": 1, "failed": 0}
    assert throughput[-4] == {"hour": dates.to_text(hour - timedelta(hours=3)), "completed": 0, "failed": 1}
    assert sum(each["completed"] + each["failed"] for each in throughput) == 2
