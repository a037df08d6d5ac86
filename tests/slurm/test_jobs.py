"""Jobs on a Slurm cluster of two nodes, each as one Slurm job. Slow: ``make slurm-test``."""

import time
from pathlib import Path

import pytest
import requests

from support.accounts import User
from support.bundles import deployed, source_of
from support.cluster_platforms import ClusterPlatform, RunningJob
from support.platforms import NO_OP, PATIENT
from support.slurm_cluster import CPUS, NODES, SlurmTestCluster
from support.waiting import wait_until
from voxel51.cli.analytic_check import sample_video

pytestmark = pytest.mark.slow

SLOTS = CPUS * len(NODES)


def test_a_job_without_work_completes(cluster: SlurmTestCluster, platform: ClusterPlatform, user: User) -> None:
    begun = time.monotonic()
    job = RunningJob(user, NO_OP)

    job.wait_for("COMPLETE", platform)
    print(f"complete after {time.monotonic() - begun:.1f} s")
    output = requests.get(f"{user.v1}/jobs/{job.id}/output", headers=user.headers, timeout=60)
    assert output.status_code == 200
    assert job.starts(platform) == 1
    wait_until(lambda: not cluster.jobs(), lambda: f"the Slurm job did not end: {cluster.logs()}")


def test_a_bundle_reads_a_video_on_a_node(platform: ClusterPlatform, user: User, tmp_path: Path) -> None:
    deployed(user, source_of())
    files = {"file": ("video.mp4", sample_video(tmp_path / "video.mp4").read_bytes())}
    answer = requests.post(f"{user.v1}/data", files=files, headers=user.headers, timeout=60)

    job = RunningJob(user, f"{user.name}/count-frames", data_id=str(answer.json()["data"]["id"]))

    job.wait_for("COMPLETE", platform)
    output = requests.get(f"{user.v1}/jobs/{job.id}/output", headers=user.headers, timeout=60).json()
    assert output["frames"]["1"]["objects"]["objects"][0]["label"] == "count_frames 1.0"


def test_jobs_use_all_nodes_and_operators_see_them(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    jobs = [RunningJob(user, PATIENT, seconds=120) for _ in range(SLOTS)]

    for job in jobs:
        job.wait_for("RUNNING", platform)
    assert [len(cluster.agents(name)) for name in NODES] == [CPUS] * len(NODES)
    (partition,) = platform.workers()
    assert partition["jobs"] == {"total_slots": SLOTS, "used_slots": SLOTS}
    assert set(partition["running"]) == {job.id for job in jobs}
    names = cluster.run("squeue", "--noheader", "--format=%j").split()
    assert len(names) == SLOTS
    assert all(name.startswith("voxel51-") and name.replace("-", "").isalnum() for name in names)

    for job in jobs:
        job.cancel()
    for job in jobs:
        job.wait_for("FAILED", platform)
    wait_until(lambda: not cluster.jobs() and not cluster.agents(), "a cancelled job runs on")


def test_a_job_that_waits_in_slurm_is_cancelled(
    cluster: SlurmTestCluster, platform: ClusterPlatform, user: User
) -> None:
    with cluster.occupied():
        job = RunningJob(user, NO_OP)
        wait_until(cluster.waiting, lambda: f"{job.record()}")

        job.cancel()

        wait_until(lambda: not cluster.waiting(), lambda: f"{cluster.jobs()}")
        job.wait_for("FAILED", platform)


def test_the_doctor_names_the_partitions(platform: ClusterPlatform) -> None:
    report = platform.process.run_command("server", "doctor")

    assert "partitions: main*, night" in report
