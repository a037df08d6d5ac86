"""Jobs on a Ray cluster of several machines, each in a network namespace of its own. Slow: ``make ray-test``."""

from pathlib import Path

import pytest
import requests

from support.accounts import User
from support.bundles import deployed, source_of
from support.cluster_platforms import RunningJob
from support.platforms import NO_OP, PATIENT
from support.ray_nodes import RayPlatform, RayTestCluster, Worker
from support.waiting import wait_until
from voxel51.cli.analytic_check import sample_video

pytestmark = pytest.mark.slow


def test_jobs_use_the_slots_of_all_nodes_and_operators_see_where(
    platform: RayPlatform, user: User, workers: list[Worker]
) -> None:
    jobs = [RunningJob(user, PATIENT, seconds=60) for _ in range(4)]

    for job in jobs:
        job.wait_for("RUNNING", platform)
    assert [len(worker.attempts()) for worker in workers] == [2, 2]
    seen = platform.workers()
    assert [worker["jobs"] for worker in seen] == [{"total_slots": 2, "used_slots": 2}] * 2
    assert {job for worker in seen for job in worker["running"]} == {job.id for job in jobs}
    for job in jobs:
        requests.put(f"{user.v1}/jobs/{job.id}/kill", headers=user.headers, timeout=60).raise_for_status()
    wait_until(lambda: not any(worker.attempts() for worker in workers), "a cancelled job runs on")


def test_a_job_without_work_completes(platform: RayPlatform, user: User) -> None:
    job = RunningJob(user, NO_OP)

    job.wait_for("COMPLETE", platform)
    output = requests.get(f"{user.v1}/jobs/{job.id}/output", headers=user.headers, timeout=60)
    assert output.status_code == 200


def test_a_bundle_reads_a_video_on_a_node(platform: RayPlatform, user: User, tmp_path: Path) -> None:
    deployed(user, source_of())
    files = {"file": ("video.mp4", sample_video(tmp_path / "video.mp4").read_bytes())}
    answer = requests.post(f"{user.v1}/data", files=files, headers=user.headers, timeout=60)

    job = RunningJob(user, f"{user.name}/count-frames", data_id=str(answer.json()["data"]["id"]))

    job.wait_for("COMPLETE", platform)
    output = requests.get(f"{user.v1}/jobs/{job.id}/output", headers=user.headers, timeout=60).json()
    assert output["frames"]["1"]["objects"]["objects"][0]["label"] == "count_frames 1.0"


def test_a_machine_with_a_wrong_token_is_refused(cluster: RayTestCluster, platform: RayPlatform) -> None:
    wrong = cluster.folder / "wrong"
    wrong.write_text("0" * 64)
    with cluster.worker("--token-file", str(wrong)) as worker:
        assert worker.wait() == 1

    assert "refuses the token" in worker.log.read_text()


def test_a_machine_with_another_version_is_refused(cluster: RayTestCluster, platform: RayPlatform) -> None:
    folder = cluster.folder / "other-version"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import voxel51\nvoxel51.__version__ = '0.0.1'\n")
    with cluster.worker(module_folder=folder) as worker:
        assert worker.wait() == 1

    assert "its version of voxel51-platform is 0.0.1, and the platform's is" in worker.log.read_text()


def test_a_draining_worker_finishes_its_job_and_leaves(
    cluster: RayTestCluster, platform: RayPlatform, user: User, workers: list[Worker]
) -> None:
    job = RunningJob(user, PATIENT, seconds=10)
    worker = job.place(workers)

    worker.drain()

    assert job.record()["state"] == "COMPLETE", "the worker left before its job had ended"
    assert worker.wait() == 0
    assert job.ends(platform) == ["job_complete"]
    worker.start()
    platform.wait_for_workers(2)
