"""Best frames: the sharpest frame of each shot, and analytics that look at these frames only."""

from pathlib import Path
from typing import Any

import cv2
import pytest

from analytics.text_reading.test_reading import clip, picture, reported
from analytics.video_quality.test_quality import lively
from support.video_samples import footage
from voxel51.labels.events import VideoEvent
from voxel51.labels.support import Support
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoFrame, VideoLabels
from voxel51.platform import local
from voxel51.platform.entry_points import load_analytic
from voxel51.platform.errors import InvalidInput


def labels_of(path: Path, frames: list[int] | None = None, shots: list[tuple[int, int]] | None = None) -> Path:
    labels = VideoLabels()
    labels.frames = {number: VideoFrame(frame_number=number) for number in frames or []}
    labels.events = [VideoEvent(label="shot", support=Support.of(*shot)) for shot in shots or []]
    labels.to_file(path)
    return path


def run(name: str, inputs: dict[str, Path], folder: Path, **parameters: Any) -> tuple[VideoLabels, list[str]]:
    result = local.run(load_analytic(f"voxel51/{name}"), inputs, parameters, folder)
    return VideoLabels.from_file(result.outputs["labels"]), result.messages


def blurred_but(sharp: set[int], count: int) -> list[Any]:
    return [
        each if number in sharp else cv2.GaussianBlur(each, (0, 0), 4) for number, each in enumerate(lively(count), 1)
    ]


def test_the_sharpest_frame_of_each_shot_is_chosen_whole_or_in_parts(tmp_path: Path) -> None:
    video = clip(tmp_path / "made.mp4", blurred_but({4, 17, 25}, 30))
    shots = labels_of(tmp_path / "shots.json", shots=[(1, 10), (11, 20), (21, 30), (31, 40)])
    inputs = {"video": video, "shots": shots}

    labels, messages = run("best-frames", inputs, tmp_path / "whole")
    parts = local.run_in_parts(load_analytic("voxel51/best-frames"), inputs, {}, tmp_path / "parts", 4)

    assert sorted(labels.frames) == [4, 17, 25]
    found = [(event.index, event.support.ranges, event.attributes[0].value) for event in labels.events if event.support]
    assert found == [(1, ((1, 10),), 4), (2, ((11, 20),), 17), (3, ((21, 30),), 25)]
    assert messages == ["3 best frames of 4 shots in 30 frames"]
    assert video_labels_problems(labels.to_json()) == []
    assert VideoLabels.from_file(parts.outputs["labels"]).to_json() == labels.to_json()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{}", "describes no shots: there is no event 'shot'"), ("[1", "'labels.json' is not labels of a video")],
)
def test_labels_without_shots_are_the_users_mistake(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(text)
    inputs = {"video": footage("bikes.mp4"), "shots": tmp_path / "labels.json"}

    with pytest.raises(InvalidInput, match=reason):
        run("best-frames", inputs, tmp_path / "o")


def test_text_is_read_in_the_named_frames_only(tmp_path: Path) -> None:
    slides = [picture((text, (20, 60), 1.0)) for text in ("FIRST SLIDE", "SECOND SLIDE", "THIRD SLIDE")]
    video = clip(tmp_path / "slides.mp4", [each for each in slides for _ in range(12)])

    labels, _ = run("text-reading", {"video": video, "frames": labels_of(tmp_path / "f.json", [6, 30])}, tmp_path / "o")

    assert reported(labels) == [("FIRST SLIDE", 6, 6), ("THIRD SLIDE", 30, 30)]
    assert sorted(labels.frames) == [6, 30]


def test_faces_are_found_in_the_named_frames_only_and_each_by_itself(tmp_path: Path) -> None:
    inputs = {"video": footage("carphone_pristine.mp4"), "frames": labels_of(tmp_path / "f.json", [1, 31, 32])}

    labels, _ = run("face-detection", inputs, tmp_path / "o", last_frame=40)

    assert {number: [each.index for each in frame.objects] for number, frame in labels.frames.items()} == {
        1: [1],
        31: [2],
        32: [3],
    }


def test_labels_that_name_no_frame_are_refused(tmp_path: Path) -> None:
    inputs = {"video": footage("bikes.mp4"), "frames": labels_of(tmp_path / "none.json")}

    with pytest.raises(InvalidInput, match=r"input 'frames': 'none.json' has labels of no frame"):
        run("face-detection", inputs, tmp_path / "o")
