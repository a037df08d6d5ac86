"""Faults of a Slurm cluster: nodes die, daemons are killed, jobs are cancelled from outside, the platform is killed.

Slow: ``make slurm-test``.
"""

import pytest

from support.accounts import User
from support.cluster_platforms import ClusterPlatform, RunningJob
from support.platforms import NO_OP, PATIENT
from support.slurm_cluster import NODES, SlurmTestCluster
from support.waiting import wait_until

pytestmark = pytest.mark.slow


def test_a_job_of_a_dead_node_runs_on_another(cluster: SlurmTestCluster, platform: ClusterPlatform, user: User) -> None:
    job = RunningJob(user, PATIENT, seconds=6)
    job.wait_for("RUNNING", platform)
    (victim,) = (name for name in NODES if cluster.agents(name))
    (other,) = (name for name in NODES if name != victim)

    cluster.kill_node(victim)

    wait_until(lambda: cluster.agents(other), lambda: f"{job.record()}\n{platform.process.tail()}")
    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]
    assert job.starts(platform) == 2
    cluster.nodes[victim].start()
    cluster.wait_until_idle()


def test_a_job_outlives_the_daemon_of_its_node(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    job = RunningJob(user, PATIENT, seconds=6)
    job.wait_for("RUNNING", platform)
    (victim,) = (name for name in NODES if cluster.agents(name))

    cluster.nodes[victim].kill()

    job.wait_for("COMPLETE", platform)
    assert job.starts(platform) == 1
    cluster.nodes[victim].start()
    cluster.wait_until_idle()


def test_a_job_that_is_cancelled_in_slurm_runs_again(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    job = RunningJob(user, PATIENT, seconds=6)
    job.wait_for("RUNNING", platform)

    cluster.run("scancel", *cluster.jobs())

    wait_until(lambda: job.starts(platform) == 2, lambda: f"{job.record()}")
    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]


def test_jobs_end_once_although_slurmctld_is_down_for_a_while(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    running = RunningJob(user, PATIENT, seconds=6)
    running.wait_for("RUNNING", platform)

    cluster.controller.kill()
    try:
        waiting = RunningJob(user, NO_OP)
        running.wait_for("COMPLETE", platform)
        wait_until(lambda: "Slurm does not answer" in str(platform.workers()[0]["waiting_reason"]))
        assert waiting.record()["state"] in {"QUEUED", "SCHEDULED"}
    finally:
        cluster.controller.start()

    waiting.wait_for("COMPLETE", platform)
    assert running.starts(platform) == 1
    # The other one returns to the queue, with the reason, if Slurm stays away for longer than a moment.
    assert [job.ends(platform) for job in (running, waiting)] == [["job_complete"], ["job_complete"]]
    wait_until(lambda: not cluster.jobs(), lambda: f"{cluster.jobs()}")
    cluster.resume_nodes()


def test_the_jobs_of_a_killed_platform_run_again_and_end_once(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    job = RunningJob(user, PATIENT, seconds=6)
    job.wait_for("RUNNING", platform)
    old = set(cluster.jobs())

    platform.process.kill()
    wait_until(lambda: not cluster.agents(), "an agent outlives the platform")
    platform.process.start()

    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]
    wait_until(lambda: not old & set(cluster.jobs()), lambda: f"{cluster.jobs()}")


def test_slurm_jobs_of_a_killed_platform_are_cancelled(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    with cluster.occupied():
        job = RunningJob(user, NO_OP)
        wait_until(cluster.waiting, lambda: f"{job.record()}")
        (old,) = cluster.waiting()

        platform.process.kill()
        platform.process.start()

        wait_until(lambda: old not in cluster.jobs(), lambda: f"{cluster.jobs()}\n{platform.process.tail()}")
    job.wait_for("COMPLETE", platform)
    assert job.ends(platform) == ["job_complete"]
