"""Texts and notebook views of labels, and paths given as text."""

from pathlib import Path

from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.image import ImageLabels
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoLabels


def street() -> VideoLabels:
    labels = VideoLabels(filename="<street>.mp4", metadata=VideoMetadata(total_frame_count=500))
    for number in range(1, 500):
        for track in (1, 2):
            box = BoundingBox(0.1, 0.1, 0.2, 0.2)
            labels.frame(number).objects.append(DetectedObject(label="car", index=track, bounding_box=box))
    labels.events.append(VideoEvent(label="shot", index=1, support=Support(((1, 500),))))
    return labels


def test_labels_are_summarized_in_one_line() -> None:
    assert repr(street()) == "VideoLabels('<street>.mp4', 500 frames: 2 car, 1 shot)"
    assert repr(VideoLabels()) == "VideoLabels(None, 0 frames: nothing)"


def test_labels_are_a_table_in_notebooks() -> None:
    html = street()._repr_html_()

    assert "<caption>&lt;street&gt;.mp4</caption>" in html
    assert "<tr><td>car</td><td>2</td></tr>" in html


def test_paths_may_be_text(tmp_path: Path) -> None:
    path = str(tmp_path / "labels.json")
    street().to_file(path)
    ImageLabels(filename="a.jpg").to_file(str(tmp_path / "image.json"))

    assert VideoLabels.from_file(path) == street()
    assert ImageLabels.from_file(str(tmp_path / "image.json")).filename == "a.jpg"
    VideoLabels.from_file(path).convert("csv", str(tmp_path / "labels.csv"))
    assert (tmp_path / "labels.csv").is_file()
