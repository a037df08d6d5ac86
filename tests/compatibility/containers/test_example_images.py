"""Images of the examples, run by Podman alone: one job of the mock platform, and frames in a folder."""

import json
from pathlib import Path

import pytest

from compatibility.containers.conftest import BuildExample
from support.original_mock import OriginalMock
from support.podman import Podman
from support.video_samples import numbered_video
from voxel51.labels.media.still_images import save
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.validate import video_labels_file_problems
from voxel51.labels.video import VideoLabels

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def old_image(build_example: BuildExample) -> str:
    return build_example("original-sdk")


def on_mock(podman: Podman, image: str, mock: OriginalMock) -> None:
    """Run an image as the mock server of the original SDK does: with the variables, on the network of the machine."""
    variables = [f"--env={name}={value}" for name, value in mock.environment.items()]
    podman.run("run", "--rm", "--network=host", *variables, image)


def test_an_image_of_the_original_sdk_meets_every_check_of_the_mock_server(
    podman: Podman, old_image: str, tmp_path: Path
) -> None:
    mock = OriginalMock({"video": numbered_video(tmp_path / "real.mp4", frames=10).read_bytes()}, {"stride": 5})
    try:
        on_mock(podman, old_image, mock)
    finally:
        mock.close()

    assert [check for check, is_met in mock.report().items() if not is_met] == []
    assert list(mock.document("output")["frames"]) == ["1", "6"]
    assert b"2 of 10 frames measured" in mock.stored["logfile"]


def test_the_script_of_an_image_reports_a_program_that_cannot_start(
    podman: Podman, old_image: str, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text("import no_such_library\n")
    (tmp_path / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY main.py /app/\n")
    broken = podman.build(tmp_path, "localhost/broken", {"BASE": old_image})
    mock = OriginalMock({"video": b""})
    try:
        on_mock(podman, broken, mock)
    finally:
        mock.close()

    assert mock.states == [{"state": "FAILED", "failure_type": "ANALYTIC"}]
    assert b"no_such_library" in mock.stored["logfile"]


def test_an_image_for_frames_labels_those_in_its_folder(
    podman: Podman, build_example: BuildExample, tmp_path: Path
) -> None:
    image = build_example("image-to-video")
    frames, outputs = tmp_path / "frames", tmp_path / "outputs"
    frames.mkdir()
    outputs.mkdir()
    with VideoReader(numbered_video(tmp_path / "real.mp4", frames=6)) as reader:
        for frame in reader:
            if frame.number % 2:  # gaps are allowed
                save(frame.image(), frames / f"{frame.number:06d}.png")

    mounts = [f"--volume={frames}:/shared/user/inputs/frames:ro", f"--volume={outputs}:/shared/user/outputs"]
    podman.run("run", "--rm", "--network=none", *mounts, image)

    assert video_labels_file_problems(outputs / "labels.json") == []
    labels = VideoLabels.from_file(outputs / "labels.json")
    assert sorted(labels.frames) == [1, 3, 5]
    assert {each.label for each in labels.frames[5].objects} == {"bright spot"}
    assert json.loads((outputs / "labels.json").read_text())["frames"]["3"]["frame_number"] == 3
