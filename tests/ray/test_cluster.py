"""Jobs on a Ray cluster of several machines, each in a network namespace of its own. Slow: ``make ray-test``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import User
from support.platforms import NO_OP, PATIENT
from support.ray_nodes import RayTestCluster, Worker, new_ray_cluster
from support.submissions import post_job
from support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayTestCluster]:
    with new_ray_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def workers(cluster: RayTestCluster) -> Iterator[list[Worker]]:
    with cluster.worker() as first, cluster.worker() as second:
        yield [first, second]


@pytest.fixture(scope="module")
def platform(
    cluster: RayTestCluster, workers: list[Worker], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PlatformProcess]:
    own = cluster.platform(tmp_path_factory.mktemp("ray") / "data")
    own.start()
    try:
        wait_until(lambda: len(joined(own)) == 2, own.tail)
        yield own
    finally:
        own.stop()


@pytest.fixture
def user(platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(platform, tmp_path)


def joined(platform: PlatformProcess) -> list[str]:
    return [line for line in platform.log.read_text().splitlines() if " offers " in line]


def state_of(user: User, job_id: str) -> dict[str, Any]:
    return requests.get(f"{user.v1}/jobs/{job_id}", headers=user.headers, timeout=60).json()["job"]


def test_a_job_runs_on_a_node(platform: PlatformProcess, user: User) -> None:
    job = post_job(user.v1, user.headers, NO_OP)

    wait_until(lambda: state_of(user, job)["state"] == "COMPLETE", lambda: f"{state_of(user, job)}\n{platform.tail()}")


def test_jobs_use_the_slots_of_all_nodes(platform: PlatformProcess, user: User, workers: list[Worker]) -> None:
    jobs = [post_job(user.v1, user.headers, PATIENT, seconds=20) for _ in range(4)]

    wait_until(lambda: all(state_of(user, job)["state"] == "RUNNING" for job in jobs), platform.tail)
    assert [len(attempts_on(worker)) for worker in workers] == [2, 2]
    for job in jobs:
        requests.put(f"{user.v1}/jobs/{job}/kill", headers=user.headers, timeout=60).raise_for_status()
    wait_until(lambda: not any(attempts_on(worker) for worker in workers), "a cancelled job runs on")


def attempts_on(worker: Worker) -> list[Path]:
    return list(worker.folder.glob("agents/*/processes/*/work"))
