"""Motion tracks: moving objects are detected at their positions and keep their track numbers."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.pedestrians import pedestrian_film
from support.video_samples import numbered_video
from voxel51.analytics.motion_tracks import analytic
from voxel51.analytics.motion_tracks.background import LEARNING_FRAMES
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels

WIDTH, HEIGHT = 480, 270
Position = Callable[[int], tuple[int, int]]


def scene(path: Path, frames: int, places: Sequence[Position], size: int = 36) -> Path:
    """Bright squares that move over a still, noisy ground; ``places`` tells where each is in a frame, left and top."""
    chance = np.random.default_rng(11)
    ground = chance.integers(60, 110, (HEIGHT, WIDTH, 3)).astype(np.int16)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(1, frames + 1):
            picture = ground + chance.integers(-3, 4, ground.shape)
            for place in places:
                left, top = place(number)
                if left >= 0:
                    picture[top : top + size, left : left + size] = (40, 200, 230)
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())
    return path


def tracks(labels: VideoLabels) -> dict[int, dict[int, BoundingBox]]:
    found: dict[int, dict[int, BoundingBox]] = defaultdict(dict)
    for number, frame in labels.frames.items():
        for each in frame.objects:
            assert each.index is not None
            assert each.bounding_box is not None
            found[each.index][number] = each.bounding_box
    return found


def test_each_object_is_one_track_at_its_position(tmp_path: Path) -> None:
    def rightwards(number: int) -> tuple[int, int]:
        return (4 * number, 40) if number >= 20 else (-1, 0)

    def downwards(number: int) -> tuple[int, int]:
        return (400, 2 * number) if number >= 30 else (-1, 0)

    labels, recorder = run_on(analytic, scene(tmp_path / "squares.mp4", 90, [rightwards, downwards]), tmp_path)

    found = tracks(labels)
    assert len(found) == 2
    assert video_labels_problems(labels.to_json()) == []
    assert recorder.messages == ["2 moving objects in 90 frames"]
    for place, track in zip((rightwards, downwards), found.values(), strict=True):
        for number, box in track.items():
            left, top = place(number)
            assert (box.left * WIDTH, box.top * HEIGHT) == pytest.approx((left, top), abs=6)
            assert (box.right * WIDTH, box.bottom * HEIGHT) == pytest.approx((left + 36, top + 36), abs=6)
    assert [min(track) for track in found.values()] == pytest.approx([20, 30], abs=2)


def test_noise_is_not_motion(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, scene(tmp_path / "still.mp4", 60, []), tmp_path)

    assert labels.frames == {}


def test_small_objects_are_ignored_on_request(tmp_path: Path) -> None:
    def across(number: int) -> tuple[int, int]:
        return (4 * number, 100) if number > LEARNING_FRAMES else (-1, 0)

    video = scene(tmp_path / "square.mp4", 60, [across], size=20)
    share = 20 * 20 / (WIDTH * HEIGHT)

    assert len(tracks(run_on(analytic, video, tmp_path / "a", minimum_size=share / 2)[0])) == 1
    assert len(tracks(run_on(analytic, video, tmp_path / "b", minimum_size=share * 2)[0])) == 0


def test_a_frame_that_changes_everywhere_has_no_objects(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, numbered_video(tmp_path / "flicker.mp4", frames=40), tmp_path)

    assert all(box.right - box.left < 1 for track in tracks(labels).values() for box in track.values())


def test_pedestrians_are_tracked_in_real_footage(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, pedestrian_film(), tmp_path, last_frame=200)

    lengths = sorted((len(track) for track in tracks(labels).values()), reverse=True)
    assert lengths[0] > 80
    assert 8 <= len([length for length in lengths if length >= 20]) <= 40
