import hashlib
import json
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
from voxel51.analytics.detectors.model_families import load_detector
from voxel51.analytics.detectors.model_registry import NANODET
from voxel51.analytics.object_tracks import analytic
from voxel51.analytics.sessions import available_threads
from voxel51.analytics.tracking.interpolation import TrackedBox, TrackInterpolator
from voxel51.analytics.tracking.stationary import StationaryFilter
from voxel51.labels.support import Support
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput
from voxel51.platform.tracking.appearance import Looks
from voxel51.platform.tracking.box_tracker import BoxTracker
from voxel51.platform.tracking.detections import Detections
from voxel51.platform.tracking.track import Track

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

    assert frames_with["car"] >= 95
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


def test_labels_do_not_depend_on_the_number_of_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        labels, _ = run_on(analytic, footage("bikes.mp4"), tmp_path / threads, first_frame=138, last_frame=160)
        results.append(json.dumps(labels.to_json()))

    assert labels.frames
    assert results[0] == results[1]


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


def test_a_file_with_the_name_of_better_weights_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXEL51_WEIGHTS_DIR", str(tmp_path))
    (tmp_path / "nanodet-plus-m-1.5x-416-w8.onnx").write_bytes(bytes(2_635_177))
    video = numbered_video(tmp_path / "bars.mp4", frames=3)

    labels, recorder = run_on(analytic, video, tmp_path / "job")

    assert labels.provenance is not None
    assert labels.provenance["weights"] == {NANODET.filename: NANODET.sha256}
    assert recorder.messages[-1].endswith("by nanodet-g")
    with pytest.raises(InvalidInput, match="voxel51 weights add FILE"):
        run_on(analytic, video, tmp_path / "named", weights="nanodet-plus-m-1.5x")


def found(*items: tuple[float, float, float]) -> Detections:
    """Things of class 0, 40 by 80 pixels, by left, top and score."""
    boxes = np.array([[left, top, left + 40, top + 80] for left, top, _ in items], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([score for *_, score in items], np.float32), np.zeros(len(items), np.int64))


def test_crossing_objects_keep_their_numbers() -> None:
    tracker = BoxTracker(sure_score=0.4, max_hidden_frames=30)

    for step in range(40):
        left, right = 10.0 + 10 * step, 400.0 - 10 * step
        tracks = tracker.step(step + 1, found((left, 100, 0.8), (right, 115, 0.8)))

    assert sorted((round(float(track.last.box[0])), track.number) for track in tracks) == [(10, 2), (400, 1)]


def test_an_unsure_box_continues_a_track_but_starts_none() -> None:
    tracker = BoxTracker(sure_score=0.4, max_hidden_frames=30)
    tracker.step(1, found((10, 10, 0.8)))

    tracks = tracker.step(2, found((12, 10, 0.2), (300, 10, 0.2)))

    assert [track.number for track in tracks] == [1]


def test_a_briefly_hidden_object_keeps_its_track_with_interpolated_boxes() -> None:
    tracker = BoxTracker(sure_score=0.4, max_hidden_frames=30)
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
    tracker = BoxTracker(sure_score=0.4, max_hidden_frames=5)
    interpolator = TrackInterpolator(longest_gap_frames=5, max_hidden_frames=5)

    placed = []
    for number in range(1, 30):
        placed += list(interpolator.add(tracker.step(number, found((10, 10, 0.9)) if number == 4 else found()), number))
    placed += list(interpolator.finish_shot([]))

    assert placed == []


class Street:
    """A grey street with people in one colour each, 40 by 80 pixels, seen by a perfect detector."""

    def __init__(self) -> None:
        self.tracker = BoxTracker(sure_score=0.4, max_hidden_frames=12, max_lost_frames=25, frame_rate=10)
        self.number = 0

    def step(self, *people: tuple[float, int]) -> dict[int, int]:
        """Show people by left side and hue; return the number of the track of each hue."""
        self.number += 1
        picture = np.full((200, 500, 3), 128, np.uint8)
        for left, hue in people:
            colour = cv2.cvtColor(np.array([[[hue, 220, 200]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0]
            picture[100:180, max(round(left), 0) : max(round(left), 0) + 40] = colour
        detections = found(*((left, 100, 0.8) for left, _ in people))
        tracks = self.tracker.step(self.number, detections, Looks.of(picture, detections.boxes))
        return {hue: track.number for left, hue in people for track in tracks if abs(track.last.box[0] - left) < 1}


RED, BLUE, GREEN = 0, 120, 60


@pytest.mark.parametrize("turn_back", [True, False], ids=["turning back", "passing"])
def test_people_who_meet_keep_their_numbers(turn_back: bool) -> None:
    street = Street()
    for step in range(15):
        before = street.step((100 + 6 * step, RED), (300 - 6 * step, BLUE))
    for _ in range(4):  # one hides the other
        street.step((195, RED))

    for step in range(12):
        left, right = 175 - 6 * step, 215 + 6 * step
        after = street.step(*([(left, RED), (right, BLUE)] if turn_back else [(right, RED), (left, BLUE)]))

    assert after == before


def test_a_lost_person_is_found_again_by_colours() -> None:
    street = Street()
    for step in range(12):
        before = street.step((20 + 8 * step, RED))
    for _ in range(18):
        street.step()

    after = street.step((250, RED), (180, GREEN))

    assert after[RED] == before[RED]
    assert after[GREEN] != before[RED]


def test_a_person_too_far_away_is_a_new_one() -> None:
    street = Street()
    before = [street.step((20, RED)) for _ in range(5)][-1]
    for _ in range(13):
        street.step()

    assert street.step((400, RED)) != before


def filtered(*tracks: tuple[list[float], list[float]], judged_frames: int = 20) -> set[int]:
    """The positions of the tracks, each of left sides and scores by frame, that are labelled."""
    interpolator = TrackInterpolator(6, 12, StationaryFilter(0.5, judged_frames, 100))
    tracker = BoxTracker(sure_score=0.3, max_hidden_frames=12)
    placed: list[tuple[int, list[TrackedBox]]] = []
    last: list[Track] = []
    for step in range(60):
        shown = [
            (left[step], 100.0 * row, score[step])
            for row, (left, score) in enumerate(tracks)
            if step < min(len(left), len(score))
        ]
        last = tracker.step(step + 1, found(*shown))
        placed += interpolator.add(last, step + 1)
    placed += interpolator.finish_shot(last)
    numbers = [number for number, _ in placed]
    assert numbers == sorted(set(numbers))
    return {int(each.box[1]) // 100 for _, boxes in placed for each in boxes}


def test_a_stationary_track_is_dropped_unless_its_confidence_exceeds_the_level() -> None:
    stone = ([50.0] * 60, [0.4] * 60)
    parked_car = ([50.0] * 60, [0.4] * 30 + [0.6] * 6 + [0.4] * 24)
    flicker = ([50.0] * 60, ([0.4] * 9 + [0.7]) * 6)
    walker = ([50.0 + 3 * step for step in range(60)], [0.4] * 60)
    passer_by = ([50.0] * 10, [0.4] * 10)

    assert filtered(stone, parked_car, flicker, walker, passer_by) == {1, 3, 4}


def test_boxes_of_a_stationary_track_are_held_for_a_limited_time() -> None:
    interpolator = TrackInterpolator(6, 12, StationaryFilter(0.5, 20, 100))
    tracker = BoxTracker(sure_score=0.3, max_hidden_frames=12)
    placed: list[tuple[int, list[TrackedBox]]] = []
    for step in range(400):
        score = 0.4 if step < 300 else 0.8
        placed += interpolator.add(tracker.step(step + 1, found((50, 50, score), (100 + step, 200, 0.8))), step + 1)

    assert {len(boxes) for number, boxes in placed if number < 200} == {1}
    assert {len(boxes) for number, boxes in placed if number > 210} == {2}
