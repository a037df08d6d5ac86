from pathlib import Path

import av
import numpy as np
import pytest

from support.video_samples import VARIABLE_TIMES_MS, footage, numbered_video
from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.draw import annotated_video
from voxel51.labels.drawing_primitives import colour_of
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.media.video_reader import VideoReader
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels


def labels_of(count: int) -> VideoLabels:
    box = BoundingBox(0.25, 0.25, 0.75, 0.75)
    thing = DetectedObject(label="car", index=7, confidence=0.9, bounding_box=box)
    shot = VideoEvent(label="shot", index=1, support=Support.of(1, count))
    turn = VideoEvent(label="turning", support=Support.of(2, 3), attributes=[NumericAttribute(name="angle", value=3)])
    return VideoLabels(
        frames={number: VideoFrame(frame_number=number, objects=[thing]) for number in range(1, count, 2)},
        events=[shot, turn],
    )


def test_every_frame_keeps_its_time_and_the_file_plays_in_browsers(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", times_ms=VARIABLE_TIMES_MS)
    reported: list[tuple[int, int | None]] = []

    annotated_video(video, labels_of(16), tmp_path / "out.mp4", lambda done, total: reported.append((done, total)))

    with VideoReader(tmp_path / "out.mp4") as drawn:
        times = [frame.time for frame in drawn]
    with av.open(tmp_path / "out.mp4") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert times == pytest.approx([each / 1000 for each in VARIABLE_TIMES_MS], abs=0.002)
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert reported == [(number, 16) for number in range(1, 17)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


@pytest.mark.parametrize(("size", "rotation"), [((321, 181), None), ((640, 360), 90), ((62, 48), None)])
def test_frames_of_any_size_become_even_and_upright(
    size: tuple[int, int], rotation: int | None, tmp_path: Path
) -> None:
    kind = {"codec": "libx264"} if rotation else {"codec": "ffv1", "pixel_format": "yuv444p"}
    name = "in.mp4" if rotation else "in.mkv"
    video = numbered_video(tmp_path / name, frames=4, size=size, rotation=rotation, **kind)  # type: ignore[arg-type]

    annotated_video(video, labels_of(4), tmp_path / "out.mp4")

    with VideoReader(tmp_path / "out.mp4") as drawn:
        width, height = next(iter(drawn)).size
    assert width % 2 == height % 2 == 0
    assert min(width, height) >= 400
    assert (height > width) == (rotation is not None)


def test_a_box_is_drawn_at_its_position_in_its_frame_only(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=2, size=(640, 480))

    annotated_video(video, labels_of(2), tmp_path / "out.mp4")

    with VideoReader(tmp_path / "out.mp4") as drawn:
        boxed, bare = (frame.image() for frame in drawn)
    edge = (slice(200, 280), slice(159, 161))
    assert np.abs(boxed[edge].mean(axis=(0, 1)) - colour_of(7, "car")).max() < 40
    assert np.abs(bare[edge].mean(axis=(0, 1)) - colour_of(7, "car")).max() > 60


def test_neighbouring_tracks_have_colours_far_apart() -> None:
    distances = [np.abs(np.subtract(colour_of(index, None), colour_of(index + 1, None))).sum() for index in range(200)]

    assert min(distances) > 100
    assert colour_of(None, "car") == colour_of(None, "car") != colour_of(None, "dog")


def test_every_frame_of_real_footage_is_drawn(tmp_path: Path) -> None:
    labels = VideoLabels(events=labels_of(250).events)
    labels.to_file(tmp_path / "labels.json")

    annotated_video(footage("carphone_pristine.mp4"), tmp_path / "labels.json", tmp_path / "out.mp4")

    with VideoReader(tmp_path / "out.mp4") as drawn:
        assert sum(1 for _ in drawn) == 120
    assert drawn.warnings() == []


def test_a_failed_drawing_leaves_no_file(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=4)

    def stop(done: int, total: int | None) -> None:
        raise RuntimeError(f"stopped at {done} of {total}")

    with pytest.raises(RuntimeError, match="stopped at 1 of 4"):
        annotated_video(video, VideoLabels(), tmp_path / "out.mp4", stop)

    assert [each.name for each in tmp_path.iterdir()] == ["in.mp4"]
