"""Several processes of one platform on PostgreSQL: workers with one socket, and dispatchers with one queue."""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import requests

from demo.platform_process import PlatformDied, PlatformProcess
from support.accounts import User
from support.dispatchers import attempts_by_dispatcher, job, kill_with_children, rows, shared_settings, two_dispatchers
from support.metrics import Samples, monitor_headers, scrape, value
from support.platforms import NO_OP, PATIENT, StartPlatform, new_platform
from support.postgresql import PostgreSQL, running_postgresql
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until

OUTAGE_SECONDS = 20.0
"""Longer than two leases."""


@pytest.fixture
def database_url(postgresql: PostgreSQL) -> str:
    return postgresql.database()


@pytest.fixture
def pair(database_url: str, tmp_path: Path) -> Iterator[tuple[PlatformProcess, PlatformProcess]]:
    """Two dispatchers with one slot each."""
    with two_dispatchers(tmp_path, database_url) as both:
        yield both


@pytest.fixture
def user(pair: tuple[PlatformProcess, PlatformProcess], tmp_path: Path) -> User:
    return User.create(pair[0], tmp_path)


def workers_of(platform: PlatformProcess) -> dict[str, psutil.Process]:
    """Return the supervised processes by name."""
    found = {}
    for each in psutil.Process(platform.pid).children():
        with suppress(psutil.NoSuchProcess):  # it has died just now
            if "voxel51.server.supervised" in each.cmdline():
                found[each.cmdline()[-1]] = each
    return found


def test_workers_share_a_socket_and_dead_ones_are_started_again(
    start_platform: StartPlatform, database_url: str, tmp_path: Path
) -> None:
    platform = start_platform("--workers", "2", environment={"VOXEL51_SERVER_DATABASE_URL": database_url})
    user = User.create(platform, tmp_path)
    before = workers_of(platform)
    assert set(before) == {"dispatcher", "api-1", "api-2"}

    before["api-1"].kill()
    for _ in range(20):  # each on a connection of its own
        assert requests.get(f"{platform.url}/healthz", timeout=LIMIT_SECONDS).status_code == 200
    wait_until(lambda: set(workers_of(platform)) == set(before))

    job_id = post_job(user.v1, user.headers, PATIENT, seconds=600)
    wait_until(lambda: job(user, job_id)["state"] == "RUNNING")
    before["dispatcher"].kill()
    wait_until(lambda: len(attempts_by_dispatcher(database_url, job_id)) == 2)
    wait_until(lambda: job(user, job_id)["state"] == "RUNNING")
    log = platform.log.read_text()
    assert "api-1 ended with -9: it is started again" in log
    assert re.search(r"Z INFO dispatcher voxel51\.server\.engine\.dispatcher \[-\] job .* started in", log)
    requests.put(f"{user.v1}/jobs/{job_id}/kill", headers=user.headers, timeout=LIMIT_SECONDS)


@pytest.mark.slow
def test_each_scrape_has_the_metrics_of_all_workers(
    start_platform: StartPlatform, database_url: str, tmp_path: Path
) -> None:
    platform = start_platform("--workers", "2", environment={"VOXEL51_SERVER_DATABASE_URL": database_url})
    user, headers = User.create(platform, tmp_path), monitor_headers(platform, tmp_path)
    answered = {"method": "GET", "route": "/jobs", "status": "200"}
    job_id = post_job(user.v1, user.headers, NO_OP)
    wait_until(lambda: job(user, job_id)["state"] == "COMPLETE")
    for _ in range(40):  # each on a connection of its own, so that both workers get some
        assert requests.get(f"{user.v1}/jobs", headers=user.headers, timeout=LIMIT_SECONDS).status_code == 200

    def counted() -> Samples:
        return scrape(platform, headers)

    wait_until(lambda: value(counted(), "voxel51_requests_total", **answered) == 40)
    completed = {"event": "completed", "analytic": NO_OP, "failure_type": ""}
    wait_until(lambda: value(counted(), "voxel51_jobs_total", **completed) == 1)
    samples = counted()
    workers = {dict(labels)["process"] for name, labels in samples if name == "process_cpu_seconds_total"}
    assert workers == {"dispatcher", "api-1", "api-2"}
    for _ in range(10):
        later = counted()
        assert all(later[series] >= number for series, number in samples.items() if series[0].endswith("_total"))
        samples = later

    killed = workers_of(platform)["api-1"]
    killed.kill()
    wait_until(lambda: set(workers_of(platform)) == workers and workers_of(platform)["api-1"].pid != killed.pid)
    wait_until(lambda: value(counted(), "voxel51_requests_total", **answered) == 40)


def test_failure_of_one_process_stops_the_start_with_its_reason(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "data" / "running").mkdir(parents=True)
    environment = {"VOXEL51_SERVER_DATABASE_URL": database_url, "VOXEL51_SERVER_SECRET_KEY_FILE": str(tmp_path / "key")}
    (tmp_path / "key").write_bytes(b"too short")
    platform = new_platform(tmp_path / "data", "--workers", "2", environment=environment)

    with pytest.raises(PlatformDied, match="has 9 bytes, not 32"):
        platform.start()


def test_process_of_the_platform_with_another_key_is_refused(
    pair: tuple[PlatformProcess, PlatformProcess], database_url: str, tmp_path: Path
) -> None:
    environment = shared_settings(tmp_path, database_url)
    environment["VOXEL51_SERVER_SECRET_KEY_FILE"] = str(tmp_path / "other.key")

    stranger = new_platform(tmp_path / "third", "--role", "api", environment=environment)

    with pytest.raises(PlatformDied, match="another secret key"):
        stranger.start()


def run_one_job_on_each(user: User, database_url: str) -> dict[str, str]:
    """Start a long job on each dispatcher; return the jobs by the id of the dispatcher."""
    job_ids = [post_job(user.v1, user.headers, PATIENT, seconds=600) for _ in range(2)]
    for job_id in job_ids:
        wait_until(lambda job_id=job_id: job(user, job_id)["state"] == "RUNNING")
    found = {attempts_by_dispatcher(database_url, job_id)[0]: job_id for job_id in job_ids}
    assert len(found) == 2, "one dispatcher has claimed both jobs, though each has one slot"
    return found


def dispatcher_id(database_url: str, platform: PlatformProcess) -> str:
    """Return the id of the dispatcher of a platform that is running now; an empty text while it has none."""
    statement = "SELECT id FROM processes WHERE place LIKE :place"
    return "".join(row.id for row in rows(database_url, statement, place=f"%:{platform.folder}"))


def test_jobs_of_a_killed_dispatcher_are_run_by_another_one(
    pair: tuple[PlatformProcess, PlatformProcess], user: User, database_url: str
) -> None:
    first, second = pair
    running = run_one_job_on_each(user, database_url)
    lost = running[dispatcher_id(database_url, second)]
    requests.put(f"{user.v1}/jobs/{running[dispatcher_id(database_url, first)]}/kill", headers=user.headers)

    kill_with_children(second)
    killed_at = time.monotonic()
    wait_until(lambda: len(attempts_by_dispatcher(database_url, lost)) == 2)

    print(f"the job of the killed dispatcher was claimed again after {time.monotonic() - killed_at:.1f} s")
    wait_until(lambda: job(user, lost)["state"] == "RUNNING")
    assert attempts_by_dispatcher(database_url, lost)[1] == dispatcher_id(database_url, first)
    requests.put(f"{user.v1}/jobs/{lost}/kill", headers=user.headers, timeout=LIMIT_SECONDS)


def test_running_limits_of_an_owner_hold_for_all_dispatchers(database_url: str, tmp_path: Path) -> None:
    with two_dispatchers(tmp_path, database_url, slots=4, USER_RUNNING_JOBS="2") as (first, _):
        user = User.create(first, tmp_path)
        for _ in range(6):
            post_job(user.v1, user.headers, PATIENT, seconds=0.5)

        active = "SELECT count(*) AS number FROM jobs WHERE state IN ('SCHEDULED', 'RUNNING')"
        most = 0
        while rows(database_url, "SELECT count(*) AS number FROM jobs WHERE state = 'COMPLETE'")[0].number < 6:
            most = max(most, rows(database_url, active)[0].number)
        assert most <= 2


@pytest.mark.slow
def test_paused_dispatcher_that_goes_on_after_its_lease_completes_no_job_twice(
    pair: tuple[PlatformProcess, PlatformProcess], user: User, database_url: str
) -> None:
    first, second = pair
    running = run_one_job_on_each(user, database_url)
    old = dispatcher_id(database_url, second)
    lost = running[old]
    requests.put(f"{user.v1}/jobs/{running[dispatcher_id(database_url, first)]}/kill", headers=user.headers)

    process = psutil.Process(second.pid)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: len(attempts_by_dispatcher(database_url, lost)) == 2)
    wait_until(lambda: job(user, lost)["state"] == "RUNNING")
    process.send_signal(signal.SIGCONT)

    wait_until(lambda: "was taken for dead" in second.log.read_text())
    wait_until(lambda: dispatcher_id(database_url, second) not in {old, ""})
    more = [post_job(user.v1, user.headers, NO_OP) for _ in range(6)]
    requests.put(f"{user.v1}/jobs/{lost}/kill", headers=user.headers, timeout=LIMIT_SECONDS)
    for job_id in more:
        wait_until(lambda job_id=job_id: job(user, job_id)["state"] == "COMPLETE")
    ends = "SELECT count(*) AS number FROM events WHERE job_id = :job AND name IN ('job_complete', 'job_failed')"
    assert [rows(database_url, ends, job=job_id)[0].number for job_id in (lost, *more)] == [1] * 7
    assert len(attempts_by_dispatcher(database_url, lost)) == 2


@pytest.mark.slow
def test_outage_longer_than_a_lease_costs_no_dispatcher_its_jobs(tmp_path: Path) -> None:
    with running_postgresql() as server:
        database_url = server.database()
        with two_dispatchers(tmp_path, database_url) as (first, _):
            user = User.create(first, tmp_path)
            job_ids = [post_job(user.v1, user.headers, PATIENT, seconds=OUTAGE_SECONDS + 10) for _ in range(2)]
            for job_id in job_ids:
                wait_until(lambda job_id=job_id: job(user, job_id)["state"] == "RUNNING")

            server.stop()
            time.sleep(OUTAGE_SECONDS)
            server.start()

            for job_id in job_ids:
                wait_until(lambda job_id=job_id: job(user, job_id).get("state") == "COMPLETE")
                assert len(attempts_by_dispatcher(database_url, job_id)) == 1
