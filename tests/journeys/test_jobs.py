"""Outcomes of jobs: completed, failed by each cause, killed, or interrupted by the end of the platform."""

import json
import time
from pathlib import Path

import psutil
import pytest

from demo.platform_process import PlatformDied
from support.accounts import User
from support.leftover_processes import Family
from support.platforms import StartPlatform
from support.submissions import submit
from support.waiting import LIMIT_SECONDS
from voxel51.users.api import API, APIError
from voxel51.users.auth import Token
from voxel51.users.jobs import JobExecutionError


def client(user: User) -> API:
    return API(token=Token.from_json(str(user.token)))


def wait(api: API, job_id: str) -> None:
    api.wait_until_job_completes(job_id, sleep_time=0.2, max_wait_time=LIMIT_SECONDS)


def wait_for_state(api: API, job_id: str, *states: str) -> str:
    deadline = time.monotonic() + LIMIT_SECONDS
    while (state := api.get_job_state(job_id)) not in states:
        assert time.monotonic() < deadline, f"still {state}, not {states}: {api.get_job_status(job_id)}"
        time.sleep(0.05)
    return state


def test_completed_job_has_output_dates_and_status(shared_user: User, tmp_path: Path) -> None:
    with client(shared_user) as api:
        job_id = submit(api, "journeys/no-op")
        wait(api, job_id)

        job, status = api.get_job_details(job_id), api.get_job_status(job_id)
        output = Path(api.download_job_output(job_id, str(tmp_path / "labels.json")))

    assert (job["state"], job["failure_type"], job["fail_date"]) == ("COMPLETE", "NONE", None)
    assert job["upload_date"] <= job["start_date"] <= job["completion_date"]
    assert job["output_filename"] == "labels.json"
    assert (status["state"], status["analytic"], status["version"]) == ("COMPLETE", "journeys/no-op", "1.0.0")
    assert json.loads(output.read_text(encoding="utf-8")) == {}


def test_progress_is_visible_while_a_job_runs(shared_user: User) -> None:
    seen: list[float] = []
    with client(shared_user) as api:
        job_id = submit(api, "journeys/patient", seconds=3)
        deadline = time.monotonic() + LIMIT_SECONDS
        while api.get_job_state(job_id) != "COMPLETE":
            progress = api.get_job_status(job_id).get("progress", {})
            seen.append(progress.get("fraction", 0.0))
            assert time.monotonic() < deadline
            time.sleep(0.1)

    assert seen == sorted(seen), "progress went backwards"
    assert len({fraction for fraction in seen if 0 < fraction < 1}) >= 2


@pytest.mark.parametrize(
    ("sample", "failure_type", "said"),
    [
        pytest.param("crash", "ANALYTIC", "the sample broke", id="an exception"),
        pytest.param("segfault", "ANALYTIC", "", id="a crash of the interpreter"),
        pytest.param("fault-finding", "USER", "not to be watched", id="an input at fault"),
        pytest.param("forgetful", "ANALYTIC", "labels", id="no output"),
    ],
)
def test_failed_job_has_the_right_failure_type(shared_user: User, sample: str, failure_type: str, said: str) -> None:
    with client(shared_user) as api:
        job_id = submit(api, f"journeys/{sample}")
        with pytest.raises(JobExecutionError):
            wait(api, job_id)
        job, status = api.get_job_details(job_id), api.get_job_status(job_id)
        with pytest.raises(APIError) as refused:
            api.get_job_output_download_url(job_id)

    assert (job["state"], job["failure_type"]) == ("FAILED", failure_type)
    assert job["fail_date"] is not None
    assert (status["state"], status["failure_type"]) == ("FAILED", failure_type)
    assert said in " ".join(line["message"] for line in status["messages"])
    assert refused.value.code == 400


def command_of(process: psutil.Process) -> str:
    """Return the command line of a process; empty if the process has exited."""
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def test_processes_that_a_job_started_end_with_it(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    with client(user) as api:
        job_id = submit(api, "journeys/parent", seconds=2)
        wait_for_state(api, job_id, "RUNNING")
        family = Family(own.pid)
        deadline = time.monotonic() + LIMIT_SECONDS
        while not any("time.sleep(600)" in command_of(each) for each in family.descendants(own.pid)):
            family.look_again(own.pid)
            assert time.monotonic() < deadline
            time.sleep(0.02)
        wait(api, job_id)

    def sleepers() -> list[psutil.Process]:
        return [each for each in family.descendants(own.pid) if "time.sleep(600)" in command_of(each)]

    deadline = time.monotonic() + LIMIT_SECONDS
    while sleepers():  # they are ended right after the job's own process
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_job_is_failed_by_its_owner_and_its_processes_end(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    with client(user) as api:
        job_id = submit(api, "journeys/patient", seconds=60)
        wait_for_state(api, job_id, "RUNNING")

        api.kill_job(job_id)

        job = api.get_job_details(job_id)
        assert (job["state"], job["failure_type"]) == ("FAILED", "USER")
        wait(api, submit(api, "journeys/no-op"))


def test_jobs_that_ran_at_a_stop_run_again_after_the_start(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    with client(user) as api:
        running, waiting = submit(api, "journeys/patient", seconds=3), [submit(api, "journeys/no-op") for _ in range(5)]
        wait_for_state(api, running, "RUNNING")
        family = Family(own.pid)

        assert own.stop() == 0
        family.assert_gone()
        assert not (own.folder / "server.json").exists()

        own.start()
        for job_id in [running, *waiting]:
            wait(api, job_id)
        family = Family(own.pid)
        assert own.stop() == 0
        family.assert_gone()


def test_jobs_that_ran_at_a_kill_run_again_and_end_once(start_platform: StartPlatform, tmp_path: Path) -> None:
    own = start_platform()
    user = User.create(own, tmp_path)
    with client(user) as api:
        running = submit(api, "journeys/patient", seconds=3)
        wait_for_state(api, running, "RUNNING")
        family = Family(own.pid)

        own.kill()
        family.assert_gone()

        own.start()
        wait(api, running)
        assert api.get_job_details(running)["failure_type"] == "NONE"
        assert [job["id"] for job in api.list_jobs()] == [running]


def test_sandboxed_jobs_reach_a_platform_that_listens_on_ipv6(start_platform: StartPlatform, tmp_path: Path) -> None:
    platform = start_platform("--host", "::1")
    assert platform.url.startswith("http://[::1]:")
    with client(User.create(platform, tmp_path)) as api:
        wait(api, submit(api, "journeys/no-op"))


def test_second_platform_in_the_same_folder_is_refused(start_platform: StartPlatform) -> None:
    own = start_platform()

    with pytest.raises(PlatformDied, match="running in"):
        start_platform(folder=own.folder)

    assert own.is_running()
