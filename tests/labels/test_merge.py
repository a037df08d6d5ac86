import pytest

from voxel51.labels.attributes import CategoricalAttribute
from voxel51.labels.events import VideoEvent
from voxel51.labels.merge import merge
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject
from voxel51.labels.support import Support
from voxel51.labels.video import VideoFrame, VideoLabels


def tracks(count: int, **more: object) -> VideoLabels:
    detections = [DetectedObject(label="car", index=index + 1) for index in range(count)]
    return VideoLabels(frames={4: VideoFrame(frame_number=4, objects=detections)}, **more)  # type: ignore[arg-type]


def test_objects_of_one_set_and_events_of_the_other_are_both_kept() -> None:
    warning = CategoricalAttribute(name="warning", value="cut short")
    shot = VideoEvent(label="shot", index=1, support=Support.of(1, 9))
    detections = tracks(2, attributes=[warning], metadata=VideoMetadata(frame_size=(4, 2), duration=1.0))
    shots = VideoLabels(events=[shot], attributes=[warning], metadata=VideoMetadata(total_frame_count=9, duration=2.0))

    merged = merge(detections, shots)

    assert [each.index for each in merged.frames[4].objects] == [1, 2]
    assert merged.events == [shot]
    assert merged.attributes == [warning]
    assert merged.metadata == VideoMetadata(frame_size=(4, 2), duration=1.0, total_frame_count=9)


def test_track_numbers_of_two_sets_stay_distinct() -> None:
    merged = merge(tracks(2), tracks(2))

    assert [each.index for each in merged.frames[4].objects] == [1, 2, 3, 4]


def test_labels_of_different_videos_are_not_merged() -> None:
    one = VideoLabels(metadata=VideoMetadata(total_frame_count=9))
    other = VideoLabels(metadata=VideoMetadata(total_frame_count=10))

    with pytest.raises(ValueError, match="total_frame_count is 9 in one and 10 in the other"):
        merge(one, other)


def test_two_masks_of_a_frame_are_not_merged() -> None:
    masked = VideoLabels(frames={1: VideoFrame(frame_number=1, mask="any")})

    with pytest.raises(ValueError, match="both hold a mask of frame 1"):
        merge(masked, masked)
