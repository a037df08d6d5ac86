"""Faults of a Ray cluster: nodes die, links are cut and mended, head and platform are killed.

Slow: ``make ray-test``.
"""

import time

import pytest

from support.accounts import User
from support.cluster_platforms import RunningJob
from support.platforms import NO_OP, PATIENT
from support.ray_nodes import RayPlatform, RayTestCluster, Worker
from support.waiting import DEADLINE_SLACK_SECONDS, wait_until

pytestmark = pytest.mark.slow

RESUMED_SECONDS = 15.0
"""Time after the death of a node in which its jobs go on elsewhere."""


def test_a_job_of_a_dead_node_goes_on_elsewhere(platform: RayPlatform, user: User, workers: list[Worker]) -> None:
    job = RunningJob(user, PATIENT, seconds=10)
    victim = job.place(workers)
    (other,) = (worker for worker in workers if worker is not victim)
    job.wait_for("RUNNING", platform)

    victim.kill()

    assert_resumed(job, other)
    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]
    victim.start()
    platform.wait_for_workers(2)


def test_a_job_of_a_node_that_lost_its_link_goes_on_elsewhere_and_ends_there(
    platform: RayPlatform, user: User, workers: list[Worker]
) -> None:
    job = RunningJob(user, PATIENT, seconds=25)
    victim = job.place(workers)
    (other,) = (worker for worker in workers if worker is not victim)
    job.wait_for("RUNNING", platform)
    assert victim.machine is not None

    victim.machine.cut()
    try:
        assert_resumed(job, other)
        assert not victim.attempts(), "the node did not end its attempt by itself"
    finally:
        victim.machine.heal()

    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]
    platform.wait_for_workers(2)
    assert not victim.attempts()


def test_the_jobs_of_a_killed_platform_run_again_and_end_once(
    platform: RayPlatform, user: User, workers: list[Worker]
) -> None:
    jobs = [RunningJob(user, PATIENT, seconds=10) for _ in range(3)]
    for job in jobs:
        job.wait_for("RUNNING", platform)

    platform.process.kill()
    wait_until(lambda: not any(worker.attempts() for worker in workers), "nodes keep the attempts of a dead platform")
    platform.process.start()

    for job in jobs:
        job.wait_for("COMPLETE", platform)
    assert [job.ends(platform) for job in jobs] == [["job_complete"]] * 3


def test_jobs_end_once_although_the_head_is_restarted_and_nodes_join_the_new_one(
    cluster: RayTestCluster, platform: RayPlatform, user: User
) -> None:
    old = {worker["name"] for worker in platform.workers()}
    jobs = [RunningJob(user, PATIENT, seconds=10) for _ in range(2)]
    for job in jobs:
        job.wait_for("RUNNING", platform)

    cluster.head.kill()
    cluster.head.start()

    for job in jobs:
        job.wait_for("COMPLETE", platform)
    assert [job.ends(platform) for job in jobs] == [["job_complete"]] * 2
    wait_until(lambda: not old & {worker["name"] for worker in platform.workers()}, platform.process.tail)
    platform.wait_for_workers(2)
    RunningJob(user, NO_OP).wait_for("COMPLETE", platform)


def assert_resumed(job: RunningJob, other: Worker) -> None:
    """Wait until another worker runs the job, and compare the time with the limit."""
    begun = time.monotonic()
    wait_until(other.attempts, lambda: f"{job.record()}")
    seconds = time.monotonic() - begun
    print(f"resumed after {seconds:.1f} s")
    assert seconds < RESUMED_SECONDS + DEADLINE_SLACK_SECONDS
