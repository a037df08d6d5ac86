"""Dissolves and fades, made of real shots with all that moves in them; and what looks like them and is none."""

import itertools
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from support.in_process_jobs import run_on
from support.video_samples import footage
from voxel51.analytics.shot_detection import analytic
from voxel51.analytics.shot_detection.gradual_detector import GradualDetector, GradualMeter, Transition
from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.media.video_reader import VideoReader

Picture = NDArray[np.uint8]
SIZE = (160, 90)


def pictures(name: str) -> list[Picture]:
    with VideoReader(footage(name)) as video:
        return [frame.small(*SIZE) for frame in video]


@pytest.fixture(scope="module")
def shots() -> list[list[Picture]]:
    """Seven real shots of a hundred frames; shorter ones go back and forth."""
    bikes = pictures("bikes.mp4")
    real = [bikes[:30], bikes[30:76], bikes[76:137], bikes[137:187], bikes[187:242], pictures("bigbuckbunny.mp4"),
            pictures("carphone_pristine.mp4")]  # fmt: skip
    return [((shot + shot[::-1]) * 4)[:100] for shot in real]


def found(frames: list[Picture]) -> list[Transition]:
    meter, detector = GradualMeter(), GradualDetector()
    reported = [
        each
        for number, frame in enumerate(frames, 1)
        for each in detector.add(number, meter.add(frame, number, number / 25))
    ]
    return [*reported, *detector.finish()]


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    return np.clip(one * (1 - share) + other * share, 0, 255).round().astype(np.uint8)


def dissolved(one: list[Picture], other: list[Picture], length: int) -> list[Picture]:
    """``one`` turns into ``other`` in the last ``length`` frames of it."""
    both = zip(one[-length:], other[:length], strict=True)
    between = [mixed(a, b, (place + 1) / (length + 1)) for place, (a, b) in enumerate(both)]
    return [*one[:-length], *between, *other[length:]]


@pytest.mark.parametrize("length", [6, 10, 20, 40])
def test_dissolves_between_real_shots_are_found(length: int, shots: list[list[Picture]]) -> None:
    pairs = [*itertools.permutations(shots, 2)]
    results = [found(dissolved(one, other, length)) for one, other in pairs]

    right = [
        result[0]
        for result in results
        if len(result) == 1 and result[0].kind == "dissolve" and 101 - length <= result[0].middle <= 100
    ]
    assert len(right) / len(pairs) >= 0.8
    assert np.mean([abs(each.first - (101 - length)) for each in right]) <= 4
    assert np.mean([abs(each.last - 100) for each in right]) <= 4


@pytest.mark.parametrize("length", [8, 20, 40])
@pytest.mark.parametrize("blank", [0, 255])
def test_fades_are_found_out_and_in(length: int, blank: int, shots: list[list[Picture]]) -> None:
    nothing = np.full((90, 160, 3), blank, np.uint8)
    one, other = shots[2], shots[5]
    out = [mixed(each, nothing, (place + 1) / length) for place, each in enumerate(one[-length:])]
    into = [mixed(each, nothing, 1 - (place + 1) / length) for place, each in enumerate(other[:length])]

    reported = found([*one[:-length], *out, *[nothing] * 5, *into, *other[length:]])

    assert [each.kind for each in reported] == ["fade-out", "fade-in"]
    assert abs(reported[0].last - 100) <= 3
    assert abs(reported[1].first - 105) <= 3


@pytest.mark.parametrize("name", ["bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4"])
def test_footage_without_transitions_has_none(name: str) -> None:
    assert found(pictures(name)) == []


def panned(image: Picture, speed: float) -> list[Picture]:
    width = image.shape[1] // 2
    path = [int(min(speed * number, image.shape[1] - width)) for number in range(120)]
    return [cv2.resize(image[:, left : left + width], SIZE, interpolation=cv2.INTER_AREA) for left in path]


def dimmed(image: Picture, _speed: float) -> list[Picture]:
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    return [(small * (1 - 0.7 * min(1, max(0, (number - 30) / 30)))).astype(np.uint8) for number in range(100)]


def passed(image: Picture, speed: float) -> list[Picture]:
    """Something large and plain goes by."""
    small = cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    frames = []
    for number in range(120):
        frame, left = small.copy(), int(-100 + speed * number)
        frame[:, max(0, left) : max(0, left + 100)] = (30, 200, 90)
        frames.append(frame)
    return frames


@pytest.mark.parametrize("make", [panned, dimmed, passed])
@pytest.mark.parametrize("speed", [1, 2, 4, 8])
def test_camera_motion_and_light_are_not_dissolves(
    make: Callable[[Picture, float], list[Picture]], speed: float
) -> None:
    for number in (20, 100, 160, 220):
        with VideoReader(footage("bikes.mp4")) as video:
            image = next(frame.image() for frame in video if frame.number == number)
        assert found(make(image, speed)) == []


def test_shots_begin_by_cut_dissolve_or_fade(shots: list[list[Picture]], tmp_path: Path) -> None:
    nothing = np.zeros((90, 160, 3), np.uint8)
    fading = [mixed(each, nothing, (place + 1) / 15) for place, each in enumerate(shots[5][-15:])]
    coming = [mixed(each, nothing, 1 - (place + 1) / 15) for place, each in enumerate(shots[6][:15])]
    frames = [*dissolved(shots[0], shots[2], 20), *shots[5][:-15], *fading, *coming, *shots[6][15:]]
    with av.open(tmp_path / "all.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24").reformat(format="yuv420p")))
        container.mux(stream.encode())

    labels, _ = run_on(analytic, tmp_path / "all.mp4", tmp_path / "job")
    plain, _ = run_on(analytic, tmp_path / "all.mp4", tmp_path / "plain", gradual=False)

    reported = labels.events_labelled("shot")
    begins = [each.value for shot in reported for each in shot.attributes if isinstance(each, CategoricalAttribute)]
    firsts = [shot.support.ranges[0][0] for shot in reported if shot.support]
    assert begins == ["dissolve", "cut", "fade"]
    assert firsts == pytest.approx([1, 91, 181, 281], abs=4)
    assert firsts[2] == 181
    assert [event.label for event in labels.events[4:]] == ["dissolve", "fade-out", "fade-in"]
    assert {event.label for event in plain.events} == {"shot"}
