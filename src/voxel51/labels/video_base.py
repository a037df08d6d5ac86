"""VideoLabelsBase: the fields of the labels of one video, and queries over frames, tracks and events.

`voxel51.labels.formats` builds on this module, and `voxel51.labels.video` on both.
"""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from voxel51.labels.attributes import ATTRIBUTES, Attribute
from voxel51.labels.events import VIDEO_EVENTS, VideoEvent
from voxel51.labels.field_types import ANY_JSON, FRAME_NUMBER, TEXT, JsonValue
from voxel51.labels.files import read_document, write_document
from voxel51.labels.image import MASK_INDEX, ImageLabelsBase
from voxel51.labels.metadata import VideoMetadata
from voxel51.labels.objects import VIDEO_OBJECTS, DetectedObject, VideoObject
from voxel51.labels.records import NumberedMapType, Record, RecordType, optional, repeated, required
from voxel51.labels.support import SUPPORT, Support


@dataclass(slots=True, kw_only=True)
class VideoFrame(ImageLabelsBase):
    """Labels of one frame; ``frame_number`` counts decoded frames from 1."""

    frame_number: int = required(FRAME_NUMBER)


@dataclass(slots=True, kw_only=True)
class VideoLabelsBase(Record):
    """Labels of one video, without conversion to other formats.

    Tracks may stand framewise (detected objects with the same ``index`` in `frames`, as our analytics write them) or
    as `objects` with frames of their own; `objects_in` reads both. ``provenance`` says what made them, of what and how.
    """

    filename: str | None = optional(TEXT)
    metadata: VideoMetadata | None = optional(RecordType(VideoMetadata))
    schema: dict[str, JsonValue] | None = optional(ANY_JSON)
    support: Support | None = optional(SUPPORT)
    mask_index: dict[int, Attribute] = repeated(MASK_INDEX, empty=dict)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")
    frames: dict[int, VideoFrame] = repeated(NumberedMapType(RecordType(VideoFrame), "frame_number"), empty=dict)
    provenance: dict[str, JsonValue] | None = optional(ANY_JSON)
    objects: list[VideoObject] = repeated(VIDEO_OBJECTS)
    events: list[VideoEvent] = repeated(VIDEO_EVENTS)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read the labels from the JSON file at ``path``.

        Raises:
            InvalidLabels: the file is not JSON, or not labels of a video.
            OSError: the file cannot be opened.
        """
        return cls.from_json(read_document(path))

    def to_file(self, path: str | os.PathLike[str]) -> None:
        """Write the labels to ``path`` atomically."""
        write_document(self.to_json(), path)

    def frame(self, number: int) -> VideoFrame:
        """Return the frame ``number``; create an empty one if it has no labels yet."""
        return self.frames.setdefault(number, VideoFrame(frame_number=number))

    def objects_in(self, number: int) -> Iterator[DetectedObject]:
        """Yield every object of frame ``number``; objects of tracks in `objects` get the track's label and index."""
        if number in self.frames:
            yield from self.frames[number].objects
        for track in self.objects:
            seen = track.frames.get(number)
            if seen is not None:
                yield DetectedObject(
                    label=seen.label or track.label,
                    index=track.index if seen.index is None else seen.index,
                    bounding_box=seen.bounding_box,
                    confidence=track.confidence if seen.confidence is None else seen.confidence,
                    attributes=[*track.attributes, *seen.attributes],
                    frame_number=number,
                )

    def events_labelled(self, label: str) -> list[VideoEvent]:
        """Return the events over ranges of frames with the label ``label``, such as ``shot``, ordered by time."""
        found = [event for event in self.events if event.label == label and event.support and event.support.ranges]
        return sorted(found, key=lambda event: event.support.ranges[0] if event.support else (0, 0))

    def frames_with_objects(self) -> list[int]:
        """Return the numbers of frames that are labelled or that a track of `objects` covers, in order."""
        return sorted({*self.frames, *(number for track in self.objects for number in track.frames)})
