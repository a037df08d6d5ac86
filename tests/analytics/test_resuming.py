"""Included analytics go on after kills: each is killed after some checkpoints, and gives the labels of a whole run."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from analytics.detectors.networks import yolox
from support.sandboxes import strongest_sandbox
from support.video_samples import footage
from voxel51.platform.entry_points import load_analytic
from voxel51.runners.local_job import LocalJob
from voxel51.runners.local_progress import LocalProgress
from voxel51.runners.local_run import LocalRun
from voxel51.wire.parameter_values import converted
from voxel51.wire.tasks import JobLimits

ONNX = "voxel51/onnx-detector"
LIMITS = JobLimits(wall_seconds=600, cpu_seconds=600, memory_bytes=4 << 30, file_bytes=1 << 30, open_files=1024)


def run(name: str, parameters: Mapping[str, object], folder: Path, progress: LocalProgress) -> bytes:
    """Run an analytic on a film with several shots, and return its labels."""
    document = load_analytic(name).document
    files = {name: value for name, value in parameters.items() if isinstance(value, Path)}
    given = files | converted(document, {"last_frame": 100, **{k: v for k, v in parameters.items() if k not in files}})
    job = LocalJob(name, document["info"]["name"], "1", {"video": footage("bikes.mp4")}, given, {})
    end = LocalRun(job, folder, LIMITS, strongest_sandbox(), lambda _status: None, progress=progress).wait()
    assert end.is_complete, end.reason
    assert end.output is not None
    return end.output.read_bytes()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a user, which detects bright squares."""
    path = tmp_path_factory.mktemp("model") / "squares.onnx"
    path.write_bytes(yolox(size=("h", "w")))
    return path


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param(ONNX, {"confidence": 0.6, "picture_size": 96, "frame_stride": 5}, id="onnx-detector"),
        pytest.param("voxel51/object-tracks", {"fps": 8, "skip_unchanged": False}, id="object-tracks"),
        pytest.param("voxel51/face-detection", {"frame_stride": 3}, id="face-detection"),
        pytest.param("voxel51/motion-tracks", {}, id="motion-tracks"),
        pytest.param("voxel51/shot-detection", {}, id="shot-detection"),
        pytest.param("voxel51/video-quality", {"framewise": True}, id="video-quality"),
        pytest.param("voxel51/text-reading", {"fps": 6}, id="text-reading"),
    ],
)
def test_labels_after_kills_are_those_of_a_whole_run(
    name: str, parameters: Mapping[str, object], model: Path, tmp_path: Path
) -> None:
    parameters = {**parameters, "model": model} if name == ONNX else parameters
    uninterrupted = LocalProgress()
    whole = run(name, parameters, tmp_path / "whole", uninterrupted)
    count = uninterrupted.checkpoints
    assert count >= 2

    killed = LocalProgress(*sorted({1, count - 1}))
    labels = run(name, parameters, tmp_path / "killed", killed)

    assert labels == whole
    assert killed.checkpoints == count  # no attempt repeated what an earlier one had saved
