"""ImageLabels: everything that is said about one image; and what a frame of a video has in common with it."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from voxel51.labels.attributes import ATTRIBUTE, ATTRIBUTES, TAGS, Attribute
from voxel51.labels.events import DETECTED_EVENTS, DetectedEvent
from voxel51.labels.field_types import TEXT
from voxel51.labels.files import read_document, write_document
from voxel51.labels.geometry import KEYPOINTS, POLYLINES, Keypoints, Polyline
from voxel51.labels.masks import MASK
from voxel51.labels.metadata import ImageMetadata
from voxel51.labels.objects import DETECTED_OBJECTS, DetectedObject
from voxel51.labels.records import NumberedMapType, Record, RecordType, optional, repeated

MASK_INDEX = NumberedMapType(ATTRIBUTE, lowest=0, wrapper="index")
"""Meaning of the values in a mask."""


@dataclass(slots=True, kw_only=True)
class ImageLabelsBase(Record):
    """What can be said about a picture, be it an image or a frame of a video."""

    mask: str | None = optional(MASK)
    mask_index: dict[int, Attribute] = repeated(MASK_INDEX, empty=dict)
    attributes: list[Attribute] = repeated(ATTRIBUTES, key="attrs")
    objects: list[DetectedObject] = repeated(DETECTED_OBJECTS)
    keypoints: list[Keypoints] = repeated(KEYPOINTS)
    polylines: list[Polyline] = repeated(POLYLINES)
    events: list[DetectedEvent] = repeated(DETECTED_EVENTS)
    tags: list[str] | None = optional(TAGS)


@dataclass(slots=True, kw_only=True)
class ImageLabels(ImageLabelsBase):
    """Everything that is said about one image."""

    filename: str | None = optional(TEXT)
    metadata: ImageMetadata | None = optional(RecordType(ImageMetadata))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The labels in the JSON file at ``path``.

        Raises:
            InvalidLabels: it is no JSON, or nothing that can be read as labels of an image.
            OSError: it cannot be opened.
        """
        return cls.from_json(read_document(path))

    def to_file(self, path: Path) -> None:
        """Write the labels to ``path``, whole or not at all."""
        write_document(self.to_json(), path)
