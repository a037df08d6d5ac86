"""Warm models: what an analytic sets up is kept for the next jobs of one owner, and for no other."""

import os
from pathlib import Path
from typing import Any

import psutil
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import INSTALLED, StartPlatform
from support.submissions import post_data, post_job
from support.video_samples import footage
from support.waiting import LIMIT_SECONDS, wait_until
from support.wheels import make_wheel, pip_install

CODE = '''
import os
from voxel51.platform import analytic

@analytic(version="1.0.0", warm=True)
class Kept:
    """Tell whether the process of this job has run setup() itself."""

    def setup(self):
        self.made_by = os.getpid()

    def process(self) -> dict:
        """Process one job."""
        return {"is_warm": self.made_by != os.getpid()}
'''
NAME = "warm/kept"


def platform_with(start_platform: StartPlatform, folder: Path, **settings: str) -> PlatformProcess:
    packages = folder / "site"
    packages.mkdir()
    pip_install(make_wheel(folder, "kept", "1.0.0", CODE, {NAME: "Kept"}), packages)
    paths = os.pathsep.join([str(INSTALLED), str(packages)])
    named = {f"VOXEL51_SERVER_{name.upper()}": value for name, value in settings.items()}
    return start_platform(environment={"PYTHONPATH": paths, **named})


def job_of(user: User, job_id: str) -> dict[str, Any]:
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    record: dict[str, Any] = answer.json()["job"]
    return record


def is_warm(user: User) -> bool:
    """Run a job and return whether it found what an earlier setup() made."""
    job_id = post_job(user.v1, user.headers, NAME)
    wait_until(lambda: job_of(user, job_id)["state"] in {"COMPLETE", "FAILED"})
    answer = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=LIMIT_SECONDS)
    return bool(answer.json()["is_warm"])


def test_model_is_kept_for_its_owner_only_and_dropped_at_a_reload(
    start_platform: StartPlatform, tmp_path: Path
) -> None:
    platform = platform_with(start_platform, tmp_path)
    alice, bob = User.create(platform, tmp_path), User.create(platform, tmp_path)

    assert not is_warm(alice)
    wait_until(lambda: is_warm(alice))
    assert not is_warm(bob)

    platform.run_command("server", "reload")

    assert not is_warm(alice)
    wait_until(lambda: is_warm(alice))


def test_operator_can_forbid_it(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = platform_with(start_platform, tmp_path, warm_processes="0")
    user = User.create(platform, tmp_path)

    assert not any(is_warm(user) for _ in range(4))


def waiting_processes(platform: PlatformProcess) -> set[int]:
    """Return the processes below warm zygotes: their fork servers, and what they have ready for their next job."""
    zygotes = [each for each in psutil.Process(platform.pid).children() if each.status() != psutil.STATUS_ZOMBIE]
    warm = [each for each in zygotes if "--setup-memory-bytes" in each.cmdline()]
    return {child.pid for each in warm for child in each.children(recursive=True)}


def test_included_analytic_finds_the_same_when_it_is_warm(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform()
    user = User.create(platform, tmp_path)
    video = post_data(user.v1, user.headers, footage("bikes.mp4"))

    def labels() -> bytes:
        job_id = post_job(user.v1, user.headers, "voxel51/object-tracks", data_id=video, last_frame=100)
        wait_until(lambda: job_of(user, job_id)["state"] in {"COMPLETE", "FAILED"})
        answer = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=LIMIT_SECONDS)
        assert answer.json()["frames"]
        return answer.content

    cold = labels()
    wait_until(lambda: len(waiting_processes(platform)) > 1)  # besides the fork server
    waiting = waiting_processes(platform)
    warm = labels()

    assert warm == cold
    assert waiting - waiting_processes(platform)  # the second job was run by one of them
