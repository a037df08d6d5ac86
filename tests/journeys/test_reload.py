"""Reload: installed, upgraded, broken and removed packages take effect while a job runs, without a restart."""

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import requests

from demo.platform_process import COMMAND, PlatformProcess
from support.accounts import User
from support.platforms import INSTALLED, PATIENT, StartPlatform
from support.stored_files import database_path
from support.submissions import post_job
from support.waiting import LIMIT_SECONDS, wait_until
from support.wheels import make_wheel, pip_install

CODE = '''
from voxel51.platform import analytic

@analytic(version="{version}")
def version_of() -> dict:
    """Return the version of the code that runs."""
    return {{"version": "{version}", "file": __file__}}
'''
NAME = "reloaded/version-of"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def platform(start_platform: StartPlatform, packages: Path) -> PlatformProcess:
    paths = os.pathsep.join([str(INSTALLED), str(packages)])
    return start_platform(environment={"PYTHONPATH": paths, "VOXEL51_SERVER_CONCURRENCY": "4"})


def install(packages: Path, version: str, code: str = CODE) -> None:
    wheel = make_wheel(packages.parent, "reloaded", version, code.format(version=version), {NAME: "version_of"})
    pip_install(wheel, packages)


def reload(platform: PlatformProcess) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "server", "reload", "--dir", str(platform.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)


def state_of(user: User, job_id: str) -> str:
    answer = requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=LIMIT_SECONDS)
    return str(answer.json()["job"]["state"])


def output_of(user: User, job_id: str) -> dict[str, str]:
    wait_until(lambda: state_of(user, job_id) in {"COMPLETE", "FAILED"})
    answer = requests.get(f"{user.v1}/jobs/{job_id}/output", headers=user.headers, timeout=LIMIT_SECONDS)
    found: dict[str, str] = answer.json()
    return found


def listed(user: User) -> dict[str, str]:
    answer = requests.get(f"{user.v1}/analytics/list", headers=user.headers, timeout=LIMIT_SECONDS)
    return {each["name"]: each["version"] for each in answer.json()["analytics"]}


def attempts_of(platform: PlatformProcess, job_id: str) -> int:
    with closing(sqlite3.connect(database_path(platform.folder))) as connection:
        count: int = connection.execute("SELECT count(*) FROM attempts WHERE job_id = ?", [job_id]).fetchone()[0]
    return count


def zygotes(platform: PlatformProcess) -> list[psutil.Process]:
    children = psutil.Process(platform.pid).children()
    alive = [each for each in children if each.status() != psutil.STATUS_ZOMBIE]
    return [each for each in alive if "voxel51.platform.zygote" in each.cmdline()]


def test_packages_take_effect_while_a_job_runs(platform: PlatformProcess, packages: Path, tmp_path: Path) -> None:
    user = User.create(platform, tmp_path)
    running = post_job(user.v1, user.headers, PATIENT, seconds=LIMIT_SECONDS)
    wait_until(lambda: state_of(user, running) == "RUNNING")
    [first] = zygotes(platform)

    install(packages, "1.0.0")
    done = reload(platform)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"added    {NAME} 1.0.0\nThe installed packages are reloaded\n"
    assert listed(user)[NAME] == "1.0.0"
    output = output_of(user, post_job(user.v1, user.headers, NAME))
    assert output == {"version": "1.0.0", "file": str(packages / "reloaded.py")}
    assert state_of(user, running) == "RUNNING"
    assert first.is_running()

    install(packages, "1.1.0")
    assert reload(platform).stdout == f"changed  {NAME} 1.1.0\nThe installed packages are reloaded\n"
    assert output_of(user, post_job(user.v1, user.headers, NAME))["version"] == "1.1.0"

    install(packages, "1.2.0", "raise RuntimeError('this release is broken')")
    done = reload(platform)
    assert done.returncode == 1
    assert done.stderr == f"voxel51: the analytic {NAME} cannot be used: RuntimeError: this release is broken\n"
    assert NAME not in listed(user)
    assert PATIENT in listed(user)

    for path in packages.iterdir():
        path.rename(tmp_path / path.name)
    assert json.loads((platform.folder / "reload.json").read_text())["errors"]
    assert reload(platform).returncode == 0
    assert state_of(user, running) == "RUNNING"

    requests.put(f"{user.v1}/jobs/{running}/kill", headers=user.headers, timeout=LIMIT_SECONDS).raise_for_status()
    psutil.wait_procs([first], timeout=LIMIT_SECONDS)
    assert len(zygotes(platform)) == 1


@pytest.mark.parametrize("killed", ["earlier", "new"])
def test_killed_zygote_costs_only_its_own_attempts(
    platform: PlatformProcess, packages: Path, tmp_path: Path, killed: str
) -> None:
    user = User.create(platform, tmp_path)
    before = post_job(user.v1, user.headers, PATIENT, seconds=LIMIT_SECONDS)
    wait_until(lambda: state_of(user, before) == "RUNNING")
    [earlier] = zygotes(platform)
    install(packages, "1.0.0")
    os.kill(platform.pid, signal.SIGHUP)
    wait_until(lambda: NAME in listed(user))
    after = post_job(user.v1, user.headers, PATIENT, seconds=LIMIT_SECONDS)
    wait_until(lambda: state_of(user, after) == "RUNNING")
    [new] = [each for each in zygotes(platform) if each != earlier]

    (earlier if killed == "earlier" else new).kill()

    lost, kept = (before, after) if killed == "earlier" else (after, before)
    wait_until(lambda: attempts_of(platform, lost) == 2)
    wait_until(lambda: state_of(user, lost) == "RUNNING")
    assert (attempts_of(platform, kept), state_of(user, kept)) == (1, "RUNNING")
    assert output_of(user, post_job(user.v1, user.headers, NAME))["version"] == "1.0.0"
