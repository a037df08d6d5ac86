"""Boxes in pixels, and names of labels and images, as most formats of other tools need them."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from voxel51.labels.objects import UNNAMED_LABEL, DetectedObject
from voxel51.labels.video_base import VideoLabelsBase

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Box:
    """Box of one object in one frame.

    Attributes:
        frame_number: from 1.
        track: track number; None if the object has no track.
        left, top, width, height: in pixels from the top left corner of the image, not rounded.
    """

    frame_number: int
    track: int | None
    label: str
    confidence: float | None
    left: float
    top: float
    width: float
    height: float
    detection: DetectedObject

    @property
    def right(self) -> float:
        """Right side, in pixels."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Bottom side, in pixels."""
        return self.top + self.height


def frame_size(labels: VideoLabelsBase) -> tuple[int, int]:
    """Return the width and height of the video's frames.

    Raises:
        ValueError: the labels do not contain the frame size.
    """
    size = labels.metadata.frame_size if labels.metadata else None
    if size is None:
        raise ValueError("the labels do not contain the frame size (metadata.frame_size), which boxes in pixels need")
    return size


def frame_count(labels: VideoLabelsBase) -> int:
    """Return the number of frames: that of the metadata or the greatest labelled one, whichever is larger."""
    declared = (labels.metadata.total_frame_count if labels.metadata else None) or 0
    tracks = (number for track in labels.objects for number in track.frames)
    return max([declared, *labels.frames, *tracks])


def boxes_of(labels: VideoLabelsBase) -> Iterator[Box]:
    """Yield every box, ordered by frame; objects without a box are left out.

    Raises:
        ValueError: the labels do not contain the frame size.
    """
    width, height = frame_size(labels)
    for number in labels.frames_with_objects():
        for each in labels.objects_in(number):
            box = each.bounding_box
            if box is not None:
                left, top = box.left * width, box.top * height
                across, down = (box.right - box.left) * width, (box.bottom - box.top) * height
                label = each.label or UNNAMED_LABEL
                yield Box(number, each.index, label, each.confidence, left, top, across, down, each)


def label_names(labels: VideoLabelsBase) -> list[str]:
    """Return the distinct labels of all objects, sorted."""
    objects = (each for number in labels.frames_with_objects() for each in labels.objects_in(number))
    return sorted({each.label or UNNAMED_LABEL for each in objects})


def image_name(labels: VideoLabelsBase, number: int) -> str:
    """Return the file name of a frame's image, without suffix; the names sort in the order of the frames."""
    return f"frame-{number:0{_digits(labels)}d}"


def _digits(labels: VideoLabelsBase) -> int:
    return max(6, math.floor(math.log10(max(frame_count(labels), 1))) + 1)


def xml_text(text: str) -> str:
    """Return ``text`` with a question mark for each character that XML 1.0 does not allow."""
    return _NOT_IN_XML.sub("?", text)
