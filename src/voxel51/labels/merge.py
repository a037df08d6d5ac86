"""Merging of labels: join several sets of labels of the same video."""

import dataclasses
from collections.abc import Iterable
from typing import TypeVar

from voxel51.labels.attributes import Attribute
from voxel51.labels.events import DetectedEvent, VideoEvent
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import DetectedObject, VideoObject
from voxel51.labels.video import VideoFrame, VideoLabels

_Indexed = TypeVar("_Indexed", VideoObject, VideoEvent, DetectedObject, DetectedEvent)


def merge(first: VideoLabels, second: VideoLabels) -> VideoLabels:
    """Return all labels of ``first`` and ``second``, which are of the same video. Neither is changed.

    Track and event numbers of ``second`` are moved above those of ``first``, so that no two tracks or events share a
    number. Where both have the same metadata field, that of ``first`` is kept. Schema and support of the whole video
    are dropped, because they need not hold for the merged labels.

    Raises:
        ValueError: the labels are of different videos (frame size or number of frames), or both have a mask of a frame.
    """
    _ensure_same_video(first.metadata, second.metadata)
    track_offset, event_offset = _highest_track(first), _highest_event(first)
    return VideoLabels(
        filename=first.filename or second.filename,
        metadata=_merged_metadata(first.metadata, second.metadata),
        mask_index={**second.mask_index, **first.mask_index},
        attributes=_without_repeats([*first.attributes, *second.attributes]),
        frames={
            number: _merged_frame(
                number, first.frames.get(number), second.frames.get(number), track_offset, event_offset
            )
            for number in sorted(first.frames.keys() | second.frames.keys())
        },
        objects=[*first.objects, *(_moved(track, track_offset) for track in second.objects)],
        events=[*first.events, *(_moved(event, event_offset) for event in second.events)],
    )


def _ensure_same_video(first: VideoMetadata | None, second: VideoMetadata | None) -> None:
    for name in ("frame_size", "total_frame_count"):
        one, other = getattr(first, name, None), getattr(second, name, None)
        if one is not None and other is not None and one != other:
            raise ValueError(f"these are labels of different videos: {name} is {one} in one and {other} in the other")


def _merged_metadata(first: VideoMetadata | None, second: VideoMetadata | None) -> VideoMetadata | None:
    if first is None or second is None:
        return first or second
    known = {field.name: getattr(first, field.name) for field in dataclasses.fields(first)}
    return dataclasses.replace(second, **{name: value for name, value in known.items() if value is not None})


def _merged_frame(
    number: int, first: VideoFrame | None, second: VideoFrame | None, track_offset: int, event_offset: int
) -> VideoFrame:
    first = first or VideoFrame(frame_number=number)
    second = second or VideoFrame(frame_number=number)
    if first.mask is not None and second.mask is not None:
        raise ValueError(f"both hold a mask of frame {number}: merge those by hand, their values may mean other things")
    return VideoFrame(
        frame_number=number,
        mask=first.mask or second.mask,
        mask_index={**second.mask_index, **first.mask_index},
        attributes=_without_repeats([*first.attributes, *second.attributes]),
        objects=[*first.objects, *(_moved(each, track_offset) for each in second.objects)],
        keypoints=[*first.keypoints, *second.keypoints],
        polylines=[*first.polylines, *second.polylines],
        events=[*first.events, *(_moved(each, event_offset) for each in second.events)],
        tags=list(dict.fromkeys([*(first.tags or ()), *(second.tags or ())])),
    )


def _moved(each: _Indexed, by: int) -> _Indexed:
    return each if each.index is None else dataclasses.replace(each, index=each.index + by)


def _highest_track(labels: VideoLabels) -> int:
    framewise = (each.index for frame in labels.frames.values() for each in frame.objects)
    return _highest([*framewise, *(track.index for track in labels.objects)])


def _highest_event(labels: VideoLabels) -> int:
    framewise = (each.index for frame in labels.frames.values() for each in frame.events)
    return _highest([*framewise, *(event.index for event in labels.events)])


def _highest(indexes: Iterable[int | None]) -> int:
    return max((index for index in indexes if index is not None), default=0)


def _without_repeats(attributes: Iterable[Attribute]) -> list[Attribute]:
    kept: list[Attribute] = []
    for attribute in attributes:
        if attribute not in kept:
            kept.append(attribute)
    return kept
