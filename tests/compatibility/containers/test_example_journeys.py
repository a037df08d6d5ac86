"""Images of the examples on a real platform: uploaded as old clients do, run in containers, results downloaded."""

import json
from pathlib import Path
from typing import Any

import pytest

from compatibility.containers.conftest import BuildExample
from demo.platform_process import PlatformProcess
from support.accounts import User
from support.documentation_pages import ROOT
from support.image_uploads import ended_job, file_of, upload_image
from support.podman import Podman
from support.submissions import post_data, post_job
from support.video_samples import numbered_video
from support.waiting import wait_until
from voxel51.cli.main import main
from voxel51.labels.video import VideoLabels

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

EXAMPLES = ROOT / "examples"


@pytest.fixture
def user(container_platform: PlatformProcess, tmp_path: Path) -> User:
    return User.create(container_platform, tmp_path)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return numbered_video(tmp_path / "real.mp4", frames=10)


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """A file that is not a video."""
    path = tmp_path / "letter.mp4"
    path.write_text("this is a letter")
    return path


def run(user: User, analytic: dict[str, Any], video: Path, **parameters: Any) -> dict[str, Any]:
    """Run a job on a video to its end, and return its record."""
    data_id = post_data(user.v1, user.headers, video)
    return ended_job(user, post_job(user.v1, user.headers, analytic["name"], data_id=data_id, **parameters))


def wait_for_log(user: User, job: dict[str, Any], text: str) -> None:
    """Wait until the log, which old programs upload after their end, holds ``text``."""
    wait_until(lambda: text in file_of(user, job["id"], "log").text, f"the log never held {text!r}")


def test_an_analytic_of_the_original_sdk_tells_who_is_at_fault(
    user: User, podman: Podman, build_example: BuildExample, tmp_path: Path, video: Path, letter: Path
) -> None:
    manifest = json.loads((EXAMPLES / "original-sdk" / "manifest.json").read_text())
    analytic = upload_image(user, manifest, podman.save(build_example("original-sdk"), tmp_path / "image.tar"))

    good, bad = run(user, analytic, video, stride=3), run(user, analytic, letter)

    assert (analytic["pending"], analytic["unavailable_reason"]) == (False, None)
    assert (good["state"], good["frame_count"], good["failure_type"]) == ("COMPLETE", 10, "NONE")
    assert list(file_of(user, good["id"], "output").json()["frames"]) == ["1", "4", "7", "10"]
    assert (bad["state"], bad["failure_type"]) == ("FAILED", "USER")
    wait_for_log(user, good, "4 of 10 frames measured")
    wait_for_log(user, bad, "Traceback")
    status = file_of(user, good["id"], "status").json()
    assert (status["state"], status["inputs"]["video"]["frame_size"]) == ("COMPLETE", [320, 180])


def test_an_analytic_gives_equal_labels_in_its_container_and_without_one(
    user: User, podman: Podman, build_example: BuildExample, tmp_path: Path, video: Path
) -> None:
    source = str(EXAMPLES / "container" / "changed_share.py")
    assert main(["analytics", "manifest", source, "--path", str(tmp_path / "manifest.json")]) == 0
    assert main(["analytics", "run", source, str(video), "--param", "threshold=30", "--out", str(tmp_path)]) == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    analytic = upload_image(user, manifest, podman.save(build_example("container"), tmp_path / "image.tar"))

    job = run(user, analytic, video, threshold=30)

    assert job["state"] == "COMPLETE", file_of(user, job["id"], "status").text
    assert file_of(user, job["id"], "output").content == (tmp_path / "real.changed-share.json").read_bytes()


def test_an_image_for_frames_becomes_an_analytic_for_videos(
    user: User, podman: Podman, build_example: BuildExample, tmp_path: Path, video: Path, letter: Path
) -> None:
    manifest = json.loads((EXAMPLES / "image-to-video" / "manifest.json").read_text())
    archive = podman.save(build_example("image-to-video"), tmp_path / "image.tar")
    analytic = upload_image(user, manifest, archive, "IMAGE_TO_VIDEO")

    good, bad = run(user, analytic, video), run(user, analytic, letter)

    assert (good["state"], good["frame_count"]) == ("COMPLETE", 10), file_of(user, good["id"], "status").text
    labels = VideoLabels.from_json(file_of(user, good["id"], "output").json())
    assert sorted(labels.frames) == list(range(1, 11))
    assert {each.label for each in labels.frames[3].objects} == {"bright spot"}
    wait_for_log(user, good, "frame 10 done")
    assert (bad["state"], bad["failure_type"]) == ("FAILED", "USER")
