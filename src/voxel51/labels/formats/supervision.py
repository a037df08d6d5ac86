"""The objects of one frame as `supervision.Detections` (https://supervision.roboflow.com)."""

from typing import TYPE_CHECKING

import numpy as np

from voxel51.labels.formats.boxes import frame_size, label_names
from voxel51.labels.objects import UNNAMED_LABEL
from voxel51.labels.video_base import VideoLabelsBase

if TYPE_CHECKING:
    from supervision import Detections


def to_supervision(labels: VideoLabelsBase, frame_number: int, names: list[str] | None = None) -> "Detections":
    """What is in a frame: boxes in pixels, ``class_id`` as the place in ``names`` (default: all labels, sorted), the
    names as ``data["class_name"]``, tracks as ``tracker_id`` where everything has one.

    Raises:
        ValueError: the labels do not say how large the frames are.
        ModuleNotFoundError: supervision is not installed.
    """
    try:
        from supervision import Detections  # noqa: PLC0415  (not needed otherwise)
    except ModuleNotFoundError:
        raise ModuleNotFoundError("this needs supervision: pip install supervision") from None
    width, height = frame_size(labels)
    names = label_names(labels) if names is None else names
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
