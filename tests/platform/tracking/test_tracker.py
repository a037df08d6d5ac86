"""Tracker of the SDK: numbers of objects over the frames of a video."""

import subprocess
import sys

import numpy as np
import pytest

from voxel51.platform import Detection, Tracker

FRAME_SECONDS = 0.04


def car(left, top=100, label="car", confidence=0.8):
    return Detection(label, (left, top, left + 40, top + 80), confidence)


def test_crossing_objects_keep_their_numbers():
    tracker = Tracker()
    for step in range(40):
        tracks = tracker.update([car(10 + 10 * step), car(400 - 10 * step, top=115)], step * FRAME_SECONDS)

    assert [(track.number, track.box[0]) for track in tracks] == [(1, 400), (2, 10)]


def test_hidden_object_keeps_its_number_for_as_long_as_allowed():
    def number_after(hidden_seconds):
        tracker = Tracker(max_hidden_seconds=1.0, frame_rate=25)
        for step in range(10):
            tracker.update([car(100)], step * FRAME_SECONDS)
        [track] = tracker.update([car(100)], 9 * FRAME_SECONDS + hidden_seconds)
        return track.number

    assert [number_after(0.9), number_after(1.2)] == [1, 2]


def test_unsure_detection_continues_a_track_but_starts_none():
    tracker = Tracker(sure_confidence=0.5)
    tracker.update([car(10)], 0.0)
    unsure = car(12, confidence=0.3)

    tracks = tracker.update([car(300, confidence=0.3), unsure], FRAME_SECONDS)

    assert [(track.number, track.detection) for track in tracks] == [(1, unsure)]


def test_label_is_that_of_most_frames():
    tracker = Tracker()
    for step, label in enumerate(["van", "car", "car", "van"]):
        confidence = 0.6 if label == "van" else 0.9
        [track] = tracker.update([car(10, label=label, confidence=confidence)], step * FRAME_SECONDS)

    assert (track.label, track.detection.label) == ("car", "van")


def test_equal_detections_are_separate_tracks():
    tracks = Tracker().update([car(10), car(10)], 0.0)

    assert [track.number for track in tracks] == [1, 2]


def test_objects_after_a_cut_get_new_numbers():
    tracker = Tracker()
    tracker.update([car(10)], 0.0)

    tracker.forget()

    assert [track.number for track in tracker.update([car(10)], FRAME_SECONDS)] == [2]


def test_frames_that_are_closer_than_the_declared_rate_are_frames_of_their_own():
    tracker = Tracker(frame_rate=25)

    numbers = [tracker.update([car(10 + step)], step / 240)[0].number for step in range(100)]

    assert set(numbers) == {1}


def test_colours_find_a_lost_object_again_where_motion_does_not():
    def last_number(*, with_images):
        tracker = Tracker(frame_rate=10)
        for step, left in enumerate([100, 110, 120, *[None] * 14, 200]):
            image = np.full((200, 500, 3), 128, np.uint8)
            found = [] if left is None else [car(left)]
            if left is not None:
                image[100:180, left : left + 40] = (0, 0, 255)
            tracks = tracker.update(found, step / 10, image if with_images else None)
        return tracks[0].number

    assert (last_number(with_images=True), last_number(with_images=False)) == (1, 2)


@pytest.mark.parametrize("time", [1.0, 0.5])
def test_time_must_increase(time):
    tracker = Tracker()
    tracker.update([], 1.0)

    with pytest.raises(ValueError, match=f"must be later than that of the last one: {time:g} <= 1"):
        tracker.update([], time)


def test_missing_scipy_is_named_with_the_extra_that_brings_it():
    program = "import sys; sys.modules['scipy'] = None\nfrom voxel51.platform import Tracker\nTracker()"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        "ModuleNotFoundError: tracking needs scipy: pip install 'voxel51-platform[tracking]', or name"
    )
