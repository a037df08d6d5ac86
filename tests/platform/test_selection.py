"""Selection of frames, rate and region by the parameters that all analytics share."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.in_process_jobs import Recorder, run_on
from support.video_samples import footage, number_in, numbered_video
from voxel51.analytics.object_tracks import analytic as object_tracks
from voxel51.analytics.shot_detection import analytic as shot_detection
from voxel51.labels.media.frame import Region
from voxel51.labels.media.video_reader import VideoReader
from voxel51.platform.errors import InvalidInput
from voxel51.platform.job import Job
from voxel51.platform.selection import Sampler
from voxel51.platform.video import Video, input_video

UNEVEN_MS = [0, 40, 80, 500, 540, 1000, 1040, 1080, 2000, 2040]


def looked_at(
    video: Path, folder: Path, parameters: Mapping[str, Any], take: Callable[[Video], Any] = iter
) -> tuple[list[int], Recorder]:
    recorder = Recorder()
    job = Job(shot_detection.document, {"video": video}, parameters, folder / "job", recorder)
    with input_video(job) as opened:
        frames = [(frame.number, number_in(frame.image())) for frame in take(opened)]
    assert all(number == shown for number, shown in frames)
    return [number for number, _ in frames], recorder


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"first_frame": 4, "last_frame": 6}, [4, 5, 6]),
        ({"start_seconds": 0.5, "end_seconds": 1.04}, [4, 5, 6, 7]),
        ({"first_frame": 6, "end_seconds": 1.08}, [6, 7, 8]),
        ({"last_frame": 99}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"fps": 1}, [1, 6, 9]),
        ({"fps": 10}, [1, 4, 6, 9]),
        ({"fps": 25}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"fps": 2, "first_frame": 2}, [2, 5, 7, 9, 10]),
    ],
    ids=str,
)
def test_frames_are_selected_by_number_time_and_rate(
    parameters: Mapping[str, Any], numbers: list[int], tmp_path: Path
) -> None:
    video = numbered_video(tmp_path / "uneven.mkv", times_ms=UNEVEN_MS)

    found, recorder = looked_at(video, tmp_path, parameters)

    assert found == numbers
    assert recorder.fractions[-1] == 1.0


def test_sampling_is_even_whatever_the_rate_of_the_video() -> None:
    sampler = Sampler(10)
    times = [number / 29.97 for number in range(300)]

    picked = [time for time in times if sampler.takes(time)]

    assert len(picked) == pytest.approx(10 * times[-1], abs=1)
    assert np.diff(picked).max() < 0.1 + 1 / 29.97


def test_an_empty_selection_is_rejected(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", frames=10)

    with pytest.raises(InvalidInput, match=r"no frame of 'video\.mp4' is selected; it has 10 frames"):
        looked_at(video, tmp_path, {"first_frame": 11})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"first_frame": 5, "last_frame": 4}, "last_frame is 4"),
        ({"start_seconds": 2, "end_seconds": 2}, "end_seconds is 2"),
        ({"region": [0, 0, 1]}, "region is"),
        ({"region": "all"}, "region is"),
        ({"region": [0.5, 0, 0.6, 1]}, "not inside"),
        ({"region": [0, 0, 0, 1]}, "not inside"),
        ({"region": [0, float("nan"), 1, 1]}, "not inside"),
    ],
)
def test_a_contradictory_selection_is_rejected(parameters: Mapping[str, Any], said: str, tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", frames=2)

    with pytest.raises(InvalidInput, match=said):
        looked_at(video, tmp_path, parameters)


@pytest.mark.parametrize("rotation", [None, 90, 180, 270])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "gray"])
def test_a_region_is_the_displayed_part_of_the_frame(rotation: int | None, pixel_format: str, tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "v.mp4", frames=1, rotation=rotation, pixel_format=pixel_format)
    with VideoReader(path) as reader:
        [frame] = reader
    whole, part = frame.image(), frame.part(Region(0.5, 0.25, 1.0, 0.75))
    height, width = whole.shape[:2]
    expected = whole[height // 4 : 3 * height // 4, width // 2 :]

    assert part.size == (expected.shape[1], expected.shape[0])
    assert np.array_equal(part.image(), expected)
    assert part.luma().shape == expected.shape[:2]
    difference = part.small(*part.size).astype(int) - expected
    assert np.abs(difference).mean() < 12  # colours of `small` are near, not exact


def test_detections_in_a_region_are_mapped_to_the_whole_frame(tmp_path: Path) -> None:
    labels, _ = run_on(object_tracks, footage("bikes.mp4"), tmp_path, last_frame=12, region=[0.5, 0, 0.5, 1])

    boxes = [each.bounding_box for frame in labels.frames.values() for each in frame.objects]
    assert boxes
    assert all(box and box.left >= 0.5 for box in boxes)
    assert max(labels.frames) <= 12


def test_labels_have_their_provenance(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "video.mp4", frames=10)

    labels, _ = run_on(shot_detection, video, tmp_path, fps=5)

    made = labels.provenance
    assert made is not None
    assert (made["analytic"], made["version"]) == ("shot-detection", shot_detection.document["info"]["version"])
    assert made["parameters"] == {
        "threshold": 10,
        "minimum_shot_seconds": 0.2,
        "gradual": True,
        "strict": False,
        "fps": 5,
    }
    content = video.read_bytes()
    assert made["inputs"] == {
        "video": {
            "filename": "video.mp4",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content),
        }
    }
    assert made["weights"] == {}
