"""Video quality: segments are exact to the frame, and measures are comparable between videos."""

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.video_samples import footage
from voxel51.analytics.video_quality import analytic
from voxel51.analytics.video_quality.segments import Segment, SegmentFinder
from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels

RATE = 25


def spans(labels: VideoLabels) -> list[tuple[str | None, int, int]]:
    return [(event.label, *span) for event in labels.events if event.support for span in event.support.ranges]


def numbers(owner: VideoEvent | VideoLabels) -> dict[str | None, float]:
    return {each.name: each.value for each in owner.attributes if isinstance(each, NumericAttribute)}


def clip(path: Path, pictures: Sequence[np.ndarray], **options: str) -> Path:
    """A video of BGR pictures at 25 frames a second, nearly lossless by default."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=options or {"qp": "4"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    return path


def lively(count: int, seed: int = 3) -> list[np.ndarray]:
    """Pictures full of detail, each unlike the one before."""
    noise = np.random.default_rng(seed).integers(60, 200, (180, 320 + 2 * count, 3), np.uint8)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.8)
    return [np.ascontiguousarray(noise[:, 2 * step : 2 * step + 320]) for step in range(count)]


def test_conditions_are_found_to_the_frame(tmp_path: Path) -> None:
    black = [np.zeros((180, 320, 3), np.uint8)] * 10
    still = [lively(1, seed=5)[0]] * 40
    soft = [cv2.GaussianBlur(picture, (0, 0), 6) for picture in lively(12, seed=7)]
    pictures = [*lively(20), *black, *lively(15), *still, *lively(10), *soft, *lively(5)]

    labels, recorder = run_on(analytic, clip(tmp_path / "made.mp4", pictures), tmp_path)

    assert spans(labels) == [("black", 21, 30), ("frozen", 47, 85), ("blurred", 96, 107)]
    assert numbers(labels.events[0]) == {"start_seconds": 0.8, "end_seconds": 1.2}
    assert video_labels_problems(labels.to_json()) == []
    assert recorder.messages == ["black: 1, frozen: 1, blurred: 1, damaged: 0 in 112 frames"]
    assert len(labels.frames) == len(pictures)


@pytest.mark.parametrize("crf", ["20", "28", "35"])
def test_a_still_segment_starts_while_the_codec_refines_the_image(crf: str, tmp_path: Path) -> None:
    still = [lively(1, seed=5)[0]] * 40

    labels, _ = run_on(analytic, clip(tmp_path / "made.mp4", [*lively(20), *still, *lively(20)], crf=crf), tmp_path)

    [(kind, first, last)] = spans(labels)
    assert kind == "frozen"
    assert first in {22, 23}
    assert last == 60


@pytest.mark.parametrize("name", ["bikes.mp4", "carphone_pristine.mp4"])
def test_good_footage_has_no_events(name: str, tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage(name), tmp_path, framewise=False)

    assert spans(labels) == []
    assert labels.frames == {}
    assert 90 < numbers(labels)["mean_brightness"] < 130


def test_brightness_does_not_depend_on_the_range_of_the_video(tmp_path: Path) -> None:
    grey = [np.full((180, 320, 3), level, np.uint8) for level in (0, 64, 128, 255)]

    labels, _ = run_on(analytic, clip(tmp_path / "grey.mp4", grey), tmp_path)

    found = [frame.attributes[0].value for frame in labels.frames.values()]
    assert found == pytest.approx([0, 64, 128, 255], abs=2)


def test_damaged_frames_are_an_event(tmp_path: Path) -> None:
    content = bytearray(footage("bikes.mp4").read_bytes())
    for place in range(len(content) // 2, len(content) // 2 + 4000, 7):
        content[place] ^= 0xFF
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)

    labels, recorder = run_on(analytic, broken, tmp_path)

    assert {event.label for event in labels.events} >= {"damaged"}
    assert any("damaged" in text for text in recorder.warnings)


def test_a_short_segment_is_ignored() -> None:
    finder = SegmentFinder(0.5)
    found = []
    for number, lasts in enumerate([True, True, False, True, True, True, True, True, True, False, True], start=1):
        found += finder.add(number, number / 10, lasts=lasts)
    found += finder.finish(1.2)

    assert found == [Segment(4, 9, 0.4, 1.0)]
