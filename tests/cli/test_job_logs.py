"""``voxel51 jobs log`` and ``analytics logs --job``: live lines of a running job, and each of its lines once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.bundles import deployed, source_of
from support.waiting import wait_until
from voxel51.cli.analytic_check import sample_video
from voxel51.cli.job_logs import LiveLog
from voxel51.users.api import API
from voxel51.users.auth import Token
from voxel51.users.jobs import JobRequest, RemoteDataPath

TICKS = "import itertools, time; [(print('tick', n, flush=True), time.sleep(0.2)) for n in itertools.count()]"


def ticks_of(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"^tick (\d+)$", text, re.MULTILINE)]


def test_followed_job_prints_each_of_its_lines_once_and_ends_with_the_job(
    platform: PlatformProcess, tmp_path: Path
) -> None:
    user = User.create(platform, tmp_path)
    deployed(user, source_of(body=TICKS))
    environment = {**os.environ, "VOXEL51_API_TOKEN": str(user.token)}
    command = [sys.executable, "-m", "voxel51.cli.main"]
    followed = tmp_path / "followed"
    with API(token=Token.from_json(str(user.token))) as api:
        video = api.upload_data(str(sample_video(tmp_path / "video.mp4")))
        request = JobRequest(f"{user.name}/count-frames")
        request.set_input("video", RemoteDataPath.from_data_id(video["id"]))
        job_id = api.upload_job_request(request, "ticks", auto_start=True)["id"]
        with followed.open("wb") as output:
            follow = subprocess.Popen([*command, "jobs", "log", job_id, "--follow"], env=environment, stdout=output)
        try:
            wait_until(lambda: len(ticks_of(followed.read_text())) > 30, "no live lines were printed")
            logs = [*command, "analytics", "logs", "count-frames", "--job"]
            live = subprocess.run(logs, env=environment, capture_output=True, text=True, timeout=60, check=True)
            api.kill_job(job_id)
            assert follow.wait(120) == 0
        finally:
            follow.kill()
        whole = api.download_job_logfile(job_id)

    assert len(ticks_of(live.stdout)) > 20
    assert "is RUNNING" in live.stderr
    printed = ticks_of(followed.read_text())
    assert printed == [*range(len(printed))]
    assert printed == ticks_of(whole)


def activity(log: str, end: int, begun: str = "2030-01-01") -> object:
    sample = {"at": begun, "cpu": 0.0, "memory_bytes": 0}
    return {"state": "RUNNING", "samples": [sample], "log": log, "log_end": end}


@pytest.mark.parametrize(
    ("replies", "whole", "printed"),
    [
        ([("ab", 2), ("abcd", 4)], "abcdef", "abcdef"),
        ([("==", 2), ("====", 4), ("====", 9)], "=" * 12, "====[1 characters are omitted]\n" + "=" * 7),
        ([("ab", 2), ("c", 1, "later")], "cd", "ab[a new attempt at the job begins]\ncd"),
        ([("ab", 2)], "another log", "abanother log"),
        ([], "all\n", "all\n"),
    ],
)
def test_live_lines_are_neither_repeated_nor_lost(replies, whole, printed):
    live = LiveLog()

    text = "".join(live.added(activity(*reply)) for reply in replies)

    assert text + live.rest_of(whole) == printed
