"""Checkpoints: a job whose process or platform is killed goes on from its last checkpoint, with an equal result."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.leftover_processes import Family
from support.platforms import new_platform, running
from support.stored_files import database_path
from support.submissions import post_data, post_job
from support.video_samples import numbered_video
from support.waiting import LIMIT_SECONDS, wait_until
from voxel51.labels.video import VideoLabels
from voxel51.users.api import API
from voxel51.users.auth import Token

RESUMABLE = "journeys/resumable"
FRAMES = 60
PAUSE = 0.1


@pytest.fixture
def own_platform(tmp_path: Path) -> Iterator[PlatformProcess]:
    with running(new_platform(tmp_path / "data")) as own:
        yield own


class Runner:
    """Runs the resumable analytic on one video, and looks at what the platform has of its jobs."""

    def __init__(self, platform: PlatformProcess, folder: Path) -> None:
        self.platform = platform
        self.owner = User.create(platform, folder)
        video = numbered_video(folder / "numbers.mp4", frames=FRAMES)
        self.data_id = post_data(self.owner.v1, self.owner.headers, video)
        self._folder = folder

    def submit(self, pause: float = PAUSE) -> str:
        return post_job(self.owner.v1, self.owner.headers, RESUMABLE, data_id=self.data_id, pause=pause)

    def output(self, job_id: str) -> bytes:
        """Wait until the job has ended, and return its output."""
        with API(token=Token.from_json(str(self.owner.token))) as api:
            [job] = api.wait([job_id], timeout=LIMIT_SECONDS)
            assert job["state"] == "COMPLETE", job
            path = self._folder / f"{job_id}.json"
            api.download_job_output(job_id, path)
        return path.read_bytes()

    def wait_for_checkpoint(self, job_id: str, attempt: int) -> None:
        """Wait until an attempt has saved a checkpoint."""
        query = (
            "SELECT count(*) FROM checkpoints JOIN attempts ON attempts.id = attempt_id "
            "WHERE checkpoints.job_id = ? AND attempts.ended_at IS NULL"
        )
        wait_until(lambda: self.count("attempts", job_id) == attempt and self._number(query, job_id))

    def count(self, table: str, job_id: str) -> int:
        return self._number(f"SELECT count(*) FROM {table} WHERE job_id = ?", job_id)

    def _number(self, query: str, job_id: str) -> int:
        with closing(sqlite3.connect(database_path(self.platform.folder))) as connection:
            return int(connection.execute(query, (job_id,)).fetchone()[0])

    def kill_processes_of(self, job_id: str) -> None:
        """Kill the process of the running attempt with all its descendants, from outside."""
        pid = self._number("SELECT process_id FROM attempts WHERE job_id = ? AND ended_at IS NULL", job_id)
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue

    def first_frames(self, job_id: str) -> list[int]:
        """Return the frames that the attempts reported to look at, of every fifth frame; those of all attempts."""
        found = []
        url = f"{self.owner.v1}/events?jobs={job_id}&last_event_id=0"
        with requests.get(url, headers=self.owner.headers, stream=True, timeout=LIMIT_SECONDS) as stream:
            for line in stream.iter_lines():
                if line == b"event: job_complete":
                    return found
                if b"looks at frame" in line:
                    found.append(int(json.loads(line[6:])["message"].rpartition(" ")[2]))
        raise AssertionError("the stream ended before the job")


def test_a_job_whose_processes_are_killed_goes_on_from_its_checkpoint(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    runner = Runner(platform, tmp_path)
    whole = runner.output(runner.submit())

    job_id = runner.submit()
    for attempt in (1, 2):
        runner.wait_for_checkpoint(job_id, attempt)
        runner.kill_processes_of(job_id)
    output = runner.output(job_id)

    assert output == whole
    labels = VideoLabels.from_file(tmp_path / f"{job_id}.json")
    assert [*labels.frames] == [*range(1, FRAMES + 1)]
    assert runner.count("attempts", job_id) == 3
    frames = runner.first_frames(job_id)
    begins = [1, *(after for before, after in pairwise(frames) if after <= before)]
    assert all(frame % 5 == 1 for frame in begins)
    # No later attempt looked at the first frames again. The first one may have died before its report arrived.
    assert frames.count(1) <= 1
    wait_until(lambda: runner.count("checkpoints", job_id) + runner.count("partial_parts", job_id) == 0)


def test_a_job_goes_on_from_its_checkpoint_after_the_platform_was_killed(
    own_platform: PlatformProcess, tmp_path: Path
) -> None:
    runner = Runner(own_platform, tmp_path)
    whole = runner.output(runner.submit())

    job_id = runner.submit()
    runner.wait_for_checkpoint(job_id, 1)
    family = Family(own_platform.pid)
    own_platform.kill()
    own_platform.start()
    output = runner.output(job_id)

    assert output == whole
    assert runner.first_frames(job_id).count(1) <= 1  # as above
    family.assert_gone()


def test_partial_labels_after_a_loss_are_those_up_to_the_checkpoint(platform: PlatformProcess, tmp_path: Path) -> None:
    runner = Runner(platform, tmp_path)
    job_id = runner.submit(pause=0.3)
    runner.wait_for_checkpoint(job_id, 1)
    runner.kill_processes_of(job_id)
    runner.wait_for_checkpoint(job_id, 2)
    with API(token=Token.from_json(str(runner.owner.token))) as api:
        reply = api.get_partial_labels(job_id)
        api.kill_job(job_id)

    numbers = [int(number) for part in reply["parts"] for number in part["frames"]]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert len(numbers) >= 5


def test_run_again_does_not_use_the_checkpoint_of_another_job(platform: PlatformProcess, tmp_path: Path) -> None:
    runner = Runner(platform, tmp_path)
    first = runner.submit(pause=0.3)
    runner.wait_for_checkpoint(first, 1)
    requests.put(f"{runner.owner.v1}/jobs/{first}/kill", headers=runner.owner.headers, timeout=LIMIT_SECONDS)
    again = runner.submit(pause=0.0)
    runner.output(again)

    assert runner.first_frames(again)[0] == 1
