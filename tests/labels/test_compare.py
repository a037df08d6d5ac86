import pytest

from voxel51.labels.attributes import NumericAttribute
from voxel51.labels.compare import compare
from voxel51.labels.events import VideoEvent
from voxel51.labels.geometry import BoundingBox
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels


def labels(shift: float = 0.0, frames: int = 10, **more: object) -> VideoLabels:
    """A car that drives through ``frames`` frames, moved by ``shift`` of the picture's width."""
    made = VideoLabels(**more)  # type: ignore[arg-type]
    for number in range(1, frames + 1):
        box = BoundingBox(0.1 + shift, 0.1, 0.3 + shift, 0.3)
        car = DetectedObject(label="car", index=1, bounding_box=box, confidence=0.9)
        made.frames[number] = VideoFrame(frame_number=number, objects=[car])
    return made


def test_equal_labels_have_no_differences() -> None:
    result = compare(labels(), labels())

    assert result.is_same
    car = result.boxes["car"]
    assert (car.both, car.only_first, car.only_second, car.mean_overlap) == (10, 0, 0, pytest.approx(1.0))
    assert result.frames == {}


def test_boxes_in_one_set_only_are_counted_with_their_frames() -> None:
    result = compare(labels(), labels(frames=7))

    car = result.boxes["car"]
    assert (car.both, car.only_first, car.only_second) == (7, 3, 0)
    assert result.frames == {8: 1, 9: 1, 10: 1}
    assert not result.is_same


def test_boxes_that_overlap_too_little_differ() -> None:
    a_third = compare(labels(), labels(shift=0.1))

    assert (a_third.boxes["car"].both, a_third.boxes["car"].only_first, a_third.boxes["car"].only_second) == (0, 10, 10)
    assert compare(labels(), labels(shift=0.1), overlap=0.3).boxes["car"].mean_overlap == pytest.approx(1 / 3)


def test_events_differ_by_their_frames() -> None:
    first = labels(events=[VideoEvent(label="shot", support=Support.of(*each)) for each in ((1, 30), (31, 76))])
    second = labels(events=[VideoEvent(label="shot", support=Support.of(*each)) for each in ((1, 30), (31, 77))])

    shots = compare(first, second).events["shot"]

    assert (shots.both, shots.only_first, shots.only_second) == (1, ((31, 76),), ((31, 77),))


def test_attributes_of_the_whole_video_are_compared() -> None:
    first = labels(attributes=[NumericAttribute(name="mean_brightness", value=3.0)], provenance={"version": "1"})
    second = labels(attributes=[NumericAttribute(name="mean_brightness", value=4.0)], provenance={"version": "2"})

    result = compare(first, second)

    assert result.attributes == {"mean_brightness": (3.0, 4.0)}
    assert result.provenance == ({"version": "1"}, {"version": "2"})


@pytest.mark.parametrize("overlap", [0.0, 1.5])
def test_an_invalid_overlap_is_rejected(overlap: float) -> None:
    with pytest.raises(ValueError, match="overlap"):
        compare(labels(), labels(), overlap)
