"""Checkpoints of the SDK: states survive unchanged, and saving is cheap, bounded and harmless without a platform."""

import gzip
import json

import numpy as np
import pytest

from samples.documents import a_document
from support.video_samples import numbered_video
from voxel51.labels.video import VideoLabels
from voxel51.platform.checkpoint import INTERVAL_SECONDS, Checkpoint, SavedState
from voxel51.platform.checkpoint_codec import decode, encode
from voxel51.platform.job import Job
from voxel51.platform.job_labels import job_labels
from voxel51.platform.local import LocalResult, _Recorder
from voxel51.platform.partial_labels import PartialLabels
from voxel51.platform.video import input_video


class Store:
    """Keeps checkpoints in memory."""

    def __init__(self, limit_bytes=1_000_000, keeps=True):
        self.limit_bytes = limit_bytes
        self.keeps = keeps
        self.interval_seconds = INTERVAL_SECONDS
        self.saved = []

    def save(self, content, parts):
        self.saved.append((decode(content), parts))
        return self.keeps


class Platform:
    """Keeps the parts of partial labels."""

    def __init__(self):
        self.parts = []

    def __call__(self, number, body):
        self.parts.append(json.loads(gzip.decompress(body)))
        return True

    def frames(self):
        for part in self.parts:
            yield from ((int(number), frame) for number, frame in part["frames"].items())


@pytest.mark.parametrize(
    "state",
    [None, True, 3, 2.5, "text", b"bytes", [1, [2]], (1, (2, "x")), {"a": {"b": [None]}}, {}, float("inf")],
)
def test_plain_states_survive(state):
    assert decode(encode(state)) == state


@pytest.mark.parametrize("array", [np.arange(6).reshape(2, 3), np.zeros((0, 4), np.float32), np.array([True, False])])
def test_arrays_survive_with_their_type(array):
    restored = decode(encode({"array": array}))["array"]
    np.testing.assert_array_equal(restored, array)
    assert restored.dtype == array.dtype


def test_numbers_of_numpy_survive():
    assert decode(encode({"mean": np.float64(0.1), "count": np.int64(3)})) == {"mean": 0.1, "count": 3}


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({"a": [1, object()]}, r"state\['a'\]\[1\] is a object"),
        ({1: "a"}, "the key 1"),
        ({"$array": "x"}, r"the key '\$array'"),
        (np.array([object()]), "array of objects"),
        ({"a", "b"}, "is a set"),
    ],
)
def test_other_values_are_refused_with_their_place(state, place):
    with pytest.raises(TypeError, match=place):
        encode(state)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="not-gzipped"),
        pytest.param(gzip.compress(b"{"), id="cut"),
        pytest.param(gzip.compress(b'{"$bytes": 3}'), id="no-bytes"),
    ],
)
def test_a_damaged_checkpoint_is_an_error(content):
    with pytest.raises(ValueError, match="checkpoint"):
        decode(content)


def test_without_a_platform_nothing_is_saved():
    checkpoint = Checkpoint(PartialLabels())

    assert not checkpoint.save({"a": 1}, now=True)
    assert checkpoint.load("default") == "default"
    assert not checkpoint.is_resumed


def test_states_are_saved_once_per_interval():
    store = Store()
    checkpoint = Checkpoint(PartialLabels(), store)
    made = []
    for number in range(1000):
        checkpoint.save(lambda number=number: made.append(number) or number)
    assert (store.saved, made) == ([], [])  # a state that is not saved is not made either

    store.interval_seconds = 0.0
    checkpoint = Checkpoint(PartialLabels(), store)
    assert checkpoint.save(5)
    assert store.saved[0][0]["state"] == 5


def test_a_platform_that_keeps_none_is_left_alone_for_a_while():
    store = Store(keeps=False)
    store.interval_seconds = 0.0
    checkpoint = Checkpoint(PartialLabels(), store)

    assert [checkpoint.save(number) for number in range(3)] == [False] * 3
    assert len(store.saved) == 1


def test_a_state_that_is_too_large_is_not_sent():
    store = Store(limit_bytes=1000)

    assert not Checkpoint(PartialLabels(), store).save(np.random.default_rng(1).random(1000), now=True)
    assert store.saved == []


def a_job(tmp_path, name, checkpoint, partial):
    video = tmp_path / "video.mp4"
    if not video.exists():
        numbered_video(video, frames=30)
    document = a_document("any", outputs=[{"name": "labels", "filename": "labels.json"}])
    return Job(document, {"video": video}, {}, tmp_path / name, _Recorder(LocalResult()), partial=partial,
               checkpoint=checkpoint)  # fmt: skip


def label(job, stop_after=None):
    """Label the frames of the job's video, and save after each fifth; return the frames that were looked at."""
    looked_at = []
    count = job.checkpoint.load(0)
    with input_video(job) as video, job_labels(job, video.filename) as labels:
        for frame in video:
            looked_at.append(frame.number)
            count += 1
            labels.add_frame_attributes(frame, count=count)
            labels.add_event("seen", frame, frame)
            labels.add_attributes(**{f"a{frame.number}": count})
            if frame.number == 3:
                job.warn("the third frame")
            if frame.number % 5 == 0:
                job.checkpoint.save(count, now=True)
            if frame.number == stop_after:
                raise RuntimeError("killed")
        video.write_metadata(labels)
    return looked_at


def test_a_job_that_goes_on_writes_the_same_labels_as_one_that_was_never_lost(tmp_path):
    assert label(a_job(tmp_path, "whole", None, None)) == [*range(1, 31)]
    store, platform = Store(), Platform()
    partial = PartialLabels(platform)
    with pytest.raises(RuntimeError, match="killed"):
        label(a_job(tmp_path, "lost", Checkpoint(partial, store), partial), stop_after=13)
    content, parts = store.saved[-1]
    kept = platform.parts[:parts]

    resumed = Platform()
    resumed.parts = [*kept]
    partial = PartialLabels(resumed, parts)
    checkpoint = Checkpoint(partial, Store(), SavedState(content, resumed.frames))
    job = a_job(tmp_path, "resumed", checkpoint, partial)
    assert label(job) == [*range(11, 31)]

    assert job.warnings == ["the third frame"]
    files = [(tmp_path / name / "outputs" / "labels.json").read_bytes() for name in ("whole", "resumed")]
    assert files[0] == files[1]
    assert partial.flush(60)
    events = [event for part in resumed.parts for event in part.get("events", {"events": []})["events"]]
    assert len(events) == 30  # each was sent once, by one of the two attempts


def test_labels_of_a_checkpoint_are_restored(tmp_path):
    store, platform = Store(), Platform()
    partial = PartialLabels(platform)
    checkpoint = Checkpoint(partial, store)
    job = a_job(tmp_path, "first", checkpoint, partial)
    with input_video(job) as video:
        for frame in video:
            checkpoint.labels.add_frame_attributes(frame, number=frame.number)
            checkpoint.labels.add_attributes(last=frame.number)
            if frame.number == 4:
                break
        assert checkpoint.save(None, now=True)
    content, parts = store.saved[0]

    again = Checkpoint(PartialLabels(platform, parts), Store(), SavedState(content, platform.frames))

    assert again.labels.to_json() == checkpoint.labels.to_json()
    assert isinstance(again.labels, VideoLabels)
    assert again.position("video") == 4
