"""Label merges: labels of the parts of an analytic without a merge of its own are joined."""

from pathlib import Path

import pytest

from support.video_samples import numbered_video
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.platform import Analytic, SplitKind, Splitting, Video, VideoLabelsWriter, analytic, local

VISIBLE = {"car": range(1, 41), "bus": range(15, 61), "van": range(45, 61)}
"""Frames in which each of three objects is visible. Parts end at the frames 20 and 40."""


@analytic(version="1", splitting=Splitting(SplitKind.TRACKS, overlap_seconds=0.4))
def moving(video: Video, labels: VideoLabelsWriter) -> None:
    """Number objects in the order in which they are seen.

    Args:
        video: the video.
    """
    numbers: dict[str, int] = {}
    seen: list[int] = []
    for frame in video:
        for place, (kind, frames) in enumerate(reversed(VISIBLE.items())):
            if frame.number in frames:
                box = BoundingBox(frame.number / 100, 0.3 * place, frame.number / 100 + 0.2, 0.3 * place + 0.2)
                index = numbers.setdefault(kind, len(numbers) + 1)
                found = DetectedObject(label="vehicle", bounding_box=box, index=index, frame_number=frame.number)
                labels.frame(frame.number).objects.append(found)
                seen += [frame.number] if kind == "bus" else []
    if seen:
        labels.events.append(VideoEvent(label="bus", index=1, support=Support.of(seen[0], seen[-1])))


@analytic(version="1", splitting=Splitting(SplitKind.PER_FRAME))
def brightness(video: Video, labels: VideoLabelsWriter) -> None:
    """Measure the brightness of each frame.

    Args:
        video: the video.
    """
    for frame in video:
        labels.add_frame_attributes(frame, brightness=round(float(frame.luma().mean()), 1))


@pytest.mark.parametrize("of", [moving, brightness], ids=["tracks-and-events", "frames"])
def test_labels_of_parts_are_those_of_the_whole(of: Analytic, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=60, codec_options={"g": "12", "bf": "2"})

    whole = local.run(of, {"video": video}, {}, tmp_path / "whole")
    split = local.run_in_parts(of, {"video": video}, {}, tmp_path / "split", 3)

    assert split.outputs["labels"].read_bytes() == whole.outputs["labels"].read_bytes()
    assert (split.inputs, split.amount) == (whole.inputs, whole.amount)


def test_an_analytic_that_declares_nothing_is_not_split(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=6)
    undeclared = Analytic(brightness.document, brightness.process)

    with pytest.raises(ValueError, match="cannot run in parts: it declares no splitting"):
        local.run_in_parts(undeclared, {"video": video}, {}, tmp_path / "split", 3)
