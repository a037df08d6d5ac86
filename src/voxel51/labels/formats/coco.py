"""COCO: one JSON file (https://cocodataset.org/#format-data). A frame is an image, whose id is the frame number."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voxel51.labels.field_types import JsonValue
from voxel51.labels.files import write_document
from voxel51.labels.formats.boxes import Box, boxes_of, frame_count, frame_size, image_name
from voxel51.labels.formats.classes import coco_ids
from voxel51.labels.video_base import VideoLabelsBase


def write(labels: VideoLabelsBase, output: Path, classes: Sequence[str] | None = None) -> None:
    """Write all boxes; images are all frames of the video. ``track_id`` and ``score`` are present if known.

    The numbers of categories are those of COCO, or count from 1 in the order of ``classes``.

    Raises:
        ValueError: the labels do not contain the frame size, or contain labels that are not in ``classes``.
    """
    width, height = frame_size(labels)
    category_ids = coco_ids(labels, classes)
    images = [
        {
            "id": number,
            "file_name": f"{image_name(labels, number)}.jpg",
            "width": width,
            "height": height,
            "frame_number": number,
        }
        for number in range(1, frame_count(labels) + 1)
    ]
    annotations = [
        annotation(box, place, box.frame_number, category_ids[box.label])
        for place, box in enumerate(boxes_of(labels), start=1)
    ]
    document = {
        "info": {"description": labels.filename or "", "provenance": labels.provenance or {}},
        "licenses": [],
        "images": images,
        "categories": categories(category_ids),
        "annotations": annotations,
    }
    write_document(document, output)


def categories(category_ids: Mapping[str, int]) -> list[dict[str, JsonValue]]:
    """Return the categories of a COCO file, from label -> number."""
    return [{"id": number, "name": name, "supercategory": ""} for name, number in category_ids.items()]


def annotation(box: Box, annotation_id: int, image_id: int, category_id: int) -> dict[str, JsonValue]:
    """Return the annotation of one box."""
    sides = [round(side, 3) for side in (box.left, box.top, box.width, box.height)]
    found: dict[str, JsonValue] = {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": sides,
        "area": round(box.width * box.height, 3),
        "iscrowd": 0,
        "segmentation": [],
    }
    if box.track is not None:
        found["track_id"] = box.track
    if box.confidence is not None:
        found["score"] = box.confidence
    return found
