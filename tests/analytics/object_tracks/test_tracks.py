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


def test_the_labels_say_nothing_wrong(tracked: VideoLabels) -> None:
    assert video_labels_problems(tracked.to_json()) == []


def test_cars_and_people_are_found_where_they_are(tracked: VideoLabels) -> None:
    frames_with = Counter(label for frame in tracked.frames.values() for label in {e.label for e in frame.objects})

    assert frames_with["car"] >= 100
    assert frames_with["person"] >= 60
    crossing = [each for number in range(150, 170) for each in tracked.objects_in(number) if each.label == "car"]
    assert len(crossing) >= 40


def test_no_thing_is_twice_in_a_frame_and_none_lives_across_a_cut(tracked: VideoLabels) -> None:
    for frame in tracked.frames.values():
        indexes = [each.index for each in frame.objects]
        assert len(indexes) == len(set(indexes))
    for support in track_supports(tracked).values():
        first, last = support.ranges[0][0], support.ranges[-1][1]
        assert any(start <= first and last <= end for start, end in SHOTS)


def test_frames_between_those_looked_at_are_filled_in(tracked: VideoLabels) -> None:
    longest = max(track_supports(tracked).values(), key=lambda support: support.ranges[0][1] - support.ranges[0][0])
    first, last = longest.ranges[0]

    assert last - first >= 30
    interpolated = {bool(each.attributes) for number in range(first, last) for each in tracked.objects_in(number)}
    assert interpolated == {True, False}


def test_only_the_classes_asked_for_are_labelled(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage("bikes.mp4"), tmp_path, classes=["car"], frame_stride=10)

    assert {each.label for frame in labels.frames.values() for each in frame.objects} == {"car"}


def test_a_class_that_does_not_exist_is_the_users_fault(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "in.mp4", frames=1)

    with pytest.raises(InvalidInput, match=r"'bycicle' is nothing .* did you mean 'bicycle'"):
        run_on(analytic, video, tmp_path, classes=["bycicle"])


def test_a_video_with_nothing_in_it_gives_labels_without_frames(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, numbered_video(tmp_path / "in.mp4", frames=3), tmp_path)

    assert labels.frames == {}
    assert labels.metadata is not None
    assert labels.metadata.total_frame_count == 3


def test_the_weights_are_those_the_notice_names() -> None:
    folder = resources.files("voxel51.analytics.object_tracks")

    digest = hashlib.sha256(folder.joinpath(NANODET.filename).read_bytes()).hexdigest()

    assert digest == NANODET.sha256
    assert digest in folder.joinpath("NOTICE").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_what_is_loaded_before_a_fork_starts_no_thread() -> None:
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


def test_threads_are_as_many_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert available_threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert available_threads() >= 1


def test_a_car_is_found_at_the_same_place_whatever_the_pictures_shape() -> None:
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


def found(*things: tuple[float, float, float]) -> Detections:
    """Things of class 0, 40 by 80 pixels, by left, top and score."""
    boxes = np.array([[left, top, left + 40, top + 80] for left, top, _ in things], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([score for *_, score in things], np.float32), np.zeros(len(things), np.int64))


def test_two_that_cross_keep_their_numbers() -> None:
    tracker = Tracker(sure_score=0.4, patience_frames=30)

    for step in range(40):
        left, right = 10.0 + 10 * step, 400.0 - 10 * step
        tracks = tracker.step(step + 1, found((left, 100, 0.8), (right, 115, 0.8)))

    assert sorted((round(float(track.last.box[0])), track.number) for track in tracks) == [(10, 2), (400, 1)]


def test_an_unsure_sighting_continues_a_track_but_begins_none() -> None:
    tracker = Tracker(sure_score=0.4, patience_frames=30)
    tracker.step(1, found((10, 10, 0.8)))

    tracks = tracker.step(2, found((12, 10, 0.2), (300, 10, 0.2)))

    assert [track.number for track in tracks] == [1]


def test_what_was_hidden_for_a_moment_is_the_same_and_its_way_is_filled_in() -> None:
    tracker = Tracker(sure_score=0.4, patience_frames=30)
    trajectories = TrackInterpolator(longest_gap_frames=10, patience_frames=30)
    placed = []

    for number in range(1, 41):
        hidden = 20 <= number < 26
        tracks = tracker.step(number, found() if hidden else found((5.0 * number, 100, 0.8)))
        placed += list(trajectories.add(tracks, number))
    placed += list(trajectories.finish_shot(tracks))

    assert [number for number, _ in placed] == list(range(1, 41))
    assert {thing.track.number for _, things in placed for thing in things} == {1}
    assert [number for number, things in placed if not things[0].seen] == list(range(20, 26))
    assert all(abs(float(things[0].box[0]) - 5 * number) < 1 for number, things in placed)


def test_what_is_seen_once_is_not_believed() -> None:
    tracker = Tracker(sure_score=0.4, patience_frames=5)
    trajectories = TrackInterpolator(longest_gap_frames=5, patience_frames=5)

    placed = []
    for number in range(1, 30):
        placed += list(trajectories.add(tracker.step(number, found((10, 10, 0.9)) if number == 4 else found()), number))
    placed += list(trajectories.finish_shot([]))

    assert placed == []
