"""compose.yaml with compose.ray.yaml on top of it: jobs run on the workers of a Ray cluster."""

from pathlib import Path

import pytest

from support.composed_services import composed_services
from support.podman import Podman
from support.video_samples import numbered_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def test_jobs_run_on_the_worker_also_after_the_head_was_killed(
    podman: Podman, images: dict[str, str], worker_image: str, tmp_path: Path
) -> None:
    video, all_images = (
        numbered_video(tmp_path / "video.mp4", frames=500),
        {**images, "VOXEL51_WORKER_IMAGE": worker_image},
    )
    with (
        composed_services(podman, tmp_path / "compose", all_images, "compose.ray.yaml") as services,
        services.api(tmp_path) as api,
    ):
        assert services.run_job(api, video, lambda: None)
        agents = services.execute("worker", "find", "/data", "-path", "*agents/*", "-maxdepth", "6")
        assert agents, "the dispatcher ran the job"
        services.podman.run("kill", "voxel51_ray-head_1")
        services.podman.run("start", "voxel51_ray-head_1")
        assert services.run_job(api, video, lambda: None)
