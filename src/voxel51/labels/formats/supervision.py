"""Supervision (https://supervision.roboflow.com): the objects of one frame as `supervision.Detections`."""

from typing import TYPE_CHECKING

from voxel51.labels.extras import extra
from voxel51.labels.formats.boxes import frame_size
from voxel51.labels.formats.classes import yolo_names
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video_base import VideoLabelsBase

with extra("labels"):
    import numpy as np

if TYPE_CHECKING:
    from supervision import Detections


def to_supervision(labels: VideoLabelsBase, frame_number: int, names: list[str] | None = None) -> "Detections":
    """Return the objects of a frame.

    Boxes are in pixels, ``class_id`` is the position in ``names`` (default: COCO's 80 classes, then other labels, as in
    YOLO files), ``data["class_name"]`` has the names, and ``tracker_id`` the tracks if every object has one.

    Raises:
        ValueError: the labels do not contain the frame size.
        ModuleNotFoundError: supervision is not installed.
    """
    try:
        from supervision import Detections  # noqa: PLC0415  (not needed otherwise)
    except ModuleNotFoundError:
        raise ModuleNotFoundError("supervision is not installed: pip install supervision") from None
    width, height = frame_size(labels)
    names = yolo_names(labels) if names is None else names
    found = [(each, each.bounding_box) for each in labels.objects_in(frame_number) if each.bounding_box is not None]
    if not found:
        return Detections.empty()
    sides = [[box.left * width, box.top * height, box.right * width, box.bottom * height] for _, box in found]
    called = [each.label or UNNAMED_LABEL for each, _ in found]
    tracks = [each.index for each, _ in found]
    return Detections(
        xyxy=np.array(sides, np.float32),
        confidence=np.array([1.0 if each.confidence is None else each.confidence for each, _ in found], np.float32),
        class_id=np.array([names.index(name) for name in called]),
        tracker_id=np.array(tracks) if all(track is not None for track in tracks) else None,
        data={"class_name": np.array(called)},
    )
