"""Split jobs: the parts of a video run side by side, and their job ends as one that ran as a whole."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.dispatchers import rows
from support.platforms import new_platform, running
from support.stored_files import database_path
from support.submissions import post_data
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest

DIVISIBLE = "journeys/divisible"
FRAMES = 40
SLOW = {"pause_seconds": 0.2}
ENDED = {"COMPLETE", "FAILED"}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("videos") / "film.mp4"
    return numbered_video(path, frames=FRAMES, size=(64, 48), codec_options={"g": "5", "sc_threshold": "0"})


class Owner:
    """A user with one video."""

    def __init__(self, platform: PlatformProcess, folder: Path, video: Path) -> None:
        self.user = User.create(platform, folder)
        self.api = API(token=Token.from_json(str(self.user.token)))
        self.data_id = post_data(self.user.v1, self.user.headers, video)

    def submit(self, parts: int | None, **parameters: Any) -> str:
        request = JobRequest(DIVISIBLE)
        request.set_split(parts)
        request.set_input("video", data_id=self.data_id)
        for name, value in parameters.items():
            request.set_parameter(name, value)
        job_id: str = self.api.upload_job_request(request, "split", auto_start=True)["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        reply = requests.get(f"{self.user.v1}/jobs/{job_id}", headers=self.user.headers, timeout=LIMIT_SECONDS)
        assert reply.status_code == 200, reply.text
        job: dict[str, Any] = reply.json()["job"]
        return job

    def wait(self, job_id: str, is_reached: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        wait_until(lambda: is_reached(self.job(job_id)), lambda: json.dumps(self.job(job_id), indent=1))
        return self.job(job_id)

    def end(self, job_id: str) -> dict[str, Any]:
        return self.wait(job_id, lambda job: job["state"] in ENDED)

    def output(self, job_id: str, folder: Path) -> bytes:
        path = folder / f"{job_id}.json"
        self.api.download_job_output(job_id, path)
        return path.read_bytes()


@pytest.fixture
def owner(platform: PlatformProcess, tmp_path: Path, video: Path) -> Owner:
    return Owner(platform, tmp_path, video)


def states(job: dict[str, Any]) -> list[str]:
    return [part["state"] for part in job["split"]["parts"]]


def test_the_merged_output_is_that_of_the_whole(owner: Owner, tmp_path: Path) -> None:
    split, whole = owner.submit(4), owner.submit(None)

    job = owner.end(split)

    ranges = [(part["first_frame"], part["last_frame"]) for part in job["split"]["parts"]]
    assert job["state"] == "COMPLETE", job
    assert ranges == [(1, 10), (11, 20), (21, 30), (31, 40)]
    assert states(job) == ["COMPLETE"] * 4
    assert owner.end(whole)["split"] is None
    assert owner.output(split, tmp_path) == owner.output(whole, tmp_path)


def test_a_part_that_is_killed_runs_again_alone(platform: PlatformProcess, owner: Owner, tmp_path: Path) -> None:
    split = owner.submit(4, pause_seconds=0.3)
    owner.wait(split, lambda job: states(job)[1:2] == ["RUNNING"])

    os.kill(process_of_part(platform, split, 2), signal.SIGKILL)

    assert owner.end(split)["state"] == "COMPLETE"
    assert attempts_of_parts(platform, split) == [1, 2, 1, 1]
    whole = owner.submit(None)
    owner.end(whole)
    assert owner.output(split, tmp_path) == owner.output(whole, tmp_path)


def test_a_part_that_fails_ends_the_job_with_its_reason(owner: Owner) -> None:
    job = owner.end(owner.submit(4, fail_at=25, **SLOW))

    assert (job["state"], job["failure_type"]) == ("FAILED", "ANALYTIC")
    reason = "The analytic failed: RuntimeError: the sample broke at frame 25"
    assert job["failure_message"] == f"Part 3 of 4 (frames 21 to 30) failed: {reason}"
    owner.wait(job["id"], lambda job: set(states(job)) <= ENDED)


def test_a_cancelled_job_goes_on_with_its_complete_parts(
    platform: PlatformProcess, owner: Owner, tmp_path: Path
) -> None:
    job_id = owner.submit(4, first_frame=6, last_frame=35, **SLOW)
    owner.wait(job_id, lambda job: "COMPLETE" in states(job))
    owner.api.kill_job(job_id)
    owner.wait(job_id, lambda job: set(states(job)) <= ENDED)
    wait_until(lambda: not running_processes(platform, job_id))

    again = owner.api.retry_job_parts(job_id)["id"]

    assert owner.end(again)["state"] == "COMPLETE"
    assert 0 in attempts_after(platform, again, job_id)
    whole = owner.submit(None, first_frame=6, last_frame=35)
    owner.end(whole)
    assert owner.output(again, tmp_path) == owner.output(whole, tmp_path)
    assert len(json.loads(owner.output(again, tmp_path))["frames"]) == 30


def test_a_platform_that_is_killed_in_any_phase_goes_on(tmp_path: Path, video: Path) -> None:
    own = new_platform(tmp_path / "data")
    with running(own):
        owner = Owner(own, tmp_path, video)
        job_id = owner.submit(3, pause_seconds=0.2, merge_seconds=20)
        for phase in ("PLAN", "PARTS", "MERGE"):
            wait_until(lambda phase=phase: phase_of(own, job_id) == phase and is_under_way(own, job_id, phase))
            own.kill()
            own.start()
        assert owner.end(job_id)["state"] == "COMPLETE"
        assert len(json.loads(owner.output(job_id, tmp_path))["frames"]) == FRAMES


def select(platform: PlatformProcess, statement: str, job_id: str) -> list[Any]:
    return [*rows(f"sqlite:///{database_path(platform.folder)}", statement, job=job_id)]


def phase_of(platform: PlatformProcess, job_id: str) -> str:
    return str(select(platform, "SELECT phase FROM split_jobs WHERE job_id = :job", job_id)[0].phase)


def is_under_way(platform: PlatformProcess, job_id: str, phase: str) -> bool:
    """Return whether an attempt runs that belongs to the phase."""
    runs = {
        "PLAN": "SELECT 1 FROM jobs WHERE internal AND id NOT IN (SELECT job_id FROM job_parts) AND :job = :job",
        "PARTS": "SELECT 1 FROM jobs JOIN job_parts ON job_id = id WHERE parent_id = :job AND state = 'PART_RUNNING'",
        "MERGE": "SELECT 1 FROM jobs WHERE id = :job AND state = 'RUNNING'",
    }
    return bool(select(platform, runs[phase], job_id))


def process_of_part(platform: PlatformProcess, job_id: str, number: int) -> int:
    statement = (
        "SELECT process_id FROM attempts JOIN jobs ON jobs.attempt_id = attempts.id JOIN job_parts ON job_parts.job_id "
        f"= jobs.id WHERE parent_id = :job AND number = {number} AND process_id IS NOT NULL"
    )
    wait_until(lambda: select(platform, statement, job_id))
    return int(select(platform, statement, job_id)[0].process_id)


def attempts_of_parts(platform: PlatformProcess, job_id: str) -> list[int]:
    """Return the number of attempts at each part."""
    statement = (
        "SELECT number, count(*) AS attempts FROM job_parts JOIN attempts ON attempts.job_id = job_parts.job_id "
        "WHERE parent_id = :job GROUP BY number ORDER BY number"
    )
    return [row.attempts for row in select(platform, statement, job_id)]


def attempts_after(platform: PlatformProcess, again: str, before: str) -> list[int]:
    """Return for each part of ``again`` how many attempts at it began after the job ``before`` had ended."""
    statement = (
        "SELECT number, (SELECT count(*) FROM attempts WHERE attempts.job_id = job_parts.job_id AND created_at > "
        f"(SELECT fail_date FROM jobs WHERE id = '{before}')) AS attempts FROM job_parts WHERE parent_id = :job "
        "ORDER BY number"
    )
    return [row.attempts for row in select(platform, statement, again)]


def running_processes(platform: PlatformProcess, job_id: str) -> list[Any]:
    statement = (
        "SELECT attempts.id FROM attempts JOIN job_parts ON attempts.job_id = job_parts.job_id "
        "WHERE parent_id = :job AND ended_at IS NULL"
    )
    return select(platform, statement, job_id)
