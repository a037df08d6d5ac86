from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from analytics.detectors.networks import yolox
from support.in_process_jobs import run_on
from voxel51.analytics.onnx_detector import analytic
from voxel51.labels.validate import video_labels_problems
from voxel51.platform import local
from voxel51.platform.errors import InvalidInput


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A white square of 64 pixels that goes right by 4 pixels a frame, 40 frames of 512 by 256."""
    with av.open(tmp_path / "drive.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 512, 256, "yuv420p"
        for number in range(40):
            image = np.full((256, 512, 3), 10, np.uint8)
            image[96:160, 40 + 4 * number : 104 + 4 * number] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")))
        container.mux(stream.encode())
    return tmp_path / "drive.mp4"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "squares.onnx"
    path.write_bytes(yolox(size=("h", "w")))
    return path


def test_a_model_of_the_user_detects_and_tracks(drive: Path, model: Path, tmp_path: Path) -> None:
    labels, recorder = run_on(analytic, drive, tmp_path / "job", model=model, classes=["nothing", "square"],
                              picture_size=512, confidence=0.9)  # fmt: skip

    assert video_labels_problems(labels.to_json()) == []
    assert len(labels.frames) == 40
    assert {each.label for frame in labels.frames.values() for each in frame.objects} == {"square"}
    assert recorder.messages[-1].endswith("in 40 frames, by a model of the family yolox")
    assert labels.provenance is not None
    assert [*labels.provenance["weights"]] == ["squares.onnx"]
    assert labels.provenance["parameters"]["model"] == labels.provenance["weights"]["squares.onnx"]


def test_without_tracking_frames_are_independent(drive: Path, model: Path, tmp_path: Path) -> None:
    labels, _ = run_on(analytic, drive, tmp_path / "job", model=model, picture_size=512, confidence=0.9, track=False,
                       frame_stride=4)  # fmt: skip

    assert sorted(labels.frames) == [*range(1, 41, 4)]
    assert {each.index for frame in labels.frames.values() for each in frame.objects} == {None}


@pytest.mark.parametrize("given", [{"track": True}, {"track": False, "frame_stride": 4, "fps": 9}], ids=str)
def test_labels_of_parts_are_those_of_the_whole_video(
    given: dict[str, Any], drive: Path, model: Path, tmp_path: Path
) -> None:
    inputs, parameters = {"video": drive}, {"model": model, "picture_size": 512, "confidence": 0.9, **given}

    whole = local.run(analytic, inputs, parameters, tmp_path / "whole")
    split = local.run_in_parts(analytic, inputs, parameters, tmp_path / "split", 3)

    assert split.outputs["labels"].read_bytes() == whole.outputs["labels"].read_bytes()
    assert (split.messages, split.amount) == (whole.messages, whole.amount)
    assert b'"label"' in whole.outputs["labels"].read_bytes()


@pytest.mark.parametrize(
    ("content", "given", "text"),
    [
        (b"no model", {}, r"model 'm\.onnx': it cannot be read as an ONNX model"),
        (yolox(), {"classes": ["a"]}, "1 names are given"),
        (yolox(), {"wanted": ["clas 1"]}, "did you mean 'class 1'"),
        (yolox(), {"family": "nanodet"}, "not a detector of the family nanodet"),
    ],
)
def test_an_unusable_model_is_invalid_input(
    content: bytes, given: dict[str, Any], text: str, drive: Path, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(content)

    with pytest.raises(InvalidInput, match=text):
        run_on(analytic, drive, tmp_path / "job", model=tmp_path / "m.onnx", **given)
