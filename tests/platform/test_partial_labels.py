"""Partial labels: parts are sent by a thread, in order and within bounds, and never hold up or fail the analytic."""

import gzip
import json
import threading
import time

import pytest

from voxel51.labels.events import VideoEvent
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels
from voxel51.platform import partial_labels
from voxel51.platform.partial_labels import PartialLabels
from voxel51.transport.errors import ConnectionFailed

LIMIT_SECONDS = 60.0


class Receiver:
    """Takes parts like a platform; ``errors`` are raised first, and each part is held up while ``held`` is set."""

    def __init__(self, errors=(), takes=True):
        self.parts = []
        self.errors = [*errors]
        self.takes = takes
        self.open = threading.Event()
        self.open.set()

    def __call__(self, number, body):
        assert self.open.wait(LIMIT_SECONDS)
        if self.errors:
            raise self.errors.pop()
        self.parts.append((number, json.loads(gzip.decompress(body))))
        return self.takes

    @property
    def frames(self):
        return [number for _, part in self.parts for number in part["frames"]]


def frame_text(number):
    return f'{{"frame_number":{number}}}'


def event(number):
    return VideoEvent(label="seen", support=Support.of(number, number))


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(partial_labels, "SHORTEST_INTERVAL_SECONDS", 0.0)


def test_nothing_is_sent_without_a_platform_that_takes_it():
    labels = PartialLabels()
    labels.add_frame(1, frame_text(1))
    labels.add_events([event(1)])

    assert not labels.flush(0)


def test_frames_and_events_arrive_in_order_each_once(at_once):
    receiver = Receiver()
    labels, events = PartialLabels(receiver), []
    for number in range(1, 101):
        labels.add_frame(number, frame_text(number))
        events.append(event(number))
        labels.add_events(events)

    assert labels.flush(LIMIT_SECONDS)
    assert receiver.frames == [str(number) for number in range(1, 101)]
    found = [each for _, part in receiver.parts for each in part.get("events", {"events": []})["events"]]
    assert len(found) == 100
    assert [number for number, _ in receiver.parts] == [*range(1, len(receiver.parts) + 1)]


def test_labels_that_come_after_a_pause_are_sent_too(at_once):
    receiver = Receiver()
    labels = PartialLabels(receiver)
    for number in (1, 2, 3):
        labels.add_frame(number, frame_text(number))
        deadline = time.monotonic() + LIMIT_SECONDS
        while len(receiver.parts) < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    assert receiver.frames == ["1", "2", "3"]


def test_numbers_go_on_after_the_parts_of_earlier_attempts():
    receiver = Receiver()
    labels = PartialLabels(receiver, parts=7)
    labels.add_frame(1, frame_text(1))

    assert labels.flush(LIMIT_SECONDS)
    assert [number for number, _ in receiver.parts] == [8]


def test_a_job_of_less_than_the_interval_sends_nothing():
    receiver = Receiver()
    labels = PartialLabels(receiver)
    labels.add_frame(1, frame_text(1))
    labels.close()

    assert receiver.parts == []


def test_a_slow_platform_does_not_hold_up_the_analytic(at_once, monkeypatch):
    monkeypatch.setattr(partial_labels, "BUFFERED_CHARACTERS", 1000)
    receiver = Receiver()
    receiver.open.clear()
    labels = PartialLabels(receiver)
    began = time.monotonic()
    for number in range(1, 10_001):
        labels.add_frame(number, frame_text(number))
    took = time.monotonic() - began

    assert took < LIMIT_SECONDS / 10
    assert not labels.is_complete  # the buffer is bounded
    receiver.open.set()
    assert not labels.flush(LIMIT_SECONDS)
    assert 0 < len(receiver.frames) < 10_000


def test_what_a_platform_that_is_away_did_not_take_is_sent_again(at_once):
    receiver = Receiver(errors=[ConnectionFailed("refused")] * 3)
    labels = PartialLabels(receiver)
    for number in (1, 2, 3):
        labels.add_frame(number, frame_text(number))

    assert labels.flush(LIMIT_SECONDS)
    assert receiver.frames == ["1", "2", "3"]


def test_a_platform_that_takes_no_more_parts_gets_no_more(at_once):
    receiver = Receiver(takes=False)
    labels = PartialLabels(receiver)
    labels.add_frame(1, frame_text(1))
    assert not labels.flush(LIMIT_SECONDS)
    labels.add_frame(2, frame_text(2))

    assert not labels.flush(LIMIT_SECONDS)
    assert receiver.frames == ["1"]


def test_large_labels_are_sent_in_several_parts(monkeypatch):
    monkeypatch.setattr(partial_labels, "PART_CHARACTERS", 100)
    receiver = Receiver()
    labels = PartialLabels(receiver)
    for number in range(1, 21):
        labels.add_frame(number, frame_text(number))

    assert labels.flush(LIMIT_SECONDS)
    assert receiver.frames == [str(number) for number in range(1, 21)]
    assert max(len(part["frames"]) for _, part in receiver.parts) < 6


def test_only_what_is_new_of_labels_is_sent():
    receiver = Receiver()
    partial, labels = PartialLabels(receiver), VideoLabels()
    for number in (1, 2, 4):
        labels.frames[number] = VideoFrame(frame_number=number)
        labels.events.append(event(number))
        partial.add_labels(labels)
    labels.frames[3] = VideoFrame(frame_number=3)
    partial.add_labels(labels)

    assert partial.flush(LIMIT_SECONDS)
    assert receiver.frames == ["1", "2", "4"]
    assert sum(len(part["events"]["events"]) for _, part in receiver.parts) == 3
