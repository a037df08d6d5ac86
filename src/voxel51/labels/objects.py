"""Objects: detections in one frame, and tracks over many frames."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from dataclasses import dataclass
from typing import ClassVar

from voxel51.labels.attributes import ATTRIBUTES, PROBABILITIES, TAGS, Attribute
from voxel51.labels.field_types import CONFIDENCE, FRAME_NUMBER, INTEGER, NUMBER, TEXT
from voxel51.labels.geometry import BOX, BoundingBox
from voxel51.labels.masks import MASK
from voxel51.labels.records import NumberedMapType, Record, RecordType, WrappedListType, optional, repeated
from voxel51.labels.support import SUPPORT, Support

UNNAMED_LABEL = "object"
"""Label that other formats and drawings show for objects without one."""


@dataclass(slots=True, kw_only=True)
class DetectedObject(Record):
    """Detection: an object in one frame.

    Attributes:
        mask: covers the bounding box; see `voxel51.labels.masks`.
        index: number of the track; the same for one object in all frames.
        index_in_frame: position among the objects of the frame.
        eval_type: ``RECALL`` or ``PRECISION``, the evaluation that it counts for.
    """

    TYPE: ClassVar[str | None] = "eta.core.objects.DetectedObject"
    label: str | None = optional(TEXT)
    bounding_box: BoundingBox | None = optional(BOX)
    mask: str | None = optional(MASK)
    confidence: float | None = optional(CONFIDENCE)
    name: str | None = optional(TEXT)
    top_k_probs: dict[str, float] | None = optional(PROBABILITIES)
    index: int | None = optional(INTEGER)
    score: float | None = optional(NUMBER)
    frame_number: int | None = optional(FRAME_NUMBER)
    index_in_frame: int | None = optional(INTEGER)
    eval_type: str | None = optional(TEXT)
    tags: list[str] | None = optional(TAGS)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")


@dataclass(slots=True, kw_only=True)
class VideoObject(Record):
    """Track: an object over all its frames. Its constant properties are stored once, here."""

    TYPE: ClassVar[str | None] = "eta.core.objects.VideoObject"
    label: str | None = optional(TEXT)
    confidence: float | None = optional(CONFIDENCE)
    name: str | None = optional(TEXT)
    support: Support | None = optional(SUPPORT)
    index: int | None = optional(INTEGER)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")
    frames: dict[int, DetectedObject] = repeated(
        NumberedMapType(RecordType(DetectedObject), "frame_number"), empty=dict
    )


DETECTED_OBJECTS = WrappedListType(RecordType(DetectedObject), "objects")
VIDEO_OBJECTS = WrappedListType(RecordType(VideoObject), "objects")
