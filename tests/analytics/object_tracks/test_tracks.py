import hashlib
import os
import subprocess
import sys
from collections import Counter
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.video_samples import footage, numbered_video
from voxel51.analytics.detectors.detections import Detections
from voxel51.analytics.detectors.model_families import load_detector
from voxel51.analytics.detectors.model_registry import NANODET
from voxel51.analytics.object_tracks import analytic
from voxel51.analytics.sessions import available_threads
from voxel51.analytics.tracking.interpolation import TrackInterpolator
from voxel51.analytics.tracking.tracker import Tracker
from voxel51.labels.support import Support
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput

SHOTS = [(1, 30), (31, 76), (77, 137), (138, 187), (188, 242), (243, 250)]


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> VideoLabels:
    labels, recorder = run_on(analytic, footage("bikes.mp4"), tmp_path_factory.mktemp("bikes"))
    assert recorder.fractions[-1] == 1.0
    assert recorder.amount is not None
    assert recorder.amount["frame_count"] == 250
    return labels


def track_supports(labels: VideoLabels) -> dict[int, Support]:
    frames: dict[int, list[int]] = {}
    for number, frame in labels.frames.items():
        for each in frame.objects:
            assert each.index is not None
            frames.setdefault(each.index, []).append(number)
    return {index: Support.of_frames(numbers) for index, numbers in frames.items()}


def test_the_labels_are_valid(tracked: VideoLabels) -> None:
    assert video_labels_problems(tracked.to_json()) == []


def test_cars_and_people_are_found_at_their_positions(tracked: VideoLabels) -> None:
    frames_with = Counter(label for frame in tracked.frames.values() for label in {e.label for e in frame.objects})

    assert frames_with["car"] >= 100
    assert frames_with["person"] >= 60
    crossing = [each for number in range(150, 170) for each in tracked.objects_in(number) if each.label == "car"]
    assert len(crossing) >= 40


def test_tracks_are_unique_in_a_frame_and_end_at_cuts(tracked: VideoLabels) -> None:
    for frame in tracked.frames.values():
        indexes = [each.index for each in frame.objects]
        assert len(indexes) == len(set(indexes))
    for support in track_supports(tracked).values():
        first, last = support.ranges[0][0], support.ranges[-1][1]
        assert any(start <= first and last <= end for start, end in SHOTS)


def test_frames_between_analysed_ones_are_interpolated(tracked: VideoLabels) -> None:
    longest = max(track_supports(tracked).values(), key=lambda support: support.ranges[0][1] - support.ranges[0][0])
    first, last = longest.ranges[0]

    assert last - first >= 30
    interpolated = {bool(each.attributes) for number in range(first, last) for each in tracked.objects_in(number)}
    assert interpolated == {True, False}


def test_only_requested_classes_are_labelled(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage("bikes.mp4"), tmp_path, classes=["car"], frame_stride=10)

    assert {each.label for frame in labels.frames.values() for each in frame.objects} == {"car"}


def test_an_unknown_class_is_invalid_input(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=1)

    with pytest.raises(InvalidInput, match=r"'bycicle' is not a class .* did you mean 'bicycle'"):
        run_on(analytic, video, tmp_path, classes=["bycicle"])


def test_a_video_without_objects_has_labels_without_frames(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, numbered_video(tmp_path / "in.mp4", frames=3), tmp_path)

    assert labels.frames == {}
    assert labels.metadata is not None
    assert labels.metadata.total_frame_count == 3


def test_the_notice_names_the_hash_of_the_weights() -> None:
    folder = resources.files("voxel51.analytics.object_tracks")

    digest = hashlib.sha256(folder.joinpath(NANODET.filename).read_bytes()).hexdigest()

    assert digest == NANODET.sha256
    assert digest in folder.joinpath("NOTICE").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_preloading_starts_no_thread() -> None:
    program = (
        "import importlib, os\n"
        "from voxel51.analytics import object_tracks, shot_detection\n"
        "preload = *object_tracks.analytic.preload, *shot_detection.analytic.preload\n"
        "for each in preload: importlib.import_module(each)\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}

    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "1"


def test_the_environment_sets_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert available_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert available_threads() >= 1


def test_detections_do_not_depend_on_the_aspect_ratio() -> None:
    from voxel51.labels.media.video_reader import VideoReader

    with VideoReader(footage("bikes.mp4")) as video:
        image = next(frame.image() for frame in video if frame.number == 160)
    folder = resources.files("voxel51.analytics.object_tracks")
    detector = load_detector(folder.joinpath(NANODET.filename).read_bytes(), 416).detector
    wide = detector.detect(image, 0.4)
    padded = detector.detect(cv2.copyMakeBorder(image, 200, 168, 0, 0, cv2.BORDER_CONSTANT, value=(103, 116, 123)), 0.4)

    assert len(wide)
    best = padded.boxes[0] - np.array([0, 200, 0, 200], np.float32)
    assert np.abs(wide.boxes - best).max(axis=1).min() < 12


def found(*items: tuple[float, float, float]) -> Detections:
    """Things of class 0, 40 by 80 pixels, by left, top and score."""
    boxes = np.array([[left, top, left + 40, top + 80] for left, top, _ in items], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([score for *_, score in items], np.float32), np.zeros(len(items), np.int64))


def test_crossing_objects_keep_their_numbers() -> None:
    tracker = Tracker(sure_score=0.4, max_hidden_frames=30)

    for step in range(40):
        left, right = 10.0 + 10 * step, 400.0 - 10 * step
        tracks = tracker.step(step + 1, found((left, 100, 0.8), (right, 115, 0.8)))

    assert sorted((round(float(track.last.box[0])), track.number) for track in tracks) == [(10, 2), (400, 1)]


def test_an_unsure_box_continues_a_track_but_starts_none() -> None:
    tracker = Tracker(sure_score=0.4, max_hidden_frames=30)
    tracker.step(1, found((10, 10, 0.8)))

    tracks = tracker.step(2, found((12, 10, 0.2), (300, 10, 0.2)))

    assert [track.number for track in tracks] == [1]


def test_a_briefly_hidden_object_keeps_its_track_with_interpolated_boxes() -> None:
    tracker = Tracker(sure_score=0.4, max_hidden_frames=30)
    interpolator = TrackInterpolator(longest_gap_frames=10, max_hidden_frames=30)
    placed = []

    for number in range(1, 41):
        hidden = 20 <= number < 26
        tracks = tracker.step(number, found() if hidden else found((5.0 * number, 100, 0.8)))
        placed += list(interpolator.add(tracks, number))
    placed += list(interpolator.finish_shot(tracks))

    assert [number for number, _ in placed] == list(range(1, 41))
    assert {item.track.number for _, items in placed for item in items} == {1}
    assert [number for number, items in placed if not items[0].observed] == list(range(20, 26))
    assert all(abs(float(items[0].box[0]) - 5 * number) < 1 for number, items in placed)


def test_a_single_observation_is_discarded() -> None:
    tracker = Tracker(sure_score=0.4, max_hidden_frames=5)
    interpolator = TrackInterpolator(longest_gap_frames=5, max_hidden_frames=5)

    placed = []
    for number in range(1, 30):
        placed += list(interpolator.add(tracker.step(number, found((10, 10, 0.9)) if number == 4 else found()), number))
    placed += list(interpolator.finish_shot([]))

    assert placed == []
