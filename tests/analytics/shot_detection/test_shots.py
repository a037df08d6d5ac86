from pathlib import Path

import numpy as np
import pytest

from support.in_process_jobs import run_on
from support.video_samples import footage, numbered_video, remuxed, truncated
from voxel51.analytics.shot_detection import analytic
from voxel51.analytics.shot_detection.cut_detector import CutDetector, CutMeter
from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.validate import video_labels_problems
from voxel51.labels.video import VideoLabels
from voxel51.platform.errors import InvalidInput


def ranges(labels: VideoLabels) -> list[tuple[int, int]]:
    return [span for event in labels.events if event.support for span in event.support.ranges]


def test_the_cuts_of_real_footage_are_exact(tmp_path: Path) -> None:
    labels, recorder = run_on(analytic, footage("bikes.mp4"), tmp_path)

    assert ranges(labels) == [(1, 30), (31, 76), (77, 137), (138, 187), (188, 242), (243, 250)]
    assert [event.index for event in labels.events] == [1, 2, 3, 4, 5, 6]
    assert list(labels.frames) == [15, 53, 107, 162, 215, 246]
    assert video_labels_problems(labels.to_json()) == []
    assert recorder.messages == ["6 shots in 250 frames"]
    assert recorder.fractions[-1] == 1.0


def test_a_shot_has_its_times_and_a_keyframe(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage("bikes.mp4"), tmp_path)

    facts = {each.name: each.value for each in labels.events[-1].attributes if isinstance(each, NumericAttribute)}
    assert facts.pop("difference") > 10
    assert facts == {"start_seconds": 9.68, "end_seconds": 10.0, "keyframe": 246}


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "carphone_pristine.mp4"])
def test_footage_without_cuts_is_one_shot(name: str, tmp_path: Path) -> None:
    labels, _ = run_on(analytic, footage(name), tmp_path)

    assert len(labels.events) == 1


def test_a_video_of_one_frame_is_one_shot(tmp_path: Path) -> None:
    labels, _ = run_on(analytic, numbered_video(tmp_path / "one.mp4", frames=1), tmp_path)

    assert ranges(labels) == [(1, 1)]


def pictures(*colours: int) -> list[np.ndarray]:
    noise = np.random.default_rng(5)
    return [
        np.clip(noise.normal(colour, 2, (54, 96, 3)) + np.linspace(0, 60, 96)[None, :, None], 0, 255).astype(np.uint8)
        for colour in colours
    ]


CLIPS = {
    "one cut": ([40] * 12 + [150] * 12, [13]),
    "a flash of two frames": ([40] * 12 + [190] * 2 + [40] * 12, []),
    "a slow change": (list(range(40, 160, 4)), []),
    "two cuts": ([40] * 12 + [150] * 12 + [90] * 12, [13, 25]),
    "a cut just before the end": ([40] * 20 + [150], [21]),
    "a first frame unlike the rest": ([0] + [150] * 20, []),
}


@pytest.mark.parametrize(("colours", "cuts"), CLIPS.values(), ids=CLIPS)
def test_flashes_and_slow_changes_are_not_cuts(colours: list[int], cuts: list[int]) -> None:
    meter, detector = CutMeter(threshold=10), CutDetector(minimum_shot_seconds=0.2)

    found = [
        cut.number
        for number, picture in enumerate(pictures(*colours), start=1)
        for cut in detector.add(number / 25, meter.add(picture, number, number / 25))
    ]
    found += [cut.number for cut in detector.add(len(colours) / 25, meter.finish())]

    assert found == cuts


def test_a_short_video_has_a_warning_and_is_rejected_when_strict(tmp_path: Path) -> None:
    whole = remuxed(footage("bikes.mp4"), tmp_path / "whole.mp4", {"movflags": "faststart"})
    short = truncated(whole, tmp_path / "short.mp4")

    labels, recorder = run_on(analytic, short, tmp_path)

    assert [(each.name, each.value) for each in labels.attributes] == [("warning", recorder.warnings[0])]
    assert ranges(labels)[:3] == [(1, 30), (31, 76), (77, ranges(labels)[2][1])]
    (tmp_path / "strict").mkdir()
    with pytest.raises(InvalidInput, match="strict"):
        run_on(analytic, short, tmp_path / "strict", strict=True)
    assert not list((tmp_path / "strict" / "job" / "outputs").iterdir())


def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    meter = CutMeter(threshold=10)
    picture = pictures(90)[0]

    for number in range(1, 2000):
        list(meter.add(picture, number, number / 25))

    assert len(meter._window) < 20
