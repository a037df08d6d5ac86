"""Events: occurrences in one frame, and over ranges of frames."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from dataclasses import dataclass
from typing import ClassVar

from voxel51.labels.attributes import ATTRIBUTES, PROBABILITIES, TAGS, Attribute
from voxel51.labels.field_types import CONFIDENCE, FRAME_NUMBER, INTEGER, TEXT
from voxel51.labels.geometry import BOX, BoundingBox
from voxel51.labels.masks import MASK
from voxel51.labels.objects import DETECTED_OBJECTS, VIDEO_OBJECTS, DetectedObject, VideoObject
from voxel51.labels.records import NumberedMapType, Record, RecordType, WrappedListType, optional, repeated
from voxel51.labels.support import SUPPORT, Support


@dataclass(slots=True, kw_only=True)
class DetectedEvent(Record):
    """Event in one frame, optionally in a part of it and with objects of its own."""

    TYPE: ClassVar[str | None] = "eta.core.events.DetectedEvent"
    label: str | None = optional(TEXT)
    bounding_box: BoundingBox | None = optional(BOX)
    mask: str | None = optional(MASK)
    confidence: float | None = optional(CONFIDENCE)
    name: str | None = optional(TEXT)
    top_k_probs: dict[str, float] | None = optional(PROBABILITIES)
    index: int | None = optional(INTEGER)
    frame_number: int | None = optional(FRAME_NUMBER)
    objects: list[DetectedObject] = repeated(DETECTED_OBJECTS)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")


@dataclass(slots=True, kw_only=True)
class VideoEvent(Record):
    """Event over the frames of its support."""

    TYPE: ClassVar[str | None] = "eta.core.events.VideoEvent"
    label: str | None = optional(TEXT)
    confidence: float | None = optional(CONFIDENCE)
    name: str | None = optional(TEXT)
    index: int | None = optional(INTEGER)
    support: Support | None = optional(SUPPORT)
    tags: list[str] | None = optional(TAGS)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")
    objects: list[VideoObject] = repeated(VIDEO_OBJECTS)
    frames: dict[int, DetectedEvent] = repeated(NumberedMapType(RecordType(DetectedEvent), "frame_number"), empty=dict)


DETECTED_EVENTS = WrappedListType(RecordType(DetectedEvent), "events")
VIDEO_EVENTS = WrappedListType(RecordType(VideoEvent), "events")
