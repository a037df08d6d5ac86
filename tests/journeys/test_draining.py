"""Drain: running jobs finish before the platform stops, and new ones wait for the next start."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import NO_OP, PATIENT, StartPlatform
from support.stored_files import database_path
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until


def submit(user: User, analytic: str, **parameters: object) -> str:
    return post_job(user.v1, user.headers, analytic, **parameters)


def wait_for(user: User, job_id: str, state: str) -> None:
    def is_reached() -> bool:
        answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
        return bool(answer.json()["job"]["state"] == state)

    wait_until(is_reached, f"{job_id} did not become {state}")


def stopped_state(platform: PlatformProcess, job_id: str) -> tuple[str, int]:
    """The state of a job of a stopped platform, and its number of attempts."""
    with closing(sqlite3.connect(database_path(platform.folder))) as connection:
        found = connection.execute("SELECT state FROM jobs WHERE id = ?", [job_id]).fetchone()
        count = connection.execute("SELECT count(*) FROM attempts WHERE job_id = ?", [job_id]).fetchone()
    return str(found[0]), int(count[0])


def test_running_job_finishes_and_queued_job_waits_for_the_next_start(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    settings = {"VOXEL51_SERVER_CONCURRENCY": "1", "VOXEL51_SERVER_STOP_DRAIN_SECONDS": str(LIMIT_SECONDS)}
    platform = start_platform(environment=settings)
    user = User.create(platform, tmp_path)
    running = submit(user, PATIENT, seconds=2)
    wait_for(user, running, "RUNNING")
    queued = submit(user, NO_OP)

    exit_code = platform.stop()

    assert exit_code == 0, platform.tail()
    assert stopped_state(platform, running) == ("COMPLETE", 1)
    assert stopped_state(platform, queued) == ("QUEUED", 0)

    platform.start()
    wait_for(user, queued, "COMPLETE")
    running = submit(user, PATIENT, seconds=2)
    wait_for(user, running, "RUNNING")

    printed = platform.run_command("server", "stop", "--drain")

    assert printed == "The platform has stopped\n"
    assert stopped_state(platform, running) == ("COMPLETE", 1)
    assert platform.run_command("server", "stop") == "The platform is not running\n"
    wait_until(lambda: not platform.is_running())


def test_jobs_that_outlast_the_time_for_draining_run_again(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform(environment={"VOXEL51_SERVER_LOG_FORMAT": "json"})
    user = User.create(platform, tmp_path)
    running = submit(user, PATIENT, seconds=LIMIT_SECONDS)
    wait_for(user, running, "RUNNING")

    printed = platform.run_command("server", "stop", "--drain", "--timeout", "0.5")

    wait_until(lambda: not platform.is_running())
    assert printed.startswith("Jobs still run after 0.5 s")
    assert stopped_state(platform, running) == ("QUEUED", 1)
    lines = [json.loads(line) for line in platform.log.read_text().splitlines() if line.startswith("{")]
    assert {line["level"] for line in lines} == {"INFO"}, platform.tail()
    assert {"voxel51.server.engine.dispatcher", "voxel51.server.shutdown"} <= {line["logger"] for line in lines}
