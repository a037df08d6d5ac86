"""ImageLabels: the labels of one image, and the fields that it shares with a frame of a video."""

# ruff: noqa: RUF009  (`optional`, `required` and `repeated` return dataclass fields)

import os
from dataclasses import dataclass
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
    """Fields that the labels of an image and of a video frame share."""

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
    """Labels of one image."""

    filename: str | None = optional(TEXT)
    metadata: ImageMetadata | None = optional(RecordType(ImageMetadata))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read the labels from the JSON file at ``path``.

        Raises:
            InvalidLabels: the file is not JSON, or not labels of an image.
            OSError: the file cannot be opened.
        """
        return cls.from_json(read_document(path))

    def to_file(self, path: str | os.PathLike[str]) -> None:
        """Write the labels to ``path`` atomically."""
        write_document(self.to_json(), path)
